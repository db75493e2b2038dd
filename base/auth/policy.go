package auth

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"iter"
	"slices"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"

	"lanzha"
)

//go:embed policies.cedar
var policyText []byte

// policies are the policies that can matter for one action, so that a decision
// does not walk through the others.
type policies []*cedar.Policy

func (p policies) All() iter.Seq2[cedar.PolicyID, *cedar.Policy] {
	return func(yield func(cedar.PolicyID, *cedar.Policy) bool) {
		for _, policy := range p {
			if !yield(cedar.PolicyID(policy.Annotations()["id"]), policy) {
				return
			}
		}
	}
}

// rules are all policies, sorted by action.
type rules struct {
	permits map[string]policies
	forbids map[string]policies
	actions []string // every action that a policy names
	byID    map[cedar.PolicyID]*cedar.Policy
}

// scopeOf is the part of a policy's JSON form that names its actions.
type scopeOf struct {
	Action struct {
		Op       string       `json:"op"`
		Entity   entityJSON   `json:"entity"`
		Entities []entityJSON `json:"entities"`
	} `json:"action"`
}

type entityJSON struct {
	ID string `json:"id"`
}

// parse reads the embedded policies; what is wrong with them is a mistake of
// the programmer.
func parse(text []byte) (*rules, error) {
	list, err := cedar.NewPolicyListFromBytes("policies.cedar", text)
	if err != nil {
		return nil, err
	}
	r := &rules{permits: map[string]policies{}, forbids: map[string]policies{}, byID: map[cedar.PolicyID]*cedar.Policy{}}
	named := make([][]string, len(list)) // nil is every action
	for i, policy := range list {
		id := cedar.PolicyID(policy.Annotations()["id"])
		if id == "" || r.byID[id] != nil {
			return nil, fmt.Errorf("policy at line %d needs an @id of its own", policy.Position().Line)
		}
		r.byID[id] = policy
		text, err := policy.MarshalJSON()
		if err != nil {
			return nil, err
		}
		var scope scopeOf
		if err := json.Unmarshal(text, &scope); err != nil {
			return nil, err
		}
		if scope.Action.Entity.ID != "" {
			named[i] = append(named[i], scope.Action.Entity.ID)
		}
		for _, e := range scope.Action.Entities {
			named[i] = append(named[i], e.ID)
		}
		if named[i] == nil && scope.Action.Op != "All" {
			return nil, fmt.Errorf("policy %s names its actions in an unknown way, %q", id, scope.Action.Op)
		}
		r.actions = append(r.actions, named[i]...)
	}
	slices.Sort(r.actions)
	r.actions = slices.Compact(r.actions)
	for _, action := range r.actions {
		for i, policy := range list {
			if named[i] != nil && !slices.Contains(named[i], action) {
				continue
			}
			if policy.Effect() == cedar.Permit {
				r.permits[action] = append(r.permits[action], policy)
			} else {
				r.forbids[action] = append(r.forbids[action], policy)
			}
		}
	}
	return r, nil
}

const (
	typeAccount     types.EntityType = "Account"
	typeRole        types.EntityType = "Role"
	typeRegion      types.EntityType = "Region"
	typeInstitution types.EntityType = "Institution"
	typeRecord      types.EntityType = "Record"
	typeAction      types.EntityType = "Action"
)

// country is the root of the tree of regions.
var country = types.NewEntityUID(typeRegion, "")

func regionUID(r lanzha.Region) types.EntityUID {
	return types.NewEntityUID(typeRegion, types.String(r))
}

// Nobody and nowhere stand for an account and an institution that are not
// given; being of a type of their own, they equal none that is.
var (
	nobody  = types.NewEntityUID("Nobody", "")
	nowhere = types.NewEntityUID("Nowhere", "")
)

func principalEntity(a Actor) types.Entity {
	parents := make([]types.EntityUID, 0, len(a.Roles)+1)
	staff := false
	for _, r := range a.Roles {
		parents = append(parents, types.NewEntityUID(typeRole, types.String(r)))
		staff = staff || r == Officer || r == Analyst || r == Leader
	}
	if staff {
		parents = append(parents, types.NewEntityUID(typeRole, "staff"))
	}
	institution := nowhere
	if a.Institution != "" {
		institution = types.NewEntityUID(typeInstitution, types.String(a.Institution))
	}
	return types.Entity{
		UID:     types.NewEntityUID(typeAccount, types.String(a.ID)),
		Parents: types.NewEntityUIDSet(parents...),
		Attributes: types.NewRecord(types.RecordMap{
			"region":      regionUID(a.Region),
			"institution": institution,
			"mustChange":  types.Boolean(a.MustChange),
		}),
	}
}

// place is what a record's parents depend on.
type place struct {
	region      lanzha.Region
	institution lanzha.ID
}

// parentsOf lists the regions and the institution a record lies in, all levels
// at once, so that Cedar need not climb.
func parentsOf(p place, more []lanzha.Region) types.EntityUIDSet {
	parents := []types.EntityUID{country}
	for _, r := range append([]lanzha.Region{p.region}, more...) {
		for _, level := range r.Levels() {
			parents = append(parents, regionUID(level))
		}
	}
	if p.institution != "" {
		parents = append(parents, types.NewEntityUID(typeInstitution, types.String(p.institution)))
	}
	return types.NewEntityUIDSet(parents...)
}

// world is the entities of one decision. Roles, regions and actions have no
// parents of their own: the two entities name all of theirs.
type world struct{ principal, resource *types.Entity }

// Get finds an entity for Cedar.
func (w world) Get(uid types.EntityUID) (types.Entity, bool) {
	switch uid {
	case w.principal.UID:
		return *w.principal, true
	case w.resource.UID:
		return *w.resource, true
	}
	return types.Entity{}, false
}
