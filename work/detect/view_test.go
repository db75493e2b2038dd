package detect_test

import (
	"net/http"
	"strings"
	"testing"

	"lanzha/base/sqldb"
)

const tryCases = `cases:
  - name: {zh: 五次呼出, en: five calls}
    events: [{at: 0s, every: 10s, times: 5, call: {caller: "a", callee: "b{n}"}}]
    alerts: [{rule: blast, subject: "a"}]
  - name: {zh: 四次呼出, en: four calls}
    events: [{at: 0s, every: 10s, times: 4, call: {caller: "a", callee: "b{n}"}}]
    alerts: [{rule: blast, subject: "a"}]
`

func TestATextIsTriedAndNotKept(t *testing.T) {
	both(t, func(t *testing.T, db *sqldb.DB) {
		h := active(t, db, t.TempDir(), nil)
		try := func(text, cases string) (int, map[string]any) {
			return h.call("leader", http.MethodPost, "/detector/packs/check", 0, map[string]any{"text": text, "cases": cases})
		}
		status, got := try(tryPack, tryCases)
		if status != http.StatusOK || got["run"] != 2.0 {
			t.Fatal(status, got)
		}
		failures := got["failures"].([]any)
		if len(failures) != 1 || failures[0].(map[string]any)["case"].(map[string]any)["en"] != "four calls" || failures[0].(map[string]any)["at"] != "body.cases:5" {
			t.Errorf("which case fails, and where: %v", failures)
		}
		rules := got["view"].(map[string]any)["rules"].([]any)
		first := rules[0].(map[string]any)
		if len(rules) != 2 || first["id"] != "blast" || first["domain"] != "number" || first["status"] != "live" || first["holdSeconds"] != 60.0 {
			t.Errorf("what the text says: %v", rules)
		}
		found := false
		for _, f := range got["findings"].([]any) {
			found = found || f.(map[string]any)["rule"] == "untested" && f.(map[string]any)["name"] == "broken"
		}
		if !found {
			t.Errorf("a rule that no case tries is told: %v", got["findings"])
		}

		status, got = try(strings.Replace(tryPack, "calls_10m >= 5", "calls_11m >= 5", 1), "")
		if errors, _ := got["errors"].([]any); status != http.StatusUnprocessableEntity || len(errors) != 1 || !strings.HasPrefix(errors[0].(map[string]any)["location"].(string), "body.text:20: ") {
			t.Errorf("a mistake is named by its line: %d %v", status, got)
		}
		if _, list := h.call("leader", http.MethodGet, "/detector/packs?state=draft", 0, nil); len(list["items"].([]any)) != 0 {
			t.Errorf("something was kept: %v", list)
		}
		_, list := h.call("leader", http.MethodGet, "/detector/packs?state=active", 0, nil)
		id := list["items"].([]any)[0].(map[string]any)["id"].(string)
		if _, p := h.call("leader", http.MethodGet, "/detector/packs/"+id, 0, nil); p["view"].(map[string]any)["title"].(map[string]any)["en"] != "trial" {
			t.Errorf("the pack in force says what it is: %v", p["view"])
		}
	})
}
