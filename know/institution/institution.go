// Package institution is the directory of those whom the centre works with:
// police units, carriers, banks, payment firms, communities, regulators. It
// says whom to ask about a number, card or domain, by which gateway, and how
// fast they mean to answer.
//
// Records come in by hand or as CSV; routes come out. It never speaks to an
// institution: that is the gateways' work.
package institution

import (
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"lanzha"
	"lanzha/know/place"
)

// Kind is what an institution is.
type Kind string

// The kinds.
const (
	Police    Kind = "police"    // 公安
	Carrier   Kind = "carrier"   // 通信运营商
	Bank      Kind = "bank"      // 银行
	Payment   Kind = "payment"   // 支付机构
	Community Kind = "community" // 社区
	Regulator Kind = "regulator" // 监管部门
	Platform  Kind = "platform"  // 互联网平台
)

// Gateway is how an institution is spoken to.
type Gateway string

// The gateways.
const (
	ByPlatform Gateway = "platform" // a signed file for the platform, a receipt back
	ByHand     Gateway = "manual"   // its officer signs in and answers
	ByCAMARA   Gateway = "camara"   // the CAMARA interfaces over HTTP
	BySandbox  Gateway = "sandbox"  // the simulated city
)

// RangeKind is what a range of values is of.
type RangeKind string

// The kinds of ranges.
const (
	Mobile  RangeKind = "mobile"  // the value is E.164: "+8613888812345"
	Fixed   RangeKind = "fixed"   // the value is E.164: "+8687163161234"
	Service RangeKind = "service" // a short or service number: "95588", "4008123123"
	Card    RangeKind = "card"    // a card number; its beginning is the BIN
	Account RangeKind = "account" // an account at a payment firm
	Domain  RangeKind = "domain"  // an ASCII domain, in lower case
	App     RangeKind = "app"     // an application's name
	IM      RangeKind = "im"      // a name at a messenger: "wechat:abc"
)

var (
	kinds    = []Kind{Police, Carrier, Bank, Payment, Community, Regulator, Platform}
	gateways = []Gateway{ByPlatform, ByHand, ByCAMARA, BySandbox}

	codeForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	prefixes = map[RangeKind]*regexp.Regexp{
		Mobile:  regexp.MustCompile(`^\+[0-9]{1,15}$`),
		Fixed:   regexp.MustCompile(`^\+[0-9]{1,15}$`),
		Service: regexp.MustCompile(`^\+?[0-9]{1,15}$`),
		Card:    regexp.MustCompile(`^[0-9]{1,19}$`),
		Account: regexp.MustCompile(`^\S{1,64}$`),
		Domain:  regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)*$`),
		App:     regexp.MustCompile(`^\S(.{0,62}\S)?$`),
		IM:      regexp.MustCompile(`^[a-z]+:\S{0,64}$`),
	}
)

// Range is a part of the values that an institution answers for.
type Range struct {
	Kind   RangeKind `json:"kind" enum:"mobile,fixed,service,card,account,domain,app,im"`
	Prefix string    `json:"prefix" minLength:"1" maxLength:"253" example:"+86138888" doc:"the beginning of the canonical value; of a domain its end"`
}

// Contact is a person at an institution whom escalations go to, the first to
// be called first.
type Contact struct {
	Name  string `json:"name" maxLength:"60"`
	Role  string `json:"role" maxLength:"60" example:"值班专员"`
	Phone string `json:"phone" maxLength:"40"`
	Email string `json:"email" maxLength:"200"`
}

// Institution is one entry of the directory.
type Institution struct {
	ID      lanzha.ID
	Version int64         // from 1
	Code    string        // short, unique, for people and files: "yunnan-mobile-km"
	Name    string        // as its seal has it
	NameEn  string        // may be empty
	Kind    Kind          //
	Region  lanzha.Region // what it answers for; "" is the whole country

	Gateway  Gateway
	Endpoint string        // the URL of its gateway; empty where the gateway has none
	Secret   lanzha.Secret // what its gateway authenticates with; sealed in the database
	Contacts []Contact     // sealed in the database
	Ranges   []Range

	// AnswerTarget is how fast it means to answer, in whole seconds; 0 is
	// nothing stated.
	AnswerTarget time.Duration
	Disabled     bool // not asked any more
}

// The largest an entry may be.
const (
	maxRanges   = 20_000
	maxContacts = 20
	maxTarget   = 30 * 24 * time.Hour
)

// Check refuses an entry that cannot be worked with, as Invalid with the field.
func (in Institution) Check() error {
	switch {
	case len(in.Code) < 2 || len(in.Code) > 64 || !codeForm.MatchString(in.Code):
		return lanzha.Invalid("code", "a code has 2 to 64 lower-case letters, digits and single hyphens")
	case badText(in.Name, 1, 100):
		return lanzha.Invalid("name", "a name has 1 to 100 characters")
	case badText(in.NameEn, 0, 200):
		return lanzha.Invalid("nameEn", "an English name has up to 200 characters")
	case !slices.Contains(kinds, in.Kind):
		return lanzha.Invalid("kind", "a kind is one of %s", words(kinds))
	case in.Region != "" && place.FullName(in.Region) == "":
		return lanzha.Invalid("region", "there is no such division; a region is a code of GB/T 2260, or empty for the whole country")
	case !slices.Contains(gateways, in.Gateway):
		return lanzha.Invalid("gateway", "a gateway is one of %s", words(gateways))
	case badText(string(in.Secret), 0, 4000):
		return lanzha.Invalid("secret", "a secret has up to 4000 characters")
	case in.AnswerTarget < 0 || in.AnswerTarget > maxTarget || in.AnswerTarget%time.Second != 0:
		return lanzha.Invalid("answerTargetS", "an answer target is 0 (nothing stated) to %d seconds", int(maxTarget.Seconds()))
	case len(in.Contacts) > maxContacts:
		return lanzha.Invalid("contacts", "an institution has up to %d contacts", maxContacts)
	case len(in.Ranges) > maxRanges:
		return lanzha.Invalid("ranges", "an institution has up to %d ranges", maxRanges)
	}
	if err := in.checkEndpoint(); err != nil {
		return err
	}
	for _, c := range in.Contacts {
		if err := c.check(); err != nil {
			return err
		}
	}
	seen := make(map[Range]bool, len(in.Ranges))
	for _, r := range in.Ranges {
		form, known := prefixes[r.Kind]
		switch {
		case !known:
			return lanzha.Invalid("ranges", "there is no kind of range of this name")
		case len(r.Prefix) > 253 || !form.MatchString(r.Prefix):
			return lanzha.Invalid("ranges", "a prefix of kind %s does not have the form of its values", r.Kind)
		case seen[r]:
			return lanzha.Invalid("ranges", "the same range stands there twice")
		}
		seen[r] = true
	}
	return nil
}

func (in Institution) checkEndpoint() error {
	if in.Endpoint == "" {
		if in.Gateway == ByCAMARA || in.Gateway == BySandbox {
			return lanzha.Invalid("endpoint", "the gateway %s needs an endpoint", in.Gateway)
		}
		return nil
	}
	u, err := url.Parse(in.Endpoint)
	if err != nil || len(in.Endpoint) > 500 || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil {
		return lanzha.Invalid("endpoint", "an endpoint is an http or https URL without user and password; those go into the secret")
	}
	return nil
}

func (c Contact) check() error {
	switch {
	case badText(c.Name, 1, 60), badText(c.Role, 0, 60), badText(c.Phone, 0, 40):
		return lanzha.Invalid("contacts", "a contact has a name of 1 to 60 characters, a role of up to 60 and a phone of up to 40")
	case c.Phone == "" && c.Email == "":
		return lanzha.Invalid("contacts", "a contact needs a phone or an e-mail address")
	case c.Email == "":
		return nil
	}
	if a, err := mail.ParseAddress(c.Email); err != nil || a.Address != c.Email || len(c.Email) > 200 {
		return lanzha.Invalid("contacts", "an e-mail address of a contact cannot be read")
	}
	return nil
}

// badText reports whether s is shorter or longer than it may be, in
// characters, or holds control characters.
func badText(s string, shortest, longest int) bool {
	n := utf8.RuneCountInString(s)
	return n < shortest || n > longest || s != strings.TrimSpace(s) ||
		strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == utf8.RuneError })
}

func words[T ~string](list []T) string {
	out := make([]string, len(list))
	for i, w := range list {
		out[i] = string(w)
	}
	return strings.Join(out, ", ")
}
