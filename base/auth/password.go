package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"lanzha"
)

// cost is what one hash takes: 19 MiB, two passes, one thread.
var cost = struct {
	memory  uint32 // KiB
	passes  uint32
	threads uint8
}{19 * 1024, 2, 1}

// hasher makes and checks password hashes, a few at a time: each takes 19 MiB,
// and a flood of sign-ins must not take all memory.
type hasher struct {
	random io.Reader
	turns  chan struct{}
	dummy  string // checked when there is no such account, so that it takes as long
}

const hashesAtOnce = 4

func newHasher(random io.Reader) *hasher {
	if random == nil {
		random = rand.Reader
	}
	salt, sum := make([]byte, 16), make([]byte, 32)
	return &hasher{random: random, turns: make(chan struct{}, hashesAtOnce), dummy: phc(salt, sum)}
}

func phc(salt, sum []byte) string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, cost.memory, cost.passes, cost.threads, b64(salt), b64(sum))
}

// turn waits for a turn to hash; it fails when ctx ends first.
func (h *hasher) turn(ctx context.Context) error {
	select {
	case h.turns <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// hash makes the PHC form of a password.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, 16)
	if _, err := io.ReadFull(h.random, salt); err != nil {
		return "", lanzha.Internal("auth.hash", err)
	}
	if err := h.turn(ctx); err != nil {
		return "", err
	}
	defer func() { <-h.turns }()
	return phc(salt, argon2.IDKey([]byte(password), salt, cost.passes, cost.memory, cost.threads, 32)), nil
}

// check reports whether the password is that of the PHC form, whatever its
// cost was; "" is the password of nobody.
func (h *hasher) check(ctx context.Context, encoded, password string) (bool, error) {
	known := encoded != ""
	if !known {
		encoded = h.dummy
	}
	var version int
	var memory, passes uint32
	var threads uint8
	parts := strings.Split(encoded, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, lanzha.Internal("auth.check", fmt.Errorf("a stored password has an unknown form"))
	}
	_, err1 := fmt.Sscanf(parts[2], "v=%d", &version)
	_, err2 := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &passes, &threads)
	salt, err3 := base64.RawStdEncoding.DecodeString(parts[4])
	sum, err4 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || err3 != nil || err4 != nil || version != argon2.Version || passes == 0 || threads == 0 || len(sum) < 16 || len(sum) > 64 {
		return false, lanzha.Internal("auth.check", fmt.Errorf("a stored password is damaged"))
	}
	if err := h.turn(ctx); err != nil {
		return false, err
	}
	defer func() { <-h.turns }()
	got := argon2.IDKey([]byte(password), salt, passes, memory, threads, uint32(len(sum)))
	return subtle.ConstantTimeCompare(got, sum) == 1 && known, nil
}

// once makes a first password of 100 bits that can be read out by telephone:
// "k3v6n-q8v4y-2zc5t-7r3wx".
func (h *hasher) once() (string, error) {
	raw := make([]byte, 13)
	if _, err := io.ReadFull(h.random, raw); err != nil {
		return "", lanzha.Internal("auth.once", err)
	}
	s := base32.NewEncoding("abcdefghjkmnpqrstvwxyz0123456789").WithPadding(base32.NoPadding).EncodeToString(raw)[:20]
	return s[:5] + "-" + s[5:10] + "-" + s[10:15] + "-" + s[15:], nil
}

// goodPassword says what is wrong with a password chosen in a field. The error
// never repeats it.
func goodPassword(field, login, password string) error {
	distinct := map[rune]bool{}
	for _, r := range password {
		distinct[r] = true
	}
	switch {
	case utf8.RuneCountInString(password) < 12:
		return lanzha.Invalid(field, "must have at least 12 characters")
	case len(password) > 256:
		return lanzha.Invalid(field, "must be no longer than 256 bytes")
	case len(distinct) < 5:
		return lanzha.Invalid(field, "must have at least 5 different characters")
	case strings.Contains(strings.ToLower(password), strings.ToLower(login)):
		return lanzha.Invalid(field, "must not contain the login")
	}
	return nil
}
