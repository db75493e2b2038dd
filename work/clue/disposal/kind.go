// Package disposal does something to a number, a site or an app, and undoes
// it: 关停, 拦截, 封堵, 二次实名, 复机. An order is requested with its reason and
// legal basis, approved where it must be, carried out by the institution that
// can, and told to the person concerned with the way to object. People decide;
// the package says who may, keeps the clocks and the papers, and tells anybody
// at the desk who stopped a number.
package disposal

import (
	"slices"

	"lanzha"
	"lanzha/know/institution"
	"lanzha/know/number"
	"lanzha/work/clue"
)

// Kind is what is done.
type Kind string

// The kinds.
const (
	Shutdown  Kind = "shutdown"  // 关停: by the carrier that holds the line
	Intercept Kind = "intercept" // 拦截: calls from elsewhere, by carriers for their own users
	Block     Kind = "block"     // 封堵: a site, an app, an account of a platform, a virtual number
	Recheck   Kind = "recheck"   // 二次实名: the user shows again who they are, or the line is suspended
	Restore   Kind = "restore"   // 复机: lifts one of the others
)

// Kinds lists them in the order of the console.
var Kinds = []Kind{Shutdown, Intercept, Block, Recheck, Restore}

// values says what each kind can be done to. A line is shut down where it is
// held; what comes from elsewhere can only be intercepted; cards and accounts
// are stopped and frozen, which is another stage's work.
var values = map[Kind][]clue.Kind{
	Shutdown:  {clue.KindMobile, clue.KindFixed},
	Intercept: {clue.KindMobile, clue.KindFixed, clue.KindService, clue.KindInternational},
	Block:     {clue.KindDomain, clue.KindURL, clue.KindApp, clue.KindIM, clue.KindService, clue.KindMobile},
	Recheck:   {clue.KindMobile},
}

// by says which institutions carry a kind out.
var by = map[Kind][]institution.Kind{
	Shutdown:  {institution.Carrier},
	Intercept: {institution.Carrier},
	Block:     {institution.Platform, institution.Regulator, institution.Carrier},
	Recheck:   {institution.Carrier},
}

// Possible refuses a kind that cannot be done to a value, with what can.
func Possible(k Kind, vk clue.Kind, value string) error {
	ok := slices.Contains(values[k], vk)
	if ok && k == Block && vk == clue.KindMobile {
		n, err := number.Parse(value)
		ok = err == nil && n.Kind == number.Virtual
	}
	if ok {
		return nil
	}
	e := lanzha.Invalid("body.kind", "%s cannot be done to a value of kind %s", string(k), string(vk))
	switch {
	case !slices.Contains(Kinds, k):
		e.Message = "a disposal is shutdown, intercept, block, recheck or restore"
	case vk == clue.KindCard || vk == clue.KindAccount:
		e.Hint = "accounts are stopped or frozen, not disposed of here"
	case vk == clue.KindInternational || vk == clue.KindService:
		e.Hint = "ask the carriers to intercept it: nobody here can shut down a line of another network"
	case vk.IsLine():
		e.Hint = "shut the line down at its carrier, or have the others intercept it"
	default:
		e.Hint = "a site, an app or an account of a platform is blocked"
	}
	return e
}

// Can says whether an institution can carry the kind out. routed are those the
// directory names for the value: only who holds a line can shut it down.
func Can(k Kind, in institution.Institution, routed []institution.Institution, unit lanzha.Region) error {
	holds := slices.ContainsFunc(routed, func(r institution.Institution) bool { return r.ID == in.ID })
	e := &lanzha.Error{Code: lanzha.CodeInvalid, Field: "body.institution"}
	switch {
	case in.Disabled:
		e.Message = "this institution is not asked any more"
	case !slices.Contains(by[k], in.Kind):
		e.Message = "a " + string(in.Kind) + " cannot carry out " + string(k)
		e.Hint = "name a carrier, or leave the institution out: the directory routes"
		if k == Block {
			e.Hint = "name a platform, a regulator or a carrier, or leave the institution out"
		}
	case (k == Shutdown || k == Recheck) && !holds:
		e.Message = "this carrier does not hold the line"
		e.Hint = "only the carrier of the line's own network can; the others can intercept its calls"
	case k == Intercept && !serves(in, unit):
		e.Message = "this carrier has no users in your region"
	case k == Block && !holds && !serves(in, unit):
		e.Message = "this institution answers neither for the value nor for your region"
	default:
		return nil
	}
	return e
}

// serves reports whether an institution has users in a unit's region: its own
// region holds the unit's, or lies within it.
func serves(in institution.Institution, unit lanzha.Region) bool {
	return in.Region.Contains(unit) || unit.Contains(in.Region)
}
