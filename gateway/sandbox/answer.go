package sandbox

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"lanzha/gateway"
)

var askable = []string{"subscriber", "outlet", "openedOn", "installAddress", "status", "location"}

// ask serves POST {base}/ask.
func (s *Server) ask(w http.ResponseWriter, r *http.Request, to *site) {
	if !s.admit(w, r) {
		return
	}
	b, ok := body(w, r)
	if !ok {
		return
	}
	q, err := readAsk(b)
	if err != nil {
		reply(w, http.StatusBadRequest, refusal{"请求格式有误"})
		return
	}
	t, m := s.take(to, q.Key, "ask", b, func(no string, at time.Time) (int, any) {
		a := s.answer(to, q)
		a.Key, a.PlatformNo, a.At = q.Key, no, at.UTC()
		return http.StatusOK, a
	})
	s.send(w, r, t, m)
}

// dispose serves POST {base}/dispose.
func (s *Server) dispose(w http.ResponseWriter, r *http.Request, to *site) {
	if !s.admit(w, r) {
		return
	}
	b, ok := body(w, r)
	if !ok {
		return
	}
	o, err := readOrder(b)
	if err != nil {
		reply(w, http.StatusBadRequest, refusal{"请求格式有误"})
		return
	}
	t, m := s.take(to, o.Key, "dispose", b, func(no string, at time.Time) (int, any) {
		rc := s.carryOut(to, o)
		rc.Key, rc.PlatformNo, rc.At = o.Key, no, at.UTC()
		return http.StatusOK, rc
	})
	s.send(w, r, t, m)
}

// admit checks the token of a caller.
func (s *Server) admit(w http.ResponseWriter, r *http.Request) bool {
	base := r.URL.Path[:strings.LastIndexByte(r.URL.Path, '/')]
	if r.Header.Get("Authorization") != "Bearer "+s.city.token(base) {
		reply(w, http.StatusUnauthorized, refusal{"凭证无效"})
		return false
	}
	return true
}

func readAsk(b []byte) (askBody, error) {
	var q askBody
	if err := gateway.Decode(b, &q, true); err != nil {
		return askBody{}, err
	}
	for _, f := range q.Fields {
		if !slices.Contains(askable, f) {
			return askBody{}, gateway.ErrUnreadable
		}
	}
	if q.Key == "" || len(q.Key) > 128 || q.Value == "" || len(q.Fields) == 0 {
		return askBody{}, gateway.ErrUnreadable
	}
	return q, nil
}

func readOrder(b []byte) (orderBody, error) {
	var o orderBody
	if err := gateway.Decode(b, &o, true); err != nil {
		return orderBody{}, err
	}
	if o.Key == "" || len(o.Key) > 128 || o.Value == "" || !slices.Contains(orders, o.Kind) {
		return orderBody{}, gateway.ErrUnreadable
	}
	return o, nil
}

// answer decides what an institution says to a question. The caller holds the
// site's lock.
func (s *Server) answer(to *site, q askBody) answerBody {
	refuse := func(reason string) answerBody { return answerBody{State: "refused", Reason: reason} }
	asks := func(f string) bool { return slices.Contains(q.Fields, f) }
	switch {
	case q.Purpose == "":
		return refuse("未说明查询目的")
	case asks("location") && q.LocationDecisionNo == "":
		return refuse("查询位置须有批准文书文号")
	}
	if to.n >= len(heads) {
		return s.answerBank(to, q, asks)
	}
	l, ok := s.city.Line(q.Value)
	switch {
	case !ok:
		return refuse("查无此号")
	case l.Carrier != to.n:
		return refuse("非本网号码")
	}
	a := answerBody{State: "answered"}
	if asks("subscriber") {
		a.Subscriber = &person{l.Owner.Name, l.Owner.IDNumber}
	}
	if asks("outlet") {
		a.Outlet = l.Outlet
	}
	if asks("openedOn") {
		a.OpenedOn = on(s.start, l.Age)
	}
	if asks("installAddress") {
		a.InstallAddress, a.AddressRole = l.Address, l.Role
	}
	if asks("status") {
		a.LineStatus = s.lineStatus(to, l)
	}
	if asks("location") {
		a.Location = l.Place.String()
	}
	return a
}

func (s *Server) answerBank(to *site, q askBody, asks func(string) bool) answerBody {
	acc, ok := s.city.Account(q.Value)
	switch {
	case !ok || acc.Bank != to.n-len(heads):
		return answerBody{State: "refused", Reason: "非本行账户"}
	case q.DocumentNo == "":
		return answerBody{State: "refused", Reason: "查询账户须有调取证据通知书文号"}
	}
	a := answerBody{State: "answered"}
	if asks("subscriber") {
		a.Subscriber = &person{acc.Owner.Name, acc.Owner.IDNumber}
	}
	if asks("outlet") {
		a.Outlet = acc.Branch
	}
	if asks("openedOn") {
		a.OpenedOn = on(s.start, acc.Age)
	}
	if asks("status") {
		a.LineStatus = acc.Status
	}
	return a
}

func (s *Server) lineStatus(to *site, l Line) string {
	if st := to.status[l.Number]; st != "" {
		return st
	}
	return l.Status
}

var orders = []string{"shutdown", "intercept", "block", "recheck", "restore"}

// held marks what is intercepted or blocked among the statuses of numbers.
const held = "held:"

// carryOut does what an order says. The caller holds the site's lock.
func (s *Server) carryOut(to *site, o orderBody) receiptBody {
	refuse := func(reason string) receiptBody { return receiptBody{State: "refused", Reason: reason} }
	if to.n >= len(heads) {
		return refuse("本单位不受理号码处置")
	}
	l, ok := s.city.Line(o.Value)
	own := ok && l.Carrier == to.n
	switch o.Kind {
	case "intercept", "block": // of anything, also what is not ours
		to.status[held+o.Value] = o.Kind
		return receiptBody{State: "done"}
	case "restore":
		if to.status[held+o.Value] != "" {
			delete(to.status, held+o.Value)
			return receiptBody{State: "done"}
		}
	}
	switch {
	case !own:
		return refuse("非本网号码")
	case o.Reason == "":
		return refuse("未说明处置原因")
	case o.Kind == "shutdown":
		to.status[l.Number] = "suspended"
	case o.Kind == "restore":
		to.status[l.Number] = "active"
	case o.Kind == "recheck": // the holder has a day to verify
		return receiptBody{State: "acknowledged"}
	}
	return receiptBody{State: "done"}
}
