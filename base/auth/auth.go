// Package auth knows who acts and says what they may do. Accounts sign in by
// password and one-time code or by an identity provider; institutions come
// with API keys or client certificates. Cedar policies decide on role, scope,
// purpose and separation of duties (policies.cedar). It never hands out a
// secret twice, and every change of an account stands in the journal.
package auth

import (
	"context"
	"slices"
	"sync"

	"github.com/cedar-policy/cedar-go/types"

	"lanzha"
)

// Role is what an account may do, in one word.
type Role string

// The roles. An account is either of the centre and holds any of the first
// three and the last two, or of an institution and holds one of Unit and
// Responder.
const (
	Officer   Role = "officer"   // 接警处置: takes reports, asks, disposes
	Analyst   Role = "analyst"   // 研判员: judges dens
	Leader    Role = "leader"    // 审批领导: approves
	Unit      Role = "unit"      // 属地派出所: receives dens and checks them on site
	Responder Role = "responder" // an institution's officer: answers its own questions
	Admin     Role = "admin"     // keeps accounts, institutions and the duty list
	Auditor   Role = "auditor"   // reads journal and figures
)

// Roles lists all roles that an account may hold.
func Roles() []Role { return []Role{Officer, Analyst, Leader, Unit, Responder, Admin, Auditor} }

// ofInstitution reports whether the role's scope is an institution and not a
// region.
func (r Role) ofInstitution() bool { return r == Unit || r == Responder }

// The ways by which an actor came.
const (
	ViaSession     = "session"
	ViaKey         = "key"
	ViaCertificate = "certificate"
	ViaSystem      = "system"
)

// Actor is who acts: an account and how it came, or the system itself.
type Actor struct {
	ID          lanzha.ID // the account; "" is the system
	Login       string
	Name        string
	Roles       []Role
	Region      lanzha.Region // scope of staff, administrators and auditors; "" is the whole country
	Institution lanzha.ID     // scope of units and responders; "" is none
	Via         string
	MustChange  bool // signed in with a first password that must be changed
}

// Is reports whether the actor holds the role.
func (a Actor) Is(r Role) bool { return slices.Contains(a.Roles, r) }

// System is the actor of background work and of commands on the server's own
// host. It may do everything but what is forbidden to all.
func System() Actor {
	return Actor{Login: "system", Name: "system", Roles: []Role{system}, Via: ViaSystem}
}

const system Role = "system"

type actorKey struct{}

// principal is an actor with the entity that Cedar sees, made once a request.
type principal struct {
	Actor
	entity types.Entity
	gates  sync.Map // what Gate said of an action: one principal may serve thousands of requests
}

// WithActor makes a the one who acts in ctx.
func WithActor(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, newPrincipal(a))
}

func newPrincipal(a Actor) *principal { return &principal{Actor: a, entity: principalEntity(a)} }

// ActorFrom is who acts in ctx; false when nobody signed in.
func ActorFrom(ctx context.Context) (Actor, bool) {
	p := principalFrom(ctx)
	if p == nil {
		return Actor{}, false
	}
	return p.Actor, true
}

func principalFrom(ctx context.Context) *principal {
	p, _ := ctx.Value(actorKey{}).(*principal)
	return p
}

func errUnauthenticated() *lanzha.Error {
	return &lanzha.Error{Code: lanzha.CodeUnauthenticated, Message: "nobody is signed in", Hint: "sign in, or send an API key"}
}
