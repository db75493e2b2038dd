package platform_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanzha"
	"lanzha/gateway/platform"
	"lanzha/know/institution"
	"lanzha/work/clue"
	"lanzha/work/clue/disposal"
)

var asked = time.Date(2026, 3, 1, 2, 3, 4, 567891234, time.UTC)

func open(t *testing.T) (*platform.Gateway, string) {
	t.Helper()
	dir := t.TempDir()
	key, err := platform.LoadKey(filepath.Join(dir, "keys", "platform.pem"))
	if err != nil {
		t.Fatal(err)
	}
	g, err := platform.New(filepath.Join(dir, "out"), key)
	if err != nil {
		t.Fatal(err)
	}
	return g, filepath.Join(dir, "out")
}

func question(key string) clue.Question {
	return clue.Question{
		Key: key, Institution: institution.Institution{Code: "sim-bank-1", Name: "模拟农商银行", Secret: "do not write this"},
		Kind: clue.KindCard, Value: "6228480402564890018", Truth: clue.TruthUnknown, Fields: []clue.Field{clue.FieldSubscriber, clue.FieldOutlet},
		Purpose: "核查<涉诈>账户", LegalBasis: "反电信网络诈骗法第二十六条", DocumentNo: "演调证〔2026〕1号",
		Officers: []string{"甲", "乙"}, AskedAt: asked, DueAt: asked.Add(time.Hour),
	}
}

func TestEntry(t *testing.T) {
	g, dir := open(t)
	if a, err := g.Ask(t.Context(), question("K1")); err != nil || a.State != clue.AnswerPending {
		t.Fatalf("%+v, %v", a, err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "K1.json"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := platform.Verify(b, g.Public())
	if err != nil {
		t.Fatal(err)
	}
	want := platform.Entry{
		Key: "K1", Type: "lookup", Institution: "模拟农商银行", InstitutionCode: "sim-bank-1", Kind: "card", Value: "6228480402564890018",
		Truth: "unknown", Fields: []string{"subscriber", "outlet"}, Purpose: "核查<涉诈>账户", LegalBasis: "反电信网络诈骗法第二十六条",
		DocumentNo: "演调证〔2026〕1号", Officers: []string{"甲", "乙"},
		AskedAt: asked.Truncate(time.Microsecond), DueAt: asked.Add(time.Hour).Truncate(time.Microsecond),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if bytes.Contains(b, []byte("do not write this")) {
		t.Error("the institution's secret is in the file")
	}
	if info, err := os.Stat(filepath.Join(dir, "K1.json")); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("others may read an entry: %v, %v", info.Mode(), err)
	}

	if r, err := g.Dispose(t.Context(), disposal.Order{Key: "K2", Kind: disposal.Shutdown, ValueKind: clue.KindMobile, Value: "+8613888812345", Reason: "涉诈", DueAt: asked}); err != nil || r.State != disposal.ReceiptPending {
		t.Fatalf("%+v, %v", r, err)
	}
	b, err = os.ReadFile(filepath.Join(dir, "K2.json"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := platform.Verify(b, g.Public()); err != nil || got.Type != "disposal" || got.Kind != "shutdown" || got.ValueKind != "mobile" || got.Reason != "涉诈" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestRepeatWritesTheSameFile(t *testing.T) {
	g, dir := open(t)
	read := func() string {
		t.Helper()
		if _, err := g.Ask(t.Context(), question("K1")); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(dir, "K1.json"))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	first := read()
	if again := read(); again != first {
		t.Errorf("asked again, the file reads\n%s\nand was\n%s", again, first)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 {
		t.Errorf("%d files in the folder (%v), want 1", len(files), err)
	}
	// A database keeps microseconds.
	q := question("K1")
	q.AskedAt, q.DueAt = lanzha.At(q.AskedAt).Time(), lanzha.At(q.DueAt).Time()
	if _, err := g.Ask(t.Context(), q); err != nil {
		t.Fatal(err)
	}
	if b, _ := os.ReadFile(filepath.Join(dir, "K1.json")); string(b) != first {
		t.Error("a question read back from the database writes another file")
	}
}

// Readers see a whole file at any moment.
func TestFileIsWhole(t *testing.T) {
	g, dir := open(t)
	if _, err := g.Ask(t.Context(), question("K1")); err != nil {
		t.Fatal(err)
	}
	var writers sync.WaitGroup
	for range 4 {
		writers.Go(func() {
			for range 25 {
				if _, err := g.Ask(t.Context(), question("K1")); err != nil {
					t.Errorf("Ask: %v", err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { writers.Wait(); close(done) }()
	for reading := true; reading; {
		select {
		case <-done:
			reading = false
		default:
		}
		b, err := os.ReadFile(filepath.Join(dir, "K1.json"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := platform.Verify(b, g.Public()); err != nil {
			t.Fatalf("half a file: %v", err)
		}
	}
}

func TestKeysThatNameNoFile(t *testing.T) {
	g, dir := open(t)
	for _, key := range []string{"", ".", "..", "../x", "a/b", `a\b`, "a.b", "-a", "键", strings.Repeat("k", 129), "a\x00"} {
		if _, err := g.Ask(t.Context(), question(key)); lanzha.CodeOf(err) != lanzha.CodeInvalid {
			t.Errorf("key %q: %v, want invalid", key, err)
		}
	}
	if files, _ := os.ReadDir(dir); len(files) != 0 {
		t.Errorf("files were written: %v", files)
	}
}

func TestFolderGone(t *testing.T) {
	g, dir := open(t)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := g.Ask(t.Context(), question("K1"))
	if err == nil {
		t.Fatal("an entry was written into a file that is no folder")
	}
	if strings.Contains(err.Error(), "6228480402564890018") {
		t.Error("the error names the account")
	}
}

func TestVerifyFindsChanges(t *testing.T) {
	g, dir := open(t)
	if _, err := g.Ask(t.Context(), question("K1")); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "K1.json"))
	if err != nil {
		t.Fatal(err)
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, b, "", "  "); err != nil {
		t.Fatal(err)
	}
	if _, err := platform.Verify(pretty.Bytes(), g.Public()); err != nil {
		t.Errorf("laid out otherwise: %v", err)
	}
	for name, change := range map[string][2]string{
		"another account": {"6228480402564890018", "6228480402564890019"},
		"another field":   {`"outlet"`, `"status"`},
		"one more field":  {`"type":`, `"extra":1,"type":`},
		"another key":     {`"keyId":"`, `"keyId":"0`},
		"no signature":    {`"value":"`, `"value":"AA`},
		"another format":  {platform.Format, "lanzha-entry/2"},
		"another method":  {"Ed25519", "none"},
		"a part more":     {`{"format"`, `{"x":1,"format"`},
	} {
		changed := strings.Replace(string(b), change[0], change[1], 1)
		if changed == string(b) {
			t.Fatalf("%s: nothing was changed", name)
		}
		if e, err := platform.Verify([]byte(changed), g.Public()); lanzha.CodeOf(err) != lanzha.CodeInvalid {
			t.Errorf("%s: %+v, %v", name, e, err)
		}
	}
	other, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := platform.Verify(b, other); err == nil {
		t.Error("another key verifies the file")
	}
}

func TestLoadKey(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "deep", "key.pem")
	keys := make(chan ed25519.PrivateKey)
	for range 8 {
		go func() {
			k, err := platform.LoadKey(path)
			if err != nil {
				t.Errorf("LoadKey: %v", err)
			}
			keys <- k
		}()
	}
	first := <-keys
	for range 7 {
		if k := <-keys; !first.Equal(k) {
			t.Error("two processes that start at once have two keys")
		}
	}
	if files, _ := os.ReadDir(filepath.Dir(path)); len(files) != 1 {
		t.Errorf("%d files beside the key", len(files)-1)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := platform.LoadKey(path); err == nil || !strings.Contains(err.Error(), "chmod") {
		t.Errorf("a key that others may read: %v", err)
	}
	broken := filepath.Join(dir, "broken.pem")
	if err := os.WriteFile(broken, []byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if k, err := platform.LoadKey(broken); err == nil {
		t.Errorf("a broken key file gave %v", k)
	}
	if _, err := platform.New(dir, nil); err == nil {
		t.Error("a gateway without a key")
	}
}

func FuzzVerify(f *testing.F) {
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, 32))
	dir := f.TempDir()
	g, err := platform.New(dir, key)
	if err != nil {
		f.Fatal(err)
	}
	if _, err := g.Ask(f.Context(), question("K1")); err != nil {
		f.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "K1.json"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"format":"lanzha-entry/1","entry":null,"signature":{}}`))
	f.Add([]byte(`{}`))
	want, err := platform.Verify(b, g.Public())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := platform.Verify(b, g.Public())
		switch {
		case err != nil && lanzha.CodeOf(err) != lanzha.CodeInvalid:
			t.Fatalf("error %v", err)
		case err == nil && !cmp.Equal(e, want):
			t.Fatalf("an entry that nobody signed: %+v", e)
		}
	})
}

// tamper changes one character of an entry.
func tamper(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, bytes.Replace(b, []byte("6228480402564890018"), []byte("6228480402564890028"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
}
