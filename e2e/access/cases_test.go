package access_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"lanzha"
	"lanzha/base/auth"
)

// stranger is how somebody of the same role and another scope is answered.
type stranger int

const (
	hidden    stranger = iota // 404, or 403 where the request names a region
	elsewhere                 // a list of their own, with nothing of ours
	untaken                   // a file of which no row is taken
)

// access is how an operation is tried.
type access struct {
	// fresh makes the request about a record of here that this call may use up.
	// who is one whose scope holds the record.
	fresh func(w *world, who *actor) call
	// stranger is how the same role elsewhere is answered where the table says
	// that the role acts in its own scope only.
	stranger stranger
	// open names roles whom every city lets in, against the table's "own", and
	// why says why.
	open []auth.Role
	why  string
	// as is who of a role has the record in scope; nil is the role here.
	as func(w *world, role auth.Role) *actor
	// refused is the status of a call that the gate lets through and that
	// cannot end well here; 0 is that it must end well.
	refused int
	// nobody is the status that somebody who is not signed in gets; 0 is 401.
	nobody int
}

func get(path string) access {
	return access{fresh: func(*world, *actor) call { return call{path: path} }}
}

func list(path string) access { return access{fresh: get(path).fresh, stranger: elsewhere} }

// shared reads a planted record, which the call leaves as it is.
func shared(path, name string) access {
	return access{fresh: func(w *world, _ *actor) call { return call{path: fmt.Sprintf(path, w.planted[name])} }}
}

// on acts on a record made for this call.
func on(path string, record func(w *world) (lanzha.ID, int64), body fields) access {
	return access{fresh: func(w *world, _ *actor) call {
		id, v := record(w)
		return call{path: fmt.Sprintf(path, id), version: v, body: body}
	}}
}

func create(path string, body func(w *world, who *actor) fields) access {
	return access{fresh: func(w *world, who *actor) call { return call{path: path, body: body(w, who)} }}
}

func (w *world) denAfter(way ...string) func(*world) (lanzha.ID, int64) {
	return func(w *world) (lanzha.ID, int64) { return w.den(way...) }
}

// member is an account of here that an administrator may change.
func member(path string, method string, body fields, versioned bool) access {
	return access{fresh: func(w *world, _ *actor) call {
		a := w.account(auth.Draft{Roles: []auth.Role{auth.Officer}, Region: here})
		c := call{path: fmt.Sprintf(path, a.id), body: body}
		if versioned {
			c.version = version(w.read(w.in[auth.Admin], "/accounts/"+string(a.id), nil))
		}
		if method == http.MethodPut {
			c.body = fields{"name": "改名", "roles": []auth.Role{auth.Analyst}, "region": here}
		}
		return c
	}}
}

// visitor is an account of an institution, whose region is here: institutions'
// accounts are kept by the administrator of the region that they state.
func (w *world) visitor() *actor {
	return w.account(auth.Draft{Roles: []auth.Role{auth.Responder}, Region: here, Institution: w.carriers[0].ID})
}

// ofFile is the officer of the institution that is spoken to by files.
func ofFile(w *world, role auth.Role) *actor {
	if role != auth.Responder {
		return w.in[role]
	}
	return w.account(auth.Draft{Roles: []auth.Role{role}, Institution: w.byFile.ID})
}

func file(path, contentType string, text func(w *world) string) access {
	return access{stranger: untaken, fresh: func(w *world, _ *actor) call {
		return call{path: path, contentType: contentType, raw: text(w)}
	}}
}

func (w *world) institution(region lanzha.Region) fields {
	n := w.serial.Add(1)
	return fields{"code": fmt.Sprintf("bank-%d", n), "name": fmt.Sprintf("模拟银行%d", n), "kind": "bank", "region": region, "gateway": "manual"}
}

// cases has an entry for every operation.
func cases() map[string]access {
	w := (*world)(nil)
	found := fields{"people": 1, "devices": fields{"goip": 1}, "note": "现场查获设备"}
	reason := fields{"reason": "核查后不予办理"}
	own := []auth.Role{auth.Responder}
	all := map[string]access{
		// Oneself.
		"getMe":     get("/me"),
		"offerTOTP": {fresh: func(*world, *actor) call { return call{path: "/me/totp"} }},
		"confirmTOTP": {refused: http.StatusUnprocessableEntity, fresh: func(*world, *actor) call {
			return call{path: "/me/totp", body: fields{"totp": "000000"}}
		}},
		"dropTOTP": {refused: http.StatusConflict, fresh: func(*world, *actor) call {
			return call{path: "/me/totp", body: fields{"totp": "000000"}}
		}},
		"changePassword": {fresh: func(_ *world, who *actor) call {
			was := who.password
			who.password = "another " + was
			return call{path: "/me/password", body: fields{"current": was, "next": who.password}}
		}},
		"signOut":    {fresh: func(*world, *actor) call { return call{path: "/session"} }},
		"signInWays": {nobody: http.StatusOK, fresh: get("/session").fresh},
		"signIn": {nobody: http.StatusUnauthorized, fresh: func(*world, *actor) call {
			return call{path: "/session", body: fields{"login": "no-such-login", "password": "whatever it is"}}
		}},
		"startOIDC":  {nobody: http.StatusNotFound, fresh: get("/session/oidc").fresh},
		"finishOIDC": {nobody: http.StatusNotFound, fresh: get("/session/oidc/callback?state=a&code=b").fresh},

		// The house.
		"listAccounts": list("/accounts"),
		"createAccount": create("/accounts", func(w *world, _ *actor) fields {
			return fields{"login": fmt.Sprintf("new-%d", w.serial.Add(1)), "name": "新同事", "roles": []auth.Role{auth.Officer}, "region": here}
		}),
		"getAccount":    member("/accounts/%s", http.MethodGet, nil, false),
		"updateAccount": member("/accounts/%s", http.MethodPut, nil, true),
		"resetPassword": member("/accounts/%s/password", http.MethodPost, fields{}, true),
		"listCredentials": {fresh: func(w *world, _ *actor) call {
			return call{path: "/accounts/" + string(w.visitor().id) + "/credentials"}
		}},
		"createKey": {fresh: func(w *world, _ *actor) call {
			return call{path: "/accounts/" + string(w.visitor().id) + "/keys", body: fields{"name": "对接"}}
		}},
		"addCertificate": {fresh: func(w *world, _ *actor) call {
			return call{path: "/accounts/" + string(w.visitor().id) + "/certificates", body: fields{"name": "对接", "certificate": certificate(w)}}
		}},
		"revokeCredential": {fresh: func(w *world, _ *actor) call {
			a := w.visitor()
			key, _ := w.made(w.in[auth.Admin], "/accounts/"+string(a.id)+"/keys", fields{"name": "对接"})
			return call{path: "/accounts/" + string(a.id) + "/credentials/" + string(key)}
		}},
		"listPeople":  list("/people"),
		"listJournal": list("/journal?limit=500"),
		"liveEvents":  list("/events"),

		// What the centre knows.
		"getNumber":        get("/numbers/13888812345"),
		"listInstitutions": list("/institutions?limit=500"),
		"getInstitution": {fresh: func(w *world, who *actor) call {
			id := who.institution
			if id == "" {
				id = w.carriers[0].ID
			}
			return call{path: "/institutions/" + string(id)}
		}},
		"createInstitution": create("/institutions", func(w *world, _ *actor) fields { return w.institution(here) }),
		"changeInstitution": {fresh: func(w *world, _ *actor) call {
			body := w.institution(here)
			id, v := w.made(w.in[auth.Admin], "/institutions", body)
			body["name"] = "改名的模拟银行"
			return call{path: "/institutions/" + string(id), version: v, body: body}
		}},
		"importInstitutions": file("/institutions/import", "text/csv", func(w *world) string {
			n := w.serial.Add(1)
			return fmt.Sprintf("code,name,kind,region,gateway\ncsv-%d,模拟支付%d,payment,%s,manual\n", n, n, here)
		}),
		"importPorted": {fresh: func(w *world, _ *actor) call {
			id, _ := w.made(w.in[auth.Admin], "/institutions", fields{
				"code": fmt.Sprintf("mobile-%d", w.serial.Add(1)), "name": "模拟移动", "kind": "carrier", "region": here, "gateway": "manual",
			})
			return call{path: "/institutions/" + string(id) + "/ported", contentType: "text/csv", raw: "number\n" + w.number() + "\n"}
		}},
		"listDuty": get("/duty"),
		"dutyNow":  get("/duty/now"),
		"replaceDuty": {fresh: func(w *world, _ *actor) call {
			day := time.Now().AddDate(0, 0, 10+int(w.serial.Add(1)))
			at := time.Date(day.Year(), day.Month(), day.Day(), 8, 0, 0, 0, w.house.Config.Location())
			return call{path: "/duty", unversioned: true, body: fields{"region": hereDistrict, "day": at.Format(time.DateOnly), "entries": []fields{
				{"account": w.keeper.id, "role": "leader", "from": at, "to": at.Add(8 * time.Hour)},
			}}}
		}},

		// Reports.
		"createReport": create("/reports", func(w *world, _ *actor) fields {
			return fields{"type": "tip", "region": hereDistrict, "text": "有人冒充客服，号码" + w.number()}
		}),
		"listReports":    list("/reports?limit=500"),
		"getReport":      shared("/reports/%s", "report"),
		"reportTimeline": shared("/reports/%s/timeline", "report"),
		"closeReport":    on("/reports/%s/close", (*world).report, fields{"note": "已转办"}),
		"revealReport":   on("/reports/%s/reveal", (*world).report, fields{"field": "caller.phone", "purpose": "回访报警人"}),
		"extract":        create("/extract", func(*world, *actor) fields { return fields{"text": "号码13888812345"} }),
		"importReports": file("/reports/import", "text/csv", func(w *world) string {
			return "type,region,text\ntip," + string(hereDistrict) + ",号码" + w.number() + "\n"
		}),

		// Clues and lookups.
		"createClue":   create("/clues", func(w *world, _ *actor) fields { return fields{"value": w.number(), "region": hereDistrict} }),
		"listClues":    list("/clues?limit=500"),
		"getClue":      shared("/clues/%s", "clue"),
		"clueTimeline": shared("/clues/%s/timeline", "clue"),
		"judgeClue":    on("/clues/%s/truth", (*world).clue, fields{"truth": "true"}),
		"closeClue":    on("/clues/%s/close", (*world).clue, reason),
		"pushLead": {
			open: own, why: "a lead is pushed to the division that should act on it: a centre pushes to all",
			fresh: func(w *world, _ *actor) call {
				return call{path: "/leads", body: fields{"value": w.number(), "region": hereDistrict}}
			},
		},
		"askLookups": create("/lookups", func(w *world, _ *actor) fields {
			clue, _ := w.clue()
			return fields{"clues": []lanzha.ID{clue}, "institutions": []lanzha.ID{w.carriers[0].ID}, "purpose": "核查涉诈线索", "legalBasis": "反电信网络诈骗法", "region": hereDistrict}
		}),
		"listLookups":  list("/lookups?state=answered&limit=500"),
		"getLookup":    shared("/lookups/%s", "lookup"),
		"answerLookup": on("/lookups/%s/answer", (*world).freshLookup, fields{"lineStatus": "在用"}),
		"refuseLookup": on("/lookups/%s/refuse", (*world).freshLookup, fields{"reason": "非本网号码"}),
		"cancelLookup": on("/lookups/%s/cancel", (*world).freshLookup, fields{"reason": "无需再查"}),
		"revealLookup": {fresh: func(w *world, _ *actor) call {
			return call{path: "/lookups/" + string(w.planted["lookup"]) + "/reveal", body: fields{"field": "subscriber.name", "purpose": "制作文书"}}
		}},
		"importLookups": file("/lookups/import", "text/csv", func(w *world) string {
			return fmt.Sprintf("value,region,institution,purpose,legal_basis\n%s,%s,%s,核查涉诈线索,反电信网络诈骗法\n", w.number(), hereDistrict, w.carriers[0].Code)
		}),
		"institutionFigures": list("/figures/institutions"),
		"getPlatformEntry":   {as: ofFile, fresh: shared("/platform/entries/%s", "entry").fresh},
		"takeReceipts": {as: ofFile, stranger: untaken, fresh: func(w *world, _ *actor) call {
			clue, _ := w.clue()
			id, _ := w.lookup(clue, w.byFile.ID)
			return call{path: "/platform/receipts", contentType: "application/octet-stream", raw: "key,state,platformNo,at,reason\n" + string(id) + ",acknowledged,MN1," + time.Now().Format(time.RFC3339) + ",\n"}
		}},

		// Disposals.
		"requestDisposals": create("/disposals", func(w *world, _ *actor) fields {
			clue, _ := w.clue()
			return w.request(clue)
		}),
		"listDisposals":    list("/disposals?state=done&limit=500"),
		"disposalKinds":    {stranger: elsewhere, fresh: get("/disposals/kinds").fresh},
		"getDisposal":      shared("/disposals/%s", "disposal"),
		"disposalTimeline": shared("/disposals/%s/timeline", "disposal"),
		"whyDisposed": {stranger: elsewhere, fresh: func(w *world, _ *actor) call {
			value := w.read(w.planter, "/disposals/"+string(w.planted["disposal"]), nil)["value"].(string)
			return call{path: "/disposals/why?number=" + value[len("+86"):]}
		}},
		"approveDisposal": {fresh: func(w *world, _ *actor) call {
			_, id, v := w.batch()
			return call{path: "/disposals/" + string(id) + "/approve", version: v}
		}},
		"rejectDisposal": {fresh: func(w *world, _ *actor) call {
			_, id, v := w.batch()
			return call{path: "/disposals/" + string(id) + "/reject", version: v, body: reason}
		}},
		"approveDisposalBatch": {fresh: func(w *world, _ *actor) call {
			batch, _, _ := w.batch()
			return call{path: "/disposals/batches/" + string(batch) + "/approve"}
		}},
		"rejectDisposalBatch": {fresh: func(w *world, _ *actor) call {
			batch, _, _ := w.batch()
			return call{path: "/disposals/batches/" + string(batch) + "/reject", body: reason}
		}},
		"acknowledgeDisposal": on("/disposals/%s/acknowledge", (*world).order, fields{}),
		"doneDisposal":        on("/disposals/%s/done", (*world).order, fields{}),
		"refuseDisposal":      on("/disposals/%s/refuse", (*world).order, reason),
		"undoDisposal":        on("/disposals/%s/undo", (*world).done, reason),
		"serveDisposal":       on("/disposals/%s/serve", (*world).done, fields{"how": "sms"}),
		"objectDisposal":      on("/disposals/%s/object", (*world).done, fields{"note": "本人号码"}),
		"answerObjection": {fresh: func(w *world, _ *actor) call {
			id, objection, v := w.objection()
			return call{path: "/disposals/" + string(id) + "/answer", version: v, body: fields{"objection": objection, "accepted": false, "answer": "维持"}}
		}},
		"listProtected": get("/protected"),
		"protect": create("/protected", func(w *world, _ *actor) fields {
			return fields{"value": "0871-6" + fmt.Sprintf("%07d", w.serial.Add(1)), "name": "模拟医院", "category": "hospital", "why": "急诊电话"}
		}),
		"unprotect": {fresh: func(w *world, _ *actor) call {
			id, v := w.made(w.keeper, "/protected", fields{"value": "0871-6" + fmt.Sprintf("%07d", w.serial.Add(1)), "name": "模拟医院", "why": "急诊电话"})
			return call{path: "/protected/" + string(id), version: v}
		}},

		// Dens.
		"listDens":        list("/dens?limit=500"),
		"getDen":          shared("/dens/%s", "den"),
		"denFigures":      list("/figures/dens"),
		"analyseDen":      on("/dens/%s/analyse", w.denAfter(), fields{"opinion": "建议核查"}),
		"dismissDen":      on("/dens/%s/dismiss", w.denAfter(), reason),
		"approveDen":      on("/dens/%s/approve", w.denAfter("analyse"), fields{"documentKind": "inspection", "documentNo": "模检字2号"}),
		"rejectDen":       on("/dens/%s/reject", w.denAfter("analyse"), reason),
		"receiveDen":      on("/dens/%s/receive", w.denAfter("analyse", "approve", "dispatch"), nil),
		"confirmDen":      on("/dens/%s/confirm", w.denAfter("analyse", "approve", "dispatch", "receive"), found),
		"nothingFoundDen": on("/dens/%s/nothing-found", w.denAfter("analyse", "approve", "dispatch", "receive"), fields{"note": "现场无异常"}),
		"dispatchDen": {fresh: func(w *world, _ *actor) call {
			id, v := w.den("analyse", "approve")
			return call{path: "/dens/" + string(id) + "/dispatch", version: v, body: fields{"institution": w.units[0].ID}}
		}},

		// Dossiers and search.
		"listDossiers":    list("/dossiers?limit=500"),
		"createDossier":   create("/dossiers", func(*world, *actor) fields { return fields{"title": "模拟专档", "region": hereDistrict} }),
		"getDossier":      shared("/dossiers/%s", "dossier"),
		"dossierTimeline": shared("/dossiers/%s/timeline", "dossier"),
		"linkDossier": {fresh: func(w *world, _ *actor) call {
			id, v := w.dossier()
			return call{path: "/dossiers/" + string(id) + "/links", version: v, body: fields{"record": w.planted["clue"], "kind": "clue"}}
		}},
		"fileDossier":  on("/dossiers/%s/file", (*world).dossier, fields{"documentNo": "模立字1号", "filedOn": time.Now().AddDate(0, 0, -1).Format(time.DateOnly)}),
		"closeDossier": on("/dossiers/%s/close", (*world).dossier, reason),
		"search":       get("/search?q=13888812345"),
	}
	maps.Copy(all, packCases())
	maps.Copy(all, alertCases())
	maps.Copy(all, detectionCases())
	maps.Copy(all, feedCases())
	maps.Copy(all, registerCases())
	maps.Copy(all, checkCases())
	return all
}

// last are operations that end what the others need.
func last(ids []string) []string {
	slices.SortStableFunc(ids, func(a, b string) int {
		at := func(id string) int { return slices.Index([]string{"changePassword", "signOut"}, id) }
		return at(a) - at(b)
	})
	return ids
}
