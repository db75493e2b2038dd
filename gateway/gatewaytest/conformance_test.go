package gatewaytest_test

import (
	"context"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"lanzha/gateway"
	"lanzha/gateway/camara"
	"lanzha/gateway/gatewaytest"
	"lanzha/gateway/manual"
	"lanzha/gateway/platform"
	"lanzha/gateway/sandbox"
	"lanzha/know/institution"
	"lanzha/work/clue"
	"lanzha/work/clue/disposal"
)

var city = sync.OnceValue(func() *sandbox.City { return sandbox.NewCity(20230220, "530114") })

// stage is a simulated city on loopback whose delays the test controls: one of
// a minute or more waits for a gate, all others are nothing.
type stage struct {
	server *sandbox.Server
	all    []institution.Institution

	mu    sync.Mutex
	gate  chan struct{}
	taken chan struct{}
}

func newStage(t *testing.T) *stage {
	s := &stage{taken: make(chan struct{}, 10_000)}
	s.server = sandbox.NewServer(city(), sandbox.Options{Scale: 1, Sleep: s.sleep})
	listen := httptest.NewServer(s.server)
	t.Cleanup(listen.Close)
	s.all = city().Institutions(listen.URL)
	for _, e := range endpoints {
		s.set(t, e, sandbox.Mode{})
	}
	return s
}

var endpoints = []string{"/carrier/1", "/carrier/2", "/carrier/3"}

func (s *stage) sleep(ctx context.Context, d time.Duration) error {
	if d < time.Minute {
		return ctx.Err()
	}
	s.mu.Lock()
	gate := s.gate
	s.mu.Unlock()
	s.taken <- struct{}{}
	select {
	case <-gate:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *stage) set(t *testing.T, endpoint string, m sandbox.Mode) {
	t.Helper()
	if err := s.server.SetMode(endpoint, m); err != nil {
		t.Fatal(err)
	}
}

const hour = 3_600_000 // milliseconds

func (s *stage) wire(endpoints [2]string, hasty clue.Asker) *gatewaytest.Wire {
	return &gatewaytest.Wire{
		Hasty: hasty,
		Hold: func(t *testing.T, i int) (<-chan struct{}, func()) {
			gate := make(chan struct{})
			s.mu.Lock()
			s.gate = gate
			s.mu.Unlock()
			s.set(t, endpoints[i], sandbox.Mode{MinMS: hour, MaxMS: hour})
			return s.taken, sync.OnceFunc(func() { close(gate) })
		},
		Lie: func(t *testing.T, i int, lie string) { s.set(t, endpoints[i], sandbox.Mode{Lie: lie}) },
		Fail: func(t *testing.T, i int, on bool) {
			m := sandbox.Mode{}
			if on {
				m.Outages = []sandbox.Outage{{From: time.Unix(0, 0), To: time.Unix(1<<40, 0)}}
			}
			s.set(t, endpoints[i], m)
		},
		Drip: func(t *testing.T, i int) {
			s.mu.Lock()
			s.gate = make(chan struct{})
			s.mu.Unlock()
			s.set(t, endpoints[i], sandbox.Mode{DripMS: 60_000})
		},
	}
}

func (s *stage) keys(endpoints [2]string) func(*testing.T, int) int {
	return func(t *testing.T, i int) int {
		st, err := s.server.Stats(endpoints[i])
		if err != nil {
			t.Fatal(err)
		}
		if st.Conflicts != 0 {
			t.Errorf("%d repeats came with another content", st.Conflicts)
		}
		return st.Keys
	}
}

var asked = time.Date(2026, 3, 1, 1, 2, 3, 456789000, time.UTC)

func question(to institution.Institution, value, key string) clue.Question {
	return clue.Question{
		Key: key, Institution: to, Kind: clue.KindMobile, Value: value, Truth: clue.TruthTrue,
		Fields:  []clue.Field{clue.FieldSubscriber, clue.FieldOpenedOn, clue.FieldInstallAddress, clue.FieldStatus},
		Purpose: "核查涉诈线索", LegalBasis: "反电信网络诈骗法第二十六条", DocumentNo: "演调证〔2026〕1号",
		Officers: []string{"甲", "乙"}, AskedAt: asked, DueAt: asked.Add(3 * time.Minute),
	}
}

func order(to institution.Institution, value, key string) disposal.Order {
	return disposal.Order{
		Key: key, Institution: to, Kind: disposal.Shutdown, ValueKind: clue.KindMobile, Value: value,
		Reason: "涉诈", LegalBasis: "反电信网络诈骗法第十一条", DocumentNo: "演处〔2026〕1号", DueAt: asked.Add(time.Hour),
	}
}

// numberOf is a mobile number that a carrier of the city has given out.
func numberOf(t *testing.T, carrier int) string {
	t.Helper()
	for i := range 100 {
		number := city().Background(i).Numbers[0]
		if l, ok := city().Line(number); ok && l.Carrier == carrier && !l.Fixed {
			return number
		}
	}
	t.Fatalf("carrier %d has no line", carrier)
	return ""
}

func TestSandbox(t *testing.T) {
	gatewaytest.Run(t, func(t *testing.T) *gatewaytest.Far {
		s := newStage(t)
		at := [2]string{endpoints[0], endpoints[1]}
		client := &sandbox.Client{HTTP: gateway.NewHTTP()}
		t.Cleanup(client.HTTP.CloseIdleConnections)
		return &gatewaytest.Far{
			Asker: client, Disposer: client, State: clue.AnswerAnswered, Done: disposal.ReceiptDone,
			Question: func(i int, key string) clue.Question { return question(s.all[i], numberOf(t, i), key) },
			Order:    func(i int, key string) disposal.Order { return order(s.all[i], numberOf(t, i), key) },
			Unknown:  func(i int, key string) clue.Question { return question(s.all[i], "+8619212345678", key) },
			Keys:     s.keys(at),
			Wire:     s.wire(at, &sandbox.Client{HTTP: client.HTTP, Timeout: gatewaytest.Patience}),
		}
	})
}

func TestCAMARA(t *testing.T) {
	gatewaytest.Run(t, func(t *testing.T) *gatewaytest.Far {
		s := newStage(t)
		at := [2]string{endpoints[2], endpoints[0]} // every carrier speaks CAMARA too
		to := [2]institution.Institution{s.all[2], s.all[0]}
		client := &camara.Client{HTTP: gateway.NewHTTP()}
		t.Cleanup(client.HTTP.CloseIdleConnections)
		carrier := [2]int{2, 0}
		return &gatewaytest.Far{
			Asker: client, State: clue.AnswerAnswered,
			Question: func(i int, key string) clue.Question { return question(to[i], numberOf(t, carrier[i]), key) },
			Unknown:  func(i int, key string) clue.Question { return question(to[i], "+8619212345678", key) },
			Keys:     s.keys(at),
			Wire:     s.wire(at, &camara.Client{HTTP: client.HTTP, Timeout: gatewaytest.Patience}),
		}
	})
}

func TestPlatform(t *testing.T) {
	gatewaytest.Run(t, func(t *testing.T) *gatewaytest.Far {
		dir := t.TempDir()
		signer, err := platform.LoadKey(dir + "/platform.pem")
		if err != nil {
			t.Fatal(err)
		}
		g, err := platform.New(dir+"/out", signer)
		if err != nil {
			t.Fatal(err)
		}
		all := city().Institutions("http://127.0.0.1")
		return &gatewaytest.Far{
			Asker: g, Disposer: g, State: clue.AnswerPending, Done: disposal.ReceiptPending,
			Question: func(i int, key string) clue.Question { return question(all[i], "+8613888812345", key) },
			Order:    func(i int, key string) disposal.Order { return order(all[i], "+8613888812345", key) },
			Keys: func(t *testing.T, i int) int { // both institutions are reached through one folder
				keys, err := g.Keys()
				if err != nil {
					t.Fatal(err)
				}
				if i == 1 {
					return 0
				}
				return len(keys)
			},
		}
	})
}

func TestManual(t *testing.T) {
	gatewaytest.Run(t, func(t *testing.T) *gatewaytest.Far {
		all := city().Institutions("http://127.0.0.1")
		return &gatewaytest.Far{
			Asker: manual.Gateway{}, Disposer: manual.Gateway{}, State: clue.AnswerPending, Done: disposal.ReceiptPending,
			Question: func(i int, key string) clue.Question { return question(all[i], "+8613888812345", key) },
			Order:    func(i int, key string) disposal.Order { return order(all[i], "+8613888812345", key) },
		}
	})
}
