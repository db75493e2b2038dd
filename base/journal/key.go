package journal

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"lanzha"
)

// keyName is the name in the signatures, and the first line of a checkpoint.
const keyName = "lanzha/journal"

// Key signs checkpoints and knows them again.
type Key struct {
	Signer   note.Signer
	Verifier note.Verifier

	// Public is the verifier's text form, "lanzha/journal+1a2b3c4d+...", which is
	// kept with a checkpoint outside of the house.
	Public string
}

// NewKey makes a key and its secret text form. A nil random is crypto/rand.
func NewKey(random io.Reader) (Key, string, error) {
	if random == nil {
		random = rand.Reader
	}
	secret, _, err := note.GenerateKey(random, keyName)
	if err != nil {
		return Key{}, "", lanzha.Internal("journal.NewKey", err)
	}
	k, err := ParseKey(secret)
	return k, secret, err
}

// ParseKey reads the secret text form. What it cannot read is CodeInvalid; the
// error does not repeat it.
func ParseKey(secret string) (Key, error) {
	bad := &lanzha.Error{Code: lanzha.CodeInvalid, Op: "journal.ParseKey", Message: "the journal's signing key cannot be read", Hint: "put the file back from where the keys are kept"}
	secret = strings.TrimSpace(secret)
	signer, err := note.NewSigner(secret)
	if err != nil {
		return Key{}, bad
	}
	// PRIVATE+KEY+name+hash+base64(algorithm, seed); the signer has checked it.
	seed, err := base64.StdEncoding.DecodeString(strings.SplitN(secret, "+", 5)[4])
	if err != nil || len(seed) != 1+ed25519.SeedSize {
		return Key{}, bad
	}
	public, err := note.NewEd25519VerifierKey(signer.Name(), ed25519.NewKeyFromSeed(seed[1:]).Public().(ed25519.PublicKey))
	if err != nil {
		return Key{}, bad
	}
	verifier, err := note.NewVerifier(public)
	if err != nil {
		return Key{}, bad
	}
	return Key{Signer: signer, Verifier: verifier, Public: public}, nil
}

// ReadKey reads the key's file; where there is none it is CodeNotFound.
func ReadKey(path string) (Key, error) {
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Key{}, &lanzha.Error{Code: lanzha.CodeNotFound, Op: "journal.ReadKey", Message: "there is no signing key of the journal", Hint: "it is journal.key in the data folder, which the first start makes"}
	case err != nil:
		return Key{}, &lanzha.Error{Code: lanzha.CodeUnavailable, Op: "journal.ReadKey", Message: "the journal's signing key cannot be read", Err: err}
	}
	return ParseKey(string(text))
}

// LoadKey reads the key's file, and makes it where there is none. Only its
// owner may read it. Processes that share a database share the key.
func LoadKey(path string) (Key, error) {
	k, err := ReadKey(path)
	if lanzha.CodeOf(err) == lanzha.CodeNotFound {
		return createKey(path)
	}
	return k, err
}

// createKey writes a whole file beside it and links it to its name, so that of
// two processes that start at once one wins and the other reads what it wrote.
func createKey(path string) (Key, error) {
	k, secret, err := NewKey(nil)
	if err != nil {
		return Key{}, err
	}
	fail := func(err error) (Key, error) {
		return Key{}, &lanzha.Error{Code: lanzha.CodeUnavailable, Op: "journal.LoadKey", Message: "the journal's signing key cannot be written", Hint: "check that the data folder exists and can be written", Err: err}
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".journal-key-*") // mode 0600
	if err != nil {
		return fail(err)
	}
	defer os.Remove(file.Name()) //nolint:errcheck // the name that counts is the link
	_, err = file.WriteString(secret + "\n")
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fail(err)
	}
	switch err := os.Link(file.Name(), path); {
	case errors.Is(err, fs.ErrExist):
		return ReadKey(path)
	case err != nil:
		return fail(err)
	}
	// The name must outlast a loss of power as well: without the key the
	// journal cannot be sealed further.
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fail(err)
	}
	if err := errors.Join(folder.Sync(), folder.Close()); err != nil {
		return fail(err)
	}
	return k, nil
}
