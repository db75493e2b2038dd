// Package platform is the gateway to institutions that are reached through a
// national platform: the centre prepares the entry and signs it, an officer or
// the platform's own client takes the file over, and a receipt comes back as a
// file.
//
// A question or order goes in; Dir/<key>.json comes out, whole or not at all,
// and the answer is "pending" until Receipts reads what the platform says.
// Asking again writes the very same file again.
package platform

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"lanzha"
	"lanzha/gateway"
	"lanzha/know/institution"
	"lanzha/work/clue"
	"lanzha/work/clue/disposal"
	"lanzha/work/register/batch"
)

// Gateway implements clue.Asker, disposal.Disposer and batch.Upward. It may be used from many
// goroutines and by several processes on one folder.
type Gateway struct {
	dir string
	key ed25519.PrivateKey
}

var (
	_ clue.Asker        = (*Gateway)(nil)
	_ disposal.Disposer = (*Gateway)(nil)
	_ batch.Upward      = (*Gateway)(nil)
)

// New makes a gateway that writes into dir, which is created where it is
// missing, and signs with key (see LoadKey).
func New(dir string, key ed25519.PrivateKey) (*Gateway, error) {
	if len(key) != ed25519.PrivateKeySize {
		return nil, errors.New("platform: not an Ed25519 key")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("platform: outgoing folder: %w", err)
	}
	return &Gateway{dir: dir, key: key}, nil
}

// Format names the file's format and its version.
const Format = "lanzha-entry/1"

// File is an entry as it lies in the outgoing folder.
type File struct {
	Format string `json:"format"` // Format
	// Entry is the entry. What is signed is its bytes as they stand in the
	// file, without the spaces between tokens.
	Entry     json.RawMessage `json:"entry"`
	Signature Signature       `json:"signature"`
}

// Signature signs an entry.
type Signature struct {
	Algorithm string `json:"algorithm"` // "Ed25519"
	KeyID     string `json:"keyId"`     // the first 8 bytes of SHA-256 of the public key, hexadecimal
	Value     string `json:"value"`     // base64
}

// Entry is what the platform needs, drafted from the record, so that nobody
// types it again.
type Entry struct {
	Key                string    `json:"key"`
	Type               string    `json:"type"` // lookup | disposal | register
	Institution        string    `json:"institution"`
	InstitutionCode    string    `json:"institutionCode"`
	Kind               string    `json:"kind"` // of the clue, or of the disposal
	ValueKind          string    `json:"valueKind,omitempty"`
	Value              string    `json:"value"`
	Truth              string    `json:"truth,omitempty"`
	Fields             []string  `json:"fields,omitempty"`
	Purpose            string    `json:"purpose,omitempty"`
	Reason             string    `json:"reason,omitempty"`
	LegalBasis         string    `json:"legalBasis,omitempty"`
	DocumentNo         string    `json:"documentNo,omitempty"`
	Undoes             string    `json:"undoes,omitempty"` // of a restore: the key of the entry that it lifts
	LocationDecisionNo string    `json:"locationDecisionNo,omitempty"`
	Officers           []string  `json:"officers,omitempty"`
	AskedAt            time.Time `json:"askedAt,omitzero"`
	DueAt              time.Time `json:"dueAt,omitzero"`

	Unit     string       `json:"unit,omitempty"`     // of a batch of the register: who hands it up
	Listings []batch.Line `json:"listings,omitempty"` // what it holds, in order
}

// Ask prepares a question. An error says that the file may not have been
// written; a key that cannot name a file is refused as Invalid.
func (g *Gateway) Ask(ctx context.Context, q clue.Question) (clue.Answer, error) {
	e := entry(q.Key, "lookup", q.Institution)
	e.Kind, e.Value, e.Truth = string(q.Kind), q.Value, string(q.Truth)
	for _, f := range q.Fields {
		e.Fields = append(e.Fields, string(f))
	}
	e.Purpose, e.LegalBasis, e.DocumentNo, e.LocationDecisionNo = q.Purpose, q.LegalBasis, q.DocumentNo, q.LocationDecisionNo
	e.Officers, e.AskedAt, e.DueAt = q.Officers, utc(q.AskedAt), utc(q.DueAt)
	if err := g.put(ctx, e); err != nil {
		return clue.Answer{}, err
	}
	return clue.Answer{State: clue.AnswerPending}, nil
}

// Dispose prepares an order. Errors are as for Ask.
func (g *Gateway) Dispose(ctx context.Context, o disposal.Order) (disposal.Receipt, error) {
	e := entry(o.Key, "disposal", o.Institution)
	e.Kind, e.ValueKind, e.Value = string(o.Kind), string(o.ValueKind), o.Value
	e.Reason, e.LegalBasis, e.DocumentNo, e.DueAt = o.Reason, o.LegalBasis, o.DocumentNo, utc(o.DueAt)
	e.Undoes = o.Undoes
	if err := g.put(ctx, e); err != nil {
		return disposal.Receipt{}, err
	}
	return disposal.Receipt{State: disposal.ReceiptPending}, nil
}

// HandUp prepares a batch of the register. Errors are as for Ask.
func (g *Gateway) HandUp(ctx context.Context, h batch.Handing) error {
	return g.put(ctx, Entry{Key: h.Key, Type: "register", Kind: "joint_punishment", Value: string(h.Region), Unit: h.Unit, AskedAt: utc(h.At), Listings: h.Lines})
}

func entry(key, kind string, to institution.Institution) Entry {
	return Entry{Key: key, Type: kind, Institution: to.Name, InstitutionCode: to.Code}
}

// utc keeps microseconds, as the database does, so that a question that was
// read back writes the same file.
func utc(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// keyForm is a key that can name a file on any system.
var keyForm = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z_-]{0,127}$`)

func (g *Gateway) path(key string) string { return filepath.Join(g.dir, key+".json") }

func (g *Gateway) put(ctx context.Context, e Entry) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !keyForm.MatchString(e.Key) {
		return lanzha.Invalid("key", "a key that names a file has up to 128 letters, digits, - and _")
	}
	b, err := seal(e, g.key)
	if err != nil {
		return lanzha.Internal("platform.put", err)
	}
	return writeFile(g.path(e.Key), b)
}

// seal signs an entry. Ed25519 is deterministic: the same entry and key give
// the same bytes.
func seal(e Entry, key ed25519.PrivateKey) ([]byte, error) {
	body, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	f := File{Format: Format, Entry: body, Signature: Signature{
		Algorithm: "Ed25519", KeyID: KeyID(key.Public().(ed25519.PublicKey)),
		Value: base64.StdEncoding.EncodeToString(ed25519.Sign(key, body)),
	}}
	b, err := json.Marshal(f)
	return append(b, '\n'), err
}

// KeyID names a public key.
func KeyID(pub ed25519.PublicKey) string {
	sum := sha256.Sum256(pub)
	return hex.EncodeToString(sum[:8])
}

// Verify reads a file and checks its signature against a public key. It
// returns Invalid with the field that is wrong.
func Verify(b []byte, pub ed25519.PublicKey) (Entry, error) {
	var f File
	if gateway.Decode(b, &f, true) != nil || f.Format != Format {
		return Entry{}, lanzha.Invalid("format", "not a file of format %s", Format)
	}
	var body bytes.Buffer
	if json.Compact(&body, f.Entry) != nil {
		return Entry{}, lanzha.Invalid("entry", "no entry")
	}
	sig, err := base64.StdEncoding.DecodeString(f.Signature.Value)
	switch {
	case err != nil || f.Signature.Algorithm != "Ed25519":
		return Entry{}, lanzha.Invalid("signature", "not an Ed25519 signature")
	case f.Signature.KeyID != KeyID(pub):
		return Entry{}, lanzha.Invalid("signature.keyId", "signed with another key")
	case !ed25519.Verify(pub, body.Bytes(), sig):
		return Entry{}, lanzha.Invalid("signature.value", "the entry was changed after it was signed")
	}
	var e Entry
	if gateway.Decode(f.Entry, &e, true) != nil {
		return Entry{}, lanzha.Invalid("entry", "not an entry")
	}
	return e, nil
}

// Public is the key that verifies this gateway's files.
func (g *Gateway) Public() ed25519.PublicKey { return g.key.Public().(ed25519.PublicKey) }

// Keys lists the keys of all entries written, in order.
func (g *Gateway) Keys() ([]string, error) {
	files, err := os.ReadDir(g.dir)
	if err != nil {
		return nil, fmt.Errorf("platform: outgoing folder: %w", err)
	}
	var keys []string
	for _, f := range files {
		if key, ok := strings.CutSuffix(f.Name(), ".json"); ok && keyForm.MatchString(key) {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// read reads one entry that this gateway wrote; false is none with a right
// signature.
func (g *Gateway) read(key string) (Entry, bool, error) {
	if !keyForm.MatchString(key) {
		return Entry{}, false, nil
	}
	b, err := os.ReadFile(g.path(key))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Entry{}, false, nil
	case err != nil:
		return Entry{}, false, fmt.Errorf("platform: read an entry: %w", err)
	}
	e, err := Verify(b, g.Public())
	return e, err == nil && e.Key == key, nil //nolint:nilerr // a file that is not ours is not an entry
}
