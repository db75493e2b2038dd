package access_test

import (
	"fmt"
	"net/http"

	"lanzha"
	"lanzha/base/auth"
	"lanzha/work/register/check"
	"lanzha/work/register/penalty"
)

// asked is a request for checks of a carrier.
func (w *world) asked(n int) fields {
	checks := []fields{}
	for i := range n {
		// Residents of one place and day, one after the other.
		p := fmt.Sprintf("53010019900101%03d", i)
		sum := 0
		for i, weight := range []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
			sum += weight * int(p[i]-'0')
		}
		checks = append(checks, fields{"number": p + "10X98765432"[sum%11:sum%11+1], "name": "模拟戊", "service": check.PhoneLineFunctions})
	}
	return fields{"purpose": "opening", "officer": "E1", "reference": fmt.Sprintf("R%d", w.serial.Add(1)), "checks": checks}
}

// sweep is one that was noticed of a carrier that nobody else is of.
func (w *world) sweep() (lanzha.ID, int64) {
	carrier := w.institution(here)
	carrier["kind"] = "carrier"
	id, _ := w.made(w.in[auth.Admin], "/institutions", carrier)
	who := w.account(auth.Draft{Roles: []auth.Role{auth.Responder}, Institution: id})
	w.ok(who, call{method: http.MethodPost, path: "/register/checks", body: w.asked(check.MaxChecks)})
	must(w.t, w.house.Checks.Flush(w.t.Context()))
	var page struct{ Items []check.SweepBody }
	w.ok(w.in[auth.Leader], call{method: http.MethodGet, path: "/register/sweeps?limit=500"}).into(w.t, &page)
	for _, s := range page.Items {
		if s.Institution == id {
			return s.ID, s.Version
		}
	}
	w.t.Fatal("no sweep was noticed")
	return "", 0
}

// punished is what an officer states of a penalty.
func punished() fields {
	return fields{
		"facts": fields{"conduct": penalty.TradeRentLend, "endedOn": "2026-05-01", "gainsFen": 0, "grave": false}, "account": "出售银行账户三个",
		"devices": []fields{{"kind": "bank_card", "count": 3}}, "fineFen": 100_000, "detentionDays": 0,
	}
}

// penalty is one that was proposed here, and taken the way along.
func (w *world) penalty(way ...string) func(*world) (lanzha.ID, int64) {
	return func(w *world) (lanzha.ID, int64) {
		body := punished()
		body["region"], body["subject"] = hereDistrict, w.subject()
		id, v := w.made(w.planter, "/register/penalties", body)
		for _, verb := range way {
			who, body := w.planter, fields{"kind": "suit", "filedOn": "2026-05-21", "organ": "模拟法院"}
			if verb == "decide" {
				who, body = w.keeper, decided()
			}
			var p struct{ Version int64 }
			w.ok(who, call{method: http.MethodPost, path: "/register/penalties/" + string(id) + "/" + verb, version: v, body: body}).into(w.t, &p)
			v = p.Version
		}
		return id, v
	}
}

func decided() fields {
	return fields{"fineFen": 100_000, "detentionDays": 0, "documentNo": "模罚决字1号", "decidedOn": "2026-05-20"}
}

// checkCases has an entry for every operation on checks, quotas, sweeps and
// penalties.
func checkCases() map[string]access {
	w := (*world)(nil)
	return map[string]access{
		"checkRegister": {stranger: elsewhere, fresh: create("/register/checks", func(w *world, _ *actor) fields { return w.asked(1) }).fresh},
		"listQuotas":    get("/register/quotas"),
		"setQuota": {fresh: func(w *world, _ *actor) call {
			id, _ := w.made(w.in[auth.Admin], "/institutions", w.institution(here))
			return call{path: "/register/quotas/" + string(id), unversioned: true, body: fields{"perMinute": 100, "reason": "业务量小"}}
		}},
		"listSweeps":  list("/register/sweeps?limit=500"),
		"answerSweep": on("/register/sweeps/%s/answer", (*world).sweep, fields{"finding": "explained", "note": "集中开户"}),

		"listPenalties":  list("/register/penalties?limit=500"),
		"totalPenalties": list("/register/penalties/totals?from=2026-01&until=2026-12&by=region"),
		"searchPenalties": {stranger: elsewhere, fresh: create("/register/penalties/search", func(*world, *actor) fields {
			return fields{"number": "E00000000", "purpose": "核对前科"}
		}).fresh},
		"previewPenalty": create("/register/penalties/preview", func(*world, *actor) fields {
			return fields{"kind": "individual", "region": hereDistrict, "facts": punished()["facts"]}
		}),
		"createPenalty": create("/register/penalties", func(w *world, _ *actor) fields {
			body := punished()
			body["region"], body["subject"] = hereDistrict, w.subject()
			return body
		}),
		"getPenalty":         on("/register/penalties/%s", w.penalty(), nil),
		"changePenalty":      on("/register/penalties/%s", w.penalty(), punished()),
		"revealPenalty":      on("/register/penalties/%s/reveal", w.penalty(), fields{"field": "name", "purpose": "制作决定书"}),
		"decidePenalty":      on("/register/penalties/%s/decide", w.penalty(), decided()),
		"refusePenalty":      on("/register/penalties/%s/refuse", w.penalty(), fields{"opinion": "证据不足"}),
		"servePenalty":       on("/register/penalties/%s/serve", w.penalty("decide"), fields{"how": "direct", "on": "2026-05-21"}),
		"filePenaltyRemedy":  on("/register/penalties/%s/remedies", w.penalty("decide"), fields{"kind": "reconsideration", "filedOn": "2026-05-21", "organ": "模拟市人民政府"}),
		"closePenaltyRemedy": on("/register/penalties/%s/remedies/suit", w.penalty("decide", "remedies"), fields{"outcome": "upheld", "decidedOn": "2026-05-22", "documentNo": "模判1号"}),
	}
}
