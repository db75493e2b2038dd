package auth

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"

	"lanzha"
)

// Resource is what an action is about, as far as the decision depends on it.
type Resource struct {
	Type        string          // "clue"; only for the text of an error
	ID          lanzha.ID       // "" for what does not exist yet
	Region      lanzha.Region   // the handling unit's; "" is unknown, which only the whole country contains
	Regions     []lanzha.Region // further regions from which it may be seen
	Institution lanzha.ID       // the institution it was handed to; "" is none
	RequestedBy lanzha.ID       // who asked for it, for separation of duties; "" is the system
	Protected   bool            // it concerns a protected number
	Document    string          // the number of the document the action is based on
	Purpose     string          // the purpose stated for the action
}

// Decider answers who may do what. It holds no state but caches and is safe
// for use by many goroutines.
type Decider struct {
	rules *rules

	mu      sync.RWMutex
	parents map[place]types.EntityUIDSet
}

// NewDecider reads the embedded policies. It panics when they cannot be read,
// which is a mistake of the programmer.
func NewDecider() *Decider {
	r, err := parse(policyText)
	if err != nil {
		panic("auth: " + err.Error())
	}
	return &Decider{rules: r, parents: map[place]types.EntityUIDSet{}}
}

// Actions lists every action that the policies know, sorted.
func (d *Decider) Actions() []string { return slices.Clone(d.rules.actions) }

// May says whether the one who acts in ctx may do the action to r. The error
// is CodeUnauthenticated when nobody is signed in; CodeForbidden when the role
// never may, or when a rule stands against it, which is told; CodeNotFound when
// r lies outside the actor's scope, so that IDs cannot be probed; CodeInternal
// for an action that the policies do not know.
func (d *Decider) May(ctx context.Context, action string, r Resource) error {
	p := principalFrom(ctx)
	if p == nil {
		return errUnauthenticated()
	}
	if err := d.known(action); err != nil {
		return err
	}
	permitted, err := d.permitted(p, action, r)
	if err != nil {
		return err
	}
	if permitted {
		return d.forbidden(p, action, r)
	}
	if ever, err := d.permitted(p, action, inScope(p.Actor)); err != nil {
		return err
	} else if !ever {
		return notForRole(action)
	}
	what := r.Type
	if what == "" {
		what = "record"
	}
	return lanzha.NotFound(what)
}

// Gate says whether the one who acts in ctx may ever do the action, whatever
// the record: the question before any record is read. Its errors are those of
// May but CodeNotFound.
func (d *Decider) Gate(ctx context.Context, action string) error {
	p := principalFrom(ctx)
	if p == nil {
		return errUnauthenticated()
	}
	if known, ok := p.gates.Load(action); ok {
		return known.(gated).err
	}
	err := d.gate(p, action)
	p.gates.Store(action, gated{err})
	return err
}

// gated is what Gate said.
type gated struct{ err error }

func (d *Decider) gate(p *principal, action string) error {
	if err := d.known(action); err != nil {
		return err
	}
	r := inScope(p.Actor)
	ever, err := d.permitted(p, action, r)
	if err != nil {
		return err
	}
	if !ever {
		return notForRole(action)
	}
	return d.forbidden(p, action, r)
}

// inScope is a record in the middle of the actor's scope that no rule stands
// against.
func inScope(a Actor) Resource {
	return Resource{Region: a.Region, Institution: a.Institution, Document: "any", Purpose: "any"}
}

func notForRole(action string) error {
	e := lanzha.Forbidden("your role does not allow %s", action)
	e.Hint = "ask an administrator for the role, or somebody who holds it"
	return e
}

func (d *Decider) known(action string) error {
	if _, ok := slices.BinarySearch(d.rules.actions, action); !ok {
		return lanzha.Internal("auth.May", fmt.Errorf("no policy knows the action %q", action))
	}
	return nil
}

func (d *Decider) permitted(p *principal, action string, r Resource) (bool, error) {
	decision, diagnostic := d.ask(d.rules.permits[action], p, action, r)
	if len(diagnostic.Errors) > 0 {
		return false, lanzha.Internal("auth.May", fmt.Errorf("%s: %s", diagnostic.Errors[0].PolicyID, diagnostic.Errors[0].Message))
	}
	return decision == cedar.Allow, nil
}

// forbidden asks the rules that hold against every permit. The first that
// stands against it gives the error its words.
func (d *Decider) forbidden(p *principal, action string, r Resource) error {
	_, diagnostic := d.ask(d.rules.forbids[action], p, action, r)
	if len(diagnostic.Errors) > 0 {
		return lanzha.Internal("auth.May", fmt.Errorf("%s: %s", diagnostic.Errors[0].PolicyID, diagnostic.Errors[0].Message))
	}
	if len(diagnostic.Reasons) == 0 {
		return nil
	}
	notes := d.rules.notes[diagnostic.Reasons[0].PolicyID]
	e := lanzha.Forbidden("%s", string(notes["message"]))
	e.Hint, e.Field = string(notes["hint"]), string(notes["field"])
	return e
}

func (d *Decider) ask(set policies, p *principal, action string, r Resource) (cedar.Decision, cedar.Diagnostic) {
	resource := types.Entity{UID: types.NewEntityUID(typeRecord, types.String(r.ID)), Parents: d.parentsOf(r), Attributes: plainRecord}
	if r.RequestedBy != "" {
		resource.Attributes = recordAttributes(types.NewEntityUID(typeAccount, types.String(r.RequestedBy)), r.Protected)
	} else if r.Protected {
		resource.Attributes = recordAttributes(nobody, true)
	}
	act := plainAct
	if r.Document != "" || r.Purpose != "" {
		act = actAttributes(r.Document, r.Purpose)
	}
	return cedar.Authorize(set, world{&p.entity, &resource}, cedar.Request{
		Principal: p.entity.UID, Action: types.NewEntityUID(typeAction, types.String(action)), Resource: resource.UID, Context: act,
	})
}

// maxPlaces bounds the cache: about the districts of the country, times a few
// institutions.
const maxPlaces = 10_000

func (d *Decider) parentsOf(r Resource) types.EntityUIDSet {
	key := place{r.Region, r.Institution}
	if len(r.Regions) > 0 {
		return parentsOf(key, r.Regions)
	}
	d.mu.RLock()
	found, ok := d.parents[key]
	d.mu.RUnlock()
	if ok {
		return found
	}
	found = parentsOf(key, nil)
	d.mu.Lock()
	if len(d.parents) >= maxPlaces {
		clear(d.parents)
	}
	d.parents[key] = found
	d.mu.Unlock()
	return found
}
