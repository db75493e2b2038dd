package telemetry_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"lanzha"
	"lanzha/base/telemetry"
)

// serve runs a small house over real HTTP and returns its address and its log.
func serve(t *testing.T, ready func(context.Context) error) (string, *bytes.Buffer, *telemetry.Telemetry) {
	t.Helper()
	var log bytes.Buffer
	logger, err := telemetry.NewLogger(&log, "debug", "json")
	if err != nil {
		t.Fatal(err)
	}
	tel := telemetry.New(logger, time.Now)
	mux := http.NewServeMux()
	tel.Mount(mux, telemetry.Check{Name: "database", Run: ready})
	mux.HandleFunc("GET /numbers/{number}", func(w http.ResponseWriter, r *http.Request) {
		if telemetry.RequestID(r.Context()) == "" {
			t.Error("the handler does not know the request's ID")
		}
		_ = http.NewResponseController(w).Flush()
		_, _ = io.WriteString(w, "hello")
	})
	mux.HandleFunc("GET /panic/{number}", func(http.ResponseWriter, *http.Request) { panic("13888128000 is a secret") })
	mux.HandleFunc("GET /bounds", func(http.ResponseWriter, *http.Request) { _ = []int{}[len(t.Name())] })
	mux.HandleFunc("GET /abort", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	route := func(r *http.Request) string { _, pattern := mux.Handler(r); return pattern }
	// One request at a time, so the log's buffer needs no lock.
	server := httptest.NewServer(tel.Observe(route, func() string { return "req-1" }, mux))
	t.Cleanup(server.Close)
	return server.URL, &log, tel
}

func get(t *testing.T, address string) (int, string, http.Header) {
	t.Helper()
	res, err := http.Get(address)
	if err != nil {
		return 0, "", nil
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body), res.Header
}

func TestHealthReadinessMetrics(t *testing.T) {
	var down error
	base, log, _ := serve(t, func(context.Context) error { return down })
	if status, _, _ := get(t, base+"/healthz"); status != 200 {
		t.Errorf("healthz %d", status)
	}
	if status, body, _ := get(t, base+"/readyz"); status != 200 || !strings.Contains(body, `"database":"ok"`) {
		t.Errorf("readyz %d %s", status, body)
	}
	down = errors.New("connection to 10.0.0.1 refused")
	if status, body, _ := get(t, base+"/readyz"); status != 503 || !strings.Contains(body, `"database":"failed"`) || strings.Contains(body, "10.0.0.1") {
		t.Errorf("readyz %d %s: says which check failed, not how", status, body)
	}
	if !strings.Contains(log.String(), "connection to 10.0.0.1 refused") {
		t.Error("the log does not say how the check failed")
	}
	get(t, base+"/numbers/13888128000")
	get(t, base+"/nowhere/13888128000")
	_, metrics, _ := get(t, base+"/metrics")
	for _, want := range []string{
		`lanzha_http_requests_total{method="GET",route="GET /numbers/{number}",status="200"} 1`,
		`lanzha_http_requests_total{method="GET",route="none",status="404"} 1`,
		`lanzha_http_request_seconds_count{method="GET",route="GET /numbers/{number}"} 1`,
		`lanzha_http_in_flight 1`, `go_goroutines`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
	if strings.Contains(log.String()+metrics, "13888128000") {
		t.Error("a number from a path reached the log or the metrics")
	}
}

func TestPanicIsAnswered(t *testing.T) {
	base, log, _ := serve(t, func(context.Context) error { return nil })
	status, body, header := get(t, base+"/panic/13888128000")
	if status != 500 || header.Get("Content-Type") != "application/problem+json" || !strings.Contains(body, "req-1") {
		t.Errorf("%d %s", status, body)
	}
	get(t, base+"/bounds")
	if !strings.Contains(log.String(), "index out of range") || !strings.Contains(log.String(), "telemetry_test.go") {
		t.Errorf("the log does not tell what panicked and where: %s", log)
	}
	if strings.Contains(log.String()+body, "13888128000") {
		t.Error("the panic's text reached the log or the answer")
	}
	if status, _, _ := get(t, base+"/abort"); status != 0 {
		t.Errorf("an aborted request was answered with %d", status)
	}
	_, metrics, _ := get(t, base+"/metrics")
	if !strings.Contains(metrics, "lanzha_http_panics_total 2") {
		t.Error("panics are not counted")
	}
}

func TestUnknownMethodIsOneSeries(t *testing.T) {
	base, _, _ := serve(t, func(context.Context) error { return nil })
	req, err := http.NewRequest("BREW13888128000", base+"/healthz", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if _, metrics, _ := get(t, base+"/metrics"); !strings.Contains(metrics, `method="other"`) || strings.Contains(metrics, "BREW") {
		t.Error("an invented method makes a series of its own")
	}
}

func TestLogKeys(t *testing.T) {
	var out bytes.Buffer
	log, err := telemetry.NewLogger(&out, "info", "text")
	if err != nil {
		t.Fatal(err)
	}
	log.Info("asked", "id", "01KB3V6N0Q8V4Y2ZC5T7R9WXHD", "number", "13888128000", slog.Group("count", "who", "张三"))
	log.Debug("not shown")
	log.Info("masked", "id", lanzha.Secret("13888128000"))
	got := out.String()
	if strings.Contains(got, "13888128000") || strings.Contains(got, "张三") || strings.Contains(got, "not shown") {
		t.Errorf("spilt: %s", got)
	}
	if !strings.Contains(got, "id=01KB3V6N0Q8V4Y2ZC5T7R9WXHD") || !strings.Contains(got, "138****8000") {
		t.Errorf("lost: %s", got)
	}
	for _, k := range telemetry.Keys() {
		if k.Meaning == "" {
			t.Errorf("key %q has no meaning", k.Name)
		}
	}
	if _, err := telemetry.NewLogger(&out, "loud", "text"); lanzha.CodeOf(err) != lanzha.CodeInvalid {
		t.Errorf("level: %v", err)
	}
	if _, err := telemetry.NewLogger(&out, "info", "xml"); lanzha.CodeOf(err) != lanzha.CodeInvalid {
		t.Errorf("format: %v", err)
	}
}
