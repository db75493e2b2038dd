package access_test

import (
	"fmt"
	"net/http"
	"time"

	"lanzha"
	"lanzha/base/auth"
	"lanzha/base/sqldb"
	"lanzha/work/detect/alert"
	"lanzha/work/detect/feature"
	"lanzha/work/feed"
)

// alert has the detector's desk take an alert about a number of here, which an
// officer decides on.
func (w *world) alert() (lanzha.ID, int64) {
	number := w.number()
	must(w.t, w.house.DB.Tx(w.t.Context(), func(tx *sqldb.Tx) error {
		return w.house.Alerts.Raise(w.t.Context(), tx, []alert.Raised{{
			Log: "access", Seq: uint64(w.serial.Add(1)), Rule: "blast-calling", Title: feature.Words{ZH: "群呼", EN: "blast calling"}, Severity: "high",
			Domain: feed.Number, Subject: number, At: lanzha.At(time.Now()), Score: 80, Becomes: alert.None, Kind: feed.Call,
			Reasons: feature.Words{ZH: number + "近1小时呼出300次", EN: number + " made 300 calls in 1 h"},
		}})
	}))
	var list struct{ Items []alert.Body }
	w.ok(w.planter, call{method: http.MethodGet, path: "/alerts?q=" + number}).into(w.t, &list)
	return list.Items[0].ID, list.Items[0].Version
}

// handed is an alert that was handed to an institution of here: to the carrier,
// or to the police where a unit looks.
func (w *world) handed(who *actor) (lanzha.ID, int64) {
	id, v := w.alert()
	body := fields{"decision": "referral", "institution": w.carriers[0].ID}
	if who.role == auth.Unit {
		body = fields{"decision": "warning", "institution": w.units[0].ID}
	}
	w.ok(w.planter, call{method: http.MethodPost, path: fmt.Sprintf("/alerts/%s/decide", id), version: v, body: body})
	return id, version(w.read(w.planter, "/alerts/"+string(id), nil))
}

// silence leaves a device alone.
func (w *world) silence() (lanzha.ID, int64) {
	return w.made(w.planter, "/suppressions", fields{
		"domain": "number", "value": w.number(), "until": time.Now().Add(time.Hour).UTC(), "why": "快递员，已核实",
	})
}

func (w *world) entry() (lanzha.ID, int64) {
	return w.made(w.planter, "/lists/couriers/entries", fields{"domain": "number", "value": w.number(), "why": "快递员"})
}

// alertCases has an entry for every operation on alerts, suppressions and named
// lists.
func alertCases() map[string]access {
	handed := func(path string, body fields) access {
		return access{fresh: func(w *world, who *actor) call {
			id, v := w.handed(who)
			return call{path: fmt.Sprintf(path, id), version: v, body: body}
		}}
	}
	return map[string]access{
		"listAlerts":    list("/alerts?limit=500"),
		"getAlert":      handed("/alerts/%s", nil),
		"alertTimeline": handed("/alerts/%s/timeline", nil),
		"takeAlert":     on("/alerts/%s/take", (*world).alert, nil),
		"decideAlert":   on("/alerts/%s/decide", (*world).alert, fields{"decision": "clue"}),
		"handAlert": {fresh: func(w *world, who *actor) call {
			id, v := w.handed(who)
			return call{path: fmt.Sprintf("/alerts/%s/hand", id), version: v, body: fields{"institution": w.byFile.ID}}
		}},
		"receiveAlert": handed("/alerts/%s/receive", nil),
		"judgeAlert":   handed("/alerts/%s/feedback", fields{"verdict": "right", "note": "已核实"}),
		"revealAlert":  on("/alerts/%s/reveal", (*world).alert, fields{"purpose": "核查告警对象"}),
		"alertFigures": list("/figures/alerts"),

		"listSuppressions": list("/suppressions?limit=500"),
		"makeSuppression": create("/suppressions", func(w *world, _ *actor) fields {
			return fields{"domain": "number", "value": w.number(), "until": time.Now().Add(time.Hour).UTC(), "why": "快递员，已核实"}
		}),
		"getSuppression":  on("/suppressions/%s", (*world).silence, nil),
		"liftSuppression": on("/suppressions/%s/lift", (*world).silence, fields{"reason": "又被举报"}),

		"listNamedLists": get("/lists"),
		"listEntries":    get("/lists/couriers/entries"),
		"createEntry": create("/lists/couriers/entries", func(w *world, _ *actor) fields {
			return fields{"domain": "number", "value": w.number(), "why": "快递员"}
		}),
		"getEntry":    on("/lists/couriers/entries/%s", (*world).entry, nil),
		"changeEntry": on("/lists/couriers/entries/%s", (*world).entry, fields{"why": "长期合作快递员"}),
		"removeEntry": on("/lists/couriers/entries/%s/remove", (*world).entry, fields{"reason": "号码已注销"}),
	}
}
