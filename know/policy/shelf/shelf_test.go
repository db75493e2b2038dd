package shelf_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/base/sqldb/sqltest"
	"lanzha/know/policy"
	"lanzha/know/policy/shelf"
)

// TestShippedPacks: what the release brings along is in force, can be read and
// asked by everybody who is signed in, and stands in the journal once.
func TestShippedPacks(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		h := open(t, db)
		open(t, db) // a second start changes nothing
		var list api.List[shelf.Summary]
		for _, as := range []string{"officer", "bank", "auditor"} {
			h.call(as, "GET", "/policy/packs", 200, nil, &list)
		}
		h.call("", "GET", "/policy/packs", 401, nil, nil)
		if len(list.Items) != len(policy.ShippedFiles()) {
			t.Fatalf("%d packs are listed, and %d are shipped", len(list.Items), len(policy.ShippedFiles()))
		}
		rows, err := h.journal.Search(t.Context(), db.Read(), journal.Filter{Kind: "policy.activated", Limit: 100})
		if err != nil || len(rows) != len(list.Items) {
			t.Errorf("%d activations are journaled for %d packs (%v)", len(rows), len(list.Items), err)
		}

		var p shelf.Body
		h.call("bank", "GET", "/policy/packs/mask-guidance-2023", 200, nil, &p)
		if p.Origin != shelf.Release || len(p.Versions) != 1 || !p.Versions[0].InForce || p.View.SHA256 != p.SHA256 || p.Rows["C"] == 0 {
			t.Errorf("the pack is told as %+v", p.Summary)
		}
		found := false
		for _, table := range p.View.Tables {
			for _, r := range table.Rows {
				if r.ID == "MK-05" {
					found = r.Citation.Phrase != "" && r.Citation.Document != "" && r.Says.ZH != "" && r.Then != nil
				}
			}
		}
		if !found {
			t.Error("row MK-05 has no citation, words or outcome")
		}
		var text shelf.TextBody
		h.call("auditor", "GET", "/policy/texts/"+p.SHA256, 200, nil, &text)
		shipped, err := os.ReadFile("../packs/mask-guidance-2023.yaml")
		if err != nil || len(text.Files) != 1 || text.Files[0].Text != string(shipped) {
			t.Errorf("the text behind the hash is not the shipped file (%v)", err)
		}
		h.call("auditor", "GET", "/policy/texts/"+strings.Repeat("0", 64), 404, nil, nil)
		h.call("auditor", "GET", "/policy/packs/none", 404, nil, nil)

		var a policy.Answer
		h.call("bank", "POST", "/policy/packs/mask-guidance-2023/eval", 200, object{"input": object{"person": object{"ageMonths": 30}, "setting": "supermarket", "highSeason": true}}, &a)
		if !slices.ContainsFunc(a.Matched, func(m policy.Match) bool { return m.Row == "MK-10" && m.Citation.Article != "" }) || a.Pack.SHA256 != p.SHA256 {
			t.Errorf("the mask example answers %+v", a)
		}
		var wrong api.Problem
		h.call("bank", "POST", "/policy/packs/mask-guidance-2023/eval", 422, object{"input": object{"person": object{"ageMonths": -1}}}, &wrong)
		if len(wrong.Errors) != 1 || wrong.Errors[0].Location != "body.input.person.ageMonths" {
			t.Errorf("a wrong input is told as %+v", wrong)
		}
		var schema struct {
			Properties map[string]struct{ Properties object }
		}
		h.call("bank", "GET", "/policy/packs/mask-guidance-2023/schema", 200, nil, &schema)
		if schema.Properties["person"].Properties["ageMonths"] == nil {
			t.Errorf("the schema has no person.ageMonths: %+v", schema)
		}
		var cases struct {
			Items  []policy.CaseView
			Failed int
		}
		h.call("officer", "GET", "/policy/packs/mask-guidance-2023/cases", 200, nil, &cases)
		if len(cases.Items) < 5 || cases.Failed != 0 {
			t.Errorf("%d cases, %d failed", len(cases.Items), cases.Failed)
		}
	})
}

// TestActivation is the whole way of a text, from a draft with errors to a
// version that replaces it, and what an old decision finds afterwards.
func TestActivation(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		h := open(t, db)
		// A text with an error is kept with it, serves nobody and is not activated.
		bad := h.draft("analyst", strings.Replace(feePack("1", "100"), "who == 'person'", "whom == 'person'", 1), "")
		if len(bad.Check.Problems) == 0 || bad.View != nil || bad.Problems == 0 || bad.State != shelf.Open {
			t.Fatalf("a draft with an error: %+v", bad)
		}
		var p api.Problem
		activate := func(d shelf.DraftBody) string { return "/policy/drafts/" + string(d.ID) + "/activate" }
		h.call("leader", "POST", activate(bad), 409, object{}, &p, "If-Match", `"1"`)
		h.call("officer", "POST", "/policy/packs/fee/eval", 404, object{"input": object{}}, nil)
		// One that cannot be read at all is refused unless it is said what it is.
		h.call("analyst", "POST", "/policy/drafts", 422, object{"text": "pack: [fee"}, &p)
		h.call("analyst", "POST", "/policy/drafts", 201, object{"text": "pack: [fee", "pack": "fee", "place": "nation"}, nil)

		// Mended, it goes into force by another.
		var d shelf.DraftBody
		path := "/policy/drafts/" + string(bad.ID)
		h.call("analyst", "PUT", path, 428, object{"text": feePack("1", "100")}, nil)
		h.call("analyst", "PUT", path, 200, object{"text": feePack("1", "100"), "cases": feeCases("100")}, &d, "If-Match", `"1"`)
		if len(d.Check.Problems) != 0 || len(d.Check.Cases) != 1 || d.View == nil || d.Version != 2 {
			t.Fatalf("the mended draft: %+v", d.Check)
		}
		h.call("leader", "POST", activate(d), 409, object{}, nil, "If-Match", `"1"`) // an older version was read
		h.call("analyst", "POST", activate(d), 403, object{}, nil, "If-Match", `"2"`)
		h.call("elsewhere", "POST", activate(d), 404, object{}, nil, "If-Match", `"2"`)
		h.call("district", "POST", activate(d), 404, object{}, nil, "If-Match", `"2"`)
		d = h.activate("leader", d)
		if d.State != shelf.Activated || d.Edition == "" || d.DecidedBy != h.actors["leader"].ID {
			t.Errorf("activated: %+v", d.DraftSummary)
		}
		fee, first := h.fee("bank", object{})
		if fee != 100.0 {
			t.Errorf("the fee is %v", fee)
		}

		// Who wrote it last proposes it, and does not activate it.
		own := h.draft("leader", feePack("2", "200"), feeCases("200"))
		h.call("leader", "POST", activate(own), 403, object{}, &p, "If-Match", `"1"`)
		if !slices.ContainsFunc(own.Changes, func(c policy.Change) bool {
			return c.ID == "FE-1" && c.Kind == "changed" && len(c.Fields) == 1 && c.Fields[0] == policy.FieldChange{Field: "then", Old: "fee: 100", New: "fee: 200"}
		}) {
			t.Errorf("the difference is %+v", own.Changes)
		}
		// A text that does not count up, or whose cases do not hold, is none.
		for name, wrong := range map[string]shelf.DraftBody{
			"the same version": h.draft("analyst", feePack("1", "300"), feeCases("300")),
			"a failing case":   h.draft("analyst", feePack("2", "300"), ""),
			"no source":        h.draft("analyst", strings.Replace(feePack("2", "200"), "then: {fee: 200}, source: law,", "then: {fee: 200},", 1), feeCases("200")),
		} {
			if len(wrong.Check.Problems) != 1 {
				t.Errorf("%s: %+v", name, wrong.Check.Problems)
			}
			h.call("leader", "POST", activate(wrong), 409, object{}, nil, "If-Match", `"1"`)
		}
		if fee, _ := h.fee("bank", object{}); fee != 100.0 {
			t.Errorf("while drafts fail, the fee is %v", fee)
		}
		stale := h.draft("analyst", feePack("2", "250"), feeCases("250"))
		h.activate("second", own)
		h.call("leader", "POST", activate(stale), 409, object{}, nil, "If-Match", `"1"`) // version 2 is taken
		fee, second := h.fee("bank", object{})
		old, named := h.fee("bank", object{"sha256": first})
		if fee != 200.0 || old != 100.0 || named != first || second == first {
			t.Errorf("the fee is %v, and %v by the old text", fee, old)
		}
		// Ten versions later the first still explains itself.
		for v := 3; v <= 12; v++ {
			h.activate("leader", h.draft("analyst", feePack(fmt.Sprint(v), fmt.Sprint(v*100)), feeCases(fmt.Sprint(v*100))))
		}
		again := open(t, db)
		if old, _ := again.fee("auditor", object{"sha256": first}); old != 100.0 {
			t.Errorf("after ten versions the first says %v", old)
		}
		var body shelf.Body
		again.call("officer", "GET", "/policy/packs/fee", 200, nil, &body)
		if body.Version != 12 || len(body.Versions) != 12 || body.Versions[11].SHA256 != first || body.Versions[0].ActivatedBy != h.actors["leader"].ID || body.Versions[0].ProposedBy != h.actors["analyst"].ID {
			t.Errorf("the versions are %+v", body.Versions)
		}
		var diff shelf.Difference
		again.call("officer", "GET", "/policy/packs/fee/diff?older="+first+"&newer="+second, 200, nil, &diff)
		if diff.Older.Version != 1 || diff.Newer.Version != 2 || len(diff.Changes) != 1 || diff.Changes[0].ID != "FE-1" {
			t.Errorf("the difference of 1 and 2 is %+v", diff)
		}
		rows, err := h.journal.Search(t.Context(), db.Read(), journal.Filter{Kind: "policy.activated", Actor: h.actors["second"].ID, Limit: 10})
		if err != nil || len(rows) != 1 || !strings.Contains(string(rows[0].Payload), second) || !strings.Contains(string(rows[0].Payload), `"version":2`) {
			t.Errorf("the journal tells the second activation as %+v (%v)", rows, err)
		}
	})
}

// TestAllProcessesSwap: what one process activates another serves within a
// second, and tells when it cannot.
func TestAllProcessesSwap(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		one, other := open(t, db), open(t, db)
		other.run()
		one.activate("leader", one.draft("analyst", feePack("1", "100"), feeCases("100")))
		served := func(version int) {
			t.Helper()
			for deadline := time.Now().Add(10 * time.Second); ; {
				p, err := other.shelf.Library.Pack("fee")
				if err == nil && p.Version() == version {
					return
				}
				if time.Now().After(deadline) {
					t.Fatalf("the other process does not serve version %d: %v", version, err)
				}
				time.Sleep(10 * time.Millisecond)
			}
		}
		served(1)
		one.activate("leader", one.draft("analyst", feePack("2", "200"), feeCases("200")))
		served(2)
		if err := other.shelf.Current(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestValuesOfAnOperator: a parameter that the law leaves open is set for a
// place, with its citation, and only there.
func TestValuesOfAnOperator(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		h := open(t, db)
		h.activate("leader", h.draft("analyst", feePack("1", "100"), feeCases("100")))
		value := func(change object) object {
			v := object{
				"parameter": "unitFee", "value": "500", "from": "2026-01-01", "document": "《某市收费标准》", "number": "某发〔2025〕9号", "article": "第五条", "phrase": "单位每次五元",
				"status": "L", "confirmedBy": "法制支队", "confirmedOn": "2026-11-20",
			}
			for k, x := range change {
				v[k] = x
			}
			return v
		}
		ask := func(place string, values ...object) object {
			return object{"pack": "fee", "place": place, "values": values}
		}
		for field, change := range map[string]object{
			"body.values[1].parameter": {"parameter": "none"}, "body.values[1].value": {"value": "five"}, "body.values[1].until": {"until": "2025-01-01"}, "body.values[1].confirmedOn": {"confirmedOn": ""},
		} {
			var p api.Problem
			if field == "body.values[1].confirmedOn" {
				change = object{"confirmedBy": ""}
			}
			h.call("analyst", "POST", "/policy/drafts/values", 422, ask("5301", value(nil), value(change)), &p)
			if len(p.Errors) != 1 || p.Errors[0].Location != field {
				t.Errorf("%v is told as %+v", change, p)
			}
		}
		h.call("analyst", "POST", "/policy/drafts/values", 422, ask("nation", value(nil)), nil)
		h.call("analyst", "POST", "/policy/drafts/values", 404, ask("4401", value(nil)), nil) // not the analyst's region
		h.call("officer", "POST", "/policy/drafts/values", 403, ask("5301", value(nil)), nil)

		var d shelf.DraftBody
		h.call("analyst", "POST", "/policy/drafts/values", 201, ask("530100", value(nil)), &d, "Idempotency-Key", "k")
		if d.Place != "5301" || d.Region != "530100" || len(d.Check.Problems) != 0 || len(d.Changes) == 0 {
			t.Fatalf("the draft: %+v", d)
		}
		var again shelf.DraftBody
		h.call("analyst", "POST", "/policy/drafts/values", 201, ask("530100", value(nil)), &again, "Idempotency-Key", "k")
		if again.ID != d.ID {
			t.Error("a repeat made a second draft")
		}
		h.activate("leader", d)
		unit := func(place string) any {
			fee, _ := h.fee("officer", object{"input": object{"who": "unit"}, "jurisdiction": place})
			return fee
		}
		if here, nation := unit("530114"), unit("nation"); here != 500.0 || nation != nil {
			t.Errorf("a unit pays %v here and %v in the nation", here, nation)
		}
		// A second value joins the overlay that is in force.
		h.call("analyst", "POST", "/policy/drafts/values", 201, ask("5301", value(object{"from": "2027-01-01", "value": "600"})), &d)
		h.activate("leader", d)
		var body shelf.Body
		h.call("officer", "GET", "/policy/packs/fee?place=5301", 200, nil, &body)
		values := body.View.Parameters[0].Values
		if len(values) != 2 || values[0].Value != "500" || values[0].Effective.Until != "2027-01-01" || values[1].Value != "600" || values[0].Jurisdiction != "5301" || values[0].ConfirmedBy != "法制支队" || values[1].Citation.Document != "《某市收费标准》" || len(body.View.Sources) != 2 {
			t.Errorf("the values are %+v with sources %+v", values, body.View.Sources)
		}
		if body.Version != 1 || len(body.Versions) != 3 {
			t.Errorf("version %d after %d activations: an overlay leaves the pack's own version", body.Version, len(body.Versions))
		}
		// A leader of the district decides on the district's overlay alone.
		h.call("district", "POST", "/policy/drafts/values", 201, ask("530114", value(nil)), nil)
		h.call("district", "POST", "/policy/drafts/values", 404, ask("5301", value(nil)), nil)
	})
}

// TestComments: what is said of a draft is answered one by one, and whoever
// activates has seen what is open.
func TestComments(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		h := open(t, db)
		d := h.draft("analyst", feePack("1", "100"), feeCases("100"))
		path := "/policy/drafts/" + string(d.ID)
		var first, second shelf.CommentBody
		h.call("bank", "POST", path+"/comments", 201, object{"row": "FE-1", "text": "收费过高"}, &first, "Idempotency-Key", "c")
		h.call("bank", "POST", path+"/comments", 201, object{"row": "FE-1", "text": "收费过高"}, &second, "Idempotency-Key", "c")
		if first.ID != second.ID || first.Institution != h.actors["bank"].Institution || first.DraftVersion != 1 {
			t.Errorf("the comment: %+v, again %+v", first, second)
		}
		h.call("officer", "POST", path+"/comments", 201, object{"text": "整体同意"}, &second)
		h.call("officer", "POST", path+"/comments", 422, object{"row": "FE-9", "text": "无此行"}, nil)
		h.call("officer", "POST", path+"/comments", 422, object{"text": "  "}, nil)
		h.call("auditor", "POST", path+"/comments", 403, object{"text": "不评论"}, nil)

		answer := func(c lanzha.ID) string { return path + "/comments/" + string(c) + "/answer" }
		h.call("analyst", "POST", answer(first.ID), 422, object{"accepted": false}, nil)
		h.call("officer", "POST", answer(first.ID), 403, object{"accepted": true}, nil)
		h.call("elsewhere", "POST", answer(first.ID), 404, object{"accepted": true}, nil)
		var done shelf.CommentBody
		h.call("analyst", "POST", answer(first.ID), 200, object{"accepted": false, "answer": "依据第一条"}, &done)
		if done.Accepted || done.Answer != "依据第一条" || done.AnsweredBy != h.actors["analyst"].ID {
			t.Errorf("the answer: %+v", done)
		}
		h.call("analyst", "POST", answer(first.ID), 409, object{"accepted": true}, nil)

		var p api.Problem
		h.call("leader", "POST", path+"/activate", 409, object{}, &p, "If-Match", `"1"`)
		if len(p.Errors) != 1 || p.Errors[0].Location != "body.openComments" {
			t.Errorf("an open comment is told as %+v", p)
		}
		var got shelf.DraftBody
		h.call("leader", "POST", path+"/activate", 200, object{"openComments": 1}, &got, "If-Match", `"1"`)
		if len(got.Comments) != 2 || got.OpenComments != 1 || got.State != shelf.Activated {
			t.Errorf("after activation: %+v", got)
		}
		h.call("officer", "POST", path+"/comments", 409, object{"text": "太晚"}, nil)
		var timeline api.List[api.Event]
		h.call("officer", "GET", path+"/timeline", 200, nil, &timeline)
		kinds := []string{}
		for _, e := range timeline.Items {
			kinds = append(kinds, e.Kind)
		}
		if want := []string{"policy.activated", "policy.answered", "policy.commented", "policy.commented", "policy.drafted"}; !slices.Equal(kinds, want) {
			t.Errorf("the timeline has %v, want %v", kinds, want)
		}
		for _, e := range timeline.Items {
			if strings.Contains(string(e.Payload), "收费过高") {
				t.Error("the journal holds the words of a comment")
			}
		}
	})
}

// TestReleaseMeetsOperator: a release does not replace what the centre has
// activated; it is proposed, and two people of the centre decide.
func TestReleaseMeetsOperator(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		// The centre of an older release: it knows of no shipped packs, and has
		// activated a text of its own under a shipped name.
		h := open(t, db)
		var p shelf.Body
		h.call("officer", "GET", "/policy/packs/mask-guidance-2023", 200, nil, &p)
		var text shelf.TextBody
		h.call("officer", "GET", "/policy/texts/"+p.SHA256, 200, nil, &text)
		own := strings.Replace(text.Files[0].Text, "\nversion: 1\n", "\nversion: 2\n", 1)
		d := h.draft("analyst", own, "")
		if len(d.Check.Problems) != 0 {
			t.Fatalf("the centre's text: %+v", d.Check.Problems)
		}
		h.activate("leader", d)
		h.shelf.ForgetShipped(t, "mask-guidance-2023") // as if the release's text were new

		again := open(t, db)
		again.call("officer", "GET", "/policy/packs/mask-guidance-2023", 200, nil, &p)
		if p.Version != 2 || p.Origin != shelf.Operator || p.Drafts != 1 {
			t.Fatalf("after the upgrade: %+v", p.Summary)
		}
		var list api.List[shelf.DraftSummary]
		again.call("officer", "GET", "/policy/drafts?pack=mask-guidance-2023&state=open", 200, nil, &list)
		if len(list.Items) != 1 || list.Items[0].Origin != shelf.Release || list.Items[0].ProposedBy != "" || list.Items[0].Problems == 0 {
			t.Fatalf("the release's draft: %+v", list.Items)
		}
		path := "/policy/drafts/" + string(list.Items[0].ID)
		var got shelf.DraftBody
		again.call("leader", "GET", path, 200, nil, &got)
		if len(got.Files) != 1 || got.Files[0].Text != text.Files[0].Text {
			t.Error("the draft is not what the release brought along")
		}
		again.call("leader", "POST", path+"/activate", 409, object{}, nil, "If-Match", `"1"`) // nobody has taken it up
		again.call("analyst", "POST", path+"/take-up", 200, object{}, &got, "If-Match", `"1"`)
		again.call("analyst", "POST", path+"/take-up", 409, object{}, nil, "If-Match", `"2"`)
		// It counts lower than what is in force: written anew it can follow it.
		again.call("analyst", "PUT", path, 200, object{"text": strings.Replace(text.Files[0].Text, "\nversion: 1\n", "\nversion: 3\n", 1)}, &got, "If-Match", `"2"`)
		if len(got.Check.Problems) != 0 {
			t.Fatalf("written anew: %+v", got.Check.Problems)
		}
		again.activate("leader", got)
		open(t, db).call("officer", "GET", "/policy/packs/mask-guidance-2023", 200, nil, &p)
		if p.Version != 3 || p.Drafts != 0 {
			t.Errorf("in the end: %+v", p.Summary)
		}
	})
}

// TestWithdrawnDraft ends without effect.
func TestWithdrawnDraft(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		h := open(t, db)
		d := h.draft("analyst", feePack("1", "100"), feeCases("100"))
		path := "/policy/drafts/" + string(d.ID)
		h.call("elsewhere", "POST", path+"/withdraw", 404, object{"reason": "越权"}, nil, "If-Match", `"1"`)
		h.call("leader", "POST", path+"/withdraw", 200, object{"reason": "另行起草"}, &d, "If-Match", `"1"`)
		if d.State != shelf.Withdrawn || d.Reason != "另行起草" || d.DecidedAt == nil {
			t.Errorf("withdrawn: %+v", d.DraftSummary)
		}
		h.call("leader", "POST", path+"/activate", 409, object{}, nil, "If-Match", `"2"`)
		h.call("analyst", "PUT", path, 409, object{"text": feePack("1", "100")}, nil, "If-Match", `"2"`)
		h.call("officer", "GET", "/policy/packs/fee", 404, nil, nil)
		var list api.List[shelf.DraftSummary]
		h.call("bank", "GET", "/policy/drafts?state=withdrawn", 200, nil, &list)
		if len(list.Items) != 1 {
			t.Errorf("%d withdrawn drafts are listed", len(list.Items))
		}
	})
}
