package vault_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"lanzha"
	"lanzha/base/vault"
)

var name = vault.Field{Table: "report", Column: "caller_name", Row: "01KB3V6N0Q8V4Y2ZC5T7R9WXHD"}

func open(t *testing.T, o vault.Options) *vault.Vault {
	t.Helper()
	v, err := vault.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func fresh(t *testing.T) (*vault.Vault, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "keys", "keyset.json")
	return open(t, vault.Options{File: file}), file
}

func TestSealedOpensOnlyInItsPlace(t *testing.T) {
	v, _ := fresh(t)
	sealed, err := v.Seal(name, "张三")
	if err != nil || strings.Contains(sealed, "张三") || !strings.HasPrefix(sealed, "1.A256GCM.") {
		t.Fatalf("%q, %v", sealed, err)
	}
	if again, _ := v.Seal(name, "张三"); again == sealed {
		t.Error("the same value sealed twice looks the same")
	}
	if got, err := v.Unseal(name, sealed); err != nil || got != "张三" {
		t.Fatalf("%q, %v", got, err)
	}
	for what, f := range map[string]vault.Field{
		"row":    {Table: name.Table, Column: name.Column, Row: "01KB3V6N0Q8V4Y2ZC5T7R9WXHE"},
		"column": {Table: name.Table, Column: "caller_phone", Row: name.Row},
		"table":  {Table: "lookup", Column: name.Column, Row: name.Row},
		"none":   {},
		"forged": {Table: "report|caller_name", Column: "x", Row: name.Row},
	} {
		if got, err := v.Unseal(f, sealed); err == nil {
			t.Errorf("opened in another %s as %q", what, got)
		}
	}
	for _, bad := range []string{"张三", sealed[:len(sealed)-4], strings.Replace(sealed, "1.A256GCM", "2.SM4", 1), "1.A256GCM.!", sealed + "AAAA"} {
		_, err := v.Unseal(name, bad)
		if lanzha.CodeOf(err) != lanzha.CodeInternal || strings.Contains(err.Error(), "张三") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if s, err := v.Seal(name, ""); s != "" || err != nil {
		t.Errorf("empty: %q, %v", s, err)
	}
	if s, err := v.Unseal(name, ""); s != "" || err != nil {
		t.Errorf("empty: %q, %v", s, err)
	}
	other, _ := fresh(t)
	if got, err := other.Unseal(name, sealed); err == nil {
		t.Errorf("other keys opened it as %q", got)
	}
}

func TestSealRoundTrip(t *testing.T) {
	v, _ := fresh(t)
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.String().Draw(t, "value")
		sealed, err := v.Seal(name, value)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := v.Unseal(name, sealed); err != nil || got != value {
			t.Fatalf("%q, %v", got, err)
		}
	})
}

func TestIndex(t *testing.T) {
	v, _ := fresh(t)
	want := v.Index("53010219900101123X")
	if len(want) != 1 || !strings.HasPrefix(want[0], "1.") || strings.Contains(want[0], "5301") {
		t.Fatalf("%v", want)
	}
	for _, same := range []string{" 53010219900101123x", "５３０１０２１９９００１０１１２３Ｘ", "530102 19900101 123X"} {
		if diff := cmp.Diff(want, v.Index(same)); diff != "" {
			t.Errorf("%q: %s", same, diff)
		}
	}
	if cmp.Equal(want, v.Index("530102199001011240")) || v.Index(" ") != nil {
		t.Error("other values have other indexes, and nothing has none")
	}
	other, _ := fresh(t)
	if cmp.Equal(want, other.Index("53010219900101123X")) {
		t.Error("the index does not depend on the keys")
	}
}

func TestRotate(t *testing.T) {
	v, file := fresh(t)
	beside := open(t, vault.Options{File: file, InUse: true})
	old, err := v.Seal(name, "张三")
	if err != nil {
		t.Fatal(err)
	}
	oldIndex := v.Index("张三")[0]
	if err := v.Rotate(); err != nil {
		t.Fatal(err)
	}
	if v.Generation() != 2 {
		t.Errorf("generation %d", v.Generation())
	}
	if got := v.Index("张三"); len(got) != 2 || got[1] != oldIndex || !strings.HasPrefix(got[0], "2.") {
		t.Errorf("index %v, want the new first and %s after it", got, oldIndex)
	}
	young, err := v.Seal(name, "张三")
	if err != nil {
		t.Fatal(err)
	}
	for what, reader := range map[string]*vault.Vault{"rotated": v, "not restarted": beside, "restarted": open(t, vault.Options{File: file})} {
		for _, sealed := range []string{old, young} {
			if got, err := reader.Unseal(name, sealed); err != nil || got != "张三" {
				t.Errorf("%s: %q, %v", what, got, err)
			}
		}
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	environment := open(t, vault.Options{Text: string(text)})
	if got, err := environment.Unseal(name, young); err != nil || got != "张三" {
		t.Errorf("keys by environment: %q, %v", got, err)
	}
	if err := environment.Rotate(); lanzha.CodeOf(err) != lanzha.CodeConflict {
		t.Errorf("rotating the environment: %v", err)
	}
}

func TestOpenSaysWhatToDo(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string, mode os.FileMode) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		return file
	}
	_, file := fresh(t)
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		o    vault.Options
		want lanzha.Code
		says string
	}{
		{vault.Options{File: filepath.Join(dir, "none"), InUse: true}, lanzha.CodeUnavailable, "missing"},
		{vault.Options{File: put("open", string(good), 0o644)}, lanzha.CodeInvalid, "open to every user"},
		{vault.Options{File: put("empty", "", 0o600)}, lanzha.CodeInvalid, "cannot be read"},
		{vault.Options{File: put("half", string(good[:len(good)/2]), 0o600)}, lanzha.CodeInvalid, "cannot be read"},
		{vault.Options{Text: `{"format":9}`}, lanzha.CodeInvalid, "format 9"},
		{vault.Options{Text: `{"format":1,"seal":{}}`}, lanzha.CodeInvalid, "sealing"},
		{vault.Options{Text: strings.Replace(string(good), `"generation": 1`, `"generation": 3`, 1)}, lanzha.CodeInvalid, "index"},
		{vault.Options{File: "/dev/null/keyset.json"}, lanzha.CodeUnavailable, "cannot be"},
	} {
		_, err := vault.Open(c.o)
		if lanzha.CodeOf(err) != c.want || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: %v, want %s saying %q", c.o.File, err, c.want, c.says)
		}
	}
}

func TestTwoFirstStartsShareOneKeyset(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keyset.json")
	vaults := make([]*vault.Vault, 8)
	var group sync.WaitGroup
	for i := range vaults {
		group.Go(func() {
			v, err := vault.Open(vault.Options{File: file})
			if err != nil {
				t.Error(err)
				return
			}
			vaults[i] = v
		})
	}
	group.Wait()
	for _, v := range vaults {
		if v == nil || !cmp.Equal(v.Index("x"), vaults[0].Index("x")) {
			t.Fatal("two processes work with different keys")
		}
	}
}

func BenchmarkSealAndIndex(b *testing.B) {
	v, err := vault.Open(vault.Options{File: filepath.Join(b.TempDir(), "k")})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := v.Seal(name, "530102199001011234"); err != nil {
			b.Fatal(err)
		}
		v.Index("530102199001011234")
	}
}
