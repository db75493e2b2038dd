package browser_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"lanzha/base/auth"
)

// most is how long an officer may need for a report.
const most = 30 * time.Second

func TestIntakeByKeyboardAlone(t *testing.T) {
	t.Parallel()
	h := shared(t)
	h.slow(t, "/carrier/2", 3*time.Second)
	intake(t, h, strings.TrimPrefix(h.City.Lines(5000)[1], "+86"))
}

// intake takes a report without touching the mouse, and waits for the answer
// of the number's carrier.
func intake(t *testing.T, h *house, number string) {
	t.Helper()
	p := h.as(t, "officer", "/")
	until[bool](p, "the text field ready to type in", `document.activeElement?.dataset.test === "text"`)
	presses := read[int](p, "lz.presses") // of signing in
	text := fmt.Sprintf("昨天下午3点有人自称客服，用%s打来，让我转了3.5万元", number)
	began := time.Now()
	p.press(text)
	p.sees(".transcript-mirror mark.find-mobile", number)
	p.sees(".transcript-mirror mark.find-amount", "3.5万")
	p.sees(".transcript-mirror mark.find-time", "昨天下午3点")
	until[bool](p, "the amount filled in", `lz.field('[data-test="amount"]').value === "35000"`)
	until[bool](p, "the time filled in", `lz.field('[data-test="occurred"]').value.endsWith("T15:00")`)
	p.press("\r", chromedp.ModifierCtrl)
	p.sees("@taken-report @strip", number[:3])
	took := time.Since(began)
	until[bool](p, "an empty form that is ready for the next caller", `(() => { const e = document.activeElement; return e?.dataset.test === "text" && e.value === "" })()`)
	p.sees("@taken-report @strip @clock", "")
	p.sees("@taken-report @strip @took", "")
	t.Logf("%d keystrokes and %v from the first key to the clue", len([]rune(text))+1, took.Round(time.Millisecond))
	if took > most/2 {
		t.Errorf("the form took %v of an officer's %v without anybody thinking", took, most)
	}
	if now := read[int](p, "lz.presses"); now != presses {
		t.Errorf("the mouse was used %d times", now-presses)
	}
	p.visit("/reports")
	p.sees("@row", "3.5万元")
}

func TestThreeWayCall(t *testing.T) {
	t.Parallel()
	h := shared(t)
	const ref = "JQ5301900000001"
	number := strings.TrimPrefix(h.City.Lines(5001)[0], "+86")
	p := h.as(t, "officer", "/")
	p.sees("@text", "")
	p.press("t", chromedp.ModifierAlt)
	p.sees("@threeway-panel", "反诈中心")
	p.fill("@ref110", ref)
	p.fill("@phone", "13900001111")
	p.fill("@name", "报警群众")
	p.fill("@desk110", "110接警3席")
	p.fill("@text", "对方用"+number+"打来，说我涉嫌洗钱，要我转账自证清白，我没有转")
	p.click("@type [data-value=tip]", "")
	p.click("@submit", "")
	p.sees("@taken-report", ref)

	p.visit("/reports?ref110=" + ref)
	p.sees("@row", "110 转接")
	p.click("@row", ref)
	p.sees("@report-page", "110接警3席")
	p.sees("@report-page", "举报")
	p.sees("@said mark", number)
	p.misses("@report-page", "13900001111")
	p.click(".facts > div:last-child @reveal", "") // the caller's number
	p.click("@purpose-contact", "")
	p.sees("@revealed", "13900001111")
	p.sees("@strip", number[:3])
}

func TestReports(t *testing.T) {
	t.Parallel()
	h := shared(t)
	h.report(t, "咨询一下，今天有人说我的快递丢了")
	p := h.as(t, "officer", "/reports")
	p.sees("@row", "")
	rows := read[int](p, `document.querySelectorAll('[data-test=row]').length`)
	var made struct{ ID string }
	h.call(t, h.As(auth.Officer), "POST", "/reports", map[string]any{"type": "inquiry", "channel": "counter", "region": "530102", "text": "我想问问刷单是不是诈骗", "ref110": "JQ5301900000002"}, &made)
	p.sees("@fresh", "")
	p.misses("@row", "JQ5301900000002") // nothing jumps under the cursor
	p.press("r")
	p.sees("@row", "JQ5301900000002")
	if now := read[int](p, `document.querySelectorAll('[data-test=row]').length`); now <= rows {
		t.Errorf("%d rows after a report came in, %d before", now, rows)
	}
	p.click("@filter-type [data-value=inquiry]", "")
	p.at("/reports?type=inquiry")
	p.sees("@row", "JQ5301900000002")
	p.click("@row", "JQ5301900000002")
	p.click("@close", "")
	p.fill("@close-note", "已当面劝阻，没有损失")
	p.click("@close-submit", "")
	p.sees("@head @state[data-state=closed]", "")
}
