package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"lanzha/gateway"
)

// sites is how many institutions of the city answer over HTTP: three carriers,
// then two banks.
const sites = 5

// Options are a server's clock and pace.
type Options struct {
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Sleep waits for a duration or until the context ends; nil waits in real
	// time. Tests that need an order of events pass their own.
	Sleep func(context.Context, time.Duration) error
	// Scale multiplies every delay: 1 is a human pace, 0 is at once.
	Scale float64
}

// Server answers for the city's institutions. Base paths are /carrier/1 to
// /carrier/3 and /bank/1 and /bank/2; under each:
//
//	POST ask, dispose                       the sandbox's own protocol
//	POST kyc-fill-in/v0.4/fill-in           CAMARA, carriers only
//	POST kyc-tenure/v0.2/check-tenure
//	POST sim-swap/v2/retrieve-date, check
//	POST number-recycling/v0.2/check
//	GET  stats                              Stats
//	GET, PUT, DELETE mode                   Mode; DELETE goes back to the city's own
//
// A question or order is known by its key (x-correlator on CAMARA): a repeat
// gets the very answer of the first, as soon as that is ready, and is counted
// as a repeat. The same key with another content is a conflict.
type Server struct {
	city  *City
	opt   Options
	start time.Time
	site  [sites]*site
	mux   *http.ServeMux
}

// Stats are one institution's counts since the server started.
type Stats struct {
	Keys      int `json:"keys"`      // distinct keys taken down
	Repeats   int `json:"repeats"`   // requests that repeated one
	Conflicts int `json:"conflicts"` // a key that came with another content
	Down      int `json:"down"`      // requests that met an outage or an error before they were taken down
}

type site struct {
	n  int
	mu sync.Mutex
	// everything below is under mu
	mode    Mode
	stats   Stats
	keys    map[string]time.Time // each key, and when its reply is ready
	replies map[string]*taken    // by key, on CAMARA by key and operation
	status  map[string]string    // what orders changed: number -> status; held+value -> intercept or block
	count   uint64               // requests, the error rate's draw
}

// taken is a question taken down: its reply is decided, and sent at ready.
type taken struct {
	content uint64
	ready   time.Time
	status  int
	body    []byte
}

// NewServer makes a server that answers for a city.
func NewServer(city *City, opt Options) *Server {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Sleep == nil {
		opt.Sleep = sleep
	}
	s := &Server{city: city, opt: opt, start: opt.Now(), mux: http.NewServeMux()}
	for i := range s.site {
		s.site[i] = &site{
			n: i, mode: city.temper(i, s.start),
			keys: map[string]time.Time{}, replies: map[string]*taken{}, status: map[string]string{},
		}
	}
	s.mux.HandleFunc("POST /{kind}/{n}/ask", s.at(s.ask))
	s.mux.HandleFunc("POST /{kind}/{n}/dispose", s.at(s.dispose))
	for path, op := range camaraOps {
		s.mux.HandleFunc("POST /carrier/{n}"+path, s.at(s.camara(path, op)))
	}
	s.mux.HandleFunc("GET /{kind}/{n}/stats", s.at(func(w http.ResponseWriter, r *http.Request, to *site) {
		reply(w, http.StatusOK, to.counts())
	}))
	s.mux.HandleFunc("GET /{kind}/{n}/mode", s.at(func(w http.ResponseWriter, r *http.Request, to *site) {
		reply(w, http.StatusOK, to.now())
	}))
	s.mux.HandleFunc("PUT /{kind}/{n}/mode", s.at(s.putMode))
	s.mux.HandleFunc("DELETE /{kind}/{n}/mode", s.at(func(w http.ResponseWriter, r *http.Request, to *site) {
		to.set(s.city.temper(to.n, s.start))
		reply(w, http.StatusOK, to.now())
	}))
	return s
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// SetMode sets how the institution at an endpoint ("/carrier/1") behaves.
func (s *Server) SetMode(endpoint string, m Mode) error {
	to, err := s.find(endpoint)
	if err != nil {
		return err
	}
	if err := m.check(); err != nil {
		return err
	}
	to.set(m)
	return nil
}

// Stats are the counts of the institution at an endpoint.
func (s *Server) Stats(endpoint string) (Stats, error) {
	to, err := s.find(endpoint)
	if err != nil {
		return Stats{}, err
	}
	return to.counts(), nil
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Server) find(endpoint string) (*site, error) {
	for i, e := range [sites]string{"/carrier/1", "/carrier/2", "/carrier/3", "/bank/1", "/bank/2"} {
		if e == endpoint {
			return s.site[i], nil
		}
	}
	return nil, fmt.Errorf("sandbox: no institution at %q", endpoint)
}

func (s *Server) at(do func(http.ResponseWriter, *http.Request, *site)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		kind := r.PathValue("kind")
		if kind == "" {
			kind = "carrier"
		}
		to, err := s.find("/" + kind + "/" + r.PathValue("n"))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		do(w, r, to)
	}
}

func (s *Server) putMode(w http.ResponseWriter, r *http.Request, to *site) {
	b, ok := body(w, r)
	if !ok {
		return
	}
	var m Mode
	if err := gateway.Decode(b, &m, true); err != nil {
		reply(w, http.StatusBadRequest, refusal{"not a mode"})
		return
	}
	if err := m.check(); err != nil {
		reply(w, http.StatusBadRequest, refusal{err.Error()})
		return
	}
	to.set(m)
	reply(w, http.StatusOK, m)
}

func (to *site) counts() Stats {
	to.mu.Lock()
	defer to.mu.Unlock()
	st := to.stats
	st.Keys = len(to.keys)
	return st
}

func (to *site) now() Mode {
	to.mu.Lock()
	defer to.mu.Unlock()
	return to.mode
}

func (to *site) set(m Mode) {
	to.mu.Lock()
	defer to.mu.Unlock()
	to.mode = m
}

// take finds the reply to a key, or decides it. It reports what to send; a nil
// reply is an institution that is down.
func (s *Server) take(to *site, key, op string, content []byte, decide func(no string, ready time.Time) (int, any)) (*taken, Mode) {
	h := fnv.New64a()
	h.Write(content)
	now := s.opt.Now()
	to.mu.Lock()
	defer to.mu.Unlock()
	to.count++
	draw := float64(s.city.hash("error"+strconv.Itoa(to.n), to.count)%1_000_000) / 1_000_000
	if to.mode.down(now) || draw < to.mode.ErrorRate/2 {
		to.stats.Down++
		return nil, to.mode
	}
	t, ok := to.replies[key+" "+op]
	switch {
	case ok && t.content != h.Sum64():
		to.stats.Conflicts++
		t = &taken{ready: now, status: http.StatusConflict, body: []byte(`{"reason":"同一编号的内容与先前不一致"}`)}
	case ok:
		to.stats.Repeats++
	default:
		ready, known := to.keys[key]
		if !known { // what more is asked under the key needs no more time
			u := float64(s.city.hash("delay"+key, uint64(to.n))%1000) / 1000
			ready = now.Add(time.Duration(s.opt.Scale * float64(to.mode.delay(u))))
			to.keys[key] = ready
		}
		no := fmt.Sprintf("MN%d%08d", to.n+1, len(to.replies)+1)
		status, v := decide(no, ready)
		b, err := json.Marshal(v)
		if err != nil {
			status, b = http.StatusInternalServerError, nil
		}
		t = &taken{content: h.Sum64(), ready: ready, status: status, body: b}
		to.replies[key+" "+op] = t
	}
	if draw < to.mode.ErrorRate {
		return nil, to.mode
	}
	return t, to.mode
}

// send waits until a reply is ready and sends it as the mode says.
func (s *Server) send(w http.ResponseWriter, r *http.Request, t *taken, m Mode) {
	if t == nil {
		w.Header().Set("Retry-After", "5")
		reply(w, http.StatusServiceUnavailable, refusal{"系统维护中"})
		return
	}
	if d := t.ready.Sub(s.opt.Now()); d > 0 {
		if s.opt.Sleep(r.Context(), d) != nil {
			return // the caller hung up
		}
	}
	status, body := lie(m.Lie, t.status, t.body)
	w.Header().Set("Content-Type", "application/json")
	if m.Lie == "cut" {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)+100))
	}
	w.WriteHeader(status)
	if m.DripMS == 0 {
		w.Write(body) //nolint:errcheck // the caller hung up
		return
	}
	flush := http.NewResponseController(w)
	for i := range body {
		if _, err := w.Write(body[i : i+1]); err != nil {
			return
		}
		flush.Flush() //nolint:errcheck // the next write tells
		if s.opt.Sleep(r.Context(), time.Duration(s.opt.Scale*float64(m.DripMS)*float64(time.Millisecond))) != nil {
			return
		}
	}
}

// body reads a request's body, MaxBody at the most.
func body(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, gateway.MaxBody))
	if err != nil {
		reply(w, http.StatusRequestEntityTooLarge, refusal{"请求过大或中断"})
		return nil, false
	}
	return b, true
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v) //nolint:errcheck // the caller hung up
}
