package access_test

import (
	"fmt"
	"net/http"
	"strings"

	"lanzha"
)

// number is a mobile number that nobody else has here.
func (w *world) number() string { return fmt.Sprintf("1398710%04d", w.serial.Add(1)) }

func (w *world) report() (lanzha.ID, int64) {
	n := w.serial.Add(1)
	return w.made(w.planter, "/reports", fields{
		"type": "report", "channel": "phone", "region": hereDistrict, "ref110": fmt.Sprintf("KM%08d", n),
		"text": "对方自称客服，来电号码" + w.number() + "，让我转账3.5万元。", "caller": fields{"name": "模拟甲", "phone": w.number()},
	})
}

func (w *world) clue() (lanzha.ID, int64) {
	return w.made(w.planter, "/clues", fields{"value": w.number(), "region": hereDistrict})
}

// lookup asks the carrier about a clue, and waits until the question is out.
func (w *world) lookup(clue lanzha.ID, to lanzha.ID) (lanzha.ID, int64) {
	id, _ := w.made(w.planter, "/lookups", fields{
		"clues": []lanzha.ID{clue}, "institutions": []lanzha.ID{to}, "purpose": "核查涉诈线索", "legalBasis": "反电信网络诈骗法", "region": hereDistrict,
	})
	return id, version(w.read(w.planter, "/lookups/"+string(id), inState("sent")))
}

func (w *world) freshLookup() (lanzha.ID, int64) {
	clue, _ := w.clue()
	return w.lookup(clue, w.carriers[0].ID)
}

// answered is a lookup with an answer that names a person.
func (w *world) answered(address string) (clue, lookup lanzha.ID) {
	clue, _ = w.clue()
	lookup, v := w.lookup(clue, w.carriers[0].ID)
	w.ok(w.in["responder"], call{method: http.MethodPost, path: "/lookups/" + string(lookup) + "/answer", version: v, body: fields{
		"subscriber": fields{"name": "模拟乙", "idNumber": "530102199003070012"}, "installAddress": address, "addressRole": "installation", "lineStatus": "在用",
	}})
	return clue, lookup
}

// den raises a den by two answers of one address, and takes it the way along.
func (w *world) den(way ...string) (lanzha.ID, int64) {
	address := fmt.Sprintf("云南省昆明市呈贡区景明南路%d号2栋305室", 1000+w.serial.Add(1))
	clue, _ := w.answered(address)
	w.answered(address)
	id := lanzha.ID("")
	w.read(w.planter, "/clues/"+string(clue)+"/timeline", func(r fields) bool {
		for _, row := range r["items"].([]any) {
			if row := row.(fields); row["kind"] == "den.suspected" {
				id = lanzha.ID(row["record"].(string))
			}
		}
		return id != ""
	})
	path := "/dens/" + string(id)
	den := w.read(w.planter, path, nil)
	for _, verb := range way {
		who, body := w.planter, fields{}
		switch verb {
		case "analyse":
			body["opinion"] = "建议现场核查"
		case "approve":
			who, body = w.keeper, fields{"documentKind": "inspection", "documentNo": "模检字1号"}
		case "dispatch":
			body["institution"] = w.units[0].ID
		case "receive":
			who, body = w.in["unit"], nil
		}
		w.ok(who, call{method: http.MethodPost, path: path + "/" + verb, version: version(den), body: body})
		den = w.read(w.planter, path, nil)
	}
	return id, version(den)
}

// order is a disposal that has gone out to the carrier.
func (w *world) order() (lanzha.ID, int64) {
	clue, _ := w.clue()
	id, _ := w.made(w.planter, "/disposals", w.request(clue))
	return id, version(w.read(w.planter, "/disposals/"+string(id), inState("sent")))
}

func (w *world) request(clues ...lanzha.ID) fields {
	return fields{"clues": clues, "kind": "shutdown", "region": hereDistrict, "institution": w.carriers[0].ID, "reason": "涉诈电话卡", "legalBasis": "反电信网络诈骗法第三十二条"}
}

// done is a disposal that was carried out.
func (w *world) done() (lanzha.ID, int64) {
	id, v := w.order()
	w.ok(w.in["responder"], call{method: http.MethodPost, path: "/disposals/" + string(id) + "/done", version: v, body: fields{}})
	return id, version(w.read(w.planter, "/disposals/"+string(id), nil))
}

// batch is two disposals that wait for a second officer.
func (w *world) batch() (batch, first lanzha.ID, v int64) {
	a, _ := w.clue()
	b, _ := w.clue()
	var out struct {
		Items []struct {
			ID, Batch lanzha.ID
			Version   int64
		}
	}
	w.ok(w.planter, call{method: http.MethodPost, path: "/disposals", body: w.request(a, b)}).into(w.t, &out)
	return out.Items[0].Batch, out.Items[0].ID, out.Items[0].Version
}

func (w *world) objection() (disposal, objection lanzha.ID, v int64) {
	disposal, _ = w.done()
	objection, _ = w.made(w.planter, "/disposals/"+string(disposal)+"/object", fields{"note": "本人号码，请求复核"})
	return disposal, objection, version(w.read(w.planter, "/disposals/"+string(disposal), nil))
}

func (w *world) dossier() (lanzha.ID, int64) {
	return w.made(w.planter, "/dossiers", fields{"title": fmt.Sprintf("模拟专档%d", w.serial.Add(1)), "region": hereDistrict})
}

// plant makes the records that cases and searches share, and what no stranger
// may read of them.
func (w *world) plant() {
	report, _ := w.report()
	answeredClue, answered := w.answered("云南省昆明市呈贡区景明南路900号2栋305室")
	batch, batched, _ := w.batch()
	done, objection, _ := w.objection()
	den, _ := w.den("analyse", "approve", "dispatch")
	filed, _ := w.dossier()
	clue, _ := w.clue()
	entry, _ := w.lookup(clue, w.byFile.ID)
	for name, id := range map[string]lanzha.ID{
		"report": report, "clue": answeredClue, "lookup": answered, "batch": batch, "requested": batched, "disposal": done,
		"objection": objection, "den": den, "dossier": filed, "entry": entry, "entryClue": clue,
	} {
		w.planted[name] = id
		w.needles = append(w.needles, string(id))
	}
	for path, field := range map[string]string{
		"/reports/" + string(report): "ref110", "/clues/" + string(answeredClue): "value", "/dens/" + string(den): "address", "/dossiers/" + string(filed): "no",
		"/disposals/" + string(done): "value",
	} {
		w.needles = append(w.needles, w.read(w.planter, path, nil)[field].(string))
	}
	w.needles = append(w.needles, w.told.Den.Address)
}

// leaks are the needles that a text holds.
func (w *world) leaks(text string) (out []string) {
	for _, n := range w.needles {
		if strings.Contains(text, n) {
			out = append(out, n)
		}
	}
	return out
}
