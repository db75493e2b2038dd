package browser_test

import (
	"testing"
	"time"
)

// A measure against a protected number needs a leader from the start.
func TestProtected(t *testing.T) {
	t.Parallel()
	h := shared(t)
	number := h.City.Lines(5080)[0]
	h.report(t, "自称医院的电话"+number[3:]+"要我缴费")
	id := h.clue(t, number)
	leader := h.as(t, "leader", "/disposals/protected")
	leader.click("@protect", "")
	leader.fill("@protect-value", number[3:])
	leader.fill("@protect-owner", "模拟人民医院")
	leader.fill("@protect-why", "急诊电话")
	leader.submit("@protect-submit")
	leader.sees("@row", "模拟人民医院")
	leader.close()

	officer := h.as(t, "officer", "/clues/"+string(id))
	officer.allow("403 (Forbidden) " + h.url() + "/api/v1/disposals")
	officer.click("@dispose", "")
	officer.fill("@dispose-reason", "群众举报")
	officer.click("@dispose-submit", "")
	officer.sees("@dispose-form @problem", "该号码在保护名单中，只有领导可以申请处置：模拟人民医院")
}

// The same measure against several numbers waits for a second officer; the
// carrier carries it out, and the desk can say who stopped the number.
func TestDisposals(t *testing.T) {
	t.Parallel()
	h := shared(t)
	h.manual(t, "executes", "1927", 3*time.Minute)
	h.report(t, "用19271234567和19271234568冒充银行，骗走8000元")
	first, second := h.clue(t, "+8619271234567"), h.clue(t, "+8619271234568")

	officer := h.as(t, "officer", "/clues")
	officer.click("@row[data-id='"+string(first)+"'] input", "")
	officer.click("@row[data-id='"+string(second)+"'] input", "")
	officer.click("@dispose", "")
	officer.fill("@dispose-reason", "同一起警情指认两个号码实施诈骗")
	officer.submit("@dispose-submit")
	officer.at("/disposals?state=requested")
	officer.click("@list-disposals @row", "192 7123 4567")
	officer.sees("@head @state[data-state=requested]", "")
	officer.sees("@batch-approve:disabled, @approve:disabled", "") // who asked cannot decide

	leader := h.as(t, "leader", "/disposals?state=requested")
	leader.click("@row", "192 7123 4567")
	leader.click("@batch-approve", "")
	leader.submit("@batch-approve-submit")
	leader.sees("@head @state[data-state=sent]", "")
	leader.close()
	officer.sees("@head @state[data-state=sent]", "") // the officer's page follows by itself

	carrier := h.as(t, "executes", "/disposals")
	carrier.sees("@row", "192 7123 4568")
	carrier.click("@row", "192 7123 4567")
	carrier.sees("@head @clock", "")
	carrier.click("@acknowledge", "")
	carrier.submit("@acknowledge-submit")
	carrier.sees("@head @state[data-state=acknowledged]", "")
	carrier.click("@done", "")
	carrier.fill("@done-note", "已停机")
	carrier.submit("@done-submit")
	carrier.sees("@head @state[data-state=done]", "")
	carrier.close()

	officer.sees("@head @state[data-state=done]", "")
	officer.sees(".paper", "")
	officer.sees("@timeline [data-kind='disposal.done']", "")

	officer.visit("/disposals/why")
	officer.fill("@why-number", "19271234567")
	officer.press("\r")
	officer.sees("@why-answer", "模拟市反诈中心")
	officer.sees("@why-answer @state[data-state=done]", "")
	officer.fill("@why-number", "19271230000")
	officer.press("\r")
	officer.sees(".empty", "没有对此号码采取措施")
}
