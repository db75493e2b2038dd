// Package gateway holds what every gateway to an institution needs of the
// wire: one exchange over HTTP that is bounded in time and size, and decoding
// that accepts one whole document or nothing.
//
// A question goes in and a reply of bounded size comes out. It never retries:
// repeating is the outbox's work, with the same key.
package gateway

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
	"unicode/utf8"
)

const (
	// MaxBody is how many bytes of a reply are read. No honest answer to one
	// question comes near it.
	MaxBody = 1 << 20
	// MaxRaw is how many bytes of an unreadable reply are kept as evidence.
	MaxRaw = 64 << 10
)

// DefaultTimeout ends one exchange with an institution that accepts the
// connection and then says nothing, or says it byte by byte. It exceeds any
// answer target, so that only a hung exchange meets it.
const DefaultTimeout = 30 * time.Second

// Reply is what came back. Body holds at most MaxBody bytes; Cut says that
// there was more.
type Reply struct {
	Status int
	Header http.Header
	Body   []byte
	Cut    bool
}

// Raw is the part of the body that is kept as evidence.
func (r Reply) Raw() []byte { return r.Body[:min(len(r.Body), MaxRaw)] }

// NewHTTP makes the HTTP client of a gateway. Connections to one host are not
// limited in number, so that a slow institution holds up nobody who shares its
// host; redirects are not followed, since a question that carries personal
// data and a token goes where the directory says or nowhere.
func NewHTTP() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			MaxIdleConnsPerHost:    32,
			IdleConnTimeout:        time.Minute,
			TLSHandshakeTimeout:    10 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
			ForceAttemptHTTP2:      true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Exchange sends one request and reads the reply, MaxBody bytes of it at the
// most. An error means that nobody knows whether the far side acted: the
// caller asks again with the same key. The error's text names no number.
func Exchange(hc *http.Client, req *http.Request) (Reply, error) {
	resp, err := hc.Do(req)
	if err != nil {
		return Reply{}, fmt.Errorf("gateway: exchange with %s: %w", req.URL.Host, bare(err))
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, MaxBody+1))
	if err != nil {
		return Reply{}, fmt.Errorf("gateway: reply of %s: %w", req.URL.Host, err)
	}
	r := Reply{Status: resp.StatusCode, Header: resp.Header, Body: body}
	if len(body) > MaxBody {
		r.Body, r.Cut = body[:MaxBody], true
	}
	return r, nil
}

// bare drops the URL that net/http puts into its errors: a path or a query may
// name a number.
func bare(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// Again reports whether a status says nothing about the question itself, only
// about the moment or about our credentials: it is asked again.
func Again(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	case http.StatusNotImplemented:
		return false
	}
	return status >= 500
}

// ErrUnreadable is what Decode returns. It tells no more: a decoder's own text
// may quote what it read, and the raw reply is kept beside it anyway.
var ErrUnreadable = errors.New("gateway: not the document expected")

// Decode reads one whole JSON document into v: valid UTF-8, nothing after it.
// With strict, a field that v lacks is an error too, which suits a protocol of
// our own and not one that others extend. The error is ErrUnreadable.
func Decode(b []byte, v any, strict bool) error {
	if !utf8.Valid(b) {
		return ErrUnreadable
	}
	d := json.NewDecoder(bytes.NewReader(b))
	if strict {
		d.DisallowUnknownFields()
	}
	if d.Decode(v) != nil {
		return ErrUnreadable
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return ErrUnreadable
	}
	return nil
}
