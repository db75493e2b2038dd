package camara_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanzha"
	"lanzha/gateway/camara"
	"lanzha/know/institution"
	"lanzha/work/clue"
)

var asked = time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)

func question(url string, fields ...clue.Field) clue.Question {
	return clue.Question{
		Key: "01KB3V6N0Q8V4Y2ZC5T7R00001", Kind: clue.KindMobile, Value: "+8613012345678", Fields: fields, AskedAt: asked,
		Institution: institution.Institution{Endpoint: url + "/", Secret: "token-1"},
	}
}

var usual = []clue.Field{clue.FieldSubscriber, clue.FieldOutlet, clue.FieldOpenedOn, clue.FieldInstallAddress, clue.FieldStatus}

// operator is a carrier's API whose replies the test writes down.
type operator struct {
	mu     sync.Mutex
	calls  []string // path and body
	header []http.Header
	say    func(path, body string) (int, string)
}

func (o *operator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	o.mu.Lock()
	o.calls = append(o.calls, r.Method+" "+r.URL.Path+" "+string(b))
	o.header = append(o.header, r.Header.Clone())
	o.mu.Unlock()
	status, body := o.say(r.URL.Path, string(b))
	w.Header().Set("x-correlator", r.Header.Get("x-correlator"))
	w.WriteHeader(status)
	io.WriteString(w, body)
}

// honest answers as a line opened on a day, whose SIM was changed on another.
func honest(openedOn, sim string) func(path, body string) (int, string) {
	return func(path, body string) (int, string) {
		switch path {
		case "/kyc-fill-in/v0.4/fill-in":
			return 200, `{"phoneNumber":"+8613012345678","idDocument":"530199199001011234","idDocumentType":"national_id_card","name":"赵十一","address":"云南省昆明市呈贡区望湖路8号","gender":"MALE","extension":{"x":1}}`
		case "/kyc-tenure/v0.2/check-tenure":
			_, date, _ := strings.Cut(body, `"tenureDate":"`)
			if openedOn <= date[:10] {
				return 200, `{"tenureDateCheck":true,"contractType":"PAYM"}`
			}
			return 200, `{"tenureDateCheck":false}`
		case "/sim-swap/v2/retrieve-date":
			if sim == "" {
				return 200, `{"latestSimChange":null,"monitoredPeriod":120}`
			}
			return 200, `{"latestSimChange":"` + sim + `T09:30:00+08:00"}`
		case "/number-recycling/v0.2/check":
			return 200, `{"phoneNumberRecycled":true}`
		}
		return 404, `{"status":404,"code":"NOT_FOUND","message":"no such operation"}`
	}
}

func serve(t *testing.T, say func(path, body string) (int, string)) (*operator, string) {
	o := &operator{say: say}
	s := httptest.NewServer(o)
	t.Cleanup(s.Close)
	return o, s.URL
}

func TestAnswer(t *testing.T) {
	o, url := serve(t, honest("2025-11-20", "2026-02-01"))
	got, err := new(camara.Client).Ask(t.Context(), question(url, usual...))
	if err != nil {
		t.Fatal(err)
	}
	want := clue.Answer{
		State: clue.AnswerAnswered, Subscriber: &clue.Person{Name: "赵十一", IDNumber: "530199199001011234"},
		OpenedOn: "2025-11-20", InstallAddress: "云南省昆明市呈贡区望湖路8号", AddressRole: "id",
		LineStatus: "recycled within 90 days; SIM since 2026-02-01",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for i, h := range o.header {
		if h.Get("x-correlator") != "01KB3V6N0Q8V4Y2ZC5T7R00001" || h.Get("Authorization") != "Bearer token-1" || h.Get("Content-Type") != "application/json" {
			t.Errorf("%s: header %v", o.calls[i], h)
		}
	}
	if !slices.Contains(o.calls, `POST /number-recycling/v0.2/check {"phoneNumber":"+8613012345678","specifiedDate":"2025-12-01"}`) {
		t.Errorf("calls: %q", o.calls)
	}
}

// KYC Tenure only says yes or no to a date; the day is found all the same.
func TestOpenedOn(t *testing.T) {
	for _, tt := range []struct {
		opened, sim string
		calls       int
	}{
		{"2026-01-10", "2026-01-10", 2},  // the first SIM: the guess and the day before
		{"2026-03-01", "2026-03-01", 1},  // opened today
		{"2026-02-28", "2026-02-28", 2},  // yesterday
		{"2016-05-06", "2026-02-01", 16}, // the SIM was changed
		{"1999-12-31", "", 16},           // beyond what the carrier keeps
		{"2026-01-10", "2020-01-01", 16}, // a SIM older than the line: a recycled number
		{"1987-01-02", "", 16},
	} {
		o, url := serve(t, honest(tt.opened, tt.sim))
		got, err := new(camara.Client).Ask(t.Context(), question(url, clue.FieldOpenedOn, clue.FieldStatus))
		if err != nil || got.OpenedOn != tt.opened {
			t.Errorf("opened on %s, SIM of %q: got %q, %v", tt.opened, tt.sim, got.OpenedOn, err)
		}
		n := 0
		for _, c := range o.calls {
			if strings.Contains(c, "check-tenure") {
				n++
			}
		}
		if n > tt.calls {
			t.Errorf("opened on %s, SIM of %q: %d calls, want %d at the most", tt.opened, tt.sim, n, tt.calls)
		}
	}
}

func TestNoMoreThanAsked(t *testing.T) {
	for _, tt := range []struct {
		fields []clue.Field
		kind   clue.Kind
		want   []string
	}{
		{[]clue.Field{clue.FieldSubscriber}, clue.KindMobile, []string{"/kyc-fill-in/v0.4/fill-in"}},
		{[]clue.Field{clue.FieldInstallAddress}, clue.KindMobile, []string{"/kyc-fill-in/v0.4/fill-in"}},
		{[]clue.Field{clue.FieldOpenedOn}, clue.KindMobile, []string{"/kyc-tenure/v0.2/check-tenure"}},
		{[]clue.Field{clue.FieldStatus}, clue.KindMobile, []string{"/number-recycling/v0.2/check", "/sim-swap/v2/retrieve-date"}},
		{[]clue.Field{clue.FieldStatus}, clue.KindFixed, []string{"/number-recycling/v0.2/check"}},
		{[]clue.Field{clue.FieldOutlet, clue.FieldLocation}, clue.KindMobile, nil},
	} {
		o, url := serve(t, honest("2026-01-10", "2026-01-10"))
		q := question(url, tt.fields...)
		q.Kind = tt.kind
		a, err := new(camara.Client).Ask(t.Context(), q)
		if err != nil {
			t.Errorf("%v: %v", tt.fields, err)
		}
		var paths []string
		for _, c := range o.calls {
			paths = append(paths, strings.Fields(c)[1])
		}
		slices.Sort(paths)
		if diff := cmp.Diff(tt.want, slices.Compact(paths)); diff != "" {
			t.Errorf("%v of a %s line calls (-want +got):\n%s", tt.fields, tt.kind, diff)
		}
		if !slices.Contains(tt.fields, clue.FieldSubscriber) && a.Subscriber != nil || !slices.Contains(tt.fields, clue.FieldInstallAddress) && a.InstallAddress != "" {
			t.Errorf("%v: more than was asked: %+v", tt.fields, a)
		}
		if tt.want == nil && (a.State != clue.AnswerRefused || a.Reason == "") {
			t.Errorf("%v: state %q, want refused with a reason", tt.fields, a.State)
		}
	}
}

func TestErrors(t *testing.T) {
	camaraBody := func(status int, code string) string {
		return `{"status":` + strconv.Itoa(status) + `,"code":"` + code + `","message":"said so"}`
	}
	for _, tt := range []struct {
		name   string
		status int
		body   string
		want   string // state; "" is an error
	}{
		{"bad argument", 400, camaraBody(400, "INVALID_ARGUMENT"), clue.AnswerRefused},
		{"no token", 401, camaraBody(401, "UNAUTHENTICATED"), ""},
		{"forbidden", 403, camaraBody(403, "PERMISSION_DENIED"), clue.AnswerRefused},
		{"unknown number", 404, camaraBody(404, "IDENTIFIER_NOT_FOUND"), clue.AnswerRefused},
		{"another operator's", 422, camaraBody(422, "SERVICE_NOT_APPLICABLE"), clue.AnswerRefused},
		{"quota", 429, camaraBody(429, "QUOTA_EXCEEDED"), ""},
		{"broken", 500, camaraBody(500, "INTERNAL"), ""},
		{"not offered", 501, camaraBody(501, "NOT_IMPLEMENTED"), clue.AnswerRefused},
		{"down", 503, "<html>", ""},
		{"a proxy's 404", 404, "<html>404</html>", clue.AnswerUnreadable},
		{"an error of another status", 404, camaraBody(403, "PERMISSION_DENIED"), clue.AnswerUnreadable},
		{"an error that says 200", 200, camaraBody(200, "OK"), clue.AnswerUnreadable},
		{"a redirect", 302, "", clue.AnswerUnreadable},
		{"nobody and nothing", 200, `{"phoneNumber":"+8613012345678","name":null}`, clue.AnswerUnreadable},
		{"a list", 200, `[]`, clue.AnswerUnreadable},
		{"two documents", 200, `{"name":"a"}{"name":"b"}`, clue.AnswerUnreadable},
	} {
		_, url := serve(t, func(path, body string) (int, string) {
			if strings.Contains(path, "fill-in") {
				return tt.status, tt.body
			}
			return honest("2026-01-10", "2026-01-10")(path, body)
		})
		a, err := new(camara.Client).Ask(t.Context(), question(url, usual...))
		if (err != nil) != (tt.want == "") || a.State != tt.want {
			t.Errorf("%s: state %q, error %v; want %q", tt.name, a.State, err, tt.want)
		}
		switch a.State {
		case clue.AnswerRefused:
			if !strings.Contains(a.Reason, "said so") || a.Subscriber != nil {
				t.Errorf("%s: reason %q", tt.name, a.Reason)
			}
		case clue.AnswerUnreadable:
			if string(a.Raw) != tt.body {
				t.Errorf("%s: kept %q", tt.name, a.Raw)
			}
		}
		if err != nil && strings.Contains(err.Error(), "13012345678") {
			t.Errorf("%s: the error names the number", tt.name)
		}
	}
}

// Who the line is decides; a carrier without the operations beside it still
// answers that.
func TestSmallOperator(t *testing.T) {
	_, url := serve(t, func(path, body string) (int, string) {
		if strings.Contains(path, "fill-in") {
			return honest("", "")(path, body)
		}
		return 501, `{"status":501,"code":"NOT_IMPLEMENTED","message":"not here"}`
	})
	a, err := new(camara.Client).Ask(t.Context(), question(url, usual...))
	if err != nil || a.State != clue.AnswerAnswered || a.Subscriber == nil || a.OpenedOn != "" || a.LineStatus != "" {
		t.Errorf("%+v, %v", a, err)
	}
	a, err = new(camara.Client).Ask(t.Context(), question(url, clue.FieldOpenedOn))
	if err != nil || a.State != clue.AnswerRefused {
		t.Errorf("with nothing to say: %+v, %v", a, err)
	}
}

func TestNotAPhoneNumber(t *testing.T) {
	o, url := serve(t, honest("", ""))
	for _, value := range []string{"", "13012345678", "95588", "+0123456", "6228480000000000000", "+86130123456789012"} {
		q := question(url, usual...)
		q.Value = value
		if a, err := new(camara.Client).Ask(t.Context(), q); err != nil || a.State != clue.AnswerRefused {
			t.Errorf("%q: %q, %v; want refused", value, a.State, err)
		}
	}
	if len(o.calls) != 0 {
		t.Errorf("the carrier was asked: %q", o.calls)
	}
	q := question("://", usual...)
	if _, err := new(camara.Client).Ask(t.Context(), q); lanzha.CodeOf(err) != lanzha.CodeInvalid {
		t.Errorf("a broken endpoint: %v", err)
	}
}

func TestTokenHook(t *testing.T) {
	o, url := serve(t, honest("2026-01-10", ""))
	c := &camara.Client{Token: func(_ context.Context, to institution.Institution) (string, error) {
		return "fresh-" + string(to.Secret), nil
	}}
	if _, err := c.Ask(t.Context(), question(url, clue.FieldSubscriber)); err != nil {
		t.Fatal(err)
	}
	if got := o.header[0].Get("Authorization"); got != "Bearer fresh-token-1" {
		t.Errorf("token %q", got)
	}
	down := errors.New("the issuer is down")
	c.Token = func(context.Context, institution.Institution) (string, error) { return "", down }
	if _, err := c.Ask(t.Context(), question(url, clue.FieldSubscriber)); !errors.Is(err, down) {
		t.Errorf("error %v, want the issuer's", err)
	}
}

// canned replies to everything with one status and body.
type canned struct {
	status int
	body   string
}

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: c.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(c.body)), Request: r}, nil
}

func FuzzReply(f *testing.F) {
	f.Add(200, `{"name":"赵十一","idDocument":"530199199001011234","address":"x","tenureDateCheck":true,"phoneNumberRecycled":false,"latestSimChange":"2026-01-01T00:00:00Z"}`)
	f.Add(200, `{"familyName":"赵","givenName":"十一","streetName":"望湖路","tenureDateCheck":false,"phoneNumberRecycled":true,"latestSimChange":"9999-12-31T23:59:59Z"}`)
	f.Add(200, `{"name":"x","tenureDateCheck":true,"phoneNumberRecycled":true,"latestSimChange":"0001-01-01T00:00:00Z"}`)
	f.Add(404, `{"status":404,"code":"NOT_FOUND","message":"x"}`)
	f.Add(503, ``)
	f.Add(302, "\xff")
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 200 || status > 599 {
			return
		}
		c := &camara.Client{HTTP: &http.Client{Transport: canned{status, body}}}
		a, err := c.Ask(t.Context(), question("http://127.0.0.1", usual...))
		switch {
		case err != nil && a.State != "":
			t.Fatalf("an answer beside an error: %+v", a)
		case err == nil && !slices.Contains([]string{clue.AnswerAnswered, clue.AnswerRefused, clue.AnswerUnreadable}, a.State):
			t.Fatalf("state %q", a.State)
		case a.State == clue.AnswerRefused && a.Reason == "":
			t.Fatal("refused without a reason")
		}
		if a.OpenedOn != "" {
			if _, err := time.Parse(time.DateOnly, a.OpenedOn); err != nil {
				t.Fatalf("opened on %q", a.OpenedOn)
			}
		}
	})
}
