package browser_test

import (
	"testing"
)

func TestInstitutions(t *testing.T) {
	t.Parallel()
	h := shared(t)
	number := h.City.Lines(5050)[0]
	h.report(t, "冒充客服，号码"+number[3:])
	h.clue(t, number)
	first := h.City.Institutions("")[0].Name
	p := h.as(t, "officer", "/institutions")
	until[bool](p, "figures of the first carrier", `/\d%/.test(`+match("@row", first)+`?.textContent)`)
	p.click("@row", first)
	p.sees("@institution-page .figures", "%")
	p.close()

	p = h.as(t, "manager", "/institutions")
	p.click("@institution-new", "")
	p.fill("@institution-name", "模拟支付公司")
	p.fill("@institution-code", "sim-pay-9")
	p.choose("@institution-kind", "", "支付")
	p.choose("@institution-region", "530100", "昆明")
	p.fill("@institution-target", "600")
	p.fill("@institution-contacts", "值班员, 13900000009, 专员")
	p.click("@institution-new-submit", "")
	p.sees("@institution-page", "模拟支付公司")
	p.sees("@institution-page", "13900000009")
	p.click("@institution-edit", "")
	p.fill("@institution-target", "300")
	p.click("@institution-edit-submit", "")
	p.sees(".facts", "5分")
	p.click("@rail-institutions", "")
	p.sees("@row", "模拟支付公司")
}

func TestUsers(t *testing.T) {
	t.Parallel()
	h := shared(t)
	p := h.as(t, "manager", "/users")
	p.sees("@row", "officer")
	p.click("@account-new", "")
	p.fill("@account-login", "chen2")
	p.fill("@account-name", "接警员陈")
	p.choose("@account-region", "530100", "昆明")
	p.click("@account-new-submit", "")
	first := until[string](p, "the first password", match("@once", "")+"?.textContent")
	p.click(".ant-modal-confirm-btns button", "")
	p.misses("@once", "")
	p.misses("body", first) // it was shown once
	p.sees("@row", "接警员陈")
	p.close()

	q := open(t, h.url(), "/")
	q.signIn("chen2", first)
	q.sees("@new-password", "")
}

func TestDuty(t *testing.T) {
	t.Parallel()
	h := shared(t)
	p := h.as(t, "leader", "/duty")
	p.sees("@turn", "值班领导丙")
	p.sees("@on-duty", "值班领导丙")
	p.click("@turn-add", "")
	p.choose("@turn-role", "", "接警")
	p.choose("@turn-account", "接警员甲", "接警员甲")
	p.fill("@turn-phone", "13900000010")
	p.click("@turn-add-submit", "")
	p.sees("@turn", "接警员甲")
	p.sees("@turn", "13900000010")
}

func TestJournal(t *testing.T) {
	t.Parallel()
	h := shared(t)
	number := h.City.Lines(5060)[0]
	h.report(t, "冒充客服，号码"+number[3:])
	id := h.clue(t, number)
	p := h.as(t, "auditor", "/")
	p.click("@rail-journal", "")
	p.sees("@row", "")
	p.fill("@filter-record", string(id))
	p.at("/journal?record=" + string(id))
	p.sees("@row [title='clue.opened']", "")
	p.misses("@row [title='account.signed_in']", "") // the list is of this record alone
}
