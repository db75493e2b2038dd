package access_test

import (
	"fmt"
	"net/http"
	"time"

	"lanzha"
	"lanzha/base/auth"
	"lanzha/base/sqldb"
)

// subject is somebody whom nobody else has here.
func (w *world) subject() fields {
	return fields{"kind": "individual", "numberKind": "other", "name": "模拟丙", "number": fmt.Sprintf("E%08d", w.serial.Add(1))}
}

// traded are facts of class B1.
func traded() fields {
	return fields{
		"ground":  "designated",
		"conduct": fields{"kind": "trade", "firstOn": "2026-05-01", "lastOn": "2026-05-02", "occasions": 1, "counterparties": 1},
		"objects": []fields{{"kind": "bank_account", "count": 3}},
	}
}

// proposal opens a proposal of here, and takes it before the leader when asked.
func (w *world) proposal(facts fields, way ...string) (lanzha.ID, int64) {
	id, v := w.made(w.planter, "/register/proposals", fields{"subject": w.subject(), "region": hereDistrict, "facts": facts})
	for _, verb := range way {
		var p struct{ Version int64 }
		w.ok(w.planter, call{method: http.MethodPost, path: "/register/proposals/" + string(id) + "/" + verb, version: v, body: fields{}}).into(w.t, &p)
		v = p.Version
	}
	return id, v
}

func (w *world) draft() (lanzha.ID, int64)    { return w.proposal(traded()) }
func (w *world) proposed() (lanzha.ID, int64) { return w.proposal(traded(), "propose") }

// exception is a proposal that waits for the province.
func (w *world) exception() (lanzha.ID, int64) {
	facts := traded()
	facts["objects"] = []fields{{"kind": "bank_account", "count": 1}}
	facts["conduct"].(fields)["largeImpact"], facts["conduct"].(fields)["necessary"] = true, true
	return w.proposal(facts, "propose")
}

// listedOn is a listing of here on facts, decided by the keeper.
func (w *world) listedOn(facts fields) (lanzha.ID, int64) {
	id, v := w.proposal(facts, "propose")
	var p struct{ Listing lanzha.ID }
	w.ok(w.keeper, call{method: http.MethodPost, path: "/register/proposals/" + string(id) + "/approve", version: v, body: fields{"documentNo": "模惩认字1号"}}).into(w.t, &p)
	return p.Listing, version(w.read(w.planter, "/register/listings/"+string(p.Listing), nil))
}

func (w *world) listing() (lanzha.ID, int64) { return w.listedOn(traded()) }

// imprisoned is a listing whose start is not known.
func (w *world) imprisoned() (lanzha.ID, int64) {
	return w.listedOn(fields{
		"ground": "sentenced", "offence": fields{"kind": "telecom_fraud"}, "sentence": fields{"kind": "fixed_term", "effectiveOn": "2026-03-02"},
		"conduct": fields{"firstOn": "2024-05-01", "lastOn": "2024-06-01"},
	})
}

// over is a listing that was lifted.
func (w *world) over() (lanzha.ID, int64) {
	id, v := w.listing()
	var l struct{ Version int64 }
	w.ok(w.keeper, call{method: http.MethodPost, path: "/register/listings/" + string(id) + "/lift", version: v, body: fields{"ground": "wrong", "reason": "认定有误"}}).into(w.t, &l)
	return id, l.Version
}

func (w *world) notice() (lanzha.ID, int64) {
	listing, _ := w.listing()
	return w.made(w.planter, "/register/notices", fields{"listing": listing})
}

// said is an objection to a listing, some steps along.
func (w *world) said(way ...string) func(*world) (lanzha.ID, int64) {
	return func(w *world) (lanzha.ID, int64) {
		listing, _ := w.listing()
		id, v := w.made(w.planter, "/register/objections", fields{"listing": listing, "ground": "designation", "words": "账户系冒名开立"})
		for _, verb := range way {
			body := fields{"words": "办理"}
			if verb == "accept" {
				body["accepted"] = true
			}
			var o struct{ Version int64 }
			w.ok(w.planter, call{method: http.MethodPost, path: "/register/objections/" + string(id) + "/" + verb, version: v, body: body}).into(w.t, &o)
			v = o.Version
		}
		return id, v
	}
}

// waiting is a listing of here that waits to go up.
func (w *world) waiting() lanzha.ID {
	listing, _ := w.listing()
	for deadline := time.Now().Add(patience); ; {
		n, err := sqldb.One(w.t.Context(), w.house.DB.Read(), "count", sqldb.Value[int64], `SELECT count(*) FROM register_upward WHERE listing = $1`, string(listing))
		must(w.t, err)
		if n > 0 {
			return listing
		}
		if time.Now().After(deadline) {
			w.t.Fatal("a listing does not come to wait")
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// upward is a batch of here, some steps along, with one listing in it.
func (w *world) upward(way ...string) (batch, listing lanzha.ID, v int64) {
	listing = w.waiting()
	batch, v = w.made(w.planter, "/register/batches", fields{"region": here})
	path := "/register/batches/" + string(batch)
	for _, verb := range way {
		w.ok(w.planter, call{method: http.MethodPost, path: path + "/" + verb, version: v, body: fields{"acknowledged": true, "platformNo": "MN1", "at": time.Now()}})
		states := []string{"sent"}
		if verb == "receive" {
			states = []string{"acknowledged"}
		}
		v = version(w.read(w.planter, path, inState(states...)))
	}
	return batch, listing, v
}

// ofProvince is a colleague of the province.
func ofProvince(w *world, role auth.Role) *actor {
	if role != auth.Leader {
		return w.in[role]
	}
	return w.account(auth.Draft{Roles: []auth.Role{role}, Region: here[:2] + "0000"})
}

// registerCases has an entry for every operation on proposals, listings,
// notices, objections and batches, and for the person's own.
func registerCases() map[string]access {
	w := (*world)(nil)
	reason, words := fields{"reason": "证据不足"}, fields{"words": "核查完毕"}
	propose := func(path string, record func(w *world) (lanzha.ID, int64)) access {
		return on("/register/proposals/"+path, record, fields{})
	}
	upward := func(path string, body func(listing lanzha.ID) fields, way ...string) access {
		return access{fresh: func(w *world, _ *actor) call {
			id, listing, v := w.upward(way...)
			return call{path: fmt.Sprintf("/register/batches/"+path, id), version: v, body: body(listing)}
		}}
	}
	none := func(lanzha.ID) fields { return fields{} }
	reveal := fields{"field": "who.name", "purpose": "制作文书"}
	return map[string]access{
		"listProposals": list("/register/proposals?limit=500"),
		"createProposal": create("/register/proposals", func(w *world, _ *actor) fields {
			return fields{"subject": w.subject(), "region": hereDistrict, "facts": traded()}
		}),
		"previewProposal": create("/register/proposals/preview", func(*world, *actor) fields {
			return fields{"kind": "individual", "region": hereDistrict, "facts": traded()}
		}),
		"getProposal":      on("/register/proposals/%s", (*world).draft, nil),
		"proposalTimeline": on("/register/proposals/%s/timeline", (*world).draft, nil),
		"changeProposal":   on("/register/proposals/%s", (*world).draft, fields{"facts": traded()}),
		"evaluateProposal": propose("%s/evaluate", (*world).draft),
		"disagreeProposal": on("/register/proposals/%s/disagree", (*world).draft, fields{"row": "JP-05", "reason": "数量有出入"}),
		"proposeProposal":  propose("%s/propose", (*world).draft),
		"returnProposal":   on("/register/proposals/%s/return", (*world).proposed, reason),
		"refuseProposal":   on("/register/proposals/%s/refuse", (*world).proposed, reason),
		"approveProposal":  on("/register/proposals/%s/approve", (*world).proposed, fields{"documentNo": "模惩认字2号"}),
		"reviewProposal":   {as: ofProvince, fresh: on("/register/proposals/%s/review", (*world).exception, fields{"opinion": "影响较大，确有必要"}).fresh},
		"revealProposal":   on("/register/proposals/%s/reveal", (*world).draft, reveal),

		"listListings": list("/register/listings?limit=500"),
		"searchListings": {stranger: elsewhere, fresh: create("/register/listings/search", func(*world, *actor) fields {
			return fields{"number": "E00000000", "purpose": "办理申诉"}
		}).fresh},
		"getListing":      on("/register/listings/%s", (*world).listing, nil),
		"listingTimeline": on("/register/listings/%s/timeline", (*world).listing, nil),
		"liftListing":     on("/register/listings/%s/lift", (*world).listing, fields{"ground": "wrong", "reason": "认定有误"}),
		"releaseListing":  on("/register/listings/%s/release", (*world).imprisoned, fields{"releasedOn": time.Now().AddDate(0, 0, -1).Format(time.DateOnly)}),
		"correctListing":  on("/register/listings/%s/correct", (*world).listing, fields{"name": "模拟戊", "reason": "更名"}),
		"eraseListing":    on("/register/listings/%s/erase", (*world).over, reason),
		"revealListing":   on("/register/listings/%s/reveal", (*world).listing, reveal),
		"importListings": file("/register/listings/import", "text/csv", func(w *world) string {
			return fmt.Sprintf("kind,number_kind,name,number,region,regime,from,until\nindividual,other,模拟丁,E%08d,%s,notice_2019,2022-06-01,2027-06-01\n", w.serial.Add(1), hereDistrict)
		}),
		"listingExecutions": on("/register/listings/%s/executions", (*world).listing, nil),

		"listNotices": list("/register/notices?limit=500"),
		"createNotice": create("/register/notices", func(w *world, _ *actor) fields {
			listing, _ := w.listing()
			return fields{"listing": listing}
		}),
		"getNotice":   on("/register/notices/%s", (*world).notice, nil),
		"codeNotice":  on("/register/notices/%s/code", (*world).notice, nil),
		"printNotice": on("/register/notices/%s/print", (*world).notice, fields{"purpose": "送达本人"}),
		"serveNotice": on("/register/notices/%s/serve", (*world).notice, fields{"how": "当面送达", "by": "模拟民警"}),

		"listObjections": list("/register/objections?limit=500"),
		"createObjection": create("/register/objections", func(w *world, _ *actor) fields {
			listing, _ := w.listing()
			return fields{"listing": listing, "ground": "designation", "words": "账户系冒名开立"}
		}),
		"getObjection":           on("/register/objections/%s", w.said(), nil),
		"acceptObjection":        on("/register/objections/%s/accept", w.said(), fields{"accepted": true, "words": "受理"}),
		"verifyObjection":        on("/register/objections/%s/verify", w.said("accept"), words),
		"answerListingObjection": on("/register/objections/%s/answer", w.said("accept", "verify"), fields{"upheld": true, "words": "申诉成立"}),

		"listBatches": list("/register/batches?limit=500"),
		"createBatch": create("/register/batches", func(w *world, _ *actor) fields {
			w.waiting()
			return fields{"region": here}
		}),
		"getBatch":         upward("%s", func(lanzha.ID) fields { return nil }),
		"listBatchEntries": upward("%s/entries", func(lanzha.ID) fields { return nil }),
		"handBatch":        upward("%s/hand", none),
		"receiveBatch":     upward("%s/receive", func(lanzha.ID) fields { return fields{"acknowledged": true, "platformNo": "MN2", "at": time.Now()} }, "hand"),
		"reportBatch": upward("%s/report", func(listing lanzha.ID) fields {
			return fields{"reports": []fields{{"listing": listing, "action": "list", "measure": "JP-14", "state": "done", "institution": "模拟支付", "at": time.Now()}}}
		}, "hand", "receive"),

		// Without a code that opens something there is nothing to see.
		"getOwn": {nobody: http.StatusUnprocessableEntity, fresh: get("/register/own").fresh},
		"objectOwn": {nobody: http.StatusUnprocessableEntity, fresh: create("/register/own/objections", func(*world, *actor) fields {
			return fields{"ground": "designation", "words": "没有查询码"}
		}).fresh},
	}
}
