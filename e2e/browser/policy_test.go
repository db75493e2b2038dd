package browser_test

import (
	"testing"
)

// What the law says is read as tables, on any day, and asked by a form made of
// the pack's own inputs.
func TestPack(t *testing.T) {
	t.Parallel()
	h := shared(t)
	p := h.as(t, "officer", "/")
	p.click("@rail-packs", "")
	p.click("@list-packs @row", "公众佩戴口罩")
	p.at("/packs/mask-guidance-2023")
	p.sees("@rule[data-id=MK-10]", "婴幼儿")
	p.sees("@rule[data-id=MK-10] @cited", "条号待核")
	p.sees("@rule[data-id=MK-01]", "或者") // the condition in words
	p.misses("@not-in-force", "")
	p.fill("@day", "2023-01-01")
	p.at("/packs/mask-guidance-2023?day=2023-01-01")
	p.sees("@not-in-force", "不施行")

	p.visit("/packs/mask-guidance-2023")
	p.click("@tab-try", "")
	p.sees("@result-part[data-name=class]", "不能确定")
	p.sees("@need[data-name='person.ageMonths']", "")
	p.fill("@fact-person-ageMonths", "30")
	p.choose("@fact-setting", "超市", "超市")
	p.click("@fact-highSeason [data-value=yes]", "")
	p.sees("@result-part[data-name=class]", "不建议佩戴")
	p.sees("@matched[data-row=MK-10]", "3岁及以下婴幼儿")
	p.sees("@matched[data-row=MK-05]", "")
	p.fill("@fact-person-ageMonths", "40") // between three and four years the guide does not say
	p.sees("@need[data-name=MK-10-reading]", "")

	p.click("@tab-cases", "")
	p.sees("@case-sum", "全部符合")
	p.click("@tab-versions", "")
	p.sees("@version[data-number='1']", "现行")
	p.click("@version[data-number='1'] @open-text", "")
	p.sees("@whole-text", "pack: mask-guidance-2023")
	p.close()

	// Whoever is signed in may read: an auditor has no other business here.
	q := h.as(t, "auditor", "/packs/stop-payment")
	q.sees("@rule", "")
	q.misses("@draft-new", "")
}

const newPack = `pack: visitor-hours
version: 1
title: {zh: 接待时间, en: visiting hours}
summary: {zh: 模拟规则, en: simulated}
jurisdiction: nation
effective: {from: 2026-01-01}
sources: {house: {document: 《模拟市反诈中心接待规定》, number: 模发1号}}
inputs: {weekend: {type: bool, zh: 周末, en: weekend}}
tables:
  hours:
    zh: 接待时间
    en: hours
    hit: first
    gives: {open: bool}
    otherwise: {open: "true"}
    rows: [{id: VH-1, zh: 周末不接待, en: closed at weekends, when: weekend, then: {open: "false"}, source: house, article: 第一条, phrase: 周末不接待来访, status: C}]
result: {open: {is: "=hours.open", zh: 是否接待, en: open}}
`

// A text is handed in, commented on row by row, answered, and put in force by
// another than its author.
func TestPackDraft(t *testing.T) {
	t.Parallel()
	h := shared(t)
	author := h.as(t, "analyst", "/packs")
	author.click("@draft-new", "")
	author.fill("@draft-note", "接待时间成文")
	author.fill("@draft-text", newPack)
	author.submit("@draft-new-submit")
	author.at("/drafts/")
	author.sees("@draft-page", "visitor-hours")
	author.sees("@no-problems", "")
	author.sees("@change[data-id=VH-1]", "新增")
	author.misses("@activate", "")
	path := author.path()

	reader := h.as(t, "officer", path)
	reader.click("@comment-VH-1", "")
	reader.fill("@comment-text", "法定节假日如何安排")
	reader.submit("@comment-VH-1-submit")
	reader.sees("@comment-card[data-row=VH-1]", "未答复")
	reader.close()

	author.sees("@comment-card[data-row=VH-1]", "法定节假日") // the author's page follows by itself
	author.click("@comment", "")
	author.fill("@comment-text", "另请法制部门看一遍")
	author.submit("@comment-submit")
	author.click("@comment-card[data-row=VH-1] @answer", "")
	author.click("@answer-how [data-value=denied]", "")
	author.fill("@answer-text", "节假日按值班表，另行规定")
	author.submit("@answer-submit")
	author.sees("@comment-card[data-row=VH-1]", "不采纳")

	leader := h.as(t, "leader", path)
	leader.click("@activate", "")
	leader.sees("@activate-open", "1") // what is open is seen by whoever activates
	leader.submit("@activate-submit")
	leader.sees("@head @state[data-state=activated]", "")
	leader.sees("@timeline [data-kind='policy.activated']", "")
	leader.visit("/packs/visitor-hours?tab=versions")
	leader.sees("@version[data-number='1']", "研判员乙")
	leader.sees("@version[data-number='1']", "值班领导丙")
	leader.visit("/packs/visitor-hours?tab=try")
	leader.click("@fact-weekend [data-value=yes]", "")
	leader.sees("@result-part[data-name=open]", "否")
	leader.close()
	author.sees("@head @state[data-state=activated]", "")
}

// A parameter that the law leaves open gets the operator's value by a form; a
// text with an error never comes into force.
func TestPackValue(t *testing.T) {
	t.Parallel()
	h := shared(t)
	p := h.as(t, "analyst", "/packs/joint-punishment-2024")
	p.sees("@parameter-unset[data-name=answerDays]", "未设定")
	p.click("@set-answerDays", "")
	p.fill("@value-value", "30")
	p.fill("@value-from", "2026-01-01")
	p.fill("@value-document", "《模拟市申诉办理规定》")
	p.fill("@value-article", "第三条")
	p.fill("@value-phrase", "三十日内反馈")
	p.submit("@set-answerDays-submit")
	p.at("/drafts/")
	p.sees("@no-problems", "")
	p.sees("@change", "三十日内反馈")
	path := p.path()
	leader := h.as(t, "leader", path)
	leader.click("@activate", "")
	leader.submit("@activate-submit")
	leader.sees("@head @state[data-state=activated]", "")
	leader.visit("/packs/joint-punishment-2024?place=5301")
	leader.sees("@value", "三十日内反馈")
	leader.close()

	p.visit("/packs/warning-tiers")
	p.click("@draft-new", "")
	p.fill("@draft-text", "pack: warning-tiers\nversion: 9\njurisdiction: nation\nresult: {}\n")
	p.submit("@draft-new-submit")
	p.sees("@finding", "")
	bad := p.path()
	second := h.as(t, "leader", bad)
	second.sees("@activate:disabled", "")
}
