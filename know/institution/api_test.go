package institution_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/base/sqldb"
	"lanzha/base/sqldb/sqltest"
	"lanzha/know/institution"
)

// served is the directory behind real HTTP; the header As names who calls.
type served struct {
	*testing.T
	url    string
	actors map[string]auth.Actor
	etag   string // of the last answer
}

func serve(t *testing.T, db *sqldb.DB) *served {
	s := &served{T: t, actors: map[string]auth.Actor{}}
	for i, a := range []auth.Actor{
		{Login: "admin", Roles: []auth.Role{auth.Admin}, Region: "530000"},
		{Login: "officer", Roles: []auth.Role{auth.Officer}, Region: "530114"},
		{Login: "auditor", Roles: []auth.Role{auth.Auditor}},
		{Login: "responder", Roles: []auth.Role{auth.Responder}},
	} {
		a.ID = lanzha.NewID(at, [10]byte{byte(i + 1)})
		s.actors[a.Login] = a
	}
	d, decider := open(t, db, openVault(t)), auth.NewDecider()
	a := api.New("test", decider.Gate)
	d.Mount(a, decider)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		if actor, ok := s.actors[r.Header.Get("As")]; ok {
			ctx = auth.WithActor(ctx, actor)
		}
		a.ServeHTTP(w, r.WithContext(ctx))
	}))
	t.Cleanup(server.Close)
	s.url = server.URL + api.Prefix
	return s
}

// call sends body (JSON of a value, or a string as CSV) and decodes the answer
// into out. headers are pairs.
func (s *served) call(as, method, path string, want int, body, out any, headers ...string) {
	s.Helper()
	kind, text := "application/json", ""
	switch b := body.(type) {
	case nil:
	case string:
		kind, text = "text/csv", b
	default:
		data, err := json.Marshal(b)
		if err != nil {
			s.Fatal(err)
		}
		text = string(data)
	}
	r, err := http.NewRequestWithContext(s.Context(), method, s.url+path, strings.NewReader(text))
	if err != nil {
		s.Fatal(err)
	}
	r.Header.Set("As", as)
	r.Header.Set("Content-Type", kind)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		s.Fatal(err)
	}
	s.etag = res.Header.Get("ETag")
	if res.StatusCode != want {
		s.Fatalf("%s %s as %q: %d, want %d: %s", method, path, as, res.StatusCode, want, answer)
	}
	if out != nil {
		if err := json.Unmarshal(answer, out); err != nil {
			s.Fatalf("%s: %v", answer, err)
		}
	}
}

var carrier = map[string]any{
	"code": "yn-mobile-km", "name": "云南移动昆明分公司", "kind": "carrier", "region": "530100", "gateway": "manual", "secret": "open sesame",
	"contacts":      []map[string]string{{"name": "李测试", "role": "值班专员", "phone": "0871-60000000", "email": ""}},
	"ranges":        []map[string]string{{"kind": "mobile", "prefix": "+86138888"}},
	"answerTargetS": 180,
}

func with(base map[string]any, key string, value any) map[string]any {
	out := map[string]any{}
	for k, v := range base {
		out[k] = v
	}
	if out[key] = value; value == nil {
		delete(out, key)
	}
	return out
}

func TestOperations(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		s := serve(t, db)
		var made, again institution.Body
		s.call("admin", "POST", "/institutions", 201, carrier, &made, "Idempotency-Key", "k1")
		s.call("admin", "POST", "/institutions", 201, carrier, &again, "Idempotency-Key", "k1")
		if diff := cmp.Diff(made, again); diff != "" || s.etag != `"1"` || !made.HasSecret || made.RegionName != "云南省昆明市" {
			t.Errorf("a repeat differs: %s (etag %s, %+v)", diff, s.etag, made)
		}
		var p api.Problem
		s.call("admin", "POST", "/institutions", 409, carrier, &p, "Idempotency-Key", "k2")
		if p.Errors[0].Location != "code" {
			t.Errorf("a taken code: %+v", p)
		}
		s.call("admin", "POST", "/institutions", 422, with(carrier, "region", "999999"), &p)
		s.call("admin", "POST", "/institutions", 404, with(carrier, "region", "440100"), nil) // not the admin's province
		s.call("officer", "POST", "/institutions", 403, carrier, nil)
		s.call("", "GET", "/institutions", 401, nil, nil)

		path := "/institutions/" + string(made.ID)
		s.call("admin", "PUT", path, 428, carrier, nil)
		s.call("admin", "PUT", path, 404, with(carrier, "region", "440100"), nil, "If-Match", `"1"`)
		var changed institution.Body
		s.call("admin", "PUT", path, 200, with(with(carrier, "name", "昆明移动"), "secret", nil), &changed, "If-Match", `"1"`)
		if changed.Version != 2 || changed.Name != "昆明移动" || !changed.HasSecret || s.etag != `"2"` {
			t.Errorf("changed: %+v", changed)
		}
		s.call("admin", "PUT", path, 409, carrier, nil, "If-Match", `"1"`)
		s.call("admin", "PUT", path, 200, with(carrier, "secret", ""), &changed, "If-Match", `"2"`)
		if changed.HasSecret {
			t.Error("an empty secret does not remove it")
		}

		// Who reads what of the contacts.
		mine := s.actors["responder"]
		mine.Institution = made.ID
		s.actors["responder"] = mine
		for as, phone := range map[string]string{"admin": "0871-60000000", "officer": "0871-60000000", "responder": "0871-60000000", "auditor": lanzha.Mask("0871-60000000")} {
			var got institution.Body
			s.call(as, "GET", path, 200, nil, &got)
			if got.Contacts[0].Phone != phone {
				t.Errorf("%s sees the phone %s", as, got.Contacts[0].Phone)
			}
		}
		var other institution.Body
		s.call("admin", "POST", "/institutions", 201, with(with(carrier, "code", "bank"), "kind", "bank"), &other)
		s.call("responder", "GET", "/institutions/"+string(other.ID), 404, nil, nil)
		s.call("officer", "GET", "/institutions/none", 404, nil, nil)

		list := func(as, query string) []string {
			t.Helper()
			out := []string{}
			for cursor := "start"; cursor != ""; {
				var page api.List[institution.Summary]
				q := "?limit=1" + query
				if cursor != "start" {
					q += "&cursor=" + cursor
				}
				s.call(as, "GET", "/institutions"+q, 200, nil, &page)
				for _, i := range page.Items {
					out = append(out, i.Code)
				}
				cursor = page.Next
			}
			return out
		}
		for _, c := range []struct {
			as, query string
			want      []string
		}{
			{"officer", "", []string{"bank", "yn-mobile-km"}},
			{"officer", "&kind=bank", []string{"bank"}},
			{"officer", "&region=530000", []string{"bank", "yn-mobile-km"}},
			{"officer", "&region=440000", []string{}},
			{"officer", "&q=MOBILE", []string{"yn-mobile-km"}},
			{"officer", "&q=%25", []string{}},
			{"responder", "", []string{"yn-mobile-km"}},
		} {
			if diff := cmp.Diff(c.want, list(c.as, c.query)); diff != "" {
				t.Errorf("list %s as %s: %s", c.query, c.as, diff)
			}
		}
		s.call("officer", "GET", "/institutions?cursor=x", 422, nil, nil)
	})
}

func TestFiles(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		s := serve(t, db)
		file := "code,name,kind,region,gateway,ranges,answerTargetS,contactName,contactPhone\n" +
			"one,一号公司,carrier,530100,manual,mobile:+86138888 fixed:+86871,180,李测试,0871-60000000\n" +
			"two,二号银行,shop,530100,manual,card:622202,,,\n" +
			"three,三号银行,bank,440100,manual,card:622203,,,\n" +
			"four,四号银行,bank,530100,manual,622204,,,\n" +
			"five,五号银行,bank,530100,manual,card:622205,,,\n"
		var got api.Imported
		for range 2 { // a file sent again changes nothing
			s.call("admin", "POST", "/institutions/import", 200, file, &got)
			if got.Taken != 2 || got.Count != 3 || got.Refused[0] != (api.Detail{Location: "kind", Message: got.Refused[0].Message, Row: 3}) ||
				got.Refused[1].Location != "region" || got.Refused[2].Location != "ranges" {
				t.Fatalf("imported: %+v", got)
			}
		}
		var page api.List[institution.Summary]
		s.call("admin", "GET", "/institutions?q=one", 200, nil, &page)
		one := page.Items[0]
		if one.Version != 1 || one.AnswerTargetS != 180 {
			t.Errorf("after the second time: %+v", one)
		}
		s.call("admin", "POST", "/institutions/import", 200, "code,name\none,改名公司\n", &got)
		var full institution.Body
		path := "/institutions/" + string(one.ID)
		s.call("admin", "GET", path, 200, nil, &full)
		if full.Name != "改名公司" || full.Version != 2 || len(full.Ranges) != 2 || len(full.Contacts) != 1 {
			t.Errorf("an empty cell is to keep what stands there: %+v", full)
		}

		s.call("admin", "POST", path+"/ported", 200, "number\n138 1234 5678\n(0871)63161234\n95588\n１３８１２３４５６７９\nnobody\n", &got)
		if got.Taken != 3 || got.Count != 2 || got.Refused[0].Row != 4 {
			t.Errorf("ported: %+v", got)
		}
		count := func(where string) int64 {
			n, err := sqldb.One(t.Context(), db.Read(), "count", sqldb.Value[int64], `SELECT count(*) FROM institution_ported WHERE `+where)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if n := count(`institution = '` + string(one.ID) + `' AND number IN ('+8613812345678', '+8687163161234', '+8613812345679')`); n != 3 {
			t.Errorf("%d of 3 numbers are kept in canonical form", n)
		}
		s.call("admin", "POST", path+"/ported?back=true", 200, "number\n13812345678\n", &got)
		if n := count(`institution = ''`); n != 1 {
			t.Errorf("%d numbers went back, want 1", n)
		}
		s.call("officer", "POST", path+"/ported", 403, "number\n13812345678\n", nil)
		s.call("admin", "POST", "/institutions/import", 422, "nonsense\n", nil)
	})
}
