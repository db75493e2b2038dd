package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanzha"
	"lanzha/base/config"
)

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lanzha.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestEmptyConfigurationRuns(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "centre:\n", "listen:\n"} {
		l, err := config.Load(config.Sources{File: file(t, text)})
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if l.Listen != "127.0.0.1:9611" || l.DatabaseAddress() != "lanzha-data/lanzha.db" || l.KeysFile() != "lanzha-data/keyset.json" ||
			!l.Lookups.Auto || l.Den.Window != 720*time.Hour || l.Location().String() != "Asia/Shanghai" {
			t.Errorf("%q: %+v", text, l.Config)
		}
	}
}

func TestLaterSourcesWinAndAreNamed(t *testing.T) {
	path := file(t, "listen: 10.0.0.1:80\ndatabase: /var/lanzha.db\ncentre:\n  name: 昆明市反诈中心\n  region: \"530100\"\noidc: {scopes: [openid, email]}\n")
	l, err := config.Load(config.Sources{
		File:  path,
		Env:   []string{"LANZHA_LISTEN=10.0.0.2:80", "LANZHA_DATABASE=postgres://lanzha:swordfish@db/lanzha?password=swordfish", "LANZHA_KEYS=swordfish", "LANZHA_SERVICE_HOST=10.1.1.1", "HOME=/"},
		Flags: map[string]string{"listen": "10.0.0.3:80"},
	})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, line := range l.Print() {
		got[line.Path] = line.Value + " < " + strings.TrimPrefix(line.Origin, filepath.Dir(path)+"/")
		if strings.Contains(line.String(), "swordfish") {
			t.Errorf("a secret is printed: %s", line)
		}
	}
	want := map[string]string{
		"listen": "10.0.0.3:80 < --listen", "centre.name": "昆明市反诈中心 < lanzha.yaml:4", "centre.region": "530100 < lanzha.yaml:5",
		"database":  "postgres://lanzha:xxxxx@db/lanzha?password=xxxxx < LANZHA_DATABASE",
		"keys.text": "(set) < LANZHA_KEYS", "oidc.scopes": "openid,email < lanzha.yaml:6", "den.window": "720h0m0s < default",
	}
	for path, line := range want {
		if got[path] != line {
			t.Errorf("%s: %q, want %q", path, got[path], line)
		}
	}
	if l.Database != "postgres://lanzha:swordfish@db/lanzha?password=swordfish" || l.Keys.Text != "swordfish" {
		t.Error("what is printed is redacted, what is used is not")
	}
	if diff := cmp.Diff([]string{"LANZHA_SERVICE_HOST"}, l.Unknown); diff != "" {
		t.Error(diff)
	}
}

func TestWhatDoesNotFitIsRefused(t *testing.T) {
	for _, c := range []struct{ text, field, says string }{
		{"lisen: x", "lisen", ":1: unknown key"},
		{"\ncentre:\n  nam: x", "centre.nam", ":3: unknown key"},
		{"listen: a:1\nlisten: b:1", "listen", ":2: the key stands twice"},
		{"keys: {text: x}", "keys.text", "unknown key"},
		{"listen: [a, b]", "listen", "single value"},
		{"centre: x", "centre", "keys and values"},
		{"- a", "", "keys and values"},
		{"a: [", "", "not YAML"},
		{"listen: nowhere", "listen", "with a port"},
		{"centre: {region: \"53\"}", "centre.region", "six digits"},
		{"centre: {zone: Mars/Base}", "centre.zone", "no such time zone"},
		{"den: {window: soon}", "den.window", "duration"},
		{"den: {window: -1h}", "den.window", "longer"},
		{"lookups: {auto: perhaps}", "lookups.auto", "true or false"},
		{"lookups: {purpose: \"\"}", "lookups", "purpose"},
		{"tls: {cert: a}", "tls", "go together"},
		{"tls: {clientCa: a}", "tls.clientCa", "needs cert"},
		{"oidc: {issuer: here}", "oidc.issuer", "address"},
		{"oidc: {issuer: \"https://id.example.org\"}", "oidc", "clientId"},
		{"log: {level: loud}", "log.level", "one of"},
		{"log: {format: xml}", "log.format", "text or json"},
		{"data: \"\"", "data", "folder"},
	} {
		_, err := config.Load(config.Sources{File: file(t, c.text)})
		e, ok := errors.AsType[*lanzha.Error](err)
		if !ok || e.Code != lanzha.CodeInvalid || e.Field != c.field || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: %v, want invalid at %q saying %q", c.text, err, c.field, c.says)
		}
	}
	if _, err := config.Load(config.Sources{File: "/nonexistent.yaml"}); lanzha.CodeOf(err) != lanzha.CodeInvalid {
		t.Errorf("a missing file: %v", err)
	}
	if _, err := config.Load(config.Sources{Flags: map[string]string{"nope": "x"}}); lanzha.CodeOf(err) != lanzha.CodeInvalid {
		t.Errorf("an unknown flag: %v", err)
	}
	_, err := config.Load(config.Sources{Env: []string{"LANZHA_LOG_LEVEL=loud"}})
	if e, ok := errors.AsType[*lanzha.Error](err); !ok || !strings.Contains(e.Hint, "LANZHA_LOG_LEVEL") {
		t.Errorf("the origin is told: %v", err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("listen: a:1\ncentre: {name: x}")
	f.Add("a: &a [*a]")
	f.Fuzz(func(t *testing.T, text string) {
		l, err := config.Load(config.Sources{File: file(t, text)})
		if (l == nil) == (err == nil) {
			t.Fatalf("%v, %v", l, err)
		}
	})
}
