package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"lanzha"
	"lanzha/base/auth"
	"lanzha/base/sqldb"
)

// Account is an account as administrators see it.
type Account struct {
	ID          lanzha.ID     `json:"id"`
	Version     int64         `json:"version"`
	Login       string        `json:"login"`
	Name        string        `json:"name"`
	Roles       []auth.Role   `json:"roles"`
	Region      lanzha.Region `json:"region"`
	Institution lanzha.ID     `json:"institution,omitempty"`
	Disabled    bool          `json:"disabled"`
	MustChange  bool          `json:"mustChangePassword" doc:"the first password has not been changed yet"`
	TOTP        bool          `json:"totp"`
	CreatedAt   time.Time     `json:"createdAt"`
}

// MadeAccount is a new account with its one-time password.
type MadeAccount struct {
	Account
	Password string `json:"password,omitempty" doc:"the one-time password, in the first answer only; a repeat does not show it"`
}

// NewAccount is an account as it is handed in.
type NewAccount struct {
	Login       string        `json:"login,omitempty" maxLength:"64" doc:"never changed once the account is made"`
	Name        string        `json:"name" minLength:"1" maxLength:"64"`
	Roles       []auth.Role   `json:"roles" minItems:"1" maxItems:"7"`
	Region      lanzha.Region `json:"region,omitempty" maxLength:"6" doc:"empty is the whole country"`
	Institution lanzha.ID     `json:"institution,omitempty" maxLength:"26" doc:"of units and responders only"`
	Disabled    bool          `json:"disabled,omitempty"`
	Password    string        `json:"password,omitempty" maxLength:"256" doc:"a first password of your choice; left out, one is made"`
}

// Credential is an API key or client certificate.
type Credential struct {
	ID        lanzha.ID  `json:"id"`
	Kind      string     `json:"kind" enum:"key,certificate"`
	Name      string     `json:"name"`
	Shown     string     `json:"shown" doc:"the start of the key, or of the certificate's SHA-256"`
	CreatedAt time.Time  `json:"createdAt"`
	ExpiresAt *time.Time `json:"expiresAt,omitempty"`
	RevokedAt *time.Time `json:"revokedAt,omitempty"`
}

// MadeKey is a new API key.
type MadeKey struct {
	Credential
	Key string `json:"key,omitempty" doc:"the key itself, in the first answer only; a repeat does not show it"`
}

// NewKey is an API key as it is asked for.
type NewKey struct {
	Name      string    `json:"name" minLength:"1" maxLength:"64" doc:"what it is for"`
	ExpiresAt time.Time `json:"expiresAt,omitzero" doc:"left out, it does not expire"`
}

// NewCertificate is a client certificate as it is handed in.
type NewCertificate struct {
	Name        string `json:"name" minLength:"1" maxLength:"64" doc:"what it is for"`
	Certificate string `json:"certificate" minLength:"1" maxLength:"20000" doc:"PEM"`
}

func (b NewAccount) draft() auth.Draft {
	return auth.Draft{Login: b.Login, Name: b.Name, Roles: b.Roles, Region: b.Region, Institution: b.Institution, Disabled: b.Disabled}
}

func accountOf(a auth.Account) Account {
	return Account{
		ID: a.ID, Version: a.Version, Login: a.Login, Name: a.Name, Roles: a.Roles, Region: a.Region, Institution: a.Institution,
		Disabled: a.Disabled, MustChange: a.MustChange, TOTP: a.TOTP, CreatedAt: a.CreatedAt,
	}
}

func credentialOf(c auth.Credential) Credential {
	out := Credential{ID: c.ID, Kind: c.Kind, Name: c.Name, Shown: c.Shown, CreatedAt: c.CreatedAt}
	if !c.ExpiresAt.IsZero() {
		out.ExpiresAt = &c.ExpiresAt
	}
	if !c.RevokedAt.IsZero() {
		out.RevokedAt = &c.RevokedAt
	}
	return out
}

// inBody says of a wrong input that it stands in the body.
func inBody(err error) error {
	if e, ok := errors.AsType[*lanzha.Error](err); ok && e.Field != "" {
		moved := *e
		moved.Field = "body." + e.Field
		return &moved
	}
	return err
}

// once runs a creation once for the caller's key.
func once[T any](ctx context.Context, accounts *auth.Auth, key string, request any, fn func(tx *sqldb.Tx) (T, error)) (T, error) {
	actor, _ := auth.ActorFrom(ctx)
	out, err := Once(ctx, accounts.DB(), actor.ID, key, request, accounts.Now(), fn)
	return out, inBody(err)
}

// MountAccounts registers what administrators do with accounts.
func MountAccounts(a *API, accounts *auth.Auth) {
	type createIn struct {
		Create
		Body NewAccount
	}
	Register(a, Op{ID: "createAccount", Method: http.MethodPost, Path: "/accounts", Action: "account.write", Status: http.StatusCreated, Summary: "Make an account; the answer holds its one-time password"},
		func(ctx context.Context, in *createIn) (*One[MadeAccount], error) {
			first, err := accounts.FirstPassword(ctx, in.Body.Login, in.Body.Password)
			if err != nil {
				return nil, inBody(err)
			}
			// The password goes past the answer that is kept for repeats.
			var own lanzha.ID
			made, err := once(ctx, accounts, in.Key, secretless(in.Body), func(tx *sqldb.Tx) (Account, error) {
				made, err := accounts.Create(ctx, tx, in.Body.draft(), first)
				own = made.ID
				return accountOf(made), err
			})
			out := MadeAccount{Account: made}
			if made.ID == own && in.Body.Password == "" {
				out.Password = first.Password
			}
			return NewOne(made.Version, out), err
		})

	type listIn struct{ Page }
	type listOut struct{ Body List[Account] }
	Register(a, Op{ID: "listAccounts", Method: http.MethodGet, Path: "/accounts", Action: "account.list", Summary: "List accounts by login"},
		func(ctx context.Context, in *listIn) (*listOut, error) {
			after := ""
			if _, err := in.After(&after); err != nil {
				return nil, err
			}
			found, err := accounts.List(ctx, after, in.Limit+1)
			items := make([]Account, 0, len(found))
			for _, f := range found {
				items = append(items, accountOf(f))
			}
			return &listOut{NewList(items, in.Limit, func(a Account) any { return a.Login })}, err
		})

	type getIn struct {
		ID lanzha.ID `path:"id" maxLength:"26"`
	}
	Register(a, Op{ID: "getAccount", Method: http.MethodGet, Path: "/accounts/{id}", Action: "account.read", Summary: "Read an account"},
		func(ctx context.Context, in *getIn) (*One[Account], error) {
			found, err := accounts.Get(ctx, in.ID)
			return NewOne(found.Version, accountOf(found)), err
		})

	type putIn struct {
		Change
		ID   lanzha.ID `path:"id" maxLength:"26"`
		Body NewAccount
	}
	Register(a, Op{ID: "updateAccount", Method: http.MethodPut, Path: "/accounts/{id}", Action: "account.write", Summary: "Change an account; new roles or disabling it end its sessions"},
		func(ctx context.Context, in *putIn) (*One[Account], error) {
			version, err := in.Version()
			if err != nil {
				return nil, err
			}
			changed, err := accounts.Update(ctx, in.ID, version, in.Body.draft())
			return NewOne(changed.Version, accountOf(changed)), inBody(err)
		})

	type resetIn struct {
		Change
		ID   lanzha.ID `path:"id" maxLength:"26"`
		Body struct {
			TOTP bool `json:"totp,omitempty" doc:"forget the authenticator as well"`
		}
	}
	type resetOut struct {
		Body struct {
			Password string `json:"password" doc:"the one-time password, shown this once"`
		}
	}
	Register(a, Op{ID: "resetPassword", Method: http.MethodPost, Path: "/accounts/{id}/password", Action: "account.write", Summary: "Give an account a new one-time password; its sessions end"},
		func(ctx context.Context, in *resetIn) (*resetOut, error) {
			version, err := in.Version()
			if err != nil {
				return nil, err
			}
			out := &resetOut{}
			out.Body.Password, err = accounts.ResetPassword(ctx, in.ID, version, in.Body.TOTP)
			return out, err
		})
	mountCredentials(a, accounts)
}

// secretless is a request as it may be remembered.
func secretless(b NewAccount) NewAccount {
	b.Password = ""
	return b
}

func mountCredentials(a *API, accounts *auth.Auth) {
	type keyIn struct {
		Create
		ID   lanzha.ID `path:"id" maxLength:"26"`
		Body NewKey
	}
	type keyOut struct{ Body MadeKey }
	type request struct {
		Account lanzha.ID
		Body    any
	}
	Register(a, Op{ID: "createKey", Method: http.MethodPost, Path: "/accounts/{id}/keys", Action: "account.write", Status: http.StatusCreated, Summary: "Make an API key for an institution's account; the answer holds it"},
		func(ctx context.Context, in *keyIn) (*keyOut, error) {
			var own lanzha.ID
			var key string
			made, err := once(ctx, accounts, in.Key, request{in.ID, in.Body}, func(tx *sqldb.Tx) (Credential, error) {
				c, secret, err := accounts.AddKey(ctx, tx, in.ID, in.Body.Name, in.Body.ExpiresAt)
				own, key = c.ID, secret
				return credentialOf(c), err
			})
			out := &keyOut{MadeKey{Credential: made}}
			if made.ID == own {
				out.Body.Key = key
			}
			return out, err
		})
	type certificateIn struct {
		Create
		ID   lanzha.ID `path:"id" maxLength:"26"`
		Body NewCertificate
	}
	type certificateOut struct{ Body Credential }
	Register(a, Op{ID: "addCertificate", Method: http.MethodPost, Path: "/accounts/{id}/certificates", Action: "account.write", Status: http.StatusCreated, Summary: "Let a client certificate act as an institution's account"},
		func(ctx context.Context, in *certificateIn) (*certificateOut, error) {
			made, err := once(ctx, accounts, in.Key, request{in.ID, in.Body}, func(tx *sqldb.Tx) (Credential, error) {
				c, err := accounts.AddCertificate(ctx, tx, in.ID, in.Body.Name, []byte(in.Body.Certificate))
				return credentialOf(c), err
			})
			return &certificateOut{made}, err
		})
	type listIn struct {
		ID lanzha.ID `path:"id" maxLength:"26"`
	}
	type listOut struct{ Body List[Credential] }
	Register(a, Op{ID: "listCredentials", Method: http.MethodGet, Path: "/accounts/{id}/credentials", Action: "account.read", Summary: "List the keys and certificates of an account"},
		func(ctx context.Context, in *listIn) (*listOut, error) {
			found, err := accounts.Credentials(ctx, in.ID)
			items := make([]Credential, 0, len(found))
			for _, c := range found {
				items = append(items, credentialOf(c))
			}
			return &listOut{List[Credential]{Items: items}}, err
		})
	type revokeIn struct {
		ID         lanzha.ID `path:"id" maxLength:"26"`
		Credential lanzha.ID `path:"credential" maxLength:"26"`
	}
	Register(a, Op{ID: "revokeCredential", Method: http.MethodDelete, Path: "/accounts/{id}/credentials/{credential}", Action: "account.write", Summary: "End a key or certificate at once"},
		func(ctx context.Context, in *revokeIn) (*struct{}, error) {
			return nil, accounts.Revoke(ctx, in.ID, in.Credential)
		})
}
