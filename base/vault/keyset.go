package vault

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"lanzha"
)

// Options say where the keyset is.
type Options struct {
	// File holds the keyset, readable by its owner alone. It is made when it is
	// missing and the database holds nothing yet.
	File string
	// Text is the keyset itself, the content of such a file, and stands before
	// File. It comes from the environment (LANZHA_KEYS).
	Text string
	// InUse says that the database already holds sealed values, so that a
	// missing keyset is a mistake and no first start.
	InUse bool
}

// document is the keyset as kept: encryption keys in tink's own form, index
// keys by generation.
type document struct {
	Format int             `json:"format"`
	Seal   json.RawMessage `json:"seal"`
	Index  []struct {
		Generation int    `json:"generation"`
		Key        []byte `json:"key"`
	} `json:"index"`
}

// Open reads the keyset, or makes it on a first start. A missing file when the
// database is in use is CodeUnavailable, a damaged one or one that strangers
// can read is CodeInvalid; the hint says what to do.
func Open(o Options) (*Vault, error) {
	if o.Text != "" {
		o.File = ""
	}
	v := &Vault{options: o}
	if o.Text == "" {
		_, err := os.Stat(o.File)
		switch {
		case errors.Is(err, fs.ErrNotExist) && o.InUse:
			return nil, &lanzha.Error{
				Code: lanzha.CodeUnavailable, Op: "vault.Open", Message: "the key file is missing, but the database holds sealed fields",
				Hint: "put the key file of this database back, or name it by keys.file; without it names and ID numbers cannot be read", Err: err,
			}
		case errors.Is(err, fs.ErrNotExist):
			if err := create(o.File); err != nil {
				return nil, err
			}
		}
	}
	if err := v.Reload(); err != nil {
		return nil, err
	}
	return v, nil
}

// Reload reads the keyset again, after another process has rotated it.
func (v *Vault) Reload() error {
	text := []byte(v.options.Text)
	if v.options.File != "" {
		var err error
		if text, err = read(v.options.File); err != nil {
			return err
		}
	}
	_, k, err := parse(text)
	if err != nil {
		return &lanzha.Error{Code: lanzha.CodeInvalid, Op: "vault.Open", Message: "the keyset cannot be read", Hint: "restore it from its backup, which is kept apart from that of the database", Err: err}
	}
	v.keys.Store(k)
	return nil
}

// Rotate adds a generation of keys: what is written from now on uses it, what
// was written before still opens and is still found. Other processes go on
// with the old keys for writing until they start again or Reload. A keyset
// that came from the environment is CodeConflict.
func (v *Vault) Rotate() error {
	if v.options.File == "" {
		e := lanzha.Conflict("the keyset comes from the environment")
		e.Hint = "rotate it as a file and set the environment to its new content"
		return e
	}
	text, err := read(v.options.File)
	if err != nil {
		return err
	}
	d, _, err := parse(text)
	if err != nil {
		return lanzha.Internal("vault.Rotate", err)
	}
	if text, err = d.grow(); err != nil {
		return lanzha.Internal("vault.Rotate", err)
	}
	if err := write(v.options.File, text, true); err != nil {
		return err
	}
	return v.Reload()
}

// grow adds a key of each sort and returns the document as text.
func (d *document) grow() ([]byte, error) {
	manager := keyset.NewManager()
	if d.Seal != nil {
		handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(d.Seal)))
		if err != nil {
			return nil, err
		}
		manager = keyset.NewManagerFromHandle(handle)
	}
	id, err := manager.Add(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, err
	}
	if err := manager.SetPrimary(id); err != nil {
		return nil, err
	}
	handle, err := manager.Handle()
	if err != nil {
		return nil, err
	}
	var sealing bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&sealing)); err != nil {
		return nil, err
	}
	d.Format, d.Seal = 1, sealing.Bytes()
	secret := make([]byte, 32)
	if _, err := io.ReadFull(rand.Reader, secret); err != nil {
		return nil, err
	}
	next := 1
	if n := len(d.Index); n > 0 {
		next = d.Index[n-1].Generation + 1
	}
	d.Index = append(d.Index, struct {
		Generation int    `json:"generation"`
		Key        []byte `json:"key"`
	}{next, secret})
	return json.MarshalIndent(d, "", "  ")
}

func parse(text []byte) (*document, *keys, error) {
	var d document
	// Causes are not passed on where they could repeat the text.
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, nil, errors.New("it is not JSON of the right shape")
	}
	if d.Format != 1 {
		return nil, nil, fmt.Errorf("format %d is not known", d.Format)
	}
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(d.Seal)))
	if err != nil {
		return nil, nil, errors.New("the sealing keys are damaged")
	}
	primitive, err := aead.New(handle)
	if err != nil {
		return nil, nil, errors.New("the sealing keys are of another kind")
	}
	k := &keys{aead: primitive}
	for i, key := range d.Index {
		if len(key.Key) < 32 || key.Generation != i+1 {
			return nil, nil, errors.New("the index keys are damaged")
		}
		k.index = append(k.index, indexKey{key.Generation, key.Key, new(sync.Pool)})
	}
	if len(k.index) == 0 {
		return nil, nil, errors.New("the index keys are missing")
	}
	return &d, k, nil
}

func read(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, &lanzha.Error{Code: lanzha.CodeUnavailable, Op: "vault.Open", Message: "the key file cannot be read", Err: err}
	}
	if info.Mode().Perm()&0o007 != 0 {
		return nil, &lanzha.Error{
			Code: lanzha.CodeInvalid, Op: "vault.Open", Message: "the key file is open to every user of this machine",
			Hint: "chmod 600 " + file,
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, &lanzha.Error{Code: lanzha.CodeUnavailable, Op: "vault.Open", Message: "the key file cannot be read", Err: err}
	}
	return text, nil
}

// create makes a first keyset. When two processes start at once, both end up
// with the file of the faster.
func create(file string) error {
	text, err := (&document{}).grow()
	if err != nil {
		return lanzha.Internal("vault.Open", err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return &lanzha.Error{Code: lanzha.CodeUnavailable, Op: "vault.Open", Message: "the folder of the key file cannot be made", Err: err}
	}
	return write(file, text, false)
}

// write puts the file in place whole and on disk, or not at all. Without
// replace, a file that is there already stays.
func write(file string, text []byte, replace bool) error {
	failed := func(err error) error {
		return &lanzha.Error{Code: lanzha.CodeUnavailable, Op: "vault.write", Message: "the key file cannot be written", Err: err}
	}
	temporary, err := os.CreateTemp(filepath.Dir(file), ".keyset-*") // made with mode 0600
	if err != nil {
		return failed(err)
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.Write(text)
	if err = errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return failed(err)
	}
	if replace {
		err = os.Rename(temporary.Name(), file)
	} else if err = os.Link(temporary.Name(), file); errors.Is(err, fs.ErrExist) {
		err = nil
	}
	if err != nil {
		return failed(err)
	}
	dir, err := os.Open(filepath.Dir(file))
	if err != nil {
		return failed(err)
	}
	if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
		return failed(err)
	}
	return nil
}
