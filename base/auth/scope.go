package auth

import (
	"context"

	"lanzha"
)

// Scope is which records an actor may do an action to, as a list can ask for
// them: all, those of a region, or those of an institution. Records keep
// province, city and district in columns of their own.
type Scope struct {
	All         bool
	Region      lanzha.Region // when set, Level says which column equals it
	Institution lanzha.ID     // when set, the institution's column equals it
}

// Level is the column that holds regions of the scope's level: "province",
// "city" or "district"; "" when the scope is not a region.
func (s Scope) Level() string {
	switch {
	case s.Region == "":
		return ""
	case s.Region.District() != "":
		return "district"
	case s.Region.City() != "":
		return "city"
	}
	return "province"
}

// Covers reports whether a record lies in the scope.
func (s Scope) Covers(r Resource) bool {
	switch {
	case s.All:
		return true
	case s.Institution != "":
		return r.Institution == s.Institution
	case s.Region != "":
		for _, region := range append([]lanzha.Region{r.Region}, r.Regions...) {
			if s.Region.Contains(region) {
				return true
			}
		}
	}
	return false
}

// ScopeOf asks the policies about a record that lies nowhere, one that lies
// just in the actor's region and one that is just the actor's institution's:
// which of them is permitted tells the scope of the action. Its errors are
// those of Gate.
func (d *Decider) ScopeOf(ctx context.Context, action string) (Scope, error) {
	if err := d.Gate(ctx, action); err != nil {
		return Scope{}, err
	}
	p := principalFrom(ctx)
	probe := inScope(p.Actor)
	for _, s := range []Scope{{All: true}, {Region: p.Region}, {Institution: p.Institution}} {
		if s == (Scope{}) {
			continue
		}
		probe.Region, probe.Institution = s.Region, s.Institution
		permitted, err := d.permitted(p, action, probe)
		if err != nil {
			return Scope{}, err
		}
		if permitted {
			return s, nil
		}
	}
	return Scope{}, notForRole(action)
}
