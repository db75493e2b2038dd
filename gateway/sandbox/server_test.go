package sandbox_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanzha/gateway/sandbox"
	"lanzha/know/institution"
	"lanzha/work/clue"
	"lanzha/work/clue/disposal"
)

// clock is a clock that only sleeping moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
	log []time.Duration
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	c.log = append(c.log, d)
	return ctx.Err()
}

func (c *clock) slept() []time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := c.log
	c.log = nil
	return out
}

type town struct {
	*sandbox.City
	server *sandbox.Server
	clock  *clock
	url    string
	all    []institution.Institution
	client *sandbox.Client
}

// open serves a city on loopback at a scale, with every institution quick and
// truthful.
func open(t *testing.T, scale float64) *town {
	t.Helper()
	tn := &town{City: sandbox.NewCity(20230220, "530114"), clock: &clock{now: at}}
	tn.server = sandbox.NewServer(tn.City, sandbox.Options{Now: tn.clock.Now, Sleep: tn.clock.Sleep, Scale: scale})
	listen := httptest.NewServer(tn.server)
	t.Cleanup(listen.Close)
	tn.url, tn.all = listen.URL, tn.Institutions(listen.URL)
	tn.client = &sandbox.Client{HTTP: listen.Client()}
	for _, e := range []string{"/carrier/1", "/carrier/2", "/carrier/3", "/bank/1", "/bank/2"} {
		tn.mode(t, e, sandbox.Mode{})
	}
	return tn
}

func (tn *town) mode(t *testing.T, endpoint string, m sandbox.Mode) {
	t.Helper()
	if err := tn.server.SetMode(endpoint, m); err != nil {
		t.Fatal(err)
	}
}

func (tn *town) ask(t *testing.T, i int, key, value string, mend ...func(*clue.Question)) clue.Answer {
	t.Helper()
	q := clue.Question{
		Key: key, Institution: tn.all[i], Kind: clue.KindMobile, Value: value, Purpose: "核查", AskedAt: at,
		Fields: []clue.Field{clue.FieldSubscriber, clue.FieldOutlet, clue.FieldOpenedOn, clue.FieldInstallAddress, clue.FieldStatus},
	}
	for _, m := range mend {
		m(&q)
	}
	a, err := tn.client.Ask(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAnswerIsTheLine(t *testing.T) {
	tn := open(t, 0)
	s := tn.Story()
	l, _ := tn.Line(s.Mobile)
	got := tn.ask(t, 0, "k1", s.Mobile)
	want := clue.Answer{
		State: clue.AnswerAnswered, Subscriber: &clue.Person{Name: l.Owner.Name, IDNumber: l.Owner.IDNumber},
		Outlet: l.Outlet, OpenedOn: at.AddDate(0, 0, -l.Age).Format(time.DateOnly),
		InstallAddress: l.Address, AddressRole: "installation", LineStatus: "active",
		PlatformNo: got.PlatformNo, At: at,
	}
	if diff := cmp.Diff(want, got); diff != "" || got.PlatformNo == "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestOnlyWhatWasAsked(t *testing.T) {
	tn := open(t, 0)
	number := tn.Story().Mobile
	all := tn.ask(t, 0, "all", number, func(q *clue.Question) {
		q.Fields, q.LocationDecisionNo = append(q.Fields, clue.FieldLocation), "演技侦〔2026〕1号"
	})
	parts := map[clue.Field]clue.Answer{
		clue.FieldSubscriber:     {Subscriber: all.Subscriber},
		clue.FieldOutlet:         {Outlet: all.Outlet},
		clue.FieldOpenedOn:       {OpenedOn: all.OpenedOn},
		clue.FieldInstallAddress: {InstallAddress: all.InstallAddress, AddressRole: all.AddressRole},
		clue.FieldStatus:         {LineStatus: all.LineStatus},
		clue.FieldLocation:       {Location: all.Location},
	}
	for f, want := range parts {
		got := tn.ask(t, 0, string(f), number, func(q *clue.Question) {
			q.Fields, q.LocationDecisionNo = []clue.Field{f}, "演技侦〔2026〕1号"
		})
		want.State, want.PlatformNo, want.At = clue.AnswerAnswered, got.PlatformNo, got.At
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("asked for %s (-want +got):\n%s", f, diff)
		}
		if cmp.Equal(want, clue.Answer{State: want.State, PlatformNo: want.PlatformNo, At: want.At}) {
			t.Errorf("%s says nothing", f)
		}
	}
}

func TestRefusals(t *testing.T) {
	tn := open(t, 0)
	s := tn.Story()
	card := tn.Card(0, 3)
	for _, tt := range []struct {
		name  string
		at    int
		value string
		mend  func(*clue.Question)
		want  string
	}{
		{"another carrier's number", 0, s.Fixed, nil, "非本网号码"},
		{"a number of nobody", 0, "+8619212345678", nil, "查无此号"},
		{"no purpose", 0, s.Mobile, func(q *clue.Question) { q.Purpose = "" }, "未说明查询目的"},
		{"location without a decision", 0, s.Mobile, func(q *clue.Question) { q.Fields = append(q.Fields, clue.FieldLocation) }, "查询位置须有批准文书文号"},
		{"an account without a document", 3, card, nil, "查询账户须有调取证据通知书文号"},
		{"another bank's card", 4, card, func(q *clue.Question) { q.DocumentNo = "演调证〔2026〕1号" }, "非本行账户"},
		{"a field that does not exist", 0, s.Mobile, func(q *clue.Question) { q.Fields = []clue.Field{"salary"} }, "请求格式有误"},
		{"a wrong token", 0, s.Mobile, func(q *clue.Question) { q.Institution.Secret = "x" }, ""},
	} {
		q := clue.Question{Key: tt.name, Institution: tn.all[tt.at], Kind: clue.KindMobile, Value: tt.value, Purpose: "核查", Fields: []clue.Field{clue.FieldSubscriber}}
		if tt.mend != nil {
			tt.mend(&q)
		}
		a, err := tn.client.Ask(t.Context(), q)
		if tt.want == "" { // what may be mended without touching the question is asked again
			if err == nil {
				t.Errorf("%s: state %q, want an error", tt.name, a.State)
			}
			continue
		}
		if err != nil || a.State != clue.AnswerRefused || a.Reason != tt.want || a.Subscriber != nil {
			t.Errorf("%s: state %q, reason %q, error %v; want refused: %s", tt.name, a.State, a.Reason, err, tt.want)
		}
	}
	a := tn.ask(t, 3, "bank", card, func(q *clue.Question) { q.DocumentNo = "演调证〔2026〕1号" })
	if a.State != clue.AnswerAnswered || a.Subscriber == nil || a.InstallAddress != "" {
		t.Errorf("with a document: %+v", a)
	}
}

func TestOrdersChangeTheLine(t *testing.T) {
	tn := open(t, 0)
	s := tn.Story()
	status := func(key string) string { return tn.ask(t, 0, key, s.Mobile).LineStatus }
	do := func(at int, key string, kind disposal.Kind, value string) disposal.Receipt {
		t.Helper()
		r, err := tn.client.Dispose(t.Context(), disposal.Order{Key: key, Institution: tn.all[at], Kind: kind, ValueKind: clue.KindMobile, Value: value, Reason: "涉诈"})
		if err != nil {
			t.Fatal(err)
		}
		if r.PlatformNo == "" || !r.At.Equal(at0(tn)) {
			t.Errorf("%s: number %q, time %v", key, r.PlatformNo, r.At)
		}
		return r
	}
	if got := status("s0"); got != "active" {
		t.Fatalf("status %q before anything", got)
	}
	if r := do(0, "o1", disposal.Shutdown, s.Mobile); r.State != disposal.ReceiptDone || status("s1") != "suspended" {
		t.Errorf("shutdown: %+v, then %s", r, status("s1"))
	}
	if r := do(0, "o2", disposal.Restore, s.Mobile); r.State != disposal.ReceiptDone || status("s2") != "active" {
		t.Errorf("restore: %+v, then %s", r, status("s2"))
	}
	do(0, "o1", disposal.Shutdown, s.Mobile)
	if got := status("s3"); got != "active" {
		t.Errorf("a repeated order was carried out again: %s", got)
	}
	if r := do(0, "o3", disposal.Recheck, s.Mobile); r.State != disposal.ReceiptAcknowledged {
		t.Errorf("recheck: %+v", r)
	}
	if r := do(0, "o4", disposal.Shutdown, s.Fixed); r.State != disposal.ReceiptRefused || r.Reason == "" {
		t.Errorf("shutdown of another's line: %+v", r)
	}
	if r := do(0, "o5", disposal.Intercept, s.Fixed); r.State != disposal.ReceiptDone {
		t.Errorf("intercept of another's line: %+v", r)
	}
	if r := do(0, "o7", disposal.Restore, s.Fixed); r.State != disposal.ReceiptDone {
		t.Errorf("the interception is not lifted: %+v", r)
	}
	if r := do(0, "o8", disposal.Restore, s.Fixed); r.State != disposal.ReceiptRefused {
		t.Errorf("nothing is left to lift: %+v", r)
	}
	if r := do(3, "o6", disposal.Shutdown, s.Mobile); r.State != disposal.ReceiptRefused {
		t.Errorf("a bank shut a line: %+v", r)
	}
}

func at0(tn *town) time.Time { return tn.clock.Now() }

func TestDelays(t *testing.T) {
	tn := open(t, 0.5)
	tn.mode(t, "/carrier/1", sandbox.Mode{MinMS: 2000, MaxMS: 4000})
	number := tn.Story().Mobile
	before := tn.clock.Now()
	a := tn.ask(t, 0, "k1", number)
	slept := tn.clock.slept()
	if len(slept) != 1 || slept[0] < time.Second || slept[0] > 2*time.Second {
		t.Errorf("slept %v, want once between 1 and 2 s", slept)
	}
	if !a.At.Equal(before.Add(slept[0])) {
		t.Errorf("answered at %v, want %v after the question", a.At, slept)
	}
	tn.ask(t, 0, "k1", number)
	if slept := tn.clock.slept(); len(slept) != 0 {
		t.Errorf("a repeat of what is ready slept %v", slept)
	}
	distinct := map[time.Duration]bool{}
	for i := range 20 {
		tn.ask(t, 0, "d"+string(rune('a'+i)), number)
		distinct[tn.clock.slept()[0]] = true
	}
	if len(distinct) < 10 {
		t.Errorf("20 questions took %d different times", len(distinct))
	}
}

func TestOutagesAndErrors(t *testing.T) {
	tn := open(t, 0)
	tn.mode(t, "/carrier/1", sandbox.Mode{Outages: []sandbox.Outage{{From: at.Add(time.Hour), To: at.Add(time.Hour + time.Minute), EveryS: 7200}}})
	q := clue.Question{Key: "k", Institution: tn.all[0], Kind: clue.KindMobile, Value: tn.Story().Mobile, Purpose: "核查", Fields: []clue.Field{clue.FieldStatus}}
	for _, tt := range []struct {
		after time.Duration
		up    bool
	}{{0, true}, {59 * time.Minute, true}, {time.Hour, false}, {61 * time.Minute, true}, {3*time.Hour + 30*time.Second, false}, {4 * time.Hour, true}} {
		tn.clock.now = at.Add(tt.after)
		if _, err := tn.client.Ask(t.Context(), q); (err == nil) != tt.up {
			t.Errorf("after %v: error %v, want up %v", tt.after, err, tt.up)
		}
	}
	tn.mode(t, "/carrier/2", sandbox.Mode{ErrorRate: 0.5})
	q.Institution, q.Value = tn.all[1], tn.Story().Fixed
	failed := 0
	for i := range 200 {
		q.Key = "e" + time.Duration(i).String()
		if _, err := tn.client.Ask(t.Context(), q); err != nil {
			failed++
		}
	}
	st, err := tn.server.Stats("/carrier/2")
	if err != nil || failed < 60 || failed > 140 {
		t.Errorf("%d of 200 failed at a rate of a half (%v)", failed, err)
	}
	if st.Down == 0 || st.Keys != 200-st.Down || st.Keys <= 200-failed {
		t.Errorf("%+v with %d failed: some failures come after the question was taken down", st, failed)
	}
}

func TestKeyWithAnotherContent(t *testing.T) {
	tn := open(t, 0)
	tn.ask(t, 0, "k", tn.Story().Mobile)
	a := tn.ask(t, 0, "k", tn.StoryAt(1).Mobile)
	st, err := tn.server.Stats("/carrier/1")
	if err != nil {
		t.Fatal(err)
	}
	if a.State != clue.AnswerRefused || st != (sandbox.Stats{Keys: 1, Conflicts: 1}) {
		t.Errorf("state %q, %+v; want a refusal and a conflict", a.State, st)
	}
}

// do speaks to the server as an operator of the sandbox does.
func (tn *town) do(t *testing.T, method, path, body string, header ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, tn.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, strings.TrimSpace(string(b))
}

func TestControl(t *testing.T) {
	tn := open(t, 0)
	tn.ask(t, 0, "k", tn.Story().Mobile)
	tn.ask(t, 0, "k", tn.Story().Mobile)
	status, body := tn.do(t, "GET", "/carrier/1/stats", "")
	var st sandbox.Stats
	if err := json.Unmarshal([]byte(body), &st); err != nil || status != 200 || st != (sandbox.Stats{Keys: 1, Repeats: 1}) {
		t.Errorf("stats: %d %s", status, body)
	}
	const mode = `{"minMs":5,"maxMs":9,"errorRate":0.25,"lie":"html"}`
	if status, body := tn.do(t, "PUT", "/carrier/1/mode", mode); status != 200 || body != mode {
		t.Errorf("set a mode: %d %s", status, body)
	}
	if _, body := tn.do(t, "GET", "/carrier/1/mode", ""); body != mode {
		t.Errorf("the mode set reads as %s", body)
	}
	if _, body := tn.do(t, "DELETE", "/carrier/1/mode", ""); !strings.Contains(body, `"minMs":1500`) {
		t.Errorf("the city's own mode reads as %s", body)
	}
	for _, bad := range []string{
		``, `{`, `[]`, `{"minMs":-1}`, `{"minMs":9,"maxMs":5}`, `{"errorRate":2}`, `{"lie":"perhaps"}`, `{"dripMs":-1}`, `{"colour":1}`,
		`{"outages":[{"from":"2026-01-01T00:00:00Z","to":"2025-01-01T00:00:00Z"}]}`,
	} {
		if status, _ := tn.do(t, "PUT", "/carrier/1/mode", bad); status != 400 {
			t.Errorf("mode %s: status %d, want 400", bad, status)
		}
	}
	for path, want := range map[string]int{"/carrier/9/stats": 404, "/bank/3/mode": 404, "/carrier/1/nothing": 404, "/": 404} {
		if status, _ := tn.do(t, "GET", path, ""); status != want {
			t.Errorf("GET %s: status %d, want %d", path, status, want)
		}
	}
	if err := tn.server.SetMode("/carrier/7", sandbox.Mode{}); err == nil {
		t.Error("a mode for nobody was taken")
	}
	if _, err := tn.server.Stats("/carrier/7"); err == nil {
		t.Error("nobody has stats")
	}
}

func TestBadRequests(t *testing.T) {
	tn := open(t, 0)
	auth := "Bearer " + string(tn.all[0].Secret)
	for _, tt := range []struct {
		body string
		want int
	}{
		{``, 400}, {`{}`, 400}, {`null`, 400}, {`{"key":"k"`, 400}, {"\xff\xfe", 400},
		{`{"key":"k","value":"+86138","fields":["subscriber"],"purpose":"x","surprise":1}`, 400},
		{`{"key":"k","value":"+86138","fields":[],"purpose":"x"}`, 400},
		{`{"key":"` + strings.Repeat("k", 129) + `","value":"+86138","fields":["status"],"purpose":"x"}`, 400},
		{strings.Repeat(" ", 2<<20), 413},
	} {
		if status, body := tn.do(t, "POST", "/carrier/1/ask", tt.body, "Authorization", auth); status != tt.want {
			t.Errorf("ask %.40q: %d %s, want %d", tt.body, status, body, tt.want)
		}
		if status, body := tn.do(t, "POST", "/carrier/1/dispose", tt.body, "Authorization", auth); status != tt.want {
			t.Errorf("dispose %.40q: %d %s, want %d", tt.body, status, body, tt.want)
		}
	}
	if st, _ := tn.server.Stats("/carrier/1"); st != (sandbox.Stats{}) {
		t.Errorf("what cannot be read was taken down: %+v", st)
	}
}
