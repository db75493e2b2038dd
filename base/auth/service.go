package auth

import (
	"context"
	"crypto/rand"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"

	"lanzha"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/base/vault"
)

// Auth is the accounts of one database, how they sign in, and what they may
// do. It is safe for use by many goroutines.
type Auth struct {
	*Decider
	db       *sqldb.DB
	journal  *journal.Journal
	vault    *vault.Vault
	ids      *lanzha.IDs
	now      func() time.Time
	random   io.Reader
	options  Options
	hasher   *hasher
	sessions *scs.SessionManager
	known    known

	provider *provider // of OIDC, once it has answered
	mu       sync.Mutex
}

// Options tune Auth; the zero value is plain HTTP without an identity provider.
type Options struct {
	Secure  bool                                            // browsers speak HTTPS with us: cookies go by it alone
	OIDC    OIDC                                            // an empty Issuer turns it off
	Problem func(http.ResponseWriter, *http.Request, error) // writes an error as the API does; nil writes its code as text
	Random  io.Reader                                       // nil is crypto/rand
}

// Lifetime is how long a session lasts after signing in: a long shift.
const Lifetime = 12 * time.Hour

// CookieName is the session's cookie.
const CookieName = "lanzha_session"

// New makes the accounts of a database.
func New(db *sqldb.DB, j *journal.Journal, v *vault.Vault, ids *lanzha.IDs, now func() time.Time, o Options) *Auth {
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.Problem == nil {
		o.Problem = func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, string(lanzha.CodeOf(err)), statusOf(err))
		}
	}
	a := &Auth{
		Decider: NewDecider(), db: db, journal: j, vault: v, ids: ids, now: now, random: o.Random, options: o,
		hasher: newHasher(o.Random),
	}
	// Not scs.New, which starts a goroutine for a store in memory. No
	// IdleTimeout: it would write at every request.
	a.sessions = &scs.SessionManager{
		Lifetime: Lifetime, Store: sessionStore{db, now}, Codec: scs.GobCodec{}, HashTokenInStore: true,
		Cookie:    scs.SessionCookie{Name: CookieName, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: o.Secure},
		ErrorFunc: o.Problem,
	}
	return a
}

func statusOf(err error) int {
	switch lanzha.CodeOf(err) {
	case lanzha.CodeUnauthenticated:
		return http.StatusUnauthorized
	case lanzha.CodeForbidden:
		return http.StatusForbidden
	}
	return http.StatusInternalServerError
}

// DB is the database that the accounts are in.
func (a *Auth) DB() *sqldb.DB { return a.db }

// Now is the time by the clock of the accounts.
func (a *Auth) Now() time.Time { return a.now() }

// HasOIDC reports whether people may sign in by an identity provider.
func (a *Auth) HasOIDC() bool { return a.options.OIDC.Issuer != "" }

// What a session holds.
const (
	sessionAccount = "account"
	sessionEpoch   = "epoch" // sessions of an earlier epoch of the account are void
	sessionFirst   = "first" // signed in by the first password
	sessionState   = "oidc.state"
	sessionNonce   = "oidc.nonce"
	sessionPKCE    = "oidc.pkce"
)

// begin makes the session of ctx one of the account, under a new token, so
// that a token planted before signing in is worth nothing.
func (a *Auth) begin(ctx context.Context, account Account, first bool) error {
	if err := a.sessions.RenewToken(ctx); err != nil {
		return lanzha.Internal("auth.begin", err)
	}
	a.sessions.SetDeadline(ctx, a.now().Add(Lifetime))
	a.sessions.Put(ctx, sessionAccount, string(account.ID))
	a.sessions.Put(ctx, sessionEpoch, account.sessions)
	a.sessions.Put(ctx, sessionFirst, first)
	return nil
}

// bySession finds who the session of ctx belongs to; false is nobody.
func (a *Auth) bySession(ctx context.Context) (Actor, bool, error) {
	id := a.sessions.GetString(ctx, sessionAccount)
	if id == "" {
		return Actor{}, false, nil
	}
	account, err := accountByID(ctx, a.db.Read(), lanzha.ID(id))
	if lanzha.CodeOf(err) == lanzha.CodeNotFound {
		return Actor{}, false, nil
	}
	if err != nil || account.Disabled || account.sessions != a.sessions.GetInt64(ctx, sessionEpoch) {
		return Actor{}, false, err
	}
	return account.actor(ViaSession, account.MustChange && a.sessions.GetBool(ctx, sessionFirst)), true, nil
}

// SignOut ends the session of ctx, if there is one.
func (a *Auth) SignOut(ctx context.Context) error {
	actor, ok := ActorFrom(ctx)
	if !ok || actor.Via != ViaSession {
		return nil
	}
	if err := a.sessions.Destroy(ctx); err != nil {
		return lanzha.Internal("auth.SignOut", err)
	}
	return a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		return a.record(ctx, tx, "account.signed_out", Account{ID: actor.ID, Region: actor.Region}, nil)
	})
}
