package api

import (
	"context"
	"net/http"

	"lanzha"
	"lanzha/base/auth"
)

// Me is who is signed in.
type Me struct {
	ID                 lanzha.ID     `json:"id"`
	Login              string        `json:"login"`
	Name               string        `json:"name"`
	Roles              []auth.Role   `json:"roles"`
	Region             lanzha.Region `json:"region" doc:"the region of your records; empty is the whole country"`
	Institution        lanzha.ID     `json:"institution,omitempty" doc:"of units and responders: the institution whose records you see"`
	Via                string        `json:"via" enum:"session,key,certificate,system"`
	MustChangePassword bool          `json:"mustChangePassword" doc:"nothing else is allowed before the first password is changed"`
	TOTP               bool          `json:"totp" doc:"a one-time code is asked for at sign-in"`
}

// SignIn is what somebody types to sign in.
type SignIn struct {
	Login    string `json:"login" minLength:"1" maxLength:"64"`
	Password string `json:"password" minLength:"1" maxLength:"256"`
	TOTP     string `json:"totp,omitempty" maxLength:"6" doc:"the one-time code; needed when the answer 401 names body.totp"`
}

// NewPassword is a change of one's own password.
type NewPassword struct {
	Current string `json:"current" minLength:"1" maxLength:"256"`
	Next    string `json:"next" minLength:"1" maxLength:"256"`
}

// Authenticator is a secret offered to an authenticator.
type Authenticator struct {
	Secret  string `json:"secret" doc:"in base32, to be typed"`
	Address string `json:"address" doc:"otpauth://..., to be shown as a QR code"`
}

func meOf(ctx context.Context, a *auth.Auth) (*Me, error) {
	account, err := a.Self(ctx)
	if err != nil {
		return nil, err
	}
	actor, _ := auth.ActorFrom(ctx)
	return &Me{
		ID: actor.ID, Login: actor.Login, Name: actor.Name, Roles: actor.Roles, Region: actor.Region, Institution: actor.Institution,
		Via: actor.Via, MustChangePassword: actor.MustChange, TOTP: account.TOTP,
	}, nil
}

// MountSession registers signing in and out and what people do with their own
// account.
func MountSession(a *API, accounts *auth.Auth) {
	type none struct{}
	type meOut struct{ Body *Me }
	me := func(ctx context.Context) (*meOut, error) {
		found, err := meOf(ctx, accounts)
		return &meOut{found}, err
	}
	type waysOut struct {
		Body struct {
			OIDC bool `json:"oidc" doc:"GET /session/oidc leads to the identity provider"`
		}
	}
	Register(a, Op{ID: "signInWays", Method: http.MethodGet, Path: "/session", Public: true, Summary: "How one may sign in here"},
		func(context.Context, *none) (*waysOut, error) {
			out := &waysOut{}
			out.Body.OIDC = accounts.HasOIDC()
			return out, nil
		})
	type signInIn struct{ Body SignIn }
	Register(a, Op{ID: "signIn", Method: http.MethodPost, Path: "/session", Public: true, Summary: "Sign in by password"},
		func(ctx context.Context, in *signInIn) (*meOut, error) {
			actor, err := accounts.SignIn(ctx, auth.Attempt{Login: in.Body.Login, Password: in.Body.Password, Code: in.Body.TOTP})
			if err != nil {
				return nil, inBody(err)
			}
			return me(auth.WithActor(ctx, actor))
		})
	Register(a, Op{ID: "signOut", Method: http.MethodDelete, Path: "/session", Action: "me.write", Summary: "Sign out"},
		func(ctx context.Context, _ *none) (*none, error) { return nil, accounts.SignOut(ctx) })

	type leadOut struct {
		Location string `header:"Location"`
	}
	Register(a, Op{ID: "startOIDC", Method: http.MethodGet, Path: "/session/oidc", Public: true, Status: http.StatusFound, Summary: "Go to the identity provider"},
		func(ctx context.Context, _ *none) (*leadOut, error) {
			address, err := accounts.StartOIDC(ctx)
			return &leadOut{address}, err
		})
	type callbackIn struct {
		State string `query:"state" maxLength:"500"`
		Code  string `query:"code" maxLength:"4000"`
	}
	Register(a, Op{ID: "finishOIDC", Method: http.MethodGet, Path: "/session/oidc/callback", Public: true, Status: http.StatusSeeOther, Summary: "Come back from the identity provider"},
		func(ctx context.Context, in *callbackIn) (*leadOut, error) {
			_, err := accounts.FinishOIDC(ctx, in.State, in.Code)
			return &leadOut{"/"}, err
		})

	Register(a, Op{ID: "getMe", Method: http.MethodGet, Path: "/me", Action: "me.read", Summary: "Who is signed in"},
		func(ctx context.Context, _ *none) (*meOut, error) { return me(ctx) })
	type passwordIn struct{ Body NewPassword }
	Register(a, Op{ID: "changePassword", Method: http.MethodPost, Path: "/me/password", Action: "me.write", Summary: "Change your own password; your other sessions end"},
		func(ctx context.Context, in *passwordIn) (*none, error) {
			return nil, inBody(accounts.ChangePassword(ctx, in.Body.Current, in.Body.Next))
		})
	type offerOut struct{ Body Authenticator }
	Register(a, Op{ID: "offerTOTP", Method: http.MethodPost, Path: "/me/totp", Action: "me.write", Summary: "Get a secret for your authenticator; it counts once a code confirms it"},
		func(ctx context.Context, _ *none) (*offerOut, error) {
			secret, address, err := accounts.OfferTOTP(ctx)
			return &offerOut{Authenticator{secret, address}}, err
		})
	type codeIn struct {
		Body struct {
			TOTP string `json:"totp" minLength:"6" maxLength:"6"`
		}
	}
	Register(a, Op{ID: "confirmTOTP", Method: http.MethodPut, Path: "/me/totp", Action: "me.write", Summary: "Confirm your authenticator by a code"},
		func(ctx context.Context, in *codeIn) (*none, error) {
			return nil, inBody(accounts.ConfirmTOTP(ctx, in.Body.TOTP))
		})
	Register(a, Op{ID: "dropTOTP", Method: http.MethodDelete, Path: "/me/totp", Action: "me.write", Summary: "Remove your authenticator by a code"},
		func(ctx context.Context, in *codeIn) (*none, error) {
			return nil, inBody(accounts.DropTOTP(ctx, in.Body.TOTP))
		})
}
