package register_test

import (
	"net/http"
	"slices"
	"testing"

	"lanzha/work/register"
	"lanzha/work/register/registertest"
)

// A form sees what the pack says of facts as they are gathered: what is
// missing first, then the decision; nothing comes to be in the register.
func TestFactsAreEvaluatedBeforeAProposalIsOpened(t *testing.T) {
	both(t, func(h *registertest.House) {
		var p register.PreviewBody
		h.Call("officer", http.MethodPost, "/register/proposals/preview", http.StatusOK, body{"kind": "individual", "facts": body{}}, &p)
		if p.Blocked == "" || !slices.Contains(p.Answer.Missing, "ground") {
			t.Errorf("without facts: blocked %q, missing %v", p.Blocked, p.Answer.Missing)
		}
		person := registertest.Person(1)
		h.Call("officer", http.MethodPost, "/register/proposals/preview", http.StatusOK, body{"kind": "individual", "number": person["number"], "facts": registertest.Traded()}, &p)
		if p.Blocked != "" || p.Level != "city" || p.Answer.Result["class"] != "B" || len(p.Answer.Missing) != 0 {
			t.Errorf("whole facts: %+v", p)
		}
		if about, _ := p.Facts["subject"].(map[string]any); about["ageYears"] == nil {
			t.Errorf("the age was not taken from the number: %v", p.Facts)
		}
		h.Call("officer", http.MethodPost, "/register/proposals/preview", http.StatusUnprocessableEntity, body{"kind": "individual", "facts": body{"ground": "whim"}}, nil)
		var list struct{ Items []register.ProposalBody }
		h.Call("officer", http.MethodGet, "/register/proposals", http.StatusOK, nil, &list)
		if len(list.Items) != 0 {
			t.Error("a preview left a proposal")
		}
	})
}
