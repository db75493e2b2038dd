package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"regexp"
	"slices"
	"time"
	"unicode/utf8"

	"lanzha"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
)

// Account is somebody, or some institution's system, that may sign in.
type Account struct {
	ID          lanzha.ID
	Login       string // lower case, unique, never changed
	Name        string // as colleagues call them
	Roles       []Role
	Region      lanzha.Region // "" is the whole country
	Institution lanzha.ID     // of units and responders; "" for all others
	Disabled    bool
	MustChange  bool // the first password has not been changed yet
	TOTP        bool // a one-time code is asked for at sign-in
	Version     int64
	CreatedAt   time.Time

	password           string
	totp, totpNext     string
	totpStep, sessions int64
}

// Draft is what an administrator states of an account.
type Draft struct {
	Login       string // ignored by Update
	Name        string
	Roles       []Role
	Region      lanzha.Region
	Institution lanzha.ID
	Disabled    bool
}

var loginForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._@-]{1,63}$`)

func (d Draft) check() error {
	switch n := utf8.RuneCountInString(d.Name); {
	case !loginForm.MatchString(d.Login):
		return lanzha.Invalid("login", "want 2 to 64 lower-case letters, digits, dots, dashes or @")
	case n == 0 || n > 64:
		return lanzha.Invalid("name", "want 1 to 64 characters")
	case len(d.Roles) == 0:
		return lanzha.Invalid("roles", "an account needs a role")
	case d.Region != "" && !d.Region.Valid():
		return lanzha.Invalid("region", "want six digits, as 530100")
	}
	for i, r := range d.Roles {
		if !slices.Contains(Roles(), r) {
			return lanzha.Invalid("roles", "there is no such role")
		}
		if slices.Contains(d.Roles[:i], r) {
			return lanzha.Invalid("roles", "a role stands twice")
		}
		if r.ofInstitution() && len(d.Roles) > 1 {
			return lanzha.Invalid("roles", "an account of an institution holds no other role")
		}
	}
	if ofInstitution := d.Roles[0].ofInstitution(); ofInstitution != (d.Institution != "") {
		return lanzha.Invalid("institution", "units and responders belong to an institution, others do not")
	}
	if d.Institution != "" {
		if _, err := lanzha.ParseID(string(d.Institution)); err != nil {
			return lanzha.Invalid("institution", "is not an ID")
		}
	}
	return nil
}

func (d Draft) resource(id lanzha.ID) Resource {
	return Resource{Type: "account", ID: id, Region: d.Region, Institution: d.Institution}
}

func (a Account) resource() Resource {
	return Resource{Type: "account", ID: a.ID, Region: a.Region, Institution: a.Institution}
}

func (a Account) actor(via string, mustChange bool) Actor {
	return Actor{
		ID: a.ID, Login: a.Login, Name: a.Name, Roles: a.Roles, Region: a.Region, Institution: a.Institution,
		Via: via, MustChange: mustChange,
	}
}

// record appends what happened to an account to the journal.
func (a *Auth) record(ctx context.Context, tx *sqldb.Tx, kind string, account Account, payload any) error {
	actor, _ := ActorFrom(ctx)
	tx.After(a.known.forget)
	err := a.journal.Append(ctx, tx, a.now(), journal.Entry{
		Kind: kind, Record: account.ID, Version: account.Version, Actor: actor.ID, Region: account.Region, Payload: payload,
	})
	return err
}

// Bootstrap makes the first administrator on an empty database, with the whole
// country as region, and returns login and one-time password, to be shown once.
// Afterwards, and in the slower of two processes, it returns "".
func (a *Auth) Bootstrap(ctx context.Context) (login, password string, err error) {
	n, err := a.count(ctx)
	if err != nil || n > 0 {
		return "", "", err
	}
	const first = "admin"
	once, err := a.FirstPassword(ctx, first, "")
	if err != nil {
		return "", "", err
	}
	err = a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		_, err := a.Create(WithActor(ctx, System()), tx, Draft{Login: first, Name: "系统管理员", Roles: []Role{Admin}}, once)
		return err
	})
	if lanzha.CodeOf(err) == lanzha.CodeConflict {
		return "", "", nil
	}
	return first, once.Password, err
}

// FirstPassword is a one-time password, which its owner must change at the
// first sign-in.
type FirstPassword struct {
	Password string
	hash     string
}

// FirstPassword makes one for a login, or takes the one that was chosen for it;
// a bad choice is Invalid. It takes as long as a sign-in, so it is made before
// the transaction that uses it.
func (a *Auth) FirstPassword(ctx context.Context, login, chosen string) (FirstPassword, error) {
	if chosen == "" {
		var err error
		if chosen, err = a.hasher.once(); err != nil {
			return FirstPassword{}, err
		}
	} else if err := goodPassword("password", login, chosen); err != nil {
		return FirstPassword{}, err
	}
	hash, err := a.hasher.hash(ctx, chosen)
	return FirstPassword{chosen, hash}, err
}

// Create makes an account in tx. Codes: Invalid, Conflict (the login is taken;
// tx is then of no more use), those of May.
func (a *Auth) Create(ctx context.Context, tx *sqldb.Tx, d Draft, first FirstPassword) (Account, error) {
	if err := a.May(ctx, "account.write", d.resource("")); err != nil {
		return Account{}, err
	}
	if err := d.check(); err != nil {
		return Account{}, err
	}
	if first.hash == "" {
		return Account{}, lanzha.Internal("auth.Create", errors.New("an account needs a first password"))
	}
	account := Account{
		ID: a.ids.Next(), Login: d.Login, Name: d.Name, Roles: d.Roles, Region: d.Region, Institution: d.Institution,
		Disabled: d.Disabled, MustChange: true, Version: 1, CreatedAt: a.now().UTC().Truncate(time.Microsecond), password: first.hash,
	}
	if err := insertAccount(ctx, tx, account); err != nil {
		if sqldb.IsUnique(err) {
			e := lanzha.Conflict("the login is taken")
			e.Field, e.Hint = "login", "choose another"
			return Account{}, e
		}
		return Account{}, err
	}
	return account, a.record(ctx, tx, "account.created", account, map[string]any{"roles": d.Roles})
}

// Get reads an account. Codes: NotFound, those of May.
func (a *Auth) Get(ctx context.Context, id lanzha.ID) (Account, error) {
	account, err := accountByID(ctx, a.db.Read(), id)
	if err != nil {
		return Account{}, err
	}
	return account, a.May(ctx, "account.read", account.resource())
}

// List reads accounts in the order of their logins, those after the login
// `after`, at most limit.
func (a *Auth) List(ctx context.Context, after string, limit int) ([]Account, error) {
	scope, err := a.ScopeOf(ctx, "account.list")
	if err != nil {
		return nil, err
	}
	return listAccounts(ctx, a.db.Read(), scope, after, limit)
}

// change runs f on an account in a transaction and saves what it did, with a
// journal row of the kind and payload that it returns. version 0 changes
// whatever version there is.
func (a *Auth) change(ctx context.Context, id lanzha.ID, version int64, f func(*Account) (kind string, payload any, err error)) (Account, error) {
	var out Account
	err := a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		account, err := accountByID(ctx, tx, id)
		if err != nil {
			return err
		}
		was := account.Version
		kind, payload, err := f(&account)
		if err != nil {
			return err
		}
		if version != 0 && version != was {
			return lanzha.Conflict("the account has been changed since version %d", version)
		}
		account.Version = was + 1
		if err := updateAccount(ctx, tx, account, was); err != nil {
			return err
		}
		out = account
		return a.record(ctx, tx, kind, account, payload)
	})
	return out, err
}

// Update changes name, roles, scope and whether the account is disabled; its
// sessions end. Nobody changes their own roles or disables themselves. Codes:
// Invalid, NotFound, Conflict, those of May.
func (a *Auth) Update(ctx context.Context, id lanzha.ID, version int64, d Draft) (Account, error) {
	return a.change(ctx, id, version, func(account *Account) (string, any, error) {
		d.Login = account.Login
		if err := a.May(ctx, "account.write", account.resource()); err != nil {
			return "", nil, err
		}
		if err := a.May(ctx, "account.write", d.resource(id)); err != nil {
			return "", nil, err
		}
		if err := d.check(); err != nil {
			return "", nil, err
		}
		if actor, _ := ActorFrom(ctx); actor.ID == id && (d.Disabled || !slices.Equal(d.Roles, account.Roles) || d.Region != account.Region) {
			return "", nil, lanzha.Forbidden("nobody changes their own roles or region, or disables themselves")
		}
		if d.Disabled || !slices.Equal(d.Roles, account.Roles) {
			account.sessions++
		}
		account.Name, account.Roles, account.Region, account.Institution, account.Disabled = d.Name, d.Roles, d.Region, d.Institution, d.Disabled
		return "account.changed", map[string]any{"roles": d.Roles, "disabled": d.Disabled}, nil
	})
}

// ResetPassword gives an account a new one-time password and ends its
// sessions; withTOTP also forgets the one-time codes of a lost telephone.
// version 0 is whatever version there is. Codes: NotFound, Conflict, those of
// May.
func (a *Auth) ResetPassword(ctx context.Context, id lanzha.ID, version int64, withTOTP bool) (string, error) {
	first, err := a.FirstPassword(ctx, "", "")
	if err != nil {
		return "", err
	}
	account, err := a.change(ctx, id, version, func(account *Account) (string, any, error) {
		if err := a.May(ctx, "account.write", account.resource()); err != nil {
			return "", nil, err
		}
		account.password, account.MustChange = first.hash, true
		account.sessions++
		if withTOTP {
			account.totp, account.totpNext = "", ""
		}
		return "account.password_reset", map[string]any{"totp": withTOTP}, nil
	})
	if err != nil {
		return "", err
	}
	return first.Password, a.forgive(ctx, account.Login)
}

// failureKey keeps failed sign-ins by a hash of what was typed: people type
// their password there.
func failureKey(login string) string {
	sum := sha256.Sum256([]byte("login|" + login))
	return hex.EncodeToString(sum[:16])
}
