package sandbox_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lanzha"
	"lanzha/gateway/sandbox"
	"lanzha/know/institution"
	"lanzha/work/clue"
	"lanzha/work/clue/disposal"
)

// farSide answers everything with one status and body.
func farSide(t *testing.T, status int, body string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if status == http.StatusFound {
			w.Header().Set("Location", "/elsewhere")
		}
		if r.URL.Path == "/elsewhere" {
			t.Error("a redirect was followed")
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestReplies(t *testing.T) {
	const good = `{"key":"k","state":"answered","platformNo":"MN1","at":"2026-03-01T00:00:00Z"}`
	for _, tt := range []struct {
		name   string
		status int
		body   string
		want   string // "" is an error
	}{
		{"an answer", 200, good, clue.AnswerAnswered},
		{"another key", 200, strings.Replace(good, `"k"`, `"j"`, 1), clue.AnswerUnreadable},
		{"a field we do not know", 200, strings.Replace(good, `{`, `{"x":1,`, 1), clue.AnswerUnreadable},
		{"a state we do not know", 200, strings.Replace(good, "answered", "perhaps", 1), clue.AnswerUnreadable},
		{"a day that never was", 200, strings.Replace(good, `{`, `{"openedOn":"2026-02-30",`, 1), clue.AnswerUnreadable},
		{"a role we do not know", 200, strings.Replace(good, `{`, `{"installAddress":"x","addressRole":"home",`, 1), clue.AnswerUnreadable},
		{"more after it", 200, good + good, clue.AnswerUnreadable},
		{"a refusal without a reason", 200, `{"key":"k","state":"refused"}`, clue.AnswerUnreadable},
		{"an answer with a status of failure", 409, good, clue.AnswerUnreadable},
		{"a refusal by status", 403, `{"reason":"无权查询"}`, clue.AnswerRefused},
		{"a proxy's refusal", 403, `<html>`, clue.AnswerUnreadable},
		{"a redirect", 302, ``, clue.AnswerUnreadable},
		{"not now", 429, `{"reason":"稍后再试"}`, ""},
		{"no token", 401, `{"reason":"凭证无效"}`, ""},
		{"down", 502, `<html>`, ""},
	} {
		to := institution.Institution{Endpoint: farSide(t, tt.status, tt.body)}
		a, err := new(sandbox.Client).Ask(t.Context(), clue.Question{Key: "k", Institution: to, Value: "+8613888812345"})
		if (err == nil) != (tt.want != "") || a.State != tt.want {
			t.Errorf("%s: state %q, error %v; want %q", tt.name, a.State, err, tt.want)
		}
		if a.State == clue.AnswerUnreadable && string(a.Raw) != tt.body && tt.status != 302 {
			t.Errorf("%s: kept %q", tt.name, a.Raw)
		}
		r, err := new(sandbox.Client).Dispose(t.Context(), disposal.Order{Key: "k", Institution: to, Kind: disposal.Shutdown, Value: "+8613888812345"})
		if (err == nil) != (tt.want != "") {
			t.Errorf("%s: receipt %+v, %v", tt.name, r, err)
		}
		if err == nil && tt.want != clue.AnswerRefused && (r.State != disposal.ReceiptUnreadable) {
			t.Errorf("%s: an answer was taken for a receipt in state %q", tt.name, r.State)
		}
		if err != nil && strings.Contains(err.Error(), "13888812345") {
			t.Errorf("%s: the error names the number: %v", tt.name, err)
		}
	}
}

func TestNobodyListens(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	q := clue.Question{Key: "k", Institution: institution.Institution{Endpoint: s.URL + "/carrier/1"}, Value: "+8613888812345"}
	if a, err := new(sandbox.Client).Ask(t.Context(), q); err == nil {
		t.Errorf("state %q, want an error", a.State)
	}
	q.Institution.Endpoint = "://"
	if _, err := new(sandbox.Client).Ask(t.Context(), q); lanzha.CodeOf(err) != lanzha.CodeInvalid {
		t.Errorf("a broken endpoint: %v, want invalid", err)
	}
}

func TestPush(t *testing.T) {
	c := sandbox.NewCity(1, "530114")
	var got map[string]any
	status := http.StatusCreated
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer key" || r.Header.Get("Idempotency-Key") != c.Lead(0).Ref {
			t.Errorf("header %v", r.Header)
		}
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Error(err)
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(s.Close)
	if err := sandbox.Push(t.Context(), s.URL, "key", c.Lead(0)); err != nil {
		t.Fatal(err)
	}
	l := c.Story().Lead
	if diff := cmp.Diff(map[string]any{"value": c.Story().Fixed, "region": "530100", "ref": l.Ref, "note": l.Note}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	status = http.StatusServiceUnavailable
	if err := sandbox.Push(t.Context(), s.URL, "key", c.Lead(0)); err == nil {
		t.Error("a lead that was not taken brought no error")
	}
}
