package browser_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"lanzha"
)

// hand gives a file to a field that takes files, as the dialog of the system
// would.
func (p *tab) hand(field, name, text string) {
	p.t.Helper()
	until[bool](p, "field "+field, fmt.Sprintf("!!document.querySelector(%s)", quote(css(field))))
	read[chromedp.Void](p, fmt.Sprintf(`(() => {
		const all = new DataTransfer()
		all.items.add(new File([%s], %s))
		const e = document.querySelector(%s)
		e.files = all.files
		e.dispatchEvent(new Event("change", { bubbles: true }))
	})()`, quote(text), quote(name), quote(css(field))))
}

// Good rows of a file are taken, and the others come back with their reason.
func TestReportsFromAFile(t *testing.T) {
	t.Parallel()
	h := shared(t)
	number := h.City.Lines(5090)[0]
	p := h.as(t, "officer", "/reports")
	p.hand("@reports-file", "警情.csv", "type,text,region\nreport,电话"+number[3:]+"冒充客服骗走5000元,530102\nreport,没有辖区的一行,999999\n")
	p.sees(".ant-modal", "导入 1 条，退回 1 条")
	p.sees(".ant-modal", "第 3 行")
	h.clue(t, number)
}

// What goes by the platform is taken over as a signed file, and its receipts
// come back as a file.
func TestPlatform(t *testing.T) {
	t.Parallel()
	h := shared(t)
	h.call(t, h.As("admin"), http.MethodPost, "/institutions", map[string]any{
		"name": "模拟平台对接单位", "code": "sim-by-platform", "kind": "carrier", "region": "530100", "gateway": "platform",
		"answerTargetS": 180, "contacts": []any{}, "ranges": []any{map[string]string{"kind": "mobile", "prefix": "+861924"}},
	}, nil)
	h.report(t, "用19241234567打来，冒充快递理赔")
	clue := h.clue(t, "+8619241234567")
	p := h.as(t, "officer", "/clues/"+string(clue))
	p.sees("@timeline [data-kind='lookup.sent']", "")
	lookup := lanzha.ID(until[string](p, "its question", `document.querySelector("a[href^='/lookups/']")?.getAttribute("href").split("/")[2]`))
	p.visit("/lookups/" + string(lookup))
	p.sees("@entry-file", "下载平台报送文件")
	signed := read[string](p, `fetch(document.querySelector("[data-test=entry-file]").href).then((r) => r.text())`)
	if len(signed) < 100 {
		t.Errorf("the file holds %q", signed)
	}
	p.visit("/lookups")
	p.hand("@receipts-file", "回执.csv", "编号,状态,平台编号,时间\n"+string(lookup)+",已受理,PT-2026-1,2026-11-24 10:00:00\n01ARZ3NDEKTSV4RRFFQ69G5FAV,已受理,PT-2026-2,2026-11-24 10:00:00\n")
	p.sees(".ant-modal", "登记回执 1 条，退回 1 条")
	p.sees(".ant-modal", "没有发出过此编号的报送")
}

// On paper stands the notice and nothing of the house around it.
func TestNoticeOnPaper(t *testing.T) {
	t.Parallel()
	h := shared(t)
	number := h.City.Lines(5091)[0]
	h.report(t, "冒充公检法的电话"+number[3:])
	clue := h.clue(t, number)
	var made struct{ Items []struct{ ID lanzha.ID } }
	h.call(t, h.As("officer"), http.MethodPost, "/disposals", map[string]any{
		"kind": "shutdown", "clues": []lanzha.ID{clue}, "reason": "群众举报", "legalBasis": "反电信网络诈骗法第三十二条",
	}, &made)
	p := h.as(t, "officer", "/disposals/"+string(made.Items[0].ID))
	p.sees("@notice", "告知")
	if _, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"}); err != nil {
		t.Fatal(err)
	}
	p.sees("@notice", "告知")
	for _, not := range []string{".rail", ".top", ".head", "aside", ".facts"} {
		p.misses(not, "")
	}
}
