package browser_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// snap keeps a picture of the page in the folder PICTURES, for those who want
// to look.
func (p *tab) snap(name string) {
	p.t.Helper()
	folder := os.Getenv("PICTURES")
	if folder == "" {
		return
	}
	until[bool](p, "a page that stands still", `[...document.querySelectorAll(".ant-modal")].every((e) => getComputedStyle(e).opacity === "1" && e.getBoundingClientRect().width > 300)`)
	shot, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(90))
	if err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name), shot, 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// What the server refuses it says in the language of the page: why a page
// stays closed, what was not found, what is wrong with a field, a row, a file.
func TestRefusalsInTheLanguageOfThePage(t *testing.T) {
	t.Parallel()
	h := shared(t)
	p := h.as(t, "officer", "/journal")
	p.allow("403 (Forbidden) " + h.url() + "/api/v1/")
	p.allow("404 (Not Found) " + h.url() + "/api/v1/clues/")
	p.allow("422 (Unprocessable Entity) " + h.url() + "/api/v1/")
	p.sees("@broken", "无此权限：当前角色不能办理“查阅日志”")
	p.sees("@broken", "请由有此角色的人员办理，或请管理员授权")
	p.snap("403.png")
	p.click("@language", "EN")
	p.click("@broken button", "")
	p.sees("@broken", "Not allowed: your role does not allow journal.read")
	p.click("@language", "中文")
	p.visit("/clues/01ARZ3NDEKTSV4RRFFQ69G5FAV")
	p.sees("@broken", "未找到该线索")
	p.snap("404.png")

	p.visit("/reports")
	p.hand("@reports-file", "警情.csv", "type,text,region,amount\n猜,没有这种类型,530102,\nreport,没有辖区的一行,999999,\nreport,金额不对,530102,三千\n")
	p.sees(".ant-modal", "只能是 report（报案）、tip（举报）或 inquiry（咨询）")
	p.snap("import.png")
	p.visit("/reports")
	p.hand("@reports-file", "警情.csv", "type,region,text,colour\nreport,530102,有一列不认识,红\n")
	p.sees(".ant-modal", "没有这个列名")
	p.snap("file.png")
	p.close()

	manager := h.as(t, "manager", "/users")
	manager.allow("422 (Unprocessable Entity) " + h.url() + "/api/v1/accounts")
	manager.click("@account-new", "")
	manager.fill("@account-login", "大写 A")
	manager.fill("@account-name", "模拟民警")
	manager.choose("@account-region", "530100", "昆明")
	manager.click("@account-new-submit", "")
	manager.sees("@problem", "登录名 应为 2 至 64 位小写字母、数字、点、连字符或 @")
	manager.snap("form.png")
}
