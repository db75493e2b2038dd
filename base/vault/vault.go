// Package vault encrypts personal fields and indexes them blindly. What comes
// in is a value and the place where it is kept; what goes out is text that only
// this keyset opens, and only in that place. Keys live outside the database, in
// a file or in the environment, and rotate without touching what is stored.
package vault

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash"
	"io"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"unicode"

	"github.com/tink-crypto/tink-go/v2/tink"
	"golang.org/x/text/unicode/norm"

	"lanzha"
)

// Field is the place of a sealed value. It is authenticated with the value, so
// that a value copied to another row or column does not open there.
type Field struct {
	Table  string    // "report"
	Column string    // "caller_name"
	Row    lanzha.ID // the record's ID
}

func (f Field) bound() ([]byte, error) {
	if f.Table == "" || f.Column == "" || f.Row == "" || strings.ContainsRune(f.Table+f.Column+string(f.Row), '|') {
		return nil, lanzha.Internal("vault", fmt.Errorf("a sealed field needs table, column and row"))
	}
	return []byte(f.Table + "|" + f.Column + "|" + string(f.Row)), nil
}

// format heads every sealed text: the version of the form, then the algorithm,
// so that other suites can stand beside it.
const format = "1.A256GCM."

// Vault seals, opens and indexes. It is safe for use by many goroutines.
type Vault struct {
	options Options
	keys    atomic.Pointer[keys]
}

type keys struct {
	aead  tink.AEAD
	index []indexKey // the oldest first
}

type indexKey struct {
	generation int
	secret     []byte
	macs       *sync.Pool // of hash.Hash, keyed: to key one costs as much as to use it
}

func (k *indexKey) sum(value string) (s Sum) {
	mac, ok := k.macs.Get().(hash.Hash)
	if !ok {
		mac = hmac.New(sha256.New, k.secret)
	}
	var whole [sha256.Size]byte
	mac.Reset()
	_, _ = io.WriteString(mac, value) // a hash takes everything
	s.Generation, s.Bits = k.generation, [16]byte(mac.Sum(whole[:0]))
	k.macs.Put(mac)
	return s
}

// Seal encrypts a value for its field. The empty value stays empty: an absent
// name is no secret.
func (v *Vault) Seal(f Field, value string) (string, error) {
	if value == "" {
		return "", nil
	}
	bound, err := f.bound()
	if err != nil {
		return "", err
	}
	sealed, err := v.keys.Load().aead.Encrypt([]byte(value), bound)
	if err != nil {
		return "", lanzha.Internal("vault.Seal", err)
	}
	return format + base64.RawURLEncoding.EncodeToString(sealed), nil
}

// Unseal decrypts what Seal made for the same field; "" is "". Text that was
// changed, moved from another field, or sealed by other keys is CodeInternal.
func (v *Vault) Unseal(f Field, sealed string) (string, error) {
	if sealed == "" {
		return "", nil
	}
	bound, err := f.bound()
	if err != nil {
		return "", err
	}
	text, ok := strings.CutPrefix(sealed, format)
	if !ok {
		return "", lanzha.Internal("vault.Unseal", fmt.Errorf("%s.%s of %s has an unknown form", f.Table, f.Column, f.Row))
	}
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return "", lanzha.Internal("vault.Unseal", err)
	}
	value, err := v.keys.Load().aead.Decrypt(data, bound)
	if err != nil && v.options.File != "" && v.Reload() == nil {
		// Another process may have rotated the keys since we read them.
		value, err = v.keys.Load().aead.Decrypt(data, bound)
	}
	if err != nil {
		e := lanzha.Internal("vault.Unseal", fmt.Errorf("%s.%s of %s does not open", f.Table, f.Column, f.Row))
		e.Hint = "the keyset is not the one it was sealed with, or the row was changed"
		return "", e
	}
	return string(value), nil
}

// Index gives the blind index of a value under every generation of keys, the
// newest first. Store the first; search for any of them. Values that differ
// only in width, case or white space have the same index. "" has none.
func (v *Vault) Index(value string) []string {
	sums := v.Sums(value)
	if len(sums) == 0 {
		return nil
	}
	out := make([]string, len(sums))
	for i, s := range sums {
		out[i] = s.String()
	}
	return out
}

// Sum is a blind index before it is written as text.
type Sum struct {
	Generation int
	Bits       [16]byte // 128 bits: a collision among 2^40 values is out of reach
}

// String is the text that Index gives.
func (s Sum) String() string {
	return strconv.Itoa(s.Generation) + "." + base64.RawURLEncoding.EncodeToString(s.Bits[:])
}

// ParseSum reads what String wrote; false is something else.
func ParseSum(text string) (s Sum, ok bool) {
	generation, bits, _ := strings.Cut(text, ".")
	n, err := strconv.Atoi(generation)
	if err != nil || len(bits) != base64.RawURLEncoding.EncodedLen(len(s.Bits)) {
		return s, false
	}
	s.Generation = n
	_, err = base64.RawURLEncoding.Decode(s.Bits[:], []byte(bits))
	return s, err == nil
}

// Sums is Index for those who compare in memory.
func (v *Vault) Sums(value string) []Sum {
	value = normal(value)
	if value == "" {
		return nil
	}
	index := v.keys.Load().index
	out := make([]Sum, 0, len(index))
	for i := len(index) - 1; i >= 0; i-- {
		out = append(out, index[i].sum(value))
	}
	return out
}

// Generation is the number of the newest keys, from 1.
func (v *Vault) Generation() int {
	index := v.keys.Load().index
	return index[len(index)-1].generation
}

func normal(value string) string {
	if plain(value) {
		return value
	}
	return strings.ToLower(strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, norm.NFKC.String(value)))
}

// plain reports whether a value is its own normal form already, as most
// numbers are.
func plain(value string) bool {
	for i := range len(value) {
		if c := value[i]; (c < '0' || c > '9') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}
