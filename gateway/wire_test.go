package gateway_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"lanzha/gateway"
)

func TestDecode(t *testing.T) {
	for _, tt := range []struct {
		in            string
		strict, loose bool // is it taken?
	}{
		{`{"a":1}`, true, true},
		{" {\"a\":1}\n", true, true},
		{`{"a":1,"b":2}`, false, true},
		{`{"a":1}{"a":2}`, false, false},
		{`{"a":1}]`, false, false},
		{`{"a":1`, false, false},
		{`{"a":"x"}`, false, false},
		{"{\"a\":1,\"\xff\":2}", false, false},
		{``, false, false},
	} {
		for strict, want := range map[bool]bool{true: tt.strict, false: tt.loose} {
			var v struct{ A int }
			err := gateway.Decode([]byte(tt.in), &v, strict)
			if (err == nil) != want || (err != nil && !errors.Is(err, gateway.ErrUnreadable)) {
				t.Errorf("%q, strict %v: %v, want taken %v", tt.in, strict, err, want)
			}
		}
	}
}

func TestExchangeIsBounded(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte(strings.Repeat("x", 10<<20)))
	}))
	t.Cleanup(s.Close)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	hc := gateway.NewHTTP()
	t.Cleanup(hc.CloseIdleConnections)
	r, err := gateway.Exchange(hc, req)
	if err != nil || len(r.Body) != gateway.MaxBody || !r.Cut || len(r.Raw()) != gateway.MaxRaw {
		t.Errorf("%d bytes read, %d kept, cut %v, %v", len(r.Body), len(r.Raw()), r.Cut, err)
	}
}

func TestExchangeErrorNamesNoNumber(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1:1/lines/13888812345?number=13888812345", nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = gateway.Exchange(gateway.NewHTTP(), req)
	if !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "138888") {
		t.Errorf("error %v, want context.Canceled without the number", err)
	}
}

func TestAgain(t *testing.T) {
	again := map[int]bool{401: true, 408: true, 425: true, 429: true, 500: true, 502: true, 503: true, 504: true}
	for status := 100; status < 600; status++ {
		if want := again[status] || status > 501 || status == 500; gateway.Again(status) != want {
			t.Errorf("status %d: again %v, want %v", status, !want, want)
		}
	}
}
