package browser_test

import (
	"net/http"
	"testing"
	"time"

	"lanzha"
)

func TestClueList(t *testing.T) {
	t.Parallel()
	h := shared(t)
	h.manual(t, "late", "1929", time.Second)
	h.report(t, "今天10点用19291234566打来冒充公检法")
	h.clue(t, "+8619291234566")
	p := h.as(t, "officer", "/clues")
	p.sees("@row", "192 9123 4566")

	h.report(t, "冒充客服的电话是19291234567")
	p.sees("@fresh", "条新")
	p.misses("@row", "192 9123 4567")
	p.click("@fresh", "")
	p.misses("@fresh", "")
	until[bool](p, "a late clue first", `(() => {
		const all = [...document.querySelectorAll('[data-test=row]')].map((r) => r.querySelector('[data-test=clock]')?.dataset.urgency === "late")
		return all[0] && all.lastIndexOf(true) + 1 === all.filter((x) => x).length
	})()`)

	p.press("jjk")
	p.press("j")
	id := until[string](p, "the second row under the cursor", `document.querySelector('[data-test=row][aria-rowindex="2"].at')?.dataset.id`)
	p.press("\r")
	p.at("/clues/" + id)
	p.sees("@clue-page", "")
}

func TestCluePage(t *testing.T) {
	t.Parallel()
	h := shared(t)
	h.manual(t, "byhand", "1925", 3*time.Minute)
	const number = "+8619251234567"
	h.report(t, "用19251234567打来，说是平台客服，骗走5000元")
	id := h.clue(t, number)
	p := h.as(t, "officer", "/clues/"+string(id))
	p.sees("@clue-lookup @clock", "")
	p.sees("@timeline [data-kind='lookup.sent']", "")
	p.misses("@timeline [data-kind='lookup.answered']", "")

	responder := h.client(t, "byhand")
	var asked struct {
		Items []struct {
			ID      lanzha.ID
			Version int64
		}
	}
	h.call(t, responder, http.MethodGet, "/lookups", nil, &asked)
	if len(asked.Items) != 1 {
		t.Fatalf("the carrier was asked %d questions", len(asked.Items))
	}
	if err := responder.Call(t.Context(), http.MethodPost, "/lookups/"+string(asked.Items[0].ID)+"/answer", asked.Items[0].Version, map[string]any{"outlet": "模拟营业厅七号店"}, nil); err != nil {
		t.Fatal(err)
	}
	p.sees("@timeline [data-kind='lookup.answered']", "") // the page has not been loaded again
	p.sees("@clue-lookup @took", "")
	p.sees("@clue-lookup", "模拟营业厅七号店")

	other := h.City.Institutions("")[0].Name
	p.click("@ask", "")
	p.choose("@ask-to", other, other)
	p.fill("@ask-purpose", "核实是否为改号")
	p.submit("@ask-submit")
	p.sees("@clue-lookup", other)
	until[bool](p, "two questions", `document.querySelectorAll('[data-test=clue-lookup]').length === 2`)

	p.click("@truth", "")
	p.choose("@truth-value", "", "改号")
	p.submit("@truth-submit")
	p.sees("main .facts @state[data-state=spoofed]", "")
	p.sees("@timeline [data-kind='clue.judged']", "")

	p.click("@close", "")
	p.fill("@close-reason", "已并入专案")
	p.submit("@close-submit")
	p.sees("@head @state[data-state=closed]", "")
	p.misses("@ask", "")
}

func TestResponder(t *testing.T) {
	t.Parallel()
	h := shared(t)
	h.manual(t, "desk", "1926", 3*time.Minute)
	h.report(t, "有两个号码打来，19260000001和19260000002，都说要退款")
	h.clue(t, "+8619260000002")
	p := h.as(t, "desk", "/")
	p.at("/lookups") // their own list is their first page
	p.sees("@row @clock", ":")
	p.sees("@row", "192 6000 0001")
	p.sees("@row", "192 6000 0002")
	until[bool](p, "no questions of others", `document.querySelectorAll('[data-test=row]').length === 2`)

	p.click("@row", "192 6000 0001")
	p.sees("@lookup-page @clock", "")
	p.click("@answer-open", "")
	p.fill("@answer-name", "赵三十一")
	p.fill("@answer-address", "昆明市五华区人民中路1号")
	p.fill("@answer-outlet", "模拟营业厅八号店")
	p.fill("@answer-openedOn", "2026-01-15")
	p.submit("@answer-open-submit")
	p.sees("@head @state[data-state=answered]", "")
	p.sees("@head @took", "")
	p.sees("@answer", "模拟营业厅八号店")

	p.click("@rail-lookups", "")
	p.misses("@row", "192 6000 0001") // it waits for nobody any more
	p.click("@row", "192 6000 0002")
	p.click("@refuse", "")
	p.fill("@refuse-reason", "非本单位号段")
	p.submit("@refuse-submit")
	p.sees("@head @state[data-state=refused]", "")
	p.click("@rail-lookups", "")
	p.click("@filter-state [data-value=answered]", "")
	p.sees("@row", "192 6000 0001")
	p.misses("@row", "192 6000 0002")
}
