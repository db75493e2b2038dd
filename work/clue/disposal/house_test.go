package disposal_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/base/journal"
	"lanzha/base/outbox"
	"lanzha/base/sqldb"
	"lanzha/base/vault"
	"lanzha/know/institution"
	"lanzha/work/clue"
	"lanzha/work/clue/disposal"
	"lanzha/work/report"
)

var schemas = []sqldb.Schema{
	journal.Schema(), outbox.Schema(), auth.Schema(), api.Schema(), institution.Schema(), report.Schema(), clue.Schema(), disposal.Schema(),
}

var begin = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// clock is the house's; tests move it.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// far is an institution at the other end of real HTTP. It answers done, or what
// `says` tells it, and remembers every order with its key.
type far struct {
	mu     sync.Mutex
	orders []order
	says   func(o order, n int) (status int, reply string)
	url    string
}

type order struct {
	To, Key, Kind, Value, Undoes string
}

func newFar(t *testing.T) *far {
	f := &far{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var o order
		if err := json.NewDecoder(r.Body).Decode(&o); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		o.To = strings.Trim(r.URL.Path, "/")
		f.mu.Lock()
		f.orders = append(f.orders, o)
		status, reply := http.StatusOK, "done"
		if f.says != nil {
			n := len(slices.DeleteFunc(slices.Clone(f.orders), func(x order) bool { return x.Key != o.Key }))
			status, reply = f.says(o, n)
		}
		f.mu.Unlock()
		w.WriteHeader(status)
		_, _ = io.WriteString(w, reply)
	}))
	t.Cleanup(s.Close)
	f.url = s.URL
	return f
}

func (f *far) will(says func(o order, n int) (int, string)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.says = says
}

func (f *far) got() []order {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.orders)
}

// wire speaks to far: an order is posted, the reply's first word is the state.
type wire struct{}

func (wire) Dispose(ctx context.Context, o disposal.Order) (disposal.Receipt, error) {
	b, err := json.Marshal(order{Key: o.Key, Kind: string(o.Kind), Value: o.Value, Undoes: o.Undoes})
	if err != nil {
		return disposal.Receipt{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, o.Institution.Endpoint, bytes.NewReader(b))
	if err != nil {
		return disposal.Receipt{}, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return disposal.Receipt{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return disposal.Receipt{}, err
	}
	if res.StatusCode >= 500 {
		return disposal.Receipt{}, fmt.Errorf("status %d", res.StatusCode)
	}
	state, reason, _ := strings.Cut(string(text), " ")
	switch state {
	case disposal.ReceiptDone, disposal.ReceiptAcknowledged, disposal.ReceiptRefused:
		return disposal.Receipt{State: state, Reason: reason, PlatformNo: "P-1"}, nil
	}
	return disposal.Receipt{State: disposal.ReceiptUnreadable, Raw: text}, nil
}

// byHand is the gateway of institutions whose officers answer in the console.
type byHand struct{}

func (byHand) Dispose(ctx context.Context, _ disposal.Order) (disposal.Receipt, error) {
	return disposal.Receipt{State: disposal.ReceiptPending}, ctx.Err()
}

// house is a running centre with its institutions.
type house struct {
	*testing.T
	db     *sqldb.DB
	clock  *clock
	far    *far
	desk   *disposal.Desk
	outbox *outbox.Outbox
	url    string
	actors map[string]auth.Actor
	inst   map[string]lanzha.ID
	etag   string
}

const leaderOnDuty = lanzha.ID("01KB3V6N0Q8V4Y2ZC5T7R9WXH9")

func open(t *testing.T, db *sqldb.DB) *house {
	t.Helper()
	h := &house{T: t, db: db, clock: &clock{t: begin}, far: newFar(t), actors: map[string]auth.Actor{}, inst: map[string]lanzha.ID{}}
	v, err := vault.Open(vault.Options{File: filepath.Join(t.TempDir(), "keys.json")})
	if err != nil {
		t.Fatal(err)
	}
	now, ids := h.clock.now, lanzha.NewIDs(time.Now, nil)
	j := journal.New(db, now, nil)
	h.outbox = outbox.New(db, now, ids, outbox.Options{Poll: 5 * time.Millisecond, Backoff: time.Millisecond})
	dir := institution.New(db, j, v, now, ids)
	clues := &clue.Desk{
		Store: clue.NewStore(v), DB: db, Journal: j, Outbox: h.outbox, IDs: ids, Now: now, Reports: report.NewStore(v), Directory: dir,
		Leader: func(context.Context, sqldb.Queryer, lanzha.Region, time.Time) (lanzha.ID, error) {
			return leaderOnDuty, nil
		},
	}
	h.desk = &disposal.Desk{
		Clues: clues, Store: disposal.NewStore(v), Zone: time.FixedZone("CST", 8*3600),
		Gateways: map[institution.Gateway]disposal.Disposer{institution.BySandbox: wire{}, institution.ByHand: byHand{}},
	}
	h.desk.Register()
	for _, in := range []institution.Institution{
		{Code: "mobile", Name: "昆明移动", Kind: institution.Carrier, Region: "530100", Gateway: institution.BySandbox, Ranges: []institution.Range{{Kind: "mobile", Prefix: "+86138888"}, {Kind: "fixed", Prefix: "+86871"}, {Kind: "mobile", Prefix: "+861703"}}},
		{Code: "unicom", Name: "昆明联通", Kind: institution.Carrier, Region: "530100", Gateway: institution.BySandbox, Ranges: []institution.Range{{Kind: "mobile", Prefix: "+86130"}}},
		{Code: "telecom", Name: "昆明电信", Kind: institution.Carrier, Region: "530100", Gateway: institution.ByHand, AnswerTarget: time.Hour, Contacts: []institution.Contact{{Name: "李测试", Role: "值班专员", Phone: "1"}}, Ranges: []institution.Range{{Kind: "mobile", Prefix: "+86133"}}},
		{Code: "qj-mobile", Name: "曲靖移动", Kind: institution.Carrier, Region: "530300", Gateway: institution.BySandbox},
		{Code: "bank", Name: "春城银行", Kind: institution.Bank, Region: "530100", Gateway: institution.BySandbox, Ranges: []institution.Range{{Kind: "card", Prefix: "622848"}}},
		{Code: "regulator", Name: "云南省通信管理局", Kind: institution.Regulator, Region: "530000", Gateway: institution.BySandbox},
	} {
		if in.Gateway == institution.BySandbox {
			in.Endpoint = h.far.url + "/" + in.Code
		}
		if err := db.Tx(t.Context(), func(tx *sqldb.Tx) (err error) {
			in, err = dir.Create(t.Context(), tx, "", in)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		h.inst[in.Code] = in.ID
	}
	for i, a := range []auth.Actor{
		{Login: "officer", Name: "王测试", Roles: []auth.Role{auth.Officer}, Region: "530100"},
		{Login: "second", Name: "赵测试", Roles: []auth.Role{auth.Officer}, Region: "530100"},
		{Login: "leader", Name: "刘测试", Roles: []auth.Role{auth.Leader}, Region: "530100"},
		{Login: "leader2", Name: "孙测试", Roles: []auth.Role{auth.Leader}, Region: "530100"},
		{Login: "qujing", Name: "钱测试", Roles: []auth.Role{auth.Officer}, Region: "530300"},
		{Login: "district", Name: "周测试", Roles: []auth.Role{auth.Officer}, Region: "530114"},
		{Login: "telecom", Name: "陈测试", Roles: []auth.Role{auth.Responder}, Institution: h.inst["telecom"]},
		{Login: "mobile", Name: "吴测试", Roles: []auth.Role{auth.Responder}, Institution: h.inst["mobile"]},
		{Login: "admin", Roles: []auth.Role{auth.Admin}},
	} {
		a.ID = lanzha.NewID(begin, [10]byte{byte(i + 1)})
		h.actors[a.Login] = a
	}
	decider := auth.NewDecider()
	a := api.New("test", decider.Gate)
	h.desk.Mount(a, decider)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		if actor, ok := h.actors[r.Header.Get("As")]; ok {
			ctx = auth.WithActor(ctx, actor)
		}
		a.ServeHTTP(w, r.WithContext(ctx))
	}))
	t.Cleanup(server.Close)
	h.url = server.URL + api.Prefix
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- h.outbox.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return h
}

type list struct {
	Items []disposal.Body `json:"items"`
}

// call sends body as JSON and decodes the answer into out; headers are pairs.
func (h *house) call(as, method, path string, want int, body, out any, headers ...string) {
	h.Helper()
	text := ""
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			h.Fatal(err)
		}
		text = string(b)
	}
	r, err := http.NewRequestWithContext(h.Context(), method, h.url+path, strings.NewReader(text))
	if err != nil {
		h.Fatal(err)
	}
	r.Header.Set("As", as)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		h.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		h.Fatal(err)
	}
	h.etag = res.Header.Get("ETag")
	if res.StatusCode != want {
		h.Fatalf("%s %s as %q: %d, want %d: %s", method, path, as, res.StatusCode, want, answer)
	}
	if out != nil {
		if err := json.Unmarshal(answer, out); err != nil {
			h.Fatalf("%s: %v", answer, err)
		}
	}
}

type body = map[string]any

// order is a request for values.
func request(kind string, values ...string) body {
	return body{"kind": kind, "values": values, "reason": "涉嫌冒充客服", "legalBasis": "《中华人民共和国反电信网络诈骗法》第十一条"}
}

func with(b body, pairs ...any) body {
	out := body{}
	for k, v := range b {
		out[k] = v
	}
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i].(string)] = pairs[i+1]
	}
	return out
}

func (h *house) request(as string, b body) []disposal.Body {
	h.Helper()
	var l list
	h.call(as, "POST", "/disposals", 201, b, &l)
	return l.Items
}

func (h *house) get(as string, id lanzha.ID) disposal.Body {
	h.Helper()
	var b disposal.Body
	h.call(as, "GET", "/disposals/"+string(id), 200, nil, &b)
	return b
}

// step changes a disposal as it is now.
func (h *house) step(as string, id lanzha.ID, verb string, want int, b body) disposal.Body {
	h.Helper()
	o, err := h.desk.Store.Get(h.Context(), h.db.Read(), id)
	if err != nil {
		h.Fatal(err)
	}
	if b == nil {
		b = body{}
	}
	var out disposal.Body
	h.call(as, "POST", "/disposals/"+string(id)+"/"+verb, want, b, &out, "If-Match", api.ETag(o.Version))
	return out
}

// reaches waits until a disposal is in a state.
func (h *house) reaches(id lanzha.ID, state disposal.State) disposal.Disposal {
	h.Helper()
	var o disposal.Disposal
	h.wait("the disposal to be "+string(state), func() bool {
		var err error
		o, err = h.desk.Store.Get(h.Context(), h.db.Read(), id)
		if err != nil {
			h.Fatal(err)
		}
		return o.State == state
	})
	return o
}

func (h *house) wait(what string, is func() bool) {
	h.Helper()
	tick, late := time.NewTicker(5*time.Millisecond), time.After(20*time.Second)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-late:
			h.Fatalf("waited in vain for %s", what)
		}
	}
}

// kinds are the journal rows about a record, the oldest first.
func (h *house) kinds(id lanzha.ID) []string {
	h.Helper()
	rows, err := h.desk.Clues.Journal.Timeline(h.Context(), h.db.Read(), id, 0, 100)
	if err != nil {
		h.Fatal(err)
	}
	out := []string{}
	for _, r := range rows {
		out = append(out, r.Kind)
	}
	slices.Reverse(out)
	return out
}

// owed is how an item of the outbox stands, and when it is due.
func (h *house) owed(key string) (state string, due time.Time) {
	h.Helper()
	var at lanzha.Micros
	if _, err := sqldb.One(h.Context(), h.db.Read(), "item", func(s sqldb.Scanner) (bool, error) { return true, s.Scan(&state, &at) },
		`SELECT state, due_at FROM outbox WHERE key = $1`, key); err != nil {
		h.Fatalf("%s: %v", key, err)
	}
	return state, at.Time()
}
