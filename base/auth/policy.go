package auth

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"

	"lanzha"
)

//go:embed policies.cedar
var policyText []byte

// rule is one policy, compiled for one action.
type rule struct {
	id     cedar.PolicyID
	policy *cedar.Policy
}

// policies are those that can matter for one action, so that a decision does
// not walk through the others.
type policies []rule

func (p policies) All() iter.Seq2[cedar.PolicyID, *cedar.Policy] {
	return func(yield func(cedar.PolicyID, *cedar.Policy) bool) {
		for _, r := range p {
			if !yield(r.id, r.policy) {
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
	notes   map[cedar.PolicyID]cedar.Annotations
}

// actionScope is the part of a policy's JSON form that names its actions:
// "All", "==" one entity, or "in" several.
type actionScope struct {
	Op       string       `json:"op"`
	Entity   *entityJSON  `json:"entity,omitempty"`
	Entities []entityJSON `json:"entities,omitempty"`
}

type entityJSON struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

// parse reads the embedded policies; what is wrong with them is a mistake of
// the programmer.
func parse(text []byte) (*rules, error) {
	list, err := cedar.NewPolicyListFromBytes("policies.cedar", text)
	if err != nil {
		return nil, err
	}
	r := &rules{permits: map[string]policies{}, forbids: map[string]policies{}, notes: map[cedar.PolicyID]cedar.Annotations{}}
	scopes, forms := make([]actionScope, len(list)), make([]map[string]json.RawMessage, len(list))
	for i, policy := range list {
		notes := policy.Annotations()
		id := cedar.PolicyID(notes["id"])
		if id == "" || r.notes[id] != nil {
			return nil, fmt.Errorf("the policy at line %d needs an @id of its own", policy.Position().Line)
		}
		r.notes[id] = notes
		text, err := policy.MarshalJSON()
		if err != nil {
			return nil, err
		}
		if err := errors.Join(json.Unmarshal(text, &forms[i]), json.Unmarshal(forms[i]["action"], &scopes[i])); err != nil {
			return nil, err
		}
		if e := scopes[i].Entity; e != nil {
			scopes[i].Entities = append(scopes[i].Entities, *e)
		}
		for _, e := range scopes[i].Entities {
			r.actions = append(r.actions, e.ID)
		}
	}
	slices.Sort(r.actions)
	r.actions = slices.Compact(r.actions)
	for _, action := range r.actions {
		this := entityJSON{Type: string(typeAction), ID: action}
		for i, policy := range list {
			if scopes[i].Op != "All" && !slices.Contains(scopes[i].Entities, this) {
				continue
			}
			// The policy for this action alone: "action in [...]" would build
			// the whole set again at every decision.
			compiled, err := forAction(forms[i], this)
			if err != nil {
				return nil, err
			}
			to := r.forbids
			if policy.Effect() == cedar.Permit {
				to = r.permits
			}
			to[action] = append(to[action], rule{cedar.PolicyID(policy.Annotations()["id"]), compiled})
		}
	}
	return r, nil
}

func forAction(form map[string]json.RawMessage, action entityJSON) (*cedar.Policy, error) {
	form = maps.Clone(form)
	scope, err := json.Marshal(actionScope{Op: "==", Entity: &action})
	if err != nil {
		return nil, err
	}
	form["action"] = scope
	text, err := json.Marshal(form)
	if err != nil {
		return nil, err
	}
	var p cedar.Policy
	return &p, p.UnmarshalJSON(text)
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

// plain are the attributes of most records, and of most acts: nobody asked,
// nothing is protected, no document and no purpose is stated.
var (
	plainRecord = recordAttributes(nobody, false)
	plainAct    = actAttributes("", "")
)

func recordAttributes(requestedBy types.EntityUID, protected bool) types.Record {
	return types.NewRecord(types.RecordMap{"requestedBy": requestedBy, "protected": types.Boolean(protected)})
}

func actAttributes(document, purpose string) types.Record {
	return types.NewRecord(types.RecordMap{"document": types.String(document), "purpose": types.String(purpose)})
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
