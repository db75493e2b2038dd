package browser_test

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// relay are the calls of two phones that are joined by a cable: two lines of
// one holder take turns in one cell and call strangers, most of whom do not
// answer.
func relay(person string, serial int) []map[string]any {
	events := []map[string]any{}
	for i := range 40 {
		events = append(events, map[string]any{
			"id": fmt.Sprintf("relay-%d-%d", serial, i), "start": time.Now().Add(-70*time.Minute + time.Duration(i)*80*time.Second).UTC().Format(time.RFC3339),
			"caller": fmt.Sprintf("1331111%03d%d", serial, i%2), "callee": fmt.Sprintf("134%03d%05d", serial, i*379), "duration_s": 15 * ((i + 4) / 5 % 2), "answered": i%5 == 0,
			"imei": fmt.Sprintf("86999900%05d%02d", serial, i%2*8), "cell": fmt.Sprintf("460-00-9%03d", serial), "person": person,
		})
	}
	return events
}

// axeSource is the checker of accessibility; without it there is nothing to
// look with.
func axeSource(t *testing.T) string {
	t.Helper()
	source, err := os.ReadFile(axe)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("axe-core is not installed: run `make web`")
	}
	return string(source)
}

func TestAlert(t *testing.T) {
	t.Parallel()
	h := shared(t)
	const person = "532128199001014321"
	p := h.as(t, "officer", "/alerts?q="+person)
	p.sees("@list-alerts .empty", "")
	h.call(t, h.client(t, "analyst"), http.MethodPost, "/feeds/call", relay(person, 1), nil)
	p.sees("@row", "5321**********4321") // by itself: nobody has asked again
	p.sees("@row", "疑似手机口")
	p.press("j")
	p.press("\r")
	p.at("/alerts/0")
	alert := strings.SplitN(p.path(), "?", 2)[0]
	p.sees("@reasons", "同一机主2个号码")
	p.sees("@values", "")
	p.sees("@next", "人工决定")
	p.sees("@week-sum", "40 次通话") // once the collector has been by
	p.sees("@neighbours", "460-00-9001")
	until[bool](p, "a chart and a graph", `!!document.querySelector("[data-test=chart] canvas") && !!document.querySelector("[data-test=graph] canvas")`)

	p.misses("@alert-page", person)
	p.click("@reveal", "")
	p.click("@purpose-verify", "")
	p.sees("@revealed", person)

	p.click("@take", "")
	p.submit("@take-submit")
	p.sees("@head @state[data-state=taken]", "")
	p.click("@decide", "")
	p.sees("@decide-what [data-value=warning]", "")
	p.misses("@decide-what [data-value=clue]", "") // nobody can be asked about a person
	p.click("@decide-what [data-value=dismissed]", "")
	p.sees("@decide-submit:disabled", "")
	p.fill("@decide-note", "本人两部手机，自用")
	p.submit("@decide-submit")
	p.sees("@head @state[data-state=decided]", "")
	p.sees(".facts", "自用")
	p.click("@judge", "")
	p.click("@judge-verdict [data-value=wrong]", "")
	p.submit("@judge-submit")
	p.sees("@feedback @state[data-state=wrong]", "")
	p.sees("@timeline", "查看告警对象")
	p.misses("@suppress", "") // that is the analyst's
	p.close()

	p = h.as(t, "analyst", alert)
	p.click("@suppress", "")
	p.sees("@suppress-submit:disabled", "")
	p.fill("@suppress-why", "已核实为本人自用")
	p.submit("@suppress-submit")
	p.sees("@suppressed", "已核实为本人自用")
	p.visit("/suppressions?inForce=true")
	p.sees("@row", "5321**********4321")
	p.click("@lift", "")
	p.fill("@lift-reason", "号码已过户")
	p.submit("@lift-submit")
	p.misses("@row", "5321**********4321")

	source := axeSource(t)
	p.looksGood(look{"/alerts", "@row", ""}, 1280, source)
	p.looksGood(look{alert, "@neighbours", "@suppress"}, 1280, source)
	p.size(390, 800)
	p.looksGood(look{alert, "@neighbours", ""}, 390, source)
}

const lightPack = `pack: night-%[1]s
version: 1
title: {zh: 夜间模型, en: rules of the night}
event: call
features:
  - {name: %[1]s_calls, title: {zh: 近1小时呼出, en: "calls, 1 h"}, key: caller, aggregate: count, window: 1h}
rules:
  - id: night-%[1]s
    title: {zh: 夜间频繁呼出%[1]s, en: many calls at night}
    subject: caller
    severity: low
    weight: 10
    when: %[2]s > 100000
    reason: {zh: "近1小时呼出{%[1]s_calls}次", en: "{%[1]s_calls} calls in 1 h"}
    becomes: none
    status: shadow
`

func TestDetectionRules(t *testing.T) {
	t.Parallel()
	h := shared(t)
	p := h.as(t, "analyst", "/rulepacks/new")
	p.fill("@editor-text", fmt.Sprintf(lightPack, "b", "b_callz"))
	p.click("@check", "")
	p.allow("422 (Unprocessable")
	p.sees("@line-problem", "第 13 行")
	p.fill("@editor-text", fmt.Sprintf(lightPack, "b", "b_calls"))
	p.click("@check", "")
	p.sees("@check-good", "1 条规则")
	p.sees("@check-findings", "无用例")
	p.fill("@editor-note", "夜间先试运行")
	p.click("@propose", "")
	p.sees("@rulepack-page @state[data-state=draft]", "")
	p.misses("@activate", "")
	pack := p.path()
	p.close()

	p = h.as(t, "leader", pack)
	p.sees("@rulepack-page", "夜间先试运行")
	p.click("@activate", "")
	p.submit("@activate-submit")
	p.sees("@head @state[data-state=active]", "")
	p.visit("/rules?status=shadow")
	p.sees("@rule", "夜间频繁呼出b")
	p.sees("@rule @state[data-state=shadow]", "")
	p.press("j")
	p.press("\r")
	p.at("/rules/night-b")
	p.sees("@rule-page", "b_calls > 100000")
	p.sees("@reads", "近1小时呼出")
	p.visit("/lists/own-lines")
	p.click("@enter", "")
	p.fill("@enter-value", "13800001234")
	p.fill("@enter-why", "中心回访专线")
	p.submit("@enter-submit")
	p.sees("@row", "138 0000 1234")

	source := axeSource(t)
	p.looksGood(look{"/rules", "@rule", ""}, 1280, source)
	p.looksGood(look{"/rules/blast-calling", "@rule-counted", ""}, 1280, source)
	p.looksGood(look{pack, "@pack-rules", ""}, 1280, source)
	p.looksGood(look{"/rulepacks/new", "@editor-text", ""}, 1280, source)
}

func TestFeeds(t *testing.T) {
	t.Parallel()
	h := shared(t)
	const head = "id,start,caller,callee,duration_s,answered\n"
	const good = "fa,2026-11-20T09:00:00+08:00,13900001111,13900002222,30,true\n"
	p := h.as(t, "analyst", "/feeds/loads")
	p.click("@load-open", "")
	p.hand("@load-file", "calls.csv", head+good+"fb,2026-11-20T09:00:05+08:00,13900001111,13900002223,half,true\n")
	p.click("@load-submit", "")
	p.sees("@load-ended", "已接收 1 条，退回 1 条")
	p.click("@load-ended a", "")
	p.sees("@row", "duration_s")
	p.click("@letter-open", "")
	p.misses("@letter-record", "") // not before the purpose is said
	p.click("@purpose-mend", "")
	p.sees("@letter-record", "half")
	p.fill("@letter-record", "fb,2026-11-20T09:00:05+08:00,13900001111,13900002223,45,true")
	p.click("@correct", "")
	p.misses("@letter", "")
	p.click("@filter-state [data-value=corrected]", "")
	p.sees("@row @state[data-state=corrected]", "")
	p.visit("/feeds/loads")
	p.sees("@row @state[data-state=done]", "")

	source := axeSource(t)
	p.looksGood(look{"/feeds", "@feed", ""}, 1280, source)
	p.looksGood(look{"/feeds/loads", "@row", "@load-open"}, 1280, source)
	p.looksGood(look{"/feeds/letters?state=corrected", "@row", ""}, 1280, source)
}
