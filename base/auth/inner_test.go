package auth

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"lanzha"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The vectors of RFC 6238, appendix B.
func TestCodeVectors(t *testing.T) {
	seed := "1234567890123456789012345678901234567890123456789012345678901234"
	for _, algorithm := range []struct {
		size int
		hash func() hash.Hash
		want [6]string
	}{
		{20, sha1.New, [6]string{"94287082", "07081804", "14050471", "89005924", "69279037", "65353130"}},
		{32, sha256.New, [6]string{"46119246", "68084774", "67062674", "91819424", "90698825", "77737706"}},
		{64, sha512.New, [6]string{"90693936", "25091201", "99943326", "93441116", "38618901", "47863826"}},
	} {
		for i, second := range []int64{59, 1111111109, 1111111111, 1234567890, 2000000000, 20000000000} {
			if got := code([]byte(seed[:algorithm.size]), second/30, 8, algorithm.hash); got != algorithm.want[i] {
				t.Errorf("%d bytes at %d: %s, want %s", algorithm.size, second, got, algorithm.want[i])
			}
		}
	}
}

func TestVerifyCodeOnceAndWithinAStep(t *testing.T) {
	secret, now := []byte("12345678901234567890"), time.Unix(1111111109, 0)
	present := now.Unix() / 30
	for _, c := range []struct {
		step, last, want int64
	}{
		{present, 0, present}, {present - 1, 0, present - 1}, {present + 1, 0, present + 1},
		{present - 2, 0, 0}, {present + 2, 0, 0},
		{present, present, 0}, {present - 1, present, 0}, {present + 1, present, present + 1},
	} {
		if got := verifyCode(secret, code(secret, c.step, 6, sha1.New), now, c.last); got != c.want {
			t.Errorf("step %d after %d: %d, want %d", c.step-present, c.last, got, c.want)
		}
	}
	for _, bad := range []string{"", "0", "000000000"} {
		if verifyCode(secret, bad, now, 0) != 0 {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func TestHash(t *testing.T) {
	ctx, h := t.Context(), newHasher(nil)
	encoded, err := h.hash(ctx, "correct horse")
	if err != nil || !strings.HasPrefix(encoded, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("%q, %v", encoded, err)
	}
	// Made by the reference implementation: argon2 -id -t 2 -k 256 -p 1, salt "somesalt".
	const foreign = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
	for _, c := range []struct {
		encoded, password string
		want              bool
	}{
		{encoded, "correct horse", true}, {encoded, "correct horsf", false}, {encoded, "", false},
		{foreign, "password", true}, {foreign, "Password", false}, {"", "", false}, {"", "x", false},
	} {
		if got, err := h.check(ctx, c.encoded, c.password); err != nil || got != c.want {
			t.Errorf("check(%.40s, %q) = %v, %v", c.encoded, c.password, got, err)
		}
	}
	for _, bad := range []string{"x", "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$AAAA", "$argon2id$v=19$m=256,t=0,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"} {
		if _, err := h.check(ctx, bad, "x"); lanzha.CodeOf(err) != lanzha.CodeInternal {
			t.Errorf("%q: %v", bad, err)
		}
	}
	ended, end := context.WithCancel(ctx)
	end()
	for range hashesAtOnce {
		h.turns <- struct{}{}
	}
	if _, err := h.hash(ended, "x"); err == nil {
		t.Error("a hash beyond those allowed at once did not wait")
	}
}

func TestFailuresWait(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	f := failures{}
	for range freeFailures - 1 {
		f = f.plus(now, f.last, forgetAfter)
	}
	if f.wait(now) != 0 {
		t.Error("the free failures make nobody wait")
	}
	for _, want := range []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 15 * time.Minute, 15 * time.Minute} {
		f = f.plus(now, f.last, forgetAfter)
		if got := f.wait(now); got != want {
			t.Errorf("after %d failures %v, want %v", f.count, got, want)
		}
	}
	if f.wait(now.Add(15*time.Minute)) != 0 {
		t.Error("the wait does not end")
	}
	if later := now.Add(forgetAfter); f.plus(later, f.last, forgetAfter).count != 1 {
		t.Error("failures are not forgotten after a day")
	}
	all := failures{}
	for i := range totalFailures {
		all = all.plus(now.Add(time.Duration(i)*time.Millisecond), all.since, totalWindow)
	}
	if got := all.waitAll(now.Add(10 * time.Second)); got != 50*time.Second {
		t.Errorf("all wait %v", got)
	}
	if next := now.Add(totalWindow); all.waitAll(next) != 0 || all.plus(next, all.since, totalWindow).count != 1 {
		t.Error("the window of all does not end")
	}
}

func TestGoodPassword(t *testing.T) {
	for password, good := range map[string]bool{
		"correct horse": true, "一二三四五六七八九十个汉字": true, "short1!": false, "aaaaaaaaaaaaaa": false,
		"i am LIWEI myself": false, strings.Repeat("abcdefgh", 33): false,
	} {
		err := goodPassword("next", "liwei", password)
		if (err == nil) != good {
			t.Errorf("%q: %v", password, err)
		}
		if err != nil && strings.Contains(err.Error(), password) {
			t.Errorf("the error repeats %q", password)
		}
	}
}

func TestPoliciesMustBeNamed(t *testing.T) {
	for _, bad := range []string{
		`permit (principal, action, resource);`,
		`@id("a") permit (principal, action == Action::"x.y", resource); @id("a") permit (principal, action, resource);`,
		`permit (`,
	} {
		if _, err := parse([]byte(bad)); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
}
