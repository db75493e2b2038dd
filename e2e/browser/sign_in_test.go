package browser_test

import "testing"

func TestSignIn(t *testing.T) {
	t.Parallel()
	h := shared(t)
	first := h.account(t, map[string]any{"login": "newcomer", "name": "新警员", "roles": []string{"officer"}, "region": "530100"}, "")
	p := open(t, h.url(), "/clues")
	p.allow("401 (Unauthorized) " + h.url() + "/api/v1/session")

	p.signIn("newcomer", "not this one at all")
	p.sees(".problem", "登录名、密码或动态口令不对")

	p.signIn("newcomer", first)
	p.sees("@new-password", "设置自己的密码")
	const own = "a password of my own"
	p.fill("@current", first)
	p.fill("@next", own)
	p.fill("@again", own+"?")
	p.sees(".field-error", "两次输入不一致")
	p.fill("@again", own)
	p.click("@password-submit", "")
	p.sees("@user", "新警员")
	p.at("/clues") // where they wanted to go

	p.click("@user", "")
	p.click("@sign-out", "")
	p.sees("@signin", "")
	p.signIn("newcomer", own)
	p.sees("@user", "新警员")
}
