package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"lanzha"
	"lanzha/base/sqldb"
)

// OIDC is an identity provider that people sign in by. Accounts are made here
// all the same: the provider says who somebody is, never what they may do.
type OIDC struct {
	Issuer       string
	ClientID     string
	ClientSecret string // "" is a public client
	RedirectURL  string
	Claim        string // the claim of the ID token that holds the login
	Scopes       []string
	Client       *http.Client // nil is one that gives up after ten seconds
}

// provider is what the issuer told of itself.
type provider struct {
	config   oauth2.Config
	verifier *oidc.IDTokenVerifier
}

// outside gives ctx the client that speaks with the provider.
func (a *Auth) outside(ctx context.Context) context.Context {
	client := a.options.OIDC.Client
	if client == nil {
		client = &http.Client{Timeout: 10 * time.Second}
	}
	return oidc.ClientContext(ctx, client)
}

// discover asks the issuer once; when it does not answer, the next sign-in asks
// again.
func (a *Auth) discover(ctx context.Context) (*provider, error) {
	o := a.options.OIDC
	if o.Issuer == "" {
		return nil, lanzha.NotFound("identity provider")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.provider != nil {
		return a.provider, nil
	}
	// The provider keeps this context for fetching its keys, later as well.
	p, err := oidc.NewProvider(a.outside(context.WithoutCancel(ctx)), o.Issuer)
	if err != nil {
		return nil, &lanzha.Error{Code: lanzha.CodeUnavailable, Op: "auth.OIDC", Message: "the identity provider does not answer", Hint: "sign in by password, or try later", Err: err}
	}
	scopes := o.Scopes
	if len(scopes) == 0 {
		scopes = []string{oidc.ScopeOpenID, "profile"}
	}
	a.provider = &provider{
		config:   oauth2.Config{ClientID: o.ClientID, ClientSecret: o.ClientSecret, RedirectURL: o.RedirectURL, Endpoint: p.Endpoint(), Scopes: scopes},
		verifier: p.Verifier(&oidc.Config{ClientID: o.ClientID, Now: a.now}),
	}
	return a.provider, nil
}

// StartOIDC returns the address at the identity provider to which the browser
// goes. State, nonce and the PKCE verifier stay in the session. Codes: NotFound
// (there is no provider), Unavailable.
func (a *Auth) StartOIDC(ctx context.Context) (string, error) {
	p, err := a.discover(ctx)
	if err != nil {
		return "", err
	}
	state, nonce, verifier := rand.Text(), rand.Text(), oauth2.GenerateVerifier()
	a.sessions.SetDeadline(ctx, a.now().Add(10*time.Minute))
	a.sessions.Put(ctx, sessionState, state)
	a.sessions.Put(ctx, sessionNonce, nonce)
	a.sessions.Put(ctx, sessionPKCE, verifier)
	return p.config.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier)), nil
}

// FinishOIDC takes what the provider sent the browser back with and signs in
// the account whose login the token's claim names. Codes: Unauthenticated (the
// answer is not to our question, or does not prove what it says), Forbidden
// (there is no such account, or it is disabled), NotFound, Unavailable.
func (a *Auth) FinishOIDC(ctx context.Context, state, authorization string) (Actor, error) {
	p, err := a.discover(ctx)
	if err != nil {
		return Actor{}, err
	}
	refused := func(err error) *lanzha.Error {
		return &lanzha.Error{Code: lanzha.CodeUnauthenticated, Op: "auth.OIDC", Message: "the identity provider's answer cannot be accepted", Hint: "start again", Err: err}
	}
	wanted, nonce, verifier := a.sessions.PopString(ctx, sessionState), a.sessions.PopString(ctx, sessionNonce), a.sessions.PopString(ctx, sessionPKCE)
	if wanted == "" || subtle.ConstantTimeCompare([]byte(wanted), []byte(state)) != 1 || authorization == "" {
		return Actor{}, refused(nil)
	}
	outside := a.outside(ctx)
	token, err := p.config.Exchange(outside, authorization, oauth2.VerifierOption(verifier))
	if err != nil {
		return Actor{}, refused(nil) // the cause repeats the provider's answer
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := p.verifier.Verify(outside, raw)
	if err != nil {
		return Actor{}, refused(nil) // the cause may repeat claims
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(nonce)) != 1 {
		return Actor{}, refused(nil)
	}
	claims := map[string]any{}
	if err := id.Claims(&claims); err != nil {
		return Actor{}, refused(nil)
	}
	login, _ := claims[a.options.OIDC.Claim].(string)
	if verified, stated := claims["email_verified"].(bool); a.options.OIDC.Claim == "email" && !(stated && verified) {
		login = ""
	}
	account, err := accountByLogin(ctx, a.db.Read(), login)
	if lanzha.CodeOf(err) == lanzha.CodeNotFound || err == nil && account.Disabled {
		e := lanzha.Forbidden("there is no account for you here")
		e.Hint = "ask an administrator for one with the login that your identity provider knows"
		return Actor{}, e
	}
	if err != nil {
		return Actor{}, err
	}
	if err := a.begin(ctx, account, false); err != nil {
		return Actor{}, err
	}
	actor := account.actor(ViaSession, false)
	return actor, a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		return a.record(WithActor(ctx, actor), tx, "account.signed_in", account, map[string]any{"by": "oidc"})
	})
}
