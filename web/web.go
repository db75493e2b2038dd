// Package web holds the console: the pages that Vite builds into dist and that
// the binary carries and serves. It knows nothing of the API; it hands out
// files.
//
// What is built is not committed. A binary built without the console serves a
// page that says so, with status 503, so that a test or a probe notices.
package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

//go:embed all:dist
var dist embed.FS

//go:embed fallback.html
var fallback []byte

// policy lets the pages run their own scripts only. Styles may be inline,
// because the component library writes style elements while it runs.
const policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
	"font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// file is one file ready to be sent. It is compressed when it is first asked
// for, and once: a start need not wait for it.
type file struct {
	kind   string // Content-Type
	etag   string // strong, of the plain bytes
	plain  []byte
	zipped func() []byte // nil when gzip gains nothing
}

type console struct {
	files map[string]*file // by path below "/"
	index *file            // nil when the console was not built
	blank *file            // what is served instead
}

// Built reports whether this binary carries the console.
func Built() bool {
	_, err := fs.Stat(dist, "dist/index.html")
	return err == nil
}

// Handler serves the console: files under their names, and the application's
// page for every other path, since the application routes them itself. It
// answers GET and HEAD only. Mount it at "/", below the API.
func Handler() http.Handler {
	root, err := fs.Sub(dist, "dist")
	if err != nil {
		panic("web: " + err.Error()) // "dist" is embedded: cannot fail
	}
	return handler(root)
}

func handler(root fs.FS) http.Handler {
	c := &console{files: map[string]*file{}, blank: prepare("fallback.html", fallback)}
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), ".") {
			return err
		}
		b, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		c.files[name] = prepare(name, b)
		return nil
	})
	if err != nil {
		panic("web: reading the embedded console: " + err.Error())
	}
	c.index = c.files["index.html"]
	for name, f := range c.files { // one address a page: "/" and "/own", not "/own.html"
		if address, page := strings.CutSuffix(name, ".html"); page {
			delete(c.files, name)
			if f != c.index {
				c.files[address] = f
			}
		}
	}
	return c
}

func prepare(name string, b []byte) *file {
	kind := mime.TypeByExtension(path.Ext(name))
	switch path.Ext(name) { // the host's own table may differ or be absent
	case ".js":
		kind = "text/javascript; charset=utf-8"
	case ".css":
		kind = "text/css; charset=utf-8"
	case ".html":
		kind = "text/html; charset=utf-8"
	case ".svg":
		kind = "image/svg+xml"
	case ".json":
		kind = "application/json"
	case ".woff2":
		kind = "font/woff2"
	case "":
		kind = "application/octet-stream"
	}
	sum := sha256.Sum256(b)
	return &file{
		kind: kind, etag: `"` + hex.EncodeToString(sum[:12]) + `"`, plain: b,
		zipped: sync.OnceValue(func() []byte { return zip(b) }),
	}
}

// zip is b compressed, or nil when that gains nothing.
func zip(b []byte) []byte {
	var z bytes.Buffer
	w, err := gzip.NewWriterLevel(&z, gzip.BestCompression)
	if err == nil {
		_, err = w.Write(b)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil || z.Len() >= len(b)*9/10 {
		return nil
	}
	return z.Bytes()
}

func (c *console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "the console only answers GET", http.StatusMethodNotAllowed)
		return
	}
	name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", policy)
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	if f := c.files[name]; f != nil {
		if strings.HasPrefix(name, "assets/") { // the name carries a hash of the content
			h.Set("Cache-Control", "public, max-age=31536000, immutable")
		} else {
			h.Set("Cache-Control", "no-cache")
		}
		f.serve(w, r, http.StatusOK)
		return
	}
	switch {
	case strings.HasPrefix(name, "assets/"):
		// An old page asks for an old file: a page in its place would be run as a script.
		h.Set("Cache-Control", "no-store")
		http.Error(w, "no such file; reload the page", http.StatusNotFound)
	case c.index == nil:
		// The page's style is inline and it runs no script.
		h.Set("Cache-Control", "no-store")
		c.blank.serve(w, r, http.StatusServiceUnavailable)
	default:
		h.Set("Cache-Control", "no-cache")
		c.index.serve(w, r, http.StatusOK)
	}
}

func (f *file) serve(w http.ResponseWriter, r *http.Request, status int) {
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Vary", "Accept-Encoding")
	body, etag := f.plain, f.etag
	if !acceptsGzip(r.Header.Get("Accept-Encoding")) {
		// as it is
	} else if zipped := f.zipped(); zipped != nil {
		h.Set("Content-Encoding", "gzip")
		body, etag = zipped, strings.TrimSuffix(f.etag, `"`)+`-gz"`
	}
	if status == http.StatusOK {
		h.Set("ETag", etag)
		for tag := range strings.SplitSeq(r.Header.Get("If-None-Match"), ",") {
			if strings.TrimPrefix(strings.TrimSpace(tag), "W/") == etag {
				h.Del("Content-Encoding")
				w.WriteHeader(http.StatusNotModified)
				return
			}
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method == http.MethodGet {
		_, _ = w.Write(body) // the reader went away: there is nobody to tell
	}
}

// acceptsGzip reads Accept-Encoding: gzip or * is named and not refused.
func acceptsGzip(accept string) bool {
	for part := range strings.SplitSeq(accept, ",") {
		name, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		if name = strings.TrimSpace(name); name != "gzip" && name != "*" {
			continue
		}
		key, q, ok := strings.Cut(strings.TrimSpace(params), "=")
		if !ok || strings.TrimSpace(key) != "q" {
			return true
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(q), 64)
		return err == nil && v > 0
	}
	return false
}
