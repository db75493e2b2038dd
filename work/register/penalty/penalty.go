// Package penalty keeps the administrative penalties (行政处罚) of the Law of
// 2022: the facts, the article and the bands that follow from them, what a
// leader decided within the bands, which devices were seized, and what became
// of it on reconsideration or in court. It never chooses an amount: an officer
// proposes one and a leader decides.
package penalty

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"lanzha"
	"lanzha/know/policy"
	"lanzha/work/register"
)

// State is where a penalty stands.
type State string

// The states: proposed -> decided, or proposed -> refused. What follows a
// decision, on reconsideration or in court, stands beside it.
const (
	Proposed State = "proposed" // 拟处罚
	Decided  State = "decided"  // 已决定
	Refused  State = "refused"  // 不予批准
)

// Device is seized equipment of a kind.
type Device struct {
	Kind  DeviceKind `json:"kind" enum:"goip,sim_pool,phone_gateway,voip,router,phone,computer,phone_card,iot_card,bank_card,other"`
	Count int64      `json:"count" minimum:"1" maximum:"1000000"`
}

// DeviceKind is what was seized.
type DeviceKind string

// The kinds of devices.
const (
	GOIP         DeviceKind = "goip"          // GOIP 网关
	SIMPool      DeviceKind = "sim_pool"      // 猫池、卡池
	PhoneGateway DeviceKind = "phone_gateway" // 手机口：两部手机对接转音
	VOIP         DeviceKind = "voip"          // VOIP 设备
	Router       DeviceKind = "router"        // 路由器
	Phone        DeviceKind = "phone"         // 手机
	Computer     DeviceKind = "computer"      // 电脑
	PhoneCard    DeviceKind = "phone_card"    // 电话卡
	IoTCard      DeviceKind = "iot_card"      // 物联网卡
	BankCard     DeviceKind = "bank_card"     // 银行卡
	OtherDevice  DeviceKind = "other"
)

// DeviceKinds lists them.
var DeviceKinds = []DeviceKind{GOIP, SIMPool, PhoneGateway, VOIP, Router, Phone, Computer, PhoneCard, IoTCard, BankCard, OtherDevice}

// Measure is what is imposed. Illegal gains are confiscated whole, as the
// article says; nobody chooses that amount.
type Measure struct {
	FineFen       lanzha.Fen `json:"fineFen" minimum:"0" doc:"in fen; 0 is no fine"`
	DetentionDays int        `json:"detentionDays" minimum:"0" maximum:"20" doc:"0 is none"`
}

// Penalty is one penalty of one person or unit.
type Penalty struct {
	ID      lanzha.ID
	Version int64
	State   State
	Region  lanzha.Region
	Kind    register.SubjectKind
	Number  register.NumberKind
	Name    string // encrypted in the database
	No      string // the subject's number, likewise
	Facts   Facts
	Account string // what happened, in the officer's words; encrypted
	Band    Band
	Devices []Device

	Proposed   Measure
	ProposedBy lanzha.ID
	ProposedAt time.Time

	Decided    Measure // zero until decided
	DocumentNo string
	DecidedOn  register.Day
	DecidedBy  lanzha.ID // also of a refusal
	DecidedAt  time.Time
	Opinion    string // the leader's words; encrypted

	Served   Served
	Remedies []Remedy // at most one of each kind

	Pack policy.Ref // by which the band was found
}

// Served is how the person was handed the decision.
type Served struct {
	How ServedHow    `json:"how" enum:"direct,left,post,public_notice,electronic"`
	On  register.Day `json:"on"`
	By  lanzha.ID    `json:"by"`
}

// ServedHow is a way of service.
type ServedHow string

// The ways.
const (
	Direct       ServedHow = "direct"        // 直接送达
	Left         ServedHow = "left"          // 留置送达
	Post         ServedHow = "post"          // 邮寄送达
	PublicNotice ServedHow = "public_notice" // 公告送达
	Electronic   ServedHow = "electronic"    // 电子送达
)

// RemedyKind is one of the two ways against a penalty (article 48 of the Law).
type RemedyKind string

// The ways.
const (
	Reconsideration RemedyKind = "reconsideration" // 行政复议
	Suit            RemedyKind = "suit"            // 行政诉讼
)

// Outcome is what came of a remedy.
type Outcome string

// The outcomes. "" is pending.
const (
	Upheld    Outcome = "upheld"    // 维持、驳回
	Changed   Outcome = "changed"   // 变更
	Revoked   Outcome = "revoked"   // 撤销、确认违法
	Withdrawn Outcome = "withdrawn" // 撤回
)

// Remedy is one reconsideration or suit.
type Remedy struct {
	Kind       RemedyKind   `json:"kind" enum:"reconsideration,suit"`
	FiledOn    register.Day `json:"filedOn"`
	Organ      string       `json:"organ" doc:"who decides it"`
	Outcome    Outcome      `json:"outcome" enum:",upheld,changed,revoked,withdrawn"`
	DecidedOn  register.Day `json:"decidedOn"`
	DocumentNo string       `json:"documentNo"`
	Changed    *Measure     `json:"changed,omitempty" doc:"what is imposed instead"`
}

// Stands is what is imposed after all: nothing of what was revoked, and of what
// was changed the last. Of two decisions on remedies the later one counts.
func (p Penalty) Stands() (Measure, bool) {
	if p.State != Decided {
		return Measure{}, false
	}
	m, stands, last := p.Decided, true, register.Day("")
	for _, r := range p.Remedies {
		if r.DecidedOn < last {
			continue
		}
		switch r.Outcome {
		case Changed:
			m, stands, last = *r.Changed, true, r.DecidedOn
		case Revoked:
			m, stands, last = Measure{}, false, r.DecidedOn
		}
	}
	return m, stands
}

// ConfiscatedFen is what is confiscated as long as the penalty stands.
func (p Penalty) ConfiscatedFen() lanzha.Fen {
	if _, stands := p.Stands(); !stands {
		return 0
	}
	return p.Band.ConfiscateFen
}

func badText(text string, longest int) bool {
	n := utf8.RuneCountInString(strings.TrimSpace(text))
	return n < 1 || n > longest
}

// checkDevices refuses kinds that stand twice or are not known.
func checkDevices(devices []Device) error {
	seen := map[DeviceKind]bool{}
	for _, d := range devices {
		switch {
		case !slices.Contains(DeviceKinds, d.Kind):
			return lanzha.Invalid("body.devices", "there is no such kind of device")
		case seen[d.Kind]:
			return lanzha.Invalid("body.devices", "the kind %s stands twice", d.Kind)
		case d.Count < 1 || d.Count > 1_000_000:
			return lanzha.Invalid("body.devices", "a count is 1 to 1,000,000")
		}
		seen[d.Kind] = true
	}
	return nil
}

// Propose completes a draft whose band was found.
func (p Penalty) Propose(m Measure, by lanzha.ID, now time.Time) (Penalty, error) {
	if err := checkDevices(p.Devices); err != nil {
		return p, err
	}
	switch {
	case p.State != "" && p.State != Proposed:
		return p, lanzha.Conflict("the penalty is decided")
	case badText(p.Account, 4000):
		return p, lanzha.Invalid("body.account", "say what happened, in 1 to 4000 characters")
	}
	if err := p.Band.holds(m, p.Kind); err != nil {
		return p, err
	}
	p.Version++
	p.State, p.Proposed, p.ProposedBy, p.ProposedAt = Proposed, m, by, now
	return p, nil
}

// Decision is a leader's.
type Decision struct {
	Measure
	DocumentNo string       `json:"documentNo" maxLength:"100" doc:"the number of the decision (行政处罚决定书)"`
	DecidedOn  register.Day `json:"decidedOn" format:"date"`
	Opinion    string       `json:"opinion,omitempty" maxLength:"1000"`
}

// Decide imposes a penalty within the band that was found anew by the same
// facts.
func (p Penalty) Decide(d Decision, band Band, pack policy.Ref, by lanzha.ID, now time.Time, today register.Day) (Penalty, error) {
	on, err := register.ParseDay("body.decidedOn", string(d.DecidedOn))
	switch {
	case p.State != Proposed:
		return p, lanzha.Conflict("the penalty is decided already")
	case err != nil:
		return p, err
	case on == "" || on > today || on < p.Facts.EndedOn:
		return p, lanzha.Invalid("body.decidedOn", "a decision is dated after the conduct ended and not in the future")
	case badText(d.DocumentNo, 100):
		return p, lanzha.Invalid("body.documentNo", "a decision has a number of 1 to 100 characters")
	case band != p.Band:
		e := lanzha.Conflict("the law answers otherwise than when this was proposed")
		e.Hint = "have the officer propose it again on the same facts"
		return p, e
	}
	if err := band.holds(d.Measure, p.Kind); err != nil {
		return p, err
	}
	p.Version++
	p.State, p.Pack, p.Decided, p.DocumentNo, p.DecidedOn = Decided, pack, d.Measure, strings.TrimSpace(d.DocumentNo), on
	p.DecidedBy, p.DecidedAt, p.Opinion = by, now, strings.TrimSpace(d.Opinion)
	return p, nil
}

// Refuse ends a proposal without a penalty.
func (p Penalty) Refuse(opinion string, by lanzha.ID, now time.Time) (Penalty, error) {
	switch {
	case p.State != Proposed:
		return p, lanzha.Conflict("the penalty is decided already")
	case badText(opinion, 1000):
		return p, lanzha.Invalid("body.opinion", "say why, in 1 to 1000 characters")
	}
	p.Version++
	p.State, p.DecidedBy, p.DecidedAt, p.Opinion = Refused, by, now, strings.TrimSpace(opinion)
	return p, nil
}

// Serve notes how and when the person was handed the decision.
func (p Penalty) Serve(s Served, today register.Day) (Penalty, error) {
	on, err := register.ParseDay("body.on", string(s.On))
	switch {
	case p.State != Decided:
		return p, lanzha.Conflict("nothing is decided that could be served")
	case p.Served.On != "":
		return p, lanzha.Conflict("the decision was served on %s already", p.Served.On)
	case err != nil:
		return p, err
	case on == "" || on > today || on < p.DecidedOn:
		return p, lanzha.Invalid("body.on", "a decision is served on its day or after it, and not in the future")
	case !slices.Contains([]ServedHow{Direct, Left, Post, PublicNotice, Electronic}, s.How):
		return p, lanzha.Invalid("body.how", "there is no such way of service")
	}
	p.Version++
	p.Served = Served{How: s.How, On: on, By: s.By}
	return p, nil
}

func (p Penalty) remedy(kind RemedyKind) int {
	return slices.IndexFunc(p.Remedies, func(r Remedy) bool { return r.Kind == kind })
}

// File notes that the person asked for reconsideration or went to court.
func (p Penalty) File(r Remedy, today register.Day) (Penalty, error) {
	on, err := register.ParseDay("body.filedOn", string(r.FiledOn))
	switch {
	case p.State != Decided:
		return p, lanzha.Conflict("nothing is decided against which there is a remedy")
	case r.Kind != Reconsideration && r.Kind != Suit:
		return p, lanzha.Invalid("body.kind", "a remedy is reconsideration or suit")
	case p.remedy(r.Kind) >= 0:
		return p, lanzha.Conflict("this remedy was filed already")
	case err != nil:
		return p, err
	case on == "" || on > today || on < p.DecidedOn:
		return p, lanzha.Invalid("body.filedOn", "a remedy is filed on the day of the decision or after it, and not in the future")
	case badText(r.Organ, 100):
		return p, lanzha.Invalid("body.organ", "say who decides it, in 1 to 100 characters")
	}
	p.Version++
	p.Remedies = append(slices.Clone(p.Remedies), Remedy{Kind: r.Kind, FiledOn: on, Organ: strings.TrimSpace(r.Organ)})
	return p, nil
}

// Close notes what came of a remedy. What is imposed instead is what the organ
// or the court says, whatever the band.
func (p Penalty) Close(r Remedy, today register.Day) (Penalty, error) {
	on, err := register.ParseDay("body.decidedOn", string(r.DecidedOn))
	at := p.remedy(r.Kind)
	switch {
	case at < 0:
		return p, lanzha.Conflict("this remedy was not filed")
	case p.Remedies[at].Outcome != "":
		return p, lanzha.Conflict("this remedy is decided already")
	case err != nil:
		return p, err
	case on == "" || on > today || on < p.Remedies[at].FiledOn:
		return p, lanzha.Invalid("body.decidedOn", "a remedy is decided after it was filed, and not in the future")
	case !slices.Contains([]Outcome{Upheld, Changed, Revoked, Withdrawn}, r.Outcome):
		return p, lanzha.Invalid("body.outcome", "an outcome is upheld, changed, revoked or withdrawn")
	case (r.Outcome == Changed) != (r.Changed != nil):
		return p, lanzha.Invalid("body.changed", "what is imposed instead is stated where the penalty was changed, and only there")
	case r.Changed != nil && (r.Changed.FineFen < 0 || r.Changed.DetentionDays < 0 || r.Changed.DetentionDays > 20):
		return p, lanzha.Invalid("body.changed", "a fine is not negative, and detention 0 to 20 days")
	case r.Outcome != Withdrawn && badText(r.DocumentNo, 100):
		return p, lanzha.Invalid("body.documentNo", "a decision on a remedy has a number of 1 to 100 characters")
	}
	p.Version++
	p.Remedies = slices.Clone(p.Remedies)
	done := &p.Remedies[at]
	done.Outcome, done.DecidedOn, done.DocumentNo, done.Changed = r.Outcome, on, strings.TrimSpace(r.DocumentNo), r.Changed
	return p, nil
}
