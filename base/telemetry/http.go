package telemetry

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Telemetry holds the metrics registry and the HTTP metrics of one program.
type Telemetry struct {
	Registry *prometheus.Registry // where every package registers its own metrics
	log      *slog.Logger
	now      func() time.Time

	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	inFlight prometheus.Gauge
	panics   prometheus.Counter
}

// New makes the telemetry of a program.
func New(log *slog.Logger, now func() time.Time) *Telemetry {
	t := &Telemetry{
		Registry: prometheus.NewRegistry(), log: log, now: now,
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "lanzha_http_requests_total", Help: "HTTP requests answered.",
		}, []string{"method", "route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "lanzha_http_request_seconds", Help: "Time to answer an HTTP request.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .2, .5, 1, 2.5, 10},
		}, []string{"method", "route"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{Name: "lanzha_http_in_flight", Help: "HTTP requests being answered, live streams among them."}),
		panics:   prometheus.NewCounter(prometheus.CounterOpts{Name: "lanzha_http_panics_total", Help: "Requests that ended in a panic."}),
	}
	t.Registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		t.requests, t.seconds, t.inFlight, t.panics,
	)
	return t
}

// Check says whether a part can do its work now; Name is shown by /readyz.
type Check struct {
	Name string
	Run  func(context.Context) error
}

// Mount adds /healthz (the process lives), /readyz (all checks pass within two
// seconds, or 503 with those that did not) and /metrics.
func (t *Telemetry) Mount(mux *http.ServeMux, checks ...Check) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		status, answer := http.StatusOK, map[string]string{}
		for _, c := range checks {
			answer[c.Name] = "ok"
			if err := c.Run(ctx); err != nil {
				status, answer[c.Name] = http.StatusServiceUnavailable, "failed"
				t.log.WarnContext(ctx, "not ready", "check", c.Name, "err", err)
			}
		}
		writeJSON(w, status, answer)
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(t.Registry, promhttp.HandlerOpts{}))
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the reader may be gone, which is its own affair
}

// Observe logs and counts every request and turns a panic into an error 500.
// Route names the pattern that a request will match ("GET /clues/{id}"), or
// "" for none; newID makes a request's ID. It stands outside all other
// middleware.
func (t *Telemetry) Observe(route func(*http.Request) string, newID func() string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := t.now()
		id := newID()
		w.Header().Set("X-Request-Id", id)
		r = r.WithContext(context.WithValue(r.Context(), requestKey{}, id))
		pattern, method := route(r), method(r)
		if pattern == "" {
			pattern = "none"
		}
		out := &answer{ResponseWriter: w}
		t.inFlight.Inc()
		defer func() {
			t.inFlight.Dec()
			cause := recover()
			aborted := false
			if cause != nil {
				err, _ := cause.(error)
				aborted = errors.Is(err, http.ErrAbortHandler)
			}
			if cause != nil && !aborted {
				t.panics.Inc()
				t.log.ErrorContext(r.Context(), "panic", "request", id, "route", pattern, "err", describe(cause), "stack", string(debug.Stack()))
				if out.status == 0 {
					out.fail(id)
				}
			}
			t.done(r.Context(), out, id, method, pattern, t.now().Sub(start))
			if aborted {
				panic(cause) // net/http itself drops the connection quietly
			}
		}()
		next.ServeHTTP(out, r)
	})
}

func (t *Telemetry) done(ctx context.Context, out *answer, id, method, pattern string, took time.Duration) {
	if out.status == 0 {
		out.status = http.StatusOK
	}
	t.requests.WithLabelValues(method, pattern, strconv.Itoa(out.status)).Inc()
	t.seconds.WithLabelValues(method, pattern).Observe(took.Seconds())
	level := slog.LevelDebug // what went well is counted, and changes stand in the journal
	switch {
	case out.status >= 500:
		level = slog.LevelError
	case out.status >= 400:
		level = slog.LevelInfo
	}
	t.log.Log(ctx, level, "request", "request", id, "method", method, "route", pattern, "status", out.status, "ms", took.Milliseconds(), "bytes", out.bytes)
}

// method is the request's method, or "other": callers may invent methods, and
// each would be a time series.
func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return r.Method
	}
	return "other"
}

// describe tells a panic without its data: the runtime's own errors hold none,
// others only say their type.
func describe(cause any) string {
	if err, ok := cause.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("a panic of type %T", cause)
}

// answer notes status and size, and lets http.ResponseController through.
type answer struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// Unwrap gives http.ResponseController the writer below.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// Flush sends what is written so far, for live streams.
func (a *answer) Flush() {
	if f, ok := a.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}

// Hijack hands the connection over where the server can.
func (a *answer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(a.ResponseWriter).Hijack()
}

func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= 200 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	n, err := a.ResponseWriter.Write(p)
	a.bytes += int64(n)
	return n, err
}

func (a *answer) fail(id string) {
	a.Header().Set("Content-Type", "application/problem+json")
	a.WriteHeader(http.StatusInternalServerError)
	_ = json.NewEncoder(a).Encode(map[string]any{
		"type": "about:blank", "title": "Internal Server Error", "status": http.StatusInternalServerError,
		"code": "internal", "detail": "the operation failed", "hint": "tell the operator the request's ID " + id,
	})
}
