package browser_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"lanzha"
	"lanzha/app/demo"
	"lanzha/base/auth"
)

// axe is the checker of accessibility, a development dependency of the
// console.
const axe = "../../web/node_modules/axe-core/axe.min.js"

// finding is what axe says of a page.
type finding struct {
	ID, Impact, Help string
	Nodes            []struct {
		HTML           string
		FailureSummary string
	}
}

// look is a page as somebody sees it: seen says when it is complete, open
// what is pressed first.
type look struct{ path, seen, open string }

// Every page, in both languages and both themes, has no serious finding of
// axe-core and needs no scrolling sideways.
func TestLooks(t *testing.T) {
	t.Parallel()
	h := shared(t)
	source := axeSource(t)
	const story = 3
	number := h.City.Lines(5070)[0]
	report := h.report(t, "昨天下午3点接到"+number[3:]+"的电话，让我转账3万元")
	clue := h.clue(t, number)
	den := h.raise(t, story)
	if _, err := h.Once(t.Context(), story+1, func(string) {}, pauseNot); err != nil {
		t.Fatal(err)
	}
	h.manual(t, "watches", "1928", 3*time.Minute)
	h.report(t, "用19281234567打来，要我下载软件")
	h.clue(t, "+8619281234567")
	officer := h.As(auth.Officer)
	newestOf := func(who *demo.Client, path string) lanzha.ID {
		t.Helper()
		var list struct{ Items []struct{ ID lanzha.ID } }
		h.call(t, who, "GET", path, nil, &list)
		if len(list.Items) == 0 {
			t.Fatalf("%s is empty", path)
		}
		return list.Items[0].ID
	}
	newest := func(path string) lanzha.ID { return newestOf(officer, path) }
	h.call(t, officer, "POST", "/disposals", map[string]any{
		"kind": "shutdown", "clues": []lanzha.ID{clue}, "reason": "群众举报", "legalBasis": "反电信网络诈骗法第三十二条",
	}, nil)
	var made struct{ ID lanzha.ID }
	h.call(t, h.client(t, "analyst"), "POST", "/policy/drafts", map[string]any{"text": strings.Replace(newPack, "visitor-hours", "looked-at", 1)}, &made)
	draft := made.ID
	confirmed := string(newest("/dens?state=confirmed"))
	_, station := h.station(story + 1)

	for _, who := range []struct {
		login string
		width int64
		pages []look
	}{
		{"", 1280, []look{{"/", "@signin", ""}}},
		{"officer", 1280, []look{
			{"/", "@intake .recent a", ""},
			{"/reports", "@row", ""},
			{"/reports/" + string(report), "@said mark", ""},
			{"/clues", "@row", ""},
			{"/clues/" + string(clue), "@clue-lookup", "@ask"},
			{"/lookups?state=answered", "@row", ""},
			{"/lookups/" + string(newest("/lookups?state=answered")), "@answer", ""},
			{"/disposals", "@row", ""},
			{"/disposals/" + string(newest("/disposals?clue="+string(clue))), "@head", ""},
			{"/disposals/why?number=" + number[3:], "@why-answer", ""},
			{"/disposals/protected", "@list-protected", ""},
		}},
		{"leader", 1280, []look{
			{"/dens", "@row", ""},
			{"/dens/" + string(den), "@evidence-card", ""},
			{"/dens/" + confirmed, "@outcome", ""},
			{"/dossiers", "@row", ""},
			{"/dossiers/" + string(newest("/dossiers?record="+confirmed)), "@dossier-den", ""},
			{"/duty", "@turn", ""},
			{"/packs", "@row", ""},
			{"/packs/joint-punishment-2024?day=2024-06-01", "@rule", "@set-answerDays"},
			{"/packs/mask-guidance-2023?tab=try&case=0", "@matched", ""},
			{"/packs/mask-guidance-2023?tab=cases", "@case", ""},
			{"/packs/stop-payment?tab=versions", "@version", ""},
			{"/drafts", "@row", ""},
			{"/drafts/" + string(draft), "@change", "@comment"},
		}},
		{"manager", 1280, []look{
			{"/institutions", "@row", ""},
			{"/institutions/" + string(newest("/institutions?kind=carrier")), "@institution-page", ""},
			{"/users", "@row", "@account-new"},
		}},
		{"auditor", 1280, []look{{"/journal", "@row", ""}}},
		{"watches", 1280, []look{
			{"/lookups", "@row", ""},
			{"/lookups/" + string(newestOf(h.client(t, "watches"), "/lookups?state=sent")), "@head", ""},
		}},
		{station, 390, []look{{"/dens", "@row", ""}, {"/dens/" + confirmed, "@outcome", ""}}},
	} {
		t.Run(who.login, func(t *testing.T) {
			t.Parallel()
			var p *tab
			if who.login == "" {
				p = open(t, h.url(), "/")
				p.allow("401 (Unauthorized) " + h.url() + "/api/v1/me")
			} else {
				p = h.as(t, who.login, who.pages[0].path)
			}
			p.size(who.width, 800)
			for _, l := range who.pages {
				p.looksGood(l, who.width, source)
			}
		})
	}
}

// looksGood checks a page in all four ways it can be looked at.
func (p *tab) looksGood(l look, width int64, axe string) {
	p.t.Helper()
	p.visit(l.path)
	p.sees(l.seen, "")
	p.do("loading axe", chromedp.Evaluate[chromedp.Void](axe+";0"))
	theme := func(i int) { // 0 dark, 1 light
		p.click("@theme", "")
		p.click(fmt.Sprintf(".ant-dropdown:not(.ant-dropdown-hidden) .ant-dropdown-menu-item:nth-child(%d)", i+1), "")
		p.misses(".ant-dropdown-menu-item", "")
	}
	for i, way := range []string{"zh light", "zh dark", "en dark", "en light"} {
		switch i {
		case 0:
			theme(1)
		case 1:
			theme(0)
		case 2:
			p.click("@language", "EN")
		case 3:
			theme(1)
		}
		p.sees(l.seen, "")
		p.misses(".skeleton", "")
		if l.open != "" && i%2 == 1 { // a form over the page, in each language and theme once
			p.click(l.open, "")
			p.sees(".ant-modal .action-form", "")
		}
		p.audit(l.path+" in "+way, width)
		if l.open != "" && i%2 == 1 {
			p.press("\x1b")
			p.misses(".ant-modal", "")
		}
	}
	p.click("@language", "中文")
}

// audit runs axe-core once everything has come to rest.
func (p *tab) audit(where string, width int64) {
	p.t.Helper()
	until[bool](p, "rest", `document.getAnimations().every((a) => a.playState !== "running" || a.effect?.getTiming().iterations === Infinity)`)
	text := read[string](p, `axe.run(document, { resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] }).then((r) => JSON.stringify(r.violations))`)
	var findings []finding
	if err := json.Unmarshal([]byte(text), &findings); err != nil {
		p.t.Fatal(err)
	}
	for _, f := range findings {
		if f.Impact != "serious" && f.Impact != "critical" {
			continue
		}
		p.t.Errorf("%s: %s (%s): %s, %d times\n\t%s\n\t%s", where, f.ID, f.Impact, f.Help, len(f.Nodes), f.Nodes[0].HTML, strings.ReplaceAll(f.Nodes[0].FailureSummary, "\n", " "))
	}
	if got := read[int64](p, "document.scrollingElement.scrollWidth"); got > width {
		p.t.Errorf("%s: %d pixels wide on a screen of %d", where, got, width)
	}
}
