package sandbox

import (
	"bytes"
	"net/http"
)

// lie is what is sent in place of a reply.
func lie(kind string, status int, body []byte) (int, []byte) {
	switch kind {
	case "garbage":
		return http.StatusOK, []byte("\x00\xff{]answered 13\x80")
	case "html":
		return http.StatusOK, []byte("<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>")
	case "truncated":
		return status, body[:len(body)/2]
	case "huge":
		return http.StatusOK, bytes.Repeat([]byte(`{"state":"answered"},`), 10<<20/21)
	case "empty":
		return http.StatusOK, nil
	case "other":
		return http.StatusOK, []byte(`{"key":"01ARZ3NDEKTSV4RRFFQ69G5FAV","state":"answered","platformNo":"MN0","at":"2026-01-01T00:00:00Z"}`)
	}
	return status, body
}
