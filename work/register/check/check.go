// Package check answers institutions that ask, before they open or continue a
// service, whether the person is in the register. A name, a number and a
// service come in; out goes whether measures bind this institution for this
// service today, until when, on what basis, and what stays open to the person.
// It never tells more than that: no class, no facts, nothing of other
// services. Every check stands in the journal before it is answered.
package check

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"lanzha"
	"lanzha/know/institution"
	"lanzha/work/register"
)

// Service is what an institution is about to open or to continue. The words
// are those of the packs' measures.
type Service string

// The services.
const (
	OpenBankAccount    Service = "open_bank_account"                // 开立银行账户
	NoncounterBank     Service = "bank_account_noncounter_outgoing" // 银行账户非柜面出金
	NoncounterWallet   Service = "ecny_wallet_noncounter_outgoing"  // 数字人民币钱包非柜面出金
	NewECNYWallet      Service = "new_ecny_wallet"                  // 新开立实名数字人民币钱包
	PaymentAccount     Service = "payment_account"                  // 支付账户业务
	NewPaymentAccount  Service = "new_payment_account"              // 新开立支付账户
	PhoneLineFunctions Service = "phone_line_functions"             // 电话卡、物联网卡、固定电话的功能
	LineTransfer       Service = "line_transfer"                    // 过户
	NewTelecomService  Service = "new_telecom_service"              // 办理新的电信业务
	AppDistribution    Service = "app_distribution"                 // 网站、应用程序的分发、上架
	InternetAccount    Service = "internet_account"                 // 互联网账号
)

// Services lists them in the order of the console.
var Services = []Service{
	OpenBankAccount, NoncounterBank, NoncounterWallet, NewECNYWallet, PaymentAccount, NewPaymentAccount,
	PhoneLineFunctions, LineTransfer, NewTelecomService, AppDistribution, InternetAccount,
}

// offered is which kind of institution offers what: it may ask about nothing
// else.
var offered = map[institution.Kind][]Service{
	institution.Bank:     {OpenBankAccount, NoncounterBank, NoncounterWallet, NewECNYWallet},
	institution.Payment:  {PaymentAccount, NewPaymentAccount, NoncounterWallet, NewECNYWallet},
	institution.Carrier:  {PhoneLineFunctions, LineTransfer, NewTelecomService},
	institution.Platform: {AppDistribution, InternetAccount},
}

// bindsWhom is which kinds of institutions the packs' words for whom a measure
// binds mean. Of the credit measures nobody is asked before a service.
var bindsWhom = map[string][]institution.Kind{
	"bank":          {institution.Bank},
	"ecny_operator": {institution.Bank, institution.Payment}, // 数字人民币钱包的开立机构
	"payment_firm":  {institution.Payment},
	"carrier":       {institution.Carrier},
	"internet_firm": {institution.Platform},
}

// Purpose is why an institution asks.
type Purpose string

// The purposes.
const (
	Opening    Purpose = "opening"    // a service is about to be opened
	Continuing Purpose = "continuing" // a running service is looked through
)

// Request is one call. Who asks is known by the key or certificate.
type Request struct {
	Purpose   Purpose   `json:"purpose" enum:"opening,continuing"`
	Officer   string    `json:"officer" minLength:"1" maxLength:"40" pattern:"^[A-Za-z0-9._/-]+$" example:"E10293" doc:"the staff number of who asks, never a name; a system has a number too"`
	Reference string    `json:"reference" minLength:"1" maxLength:"64" pattern:"^[A-Za-z0-9._/-]+$" example:"20261125-000123" doc:"the asker's own number of the business"`
	Checks    []Subject `json:"checks" minItems:"1" maxItems:"1000" nullable:"false"`
}

// Subject is a person or unit and the service in question.
type Subject struct {
	Number  string  `json:"number" minLength:"5" maxLength:"40" doc:"of the identity paper, or the unified social credit code"`
	Name    string  `json:"name" minLength:"1" maxLength:"100" doc:"as the paper has it"`
	Service Service `json:"service" enum:"open_bank_account,bank_account_noncounter_outgoing,ecny_wallet_noncounter_outgoing,new_ecny_wallet,payment_account,new_payment_account,phone_line_functions,line_transfer,new_telecom_service,app_distribution,internet_account"`
}

// MaxChecks is how many subjects a request may hold.
const MaxChecks = 1000

// check refuses a request that cannot be answered, and makes its numbers
// canonical.
func (r *Request) check(kind institution.Kind) error {
	services := offered[kind]
	switch {
	case len(services) == 0:
		return lanzha.Forbidden("an institution of this kind offers no service that the register concerns")
	case r.Purpose != Opening && r.Purpose != Continuing:
		return lanzha.Invalid("body.purpose", "a purpose is opening or continuing")
	case !token(r.Officer, 40):
		return lanzha.Invalid("body.officer", "the staff number of who asks has 1 to 40 letters, digits and . _ / -")
	case !token(r.Reference, 64):
		return lanzha.Invalid("body.reference", "the number of the business has 1 to 64 letters, digits and . _ / -")
	case len(r.Checks) == 0 || len(r.Checks) > MaxChecks:
		return lanzha.Invalid("body.checks", "want 1 to %d checks", MaxChecks)
	}
	for i := range r.Checks {
		s := &r.Checks[i]
		if !plainNumber(s.Number) {
			s.Number = register.CanonicalNumber(s.Number)
		}
		var field, message string
		switch {
		case !register.KnownNumber(s.Number):
			field, message = "number", "this is no number of an identity paper: a resident's number and a credit code are found wrong by their last character"
		case strings.TrimSpace(s.Name) == "" || utf8.RuneCountInString(s.Name) > 100:
			field, message = "name", "a name has 1 to 100 characters"
		case !slices.Contains(Services, s.Service):
			field, message = "service", "there is no service of this name"
		case !slices.Contains(services, s.Service):
			field, message = "service", "an institution of this kind does not offer this service, and may not ask about it"
		default:
			continue
		}
		return &lanzha.Error{Code: lanzha.CodeInvalid, Field: fmt.Sprintf("body.checks[%d].%s", i, field), Row: i + 1, Message: message, Hint: "nothing of this request was answered or kept"}
	}
	return nil
}

// token reports whether s is 1 to longest characters of numbers as offices
// write them: no names, which are personal data.
func token(s string, longest int) bool {
	if s == "" || len(s) > longest {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '.', c == '_', c == '/', c == '-':
		default:
			return false
		}
	}
	return true
}

// plainNumber reports whether a number is canonical as it came.
func plainNumber(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}

// Result is the answer in a word.
type Result string

// The results.
const (
	NotListed   Result = "not_listed"   // no measure binds the person today that an institution of this kind carries out
	NameDiffers Result = "name_differs" // the number is listed under another name; nothing more is told
	Listed      Result = "listed"       // with the measures that bind for this service, which may be none
)

// Answer is what is told of one subject.
type Answer struct {
	Result   Result  `json:"result" enum:"not_listed,name_differs,listed"`
	Measures []Bound `json:"measures,omitempty" nullable:"false" doc:"what binds the asking institution for this service today; none: this service is not barred"`
	Open     *Words  `json:"open,omitempty" doc:"that this service stays open to the person"`
}

// Bound is a measure that binds.
type Bound struct {
	Measure string        `json:"measure" example:"suspend" doc:"what is done: restrict, stop, suspend, refuse ..."`
	Words   Words         `json:"words" doc:"what is restricted"`
	Keeps   *Words        `json:"keeps,omitempty" doc:"what must stay open to the person"`
	Basis   string        `json:"basis" doc:"document and article, to be told to the person"`
	Until   *register.Day `json:"until" doc:"the first day on which it binds no more; null is not known"` // last: see bound
}

// Words are a text in the languages of the house.
type Words struct {
	ZH string `json:"zh"`
	EN string `json:"en"`
}

// Reply is the answer to a request: one answer for each check, in its order.
type Reply struct {
	AsOf    AsOf     `json:"asOf"`
	Answers []Answer `json:"answers" nullable:"false"`
}

// AsOf says up to where the list was known that the answers were read from.
type AsOf struct {
	At     time.Time `json:"at" doc:"what was listed or lifted before is in it"`
	Cursor string    `json:"cursor" doc:"the place in the journal"`
	Late   bool      `json:"late" doc:"the list is older than it should be: ask again before refusing a service"`
}

// lateAfter is how old a list may be without saying so. It is read again five
// times a second.
const lateAfter = 2 * time.Second
