package den_test

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanzha"
	"lanzha/base/auth"
	"lanzha/base/sqldb"
	"lanzha/base/sqldb/sqltest"
	"lanzha/work/clue"
	"lanzha/work/clue/den"
)

func TestAPI(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		h := open(t, db)
		h.sight(clue.KindFixed, house88, "installation")
		h.sight(clue.KindFixed, house88, "installation")
		id := string(h.all()[0].ID)
		opinion, reason := object{"opinion": "建议检查"}, object{"reason": "线路已拆机"}
		document := object{"documentKind": "inspection", "documentNo": "昆公(刑)检查字〔2023〕1号"}
		to := func(id lanzha.ID) object { return object{"institution": id} }
		found, nothing := object{"people": 4, "devices": object{"goip": 3, "router": 3}}, object{"note": "房间已空"}
		// In order: every step is tried wrongly before it is done.
		for _, c := range []struct {
			name, as, method, path string
			version                int64
			body                   any
			status                 int
			says                   string
		}{
			{"nobody", "", "GET", "/dens", 0, nil, 401, ""},
			{"a responder", "responder", "GET", "/dens", 0, nil, 403, "den.list"},
			{"an administrator", "administers", "GET", "/dens/" + id, 0, nil, 403, "den.read"},
			{"no such state", "officer", "GET", "/dens?state=burnt", 0, nil, 422, "query.state"},
			{"a strange cursor", "officer", "GET", "/dens?cursor=x", 0, nil, 422, "query.cursor"},
			{"beside the scope", "officer", "GET", "/dens?region=530300", 0, nil, 403, "scope"},
			{"no region", "officer", "GET", "/dens?region=abc", 0, nil, 422, "query.region"},
			{"no such den", "officer", "GET", "/dens/01KB3V6N0Q8V4Y2ZC5T7R90000", 0, nil, 404, "no such den"},
			{"short ID", "officer", "GET", "/dens/1", 0, nil, 422, "path.id"},

			{"no version", "analyst", "POST", "/dens/" + id + "/analyse", 0, opinion, 428, "If-Match"},
			{"an old version", "analyst", "POST", "/dens/" + id + "/analyse", 9, opinion, 409, "before you"},
			{"no opinion", "analyst", "POST", "/dens/" + id + "/analyse", 1, object{"opinion": ""}, 422, "body.opinion"},
			{"a blank opinion", "analyst", "POST", "/dens/" + id + "/analyse", 1, object{"opinion": "  "}, 422, "body.opinion"},
			{"not an analyst", "officer", "POST", "/dens/" + id + "/analyse", 1, opinion, 403, "role"},
			{"approved too early", "leader", "POST", "/dens/" + id + "/approve", 1, document, 409, "suspected"},
			{"analysed", "both", "POST", "/dens/" + id + "/analyse", 1, opinion, 200, `"state":"analysed"`},

			{"by the same person", "both", "POST", "/dens/" + id + "/approve", 2, document, 403, "who asked"},
			{"rejected by the same person", "both", "POST", "/dens/" + id + "/reject", 2, reason, 403, "who asked"},
			{"without a document", "leader", "POST", "/dens/" + id + "/approve", 2, object{"documentKind": "inspection", "documentNo": ""}, 422, "body.documentNo"},
			{"with a blank document", "leader", "POST", "/dens/" + id + "/approve", 2, object{"documentKind": "inspection", "documentNo": " "}, 422, "body.documentNo"},
			{"with another document", "leader", "POST", "/dens/" + id + "/approve", 2, object{"documentKind": "letter", "documentNo": "1"}, 422, "body.documentKind"},
			{"dispatched too early", "officer", "POST", "/dens/" + id + "/dispatch", 2, to(h.unit.ID), 409, "analysed"},
			{"rejected", "leader", "POST", "/dens/" + id + "/reject", 2, reason, 200, `"state":"suspected"`},
			{"analysed again", "both", "POST", "/dens/" + id + "/analyse", 3, opinion, 200, `"state":"analysed"`},
			{"approved", "leader", "POST", "/dens/" + id + "/approve", 4, document, 200, `"documentNo":"昆公(刑)检查字〔2023〕1号"`},

			{"to a carrier", "officer", "POST", "/dens/" + id + "/dispatch", 5, to(h.fixed.ID), 422, "police unit"},
			{"to another district", "officer", "POST", "/dens/" + id + "/dispatch", 5, to(h.otherUnit.ID), 422, "region"},
			{"to nobody", "officer", "POST", "/dens/" + id + "/dispatch", 5, to("01KB3V6N0Q8V4Y2ZC5T7R90000"), 422, "no such institution"},
			{"dispatched", "officer", "POST", "/dens/" + id + "/dispatch", 5, to(h.unit.ID), 200, `"receiveBy"`},

			{"received by another unit", "other unit", "POST", "/dens/" + id + "/receive", 6, nil, 404, "no such den"},
			{"received by the officer", "officer", "POST", "/dens/" + id + "/receive", 6, nil, 403, "role"},
			{"confirmed too early", "unit", "POST", "/dens/" + id + "/confirm", 6, found, 409, "dispatched"},
			{"received", "unit", "POST", "/dens/" + id + "/receive", 6, nil, 200, `"state":"received"`},
			{"received twice", "unit", "POST", "/dens/" + id + "/receive", 7, nil, 409, "received"},

			{"nothing in it", "unit", "POST", "/dens/" + id + "/confirm", 7, object{"people": 0}, 422, "body.outcome"},
			{"less than none", "unit", "POST", "/dens/" + id + "/confirm", 7, object{"people": -1}, 422, "body.people"},
			{"a field too many", "unit", "POST", "/dens/" + id + "/confirm", 7, object{"people": 1, "dogs": 1}, 422, "dogs"},
			{"in the year 30000", "unit", "POST", "/dens/" + id + "/confirm", 7, object{"people": 1, "checkedAt": "30000-01-01T00:00:00Z"}, 422, "checkedAt"},
			{"before it was approved", "unit", "POST", "/dens/" + id + "/nothing-found", 7, object{"note": "空", "checkedAt": "2023-02-20T10:00:00Z"}, 422, "body.checkedAt"},
			{"nothing found by another unit", "other unit", "POST", "/dens/" + id + "/nothing-found", 7, nothing, 404, "no such den"},
			{"confirmed", "unit", "POST", "/dens/" + id + "/confirm", 7, found, 200, `"goip":3`},
			{"and nothing found", "unit", "POST", "/dens/" + id + "/nothing-found", 8, nothing, 409, "confirmed"},
			{"dismissed at last", "analyst", "POST", "/dens/" + id + "/dismiss", 8, reason, 409, "confirmed"},

			{"figures of no time", "leader", "GET", "/figures/dens?from=2023-02-20T00:00:00Z&to=2023-02-20T00:00:00Z", 0, nil, 422, "query.from"},
			{"figures as a unit", "unit", "GET", "/figures/dens", 0, nil, 403, "role"},
			{"figures", "leader", "GET", "/figures/dens", 0, nil, 200, `"confirmed":1`},
			{"figures of another city", "elsewhere", "GET", "/figures/dens", 0, nil, 200, `"raised":0`},
			{"figures of a district", "leader", "GET", "/figures/dens?region=530102", 0, nil, 200, `"raised":0`},
		} {
			var raw rawBody
			if got := h.request(c.as, c.method, c.path, c.version, c.body, &raw); got != c.status || !strings.Contains(string(raw), c.says) {
				t.Errorf("%s: %s %s: %d, want %d with %q: %s", c.name, c.method, c.path, got, c.status, c.says, raw)
			}
		}
	})
}

type rawBody []byte

func (r *rawBody) UnmarshalJSON(text []byte) error { *r = append((*r)[:0], text...); return nil }

// Who sees which dens: by list, by region asked for, and by ID; lists and the
// gate agree.
func TestScope(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		h := open(t, db)
		name := map[lanzha.ID]string{}
		raise := func(label, address string) lanzha.ID {
			h.sight(clue.KindFixed, address, "installation")
			h.sight(clue.KindFixed, address, "installation")
			id := h.all()[0].ID
			name[id] = label
			return id
		}
		raise("wuhua", "昆明市五华区青槐路1号")
		raise("qujing", "曲靖市麒麟区青槐路1号")
		raise("chenggong", "昆明市呈贡区青槐路1号")
		dispatched := raise("dispatched", "昆明市呈贡区青槐路2号")
		d := h.do("analyst", h.read("analyst", dispatched), "analyse", object{"opinion": "建议检查"})
		d = h.do("leader", d, "approve", object{"documentKind": "search", "documentNo": "1"})
		h.do("officer", d, "dispatch", object{"institution": h.unit.ID})

		for _, c := range []struct {
			as, query string
			want      []string
		}{
			{"country", "", []string{"dispatched", "chenggong", "qujing", "wuhua"}},
			{"country", "?region=530000", []string{"dispatched", "chenggong", "qujing", "wuhua"}},
			{"country", "?region=530300", []string{"qujing"}},
			{"country", "?state=dispatched", []string{"dispatched"}},
			{"officer", "", []string{"dispatched", "chenggong", "wuhua"}},
			{"officer", "?region=530114", []string{"dispatched", "chenggong"}},
			{"officer", "?region=530114&state=suspected", []string{"chenggong"}},
			{"district", "", []string{"dispatched", "chenggong"}},
			{"neighbour", "", []string{"wuhua"}},
			{"elsewhere", "", []string{"qujing"}},
			{"unit", "", []string{"dispatched"}},
			{"unit", "?state=suspected", []string{}},
			{"other unit", "", []string{}},
		} {
			got := h.list(c.as, "/dens"+c.query, 50)
			labels := []string{}
			for _, id := range got {
				labels = append(labels, name[id])
			}
			if diff := cmp.Diff(c.want, labels); diff != "" {
				t.Errorf("%s lists %s: %s", c.as, c.query, diff)
			}
			if c.query != "" {
				continue
			}
			if paged := h.list(c.as, "/dens", 1); cmp.Diff(got, paged) != "" {
				t.Errorf("%s: page by page %v, at once %v", c.as, paged, got)
			}
			for id, label := range name {
				want := http.StatusNotFound
				if slices.Contains(got, id) {
					want = http.StatusOK
				}
				if code := h.request(c.as, "GET", "/dens/"+string(id), 0, nil, nil); code != want {
					t.Errorf("%s reads %s: %d, want %d as the list has it", c.as, label, code, want)
				}
			}
		}
		// Acting out of scope is not found, whatever the role.
		for step, body := range map[string]any{
			"analyse": object{"opinion": "x"}, "dismiss": object{"reason": "x"}, "dispatch": object{"institution": h.unit.ID},
			"reject": object{"reason": "x"}, "approve": object{"documentKind": "search", "documentNo": "1"},
		} {
			if code := h.request("elsewhere", "POST", "/dens/"+string(dispatched)+"/"+step, 4, body, nil); code != http.StatusNotFound {
				t.Errorf("another city may %s: %d", step, code)
			}
		}
	})
}

// list reads all pages of a list.
func (h *house) list(as, path string, limit int) []lanzha.ID {
	h.t.Helper()
	sep := "?"
	if strings.Contains(path, "?") {
		sep = "&"
	}
	out, cursor := []lanzha.ID{}, ""
	for range 20 {
		var page struct {
			Items []den.DenBody
			Next  string
		}
		if code := h.request(as, "GET", path+sep+"limit="+strconv.Itoa(limit)+"&cursor="+cursor, 0, nil, &page); code != http.StatusOK {
			h.t.Fatalf("%s as %s: %d", path, as, code)
		}
		for _, d := range page.Items {
			out = append(out, d.ID)
		}
		if cursor = page.Next; cursor == "" {
			return out
		}
	}
	h.t.Fatal("the list does not end")
	return nil
}

func TestFigures(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		h := open(t, db)
		from := h.now()
		took := []time.Duration{time.Hour, 3 * time.Hour, 9 * time.Hour}
		for i, d := range took {
			h.sight(clue.KindFixed, "昆明市呈贡区"+roads[i]+"6号", "installation")
			h.sight(clue.KindFixed, "昆明市呈贡区"+roads[i]+"6号", "installation")
			page := h.received(h.all()[0].ID)
			h.pass(d)
			if i == 2 {
				h.do("unit", page, "nothing-found", object{"note": "空"})
			} else {
				h.do("unit", page, "confirm", object{"people": 1})
			}
		}
		h.sight(clue.KindFixed, house88, "installation")
		h.sight(clue.KindFixed, house88, "installation")
		h.do("analyst", h.read("analyst", h.all()[0].ID), "dismiss", object{"reason": "误报"})
		got, err := h.dens.Store.Figures(t.Context(), db.Read(), auth.Scope{Region: "530100"}, from, h.now().Add(time.Second))
		if err != nil {
			t.Fatal(err)
		}
		if diff := got.Median - 3*time.Hour; diff < 0 || diff > time.Minute {
			t.Errorf("median %v", got.Median)
		}
		got.Median = 0
		if diff := cmp.Diff(den.Figures{Raised: 4, Confirmed: 2, NothingFound: 1, Dismissed: 1}, got); diff != "" {
			t.Error(diff)
		}
		later, err := h.dens.Store.Figures(t.Context(), db.Read(), auth.Scope{All: true}, h.now().Add(time.Second), h.now().Add(time.Hour))
		if err != nil || later != (den.Figures{}) {
			t.Errorf("of another period: %+v %v", later, err)
		}
	})
}
