package intake

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"lanzha"
	"lanzha/work/feed"
)

// maxUnpacked bounds what a compressed body may hold.
const maxUnpacked = 256 << 20

// open begins to read the events of a kind that a body holds: a JSON list or
// object, lines of JSON, or CSV with the canonical columns, as its media type
// says; "" is told by the first character. done frees what reading took.
func open(kind feed.Kind, mediaType, encoding string, body []byte) (s *feed.Source, done func(), err error) {
	in, free, err := unpack(encoding, body)
	if err != nil {
		return nil, nil, err
	}
	format, in, err := formatOf(mediaType, in)
	if err != nil {
		free()
		return nil, nil, err
	}
	m, err := feed.Canonical(kind, format)
	if err == nil {
		s, err = feed.Open(in, m)
	}
	if err != nil {
		free()
		return nil, nil, err
	}
	return s, func() { s.Close(); free() }, nil
}

func unpack(encoding string, body []byte) (in io.Reader, free func(), err error) {
	in, free = bytes.NewReader(body), func() {}
	wrong := func(err error) (io.Reader, func(), error) {
		return nil, nil, &lanzha.Error{Code: lanzha.CodeInvalid, Field: "body", Message: "the body is not compressed as Content-Encoding says", Err: err}
	}
	switch strings.ToLower(encoding) {
	case "", "identity":
		return &bounded{in, maxUnpacked}, free, nil // it is never Parquet: that wants a file
	case "gzip":
		z, err := gzip.NewReader(in)
		if err != nil {
			return wrong(err)
		}
		return &bounded{z, maxUnpacked}, free, nil
	case "zstd":
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(32<<20))
		if err != nil {
			return wrong(err)
		}
		return &bounded{z, maxUnpacked}, z.Close, nil
	}
	return nil, nil, lanzha.Invalid("header.Content-Encoding", "gzip, zstd or identity is wanted")
}

// bounded ends with an error behind so many bytes.
type bounded struct {
	io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, &lanzha.Error{Code: lanzha.CodeTooLarge, Field: "body", Message: "the body holds more than 256 MiB", Hint: "send less at once"}
	}
	n, err := b.Reader.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

func formatOf(mediaType string, in io.Reader) (feed.Format, io.Reader, error) {
	kind, _, err := mime.ParseMediaType(mediaType)
	if mediaType == "" {
		first := make([]byte, 1)
		n, err := io.ReadFull(in, first)
		if err != nil && !errors.Is(err, io.EOF) {
			return "", nil, err
		}
		in = io.MultiReader(bytes.NewReader(first[:n]), in)
		switch string(first[:n]) {
		case "[":
			return feed.NDJSON, &list{in: in}, nil
		case "{":
			return feed.NDJSON, in, nil
		}
		return feed.CSV, in, nil
	}
	if err == nil {
		switch kind {
		case "application/json":
			return feed.NDJSON, &list{in: in}, nil
		case "application/x-ndjson", "application/jsonl", "application/json-lines":
			return feed.NDJSON, in, nil
		case "text/csv":
			return feed.CSV, in, nil
		}
	}
	return "", nil, lanzha.Invalid("header.Content-Type", "application/json, application/x-ndjson or text/csv is wanted")
}

// list makes lines of the members of a JSON list, or of the one object that
// stands instead. Whether each is an object is seen where they are read.
type list struct {
	in      io.Reader
	begun   bool
	alone   bool // there is no list
	ended   bool
	depth   int
	text    bool // within a string
	escaped bool
}

// Read implements io.Reader; it writes not more than it reads.
func (l *list) Read(p []byte) (int, error) {
	n, err := l.in.Read(p)
	out := p[:0]
	for _, c := range p[:n] {
		keep, ok := l.next(c)
		if !ok {
			return 0, lanzha.Invalid("body", "one JSON list of events is wanted, or one event")
		}
		if keep != 0 {
			out = append(out, keep)
		}
	}
	if errors.Is(err, io.EOF) && l.begun && !l.ended {
		return 0, lanzha.Invalid("body", "the JSON list does not end")
	}
	return len(out), err
}

// next is what stands for a byte in the lines; 0 is nothing.
func (l *list) next(c byte) (keep byte, ok bool) {
	blank := c == ' ' || c == '\t' || c == '\r' || c == '\n'
	switch {
	case l.text:
		switch {
		case l.escaped:
			l.escaped = false
		case c == '\\':
			l.escaped = true
		case c == '"':
			l.text = false
		case c == '\n':
			return 0x01, true // no string holds one; it must not end the line either
		}
		return c, true
	case l.ended || !l.begun && blank:
		return 0, blank
	case !l.begun:
		l.begun, l.alone = true, c == '{'
		if l.alone {
			l.depth = 2
			return c, true
		}
		l.depth = 1
		return 0, c == '['
	}
	switch c {
	case '"':
		l.text = true
	case '{', '[':
		l.depth++
	case '}', ']':
		if l.depth--; l.depth == 1 && l.alone {
			l.ended = true
		}
		if l.depth == 0 {
			l.ended = true
			return 0, c == ']'
		}
	case ',':
		if l.depth == 1 {
			return '\n', true
		}
	case '\n', '\r':
		return ' ', true
	}
	return c, true
}
