package disposal

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"lanzha"
	"lanzha/know/number"
	"lanzha/work/clue"
)

// Protected is a value, or all values with a beginning, that only a leader may
// have disposed of: a hospital's switchboard, a service line, an emergency
// number.
type Protected struct {
	ID       lanzha.ID // empty of what the number plan itself protects
	Value    string    // canonical; of a prefix its beginning, of a domain with Prefix its end
	Prefix   bool
	Kind     clue.Kind
	Name     string // whose it is
	Category string // hospital, service, emergency, other
	Until    time.Time
	By       lanzha.ID // the leader who listed it
	At       time.Time
	Why      string
}

// The categories of protected values.
var protections = []string{"hospital", "service", "emergency", "other"}

// planned are the numbers that the plan protects, as the list shows them; the
// rest of the plan's known service numbers are protected too.
var planned = []string{"110", "119", "120", "122", "12110", "12119", "12395", "96110", "12381", "12345", "12320", "12356", "12338", "12355"}

// ByPlan says whether the number plan itself protects a value: emergency
// numbers, and service numbers whose holder it names. No list need be kept for
// them, and none can drop them.
func ByPlan(value string) (Protected, bool) {
	n, ok := number.Domestic(value)
	if !ok || n.Holder == "" {
		return Protected{}, false
	}
	p := Protected{Value: value, Kind: clue.KindService, Name: n.Holder, Category: "service", Why: "号码规划"}
	if n.Kind == number.Emergency {
		p.Category = "emergency"
	}
	return p, true
}

// Check refuses an entry that protects nothing or too much.
func (p Protected) Check(now time.Time) error {
	switch {
	case !slices.Contains(protections, p.Category):
		return lanzha.Invalid("body.category", "a category is hospital, service, emergency or other")
	case strings.TrimSpace(p.Name) == "":
		return lanzha.Invalid("body.name", "say whose it is")
	case strings.TrimSpace(p.Why) == "":
		return lanzha.Invalid("body.why", "say why it is protected")
	case !p.Until.IsZero() && !p.Until.After(now):
		return lanzha.Invalid("body.until", "the end lies in the future")
	case p.Prefix && p.Kind == clue.KindDomain && strings.Count(p.Value, ".") < 1:
		return lanzha.Invalid("body.value", "a whole top-level domain cannot be protected")
	case p.Prefix && p.Kind != clue.KindDomain && len(strings.TrimPrefix(p.Value, "+86")) < minPrefix:
		return lanzha.Invalid("body.value", "a beginning has %d digits at least", minPrefix)
	}
	return nil
}

// minPrefix keeps a slip of the hand from protecting a whole city.
const minPrefix = 5

// candidates are the values under which an entry that protects v may stand:
// v itself, its beginnings, or the domains that contain it.
func candidates(kind clue.Kind, v string) []string {
	switch kind {
	case clue.KindURL:
		u, err := url.Parse(v)
		if err != nil || u.Hostname() == "" {
			return []string{v}
		}
		return append([]string{v}, parents(strings.ToLower(u.Hostname()))...)
	case clue.KindDomain:
		return parents(v)
	case clue.KindMobile, clue.KindFixed, clue.KindService, clue.KindInternational:
		out := []string{}
		for n := len(v); n >= minPrefix; n-- {
			out = append(out, v[:n])
		}
		if len(v) < minPrefix {
			out = append(out, v)
		}
		return out
	}
	return []string{v}
}

func parents(domain string) []string {
	out := []string{}
	for domain != "" && len(out) < 20 {
		out = append(out, domain)
		_, domain, _ = strings.Cut(domain, ".")
	}
	return out
}

// protects reports whether the entry covers a value.
func (p Protected) protects(kind clue.Kind, v string, now time.Time) bool {
	if !p.Until.IsZero() && !p.Until.After(now) {
		return false
	}
	if p.Value == v {
		return true
	}
	if kind == clue.KindURL || kind == clue.KindDomain {
		host := v
		if u, err := url.Parse(v); kind == clue.KindURL && err == nil {
			host = strings.ToLower(u.Hostname())
		}
		return p.Kind == clue.KindDomain && (host == p.Value || p.Prefix && strings.HasSuffix(host, "."+p.Value))
	}
	return p.Prefix && p.Kind != clue.KindDomain && strings.HasPrefix(v, p.Value)
}
