package web

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func built() http.Handler {
	return handler(fstest.MapFS{
		".gitkeep":            {},
		"own.html":            {Data: []byte("<!doctype html><title>own</title>")},
		"index.html":          {Data: []byte("<!doctype html><title>console</title>" + strings.Repeat(" page", 100))},
		"icon.svg":            {Data: []byte("<svg/>")},
		"assets/app-abc12.js": {Data: []byte(strings.Repeat("console.log(1);", 200))},
	})
}

func get(t *testing.T, h http.Handler, method, target string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestFilesAndFallback(t *testing.T) {
	for _, c := range []struct {
		name, method, path string
		status             int
		kind, cache, has   string
	}{
		{"root", "GET", "/", 200, "text/html; charset=utf-8", "no-cache", "<title>console"},
		{"route of the application", "GET", "/clues/01KB3V6N0Q8V4Y2ZC5T7R9WXHD", 200, "text/html; charset=utf-8", "no-cache", "<title>console"},
		{"a route with a dot", "GET", "/numbers/a.example.com", 200, "text/html; charset=utf-8", "no-cache", "<title>console"},
		{"page of its own", "GET", "/own", 200, "text/html; charset=utf-8", "no-cache", "<title>own"},
		{"a page has one address", "GET", "/own.html", 200, "text/html; charset=utf-8", "no-cache", "<title>console"},
		{"hashed file", "GET", "/assets/app-abc12.js", 200, "text/javascript; charset=utf-8", "public, max-age=31536000, immutable", "console.log"},
		{"plain file", "GET", "/icon.svg", 200, "image/svg+xml", "no-cache", "<svg/>"},
		{"file of another build", "GET", "/assets/app-old.js", 404, "text/plain; charset=utf-8", "no-store", "reload"},
		{"hidden file", "GET", "/.gitkeep", 200, "text/html; charset=utf-8", "no-cache", "<title>console"},
		{"climbing out", "GET", "/../web.go", 200, "text/html; charset=utf-8", "no-cache", "<title>console"},
		{"writing", "POST", "/", 405, "text/plain; charset=utf-8", "", "only answers GET"},
	} {
		t.Run(c.name, func(t *testing.T) {
			res := get(t, built(), c.method, c.path)
			if res.StatusCode != c.status {
				t.Errorf("status %d, want %d", res.StatusCode, c.status)
			}
			if got := res.Header.Get("Content-Type"); got != c.kind {
				t.Errorf("type %q, want %q", got, c.kind)
			}
			if got := res.Header.Get("Cache-Control"); got != c.cache {
				t.Errorf("cache %q, want %q", got, c.cache)
			}
			if got := body(t, res); !strings.Contains(got, c.has) {
				t.Errorf("body %q lacks %q", got, c.has)
			}
		})
	}
}

func TestHeadHasNoBody(t *testing.T) {
	res := get(t, built(), "HEAD", "/")
	if res.StatusCode != 200 || res.ContentLength == 0 || body(t, res) != "" {
		t.Errorf("status %d, length %d", res.StatusCode, res.ContentLength)
	}
}

func TestGzipAndConditional(t *testing.T) {
	plain := get(t, built(), "GET", "/assets/app-abc12.js")
	want := body(t, plain)
	for _, accept := range []string{"gzip", "br, gzip;q=0.5", "*"} {
		res := get(t, built(), "GET", "/assets/app-abc12.js", "Accept-Encoding", accept)
		if res.Header.Get("Content-Encoding") != "gzip" || res.Header.Get("Vary") != "Accept-Encoding" {
			t.Fatalf("%s: not compressed: %v", accept, res.Header)
		}
		if res.Header.Get("ETag") == plain.Header.Get("ETag") {
			t.Error("two representations share one strong tag")
		}
		z, err := gzip.NewReader(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(z)
		if err != nil || string(got) != want {
			t.Errorf("%s: unpacked %d bytes, want %d: %v", accept, len(got), len(want), err)
		}
		again := get(t, built(), "GET", "/assets/app-abc12.js", "Accept-Encoding", accept, "If-None-Match", `"x", `+res.Header.Get("ETag"))
		if again.StatusCode != 304 || body(t, again) != "" {
			t.Errorf("%s: status %d on an unchanged file", accept, again.StatusCode)
		}
	}
	for _, accept := range []string{"", "br", "gzip;q=0", "gzip; q=0.0"} {
		if res := get(t, built(), "GET", "/assets/app-abc12.js", "Accept-Encoding", accept); res.Header.Get("Content-Encoding") != "" {
			t.Errorf("%q: compressed for a client that cannot read it", accept)
		}
	}
}

func TestPolicyForbidsInlineScripts(t *testing.T) {
	csp := get(t, built(), "GET", "/").Header.Get("Content-Security-Policy")
	for part := range strings.SplitSeq(csp, ";") {
		if part = strings.TrimSpace(part); strings.HasPrefix(part, "script-src") && part != "script-src 'self'" {
			t.Errorf("scripts: %q", part)
		}
	}
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"} {
		if !strings.Contains(csp, want) {
			t.Errorf("policy %q lacks %q", csp, want)
		}
	}
}

func TestNotBuilt(t *testing.T) {
	res := get(t, handler(fstest.MapFS{".gitkeep": {}}), "GET", "/clues")
	if res.StatusCode != 503 || res.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("status %d, cache %q", res.StatusCode, res.Header.Get("Cache-Control"))
	}
	if got := body(t, res); !strings.Contains(got, "make web") || !strings.Contains(got, `data-test="fallback"`) {
		t.Errorf("the page does not say what to do: %q", got)
	}
	if strings.Contains(string(fallback), "<script") {
		t.Error("the fallback page carries a script, which the policy forbids")
	}
}

func TestHandlerServesWhatIsEmbedded(t *testing.T) {
	want := map[bool]int{true: 200, false: 503}[Built()]
	if res := get(t, Handler(), "GET", "/"); res.StatusCode != want {
		t.Errorf("status %d, want %d", res.StatusCode, want)
	}
}
