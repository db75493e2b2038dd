package city_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"lanzha/gateway/sandbox/city"
	"lanzha/work/feed"
)

// house takes events as a feed does: a repeated key is taken once. Every third
// request is taken and its answer lost, every seventh is not taken.
type house struct {
	t        *testing.T
	requests int
	seen     map[string]bool
	bodies   map[string]string // by kind, without headers
}

func (h *house) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.requests++
	kind := strings.TrimPrefix(r.URL.Path, "/api/v1/feeds/")
	body, err := io.ReadAll(r.Body)
	if err != nil {
		h.t.Error(err)
	}
	if r.Header.Get("Authorization") != "Bearer key" || r.Header.Get("Content-Type") != "text/csv" {
		h.t.Errorf("headers: %v", r.Header)
	}
	if h.requests%7 == 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if key := r.Header.Get("Idempotency-Key"); !h.seen[key] {
		h.seen[key] = true
		header, rest, _ := strings.Cut(string(body), "\n")
		k, err := feed.ParseKind(kind)
		if err != nil || header+"\n" != city.Header(k, false) {
			h.t.Errorf("%s: header %s", r.URL.Path, header)
		}
		h.bodies[kind] += rest
	}
	if h.requests%3 == 0 {
		w.WriteHeader(http.StatusBadGateway)
	}
}

// What a house gets from a live city are the events that its files hold, each
// once, none before its time, and all that is past by the time it caught up.
func TestLiveSendsEveryEventOnce(t *testing.T) {
	h := &house{t: t, seen: map[string]bool{}, bodies: map[string]string{}}
	server := httptest.NewServer(h)
	defer server.Close()
	start := time.Date(2026, 3, 3, 22, 0, 0, 0, city.Zone)
	now := start
	var last city.LiveState
	caught := time.Time{}
	o := city.Options{Seed: 4, Days: 2, People: 500}
	err := city.Live(t.Context(), city.LiveOptions{
		City: o, Base: server.URL, Key: "key", Past: 46 * time.Hour, Pace: 3600,
		Now:   func() time.Time { return now },
		Pause: func(_ context.Context, d time.Duration) error { now = now.Add(d); return nil },
		Tell: func(s city.LiveState) {
			if s.At.After(now) {
				t.Fatalf("at %s an event of %s was sent", now, s.At)
			}
			if caught.IsZero() && now.Sub(s.At) < time.Minute {
				caught = now
			}
			last = s
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	o.Begin = start.Add(-46 * time.Hour)
	want, n := written(t, o, false), 0
	for kind, name := range names {
		_, rest, _ := strings.Cut(string(want[name]), "\n")
		if h.bodies[kind.String()] != rest {
			t.Errorf("%s: %d bytes came, %d stand in the file", kind, len(h.bodies[kind.String()]), len(rest))
		}
		n += strings.Count(rest, "\n")
	}
	if last.Events != n {
		t.Errorf("%d events were taken by its own account, %d stand in the files", last.Events, n)
	}
	if took := caught.Sub(start); took > 90*time.Minute { // 46 h at 3600 to 1, and two seconds for each request that is repeated
		t.Errorf("it had caught up after %s", took)
	}
}

func TestLiveEndsWithItsContextAndWithARefusal(t *testing.T) {
	refuses := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	defer refuses.Close()
	ctx, cancel := context.WithCancel(t.Context())
	o := city.LiveOptions{
		City: city.Options{Seed: 1, Days: 2, People: 500}, Base: refuses.URL, Past: 24 * time.Hour, Pace: 1e6, Now: time.Now,
		Pause: func(context.Context, time.Duration) error { return nil },
	}
	if err := city.Live(ctx, o); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("a refusal came out as %v", err)
	}
	o.Base = "http://127.0.0.1:1" // nobody
	tries := 0
	o.Pause = func(ctx context.Context, _ time.Duration) error {
		if tries++; tries == 50 {
			cancel()
		}
		return ctx.Err()
	}
	if err := city.Live(ctx, o); !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
}
