package auth

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"lanzha"
	"lanzha/base/sqldb"
	"lanzha/base/vault"
)

// failures are the failed sign-ins of one login, or of all.
type failures struct {
	count       int64
	since, last time.Time // of the first and the last that still count
}

const (
	freeFailures  = 10               // of one login before it must wait
	firstWait     = 30 * time.Second // doubled at each further failure
	longestWait   = 15 * time.Minute
	forgetAfter   = 24 * time.Hour // without a failure, those of one login are forgotten
	totalFailures = 200            // of all logins within totalWindow
	totalWindow   = time.Minute
	allLogins     = "all" // the key of the row that counts them
)

// wait is how long one login must still wait.
func (f failures) wait(now time.Time) time.Duration {
	if f.count < freeFailures {
		return 0
	}
	pause := longestWait
	if doublings := f.count - freeFailures; doublings < 10 {
		pause = min(firstWait<<doublings, longestWait)
	}
	return max(0, f.last.Add(pause).Sub(now))
}

// waitAll is how long everybody must still wait: guessing one password at many
// logins is slowed down as well.
func (f failures) waitAll(now time.Time) time.Duration {
	if f.count < totalFailures {
		return 0
	}
	return max(0, f.since.Add(totalWindow).Sub(now))
}

// plus is one failure more, after forgetting those that are older than window.
func (f failures) plus(now time.Time, start time.Time, window time.Duration) failures {
	if now.Sub(start) >= window {
		f = failures{since: now}
	}
	return failures{f.count + 1, f.since, now}
}

// Attempt is what somebody typed to sign in.
type Attempt struct {
	Login, Password string
	Code            string // of the authenticator; "" when there is none
}

func errWrong() *lanzha.Error {
	return &lanzha.Error{Code: lanzha.CodeUnauthenticated, Message: "login or password is wrong", Hint: "try again, or ask an administrator for a new password"}
}

// SignIn makes the session of ctx, which Middleware put there, one of the
// account. Codes: Unauthenticated (Field "totp" when only the one-time code is
// missing or wrong), TooMany (wait; the hint says how long), Forbidden (another
// site's request is refused before).
func (a *Auth) SignIn(ctx context.Context, attempt Attempt) (Actor, error) {
	attempt.Login = strings.ToLower(strings.TrimSpace(attempt.Login))
	key := failureKey(attempt.Login)
	if err := a.reserve(ctx, key); err != nil {
		return Actor{}, err
	}
	account, err := accountByLogin(ctx, a.db.Read(), attempt.Login)
	if err != nil && lanzha.CodeOf(err) != lanzha.CodeNotFound {
		return Actor{}, err
	}
	good, err := a.hasher.check(ctx, account.password, attempt.Password)
	if err != nil {
		return Actor{}, err
	}
	if !good || account.Disabled {
		return Actor{}, a.failed(ctx, account, errWrong())
	}
	if account.TOTP {
		used, err := a.useCode(ctx, account, account.totp, attempt.Code)
		if err != nil {
			return Actor{}, err
		}
		if !used {
			e := &lanzha.Error{Code: lanzha.CodeUnauthenticated, Field: "totp", Message: "the one-time code is wrong or was used", Hint: "wait for the next code"}
			if attempt.Code == "" {
				// Asking for the code is no failure, but it must not wipe earlier
				// ones out: codes could be guessed in between.
				e.Message, e.Hint = "a one-time code is needed", "read it from your authenticator"
				return Actor{}, firstThen(a.db.Tx(ctx, func(tx *sqldb.Tx) error { return takeBack(ctx, tx, key) }), e)
			}
			return Actor{}, a.failed(ctx, account, e)
		}
	}
	actor := account.actor(ViaSession, account.MustChange)
	if err := a.begin(ctx, account, account.MustChange); err != nil {
		return Actor{}, err
	}
	ctx = WithActor(ctx, actor)
	return actor, a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := clearFailures(ctx, tx, key); err != nil {
			return err
		}
		return a.record(ctx, tx, "account.signed_in", account, map[string]any{"by": "password"})
	})
}

// firstThen is the first error when there is one.
func firstThen(first, then error) error {
	if first != nil {
		return first
	}
	return then
}

// failed journals a failed sign-in; the failure itself was counted when the
// attempt was reserved. A login that does not exist leaves a row as well, so
// that the time an answer takes does not tell whether it does.
func (a *Auth) failed(ctx context.Context, account Account, cause error) error {
	return firstThen(a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		return a.record(ctx, tx, "account.signin_failed", account, nil)
	}), cause)
}

// reserve counts an attempt as failed before it is looked at, so that many at
// once cannot slip past the limit; success takes it back.
func (a *Auth) reserve(ctx context.Context, key string) error {
	return a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		now := a.now()
		one, err := readFailures(ctx, tx, key)
		if err != nil {
			return err
		}
		all, err := readFailures(ctx, tx, allLogins)
		if err != nil {
			return err
		}
		if wait := max(one.wait(now), all.waitAll(now)); wait > 0 {
			return &lanzha.Error{
				Code: lanzha.CodeTooMany, Message: "too many failed sign-ins",
				Hint: fmt.Sprintf("wait %d seconds", int64((wait+time.Second-1)/time.Second)),
			}
		}
		if err := writeFailures(ctx, tx, key, one.plus(now, one.last, forgetAfter)); err != nil {
			return err
		}
		return writeFailures(ctx, tx, allLogins, all.plus(now, all.since, totalWindow))
	})
}

// forgive forgets the failures of a login.
func (a *Auth) forgive(ctx context.Context, login string) error {
	return a.db.Tx(ctx, func(tx *sqldb.Tx) error { return clearFailures(ctx, tx, failureKey(login)) })
}

// ChangePassword changes the actor's own password and ends all their other
// sessions. Codes: Invalid (Field "current" or "next"), TooMany, Forbidden (not
// by a session).
func (a *Auth) ChangePassword(ctx context.Context, current, chosen string) error {
	account, err := a.self(ctx)
	if err != nil {
		return err
	}
	if err := a.reserve(ctx, failureKey(account.Login)); err != nil {
		return err
	}
	good, err := a.hasher.check(ctx, account.password, current)
	if err != nil {
		return err
	}
	if !good {
		return a.failed(ctx, account, lanzha.Invalid("current", "the current password is wrong"))
	}
	if err := a.forgive(ctx, account.Login); err != nil {
		return err
	}
	if err := goodPassword("next", account.Login, chosen); err != nil {
		return err
	}
	if current == chosen {
		return lanzha.Invalid("next", "must differ from the current one")
	}
	hash, err := a.hasher.hash(ctx, chosen)
	if err != nil {
		return err
	}
	account, err = a.change(ctx, account.ID, account.Version, func(account *Account) (string, any, error) {
		account.password, account.MustChange = hash, false
		account.sessions++
		return "account.password_changed", nil, nil
	})
	if err != nil {
		return err
	}
	return a.begin(ctx, account, false)
}

// self is the account of a person who signed in by a session.
func (a *Auth) self(ctx context.Context) (Account, error) {
	actor, ok := ActorFrom(ctx)
	if !ok {
		return Account{}, errUnauthenticated()
	}
	if actor.Via != ViaSession {
		return Account{}, lanzha.Forbidden("only a person who signed in may do this")
	}
	return accountByID(ctx, a.db.Read(), actor.ID)
}

// Self reads the actor's own account.
func (a *Auth) Self(ctx context.Context) (Account, error) {
	actor, ok := ActorFrom(ctx)
	if !ok {
		return Account{}, errUnauthenticated()
	}
	return accountByID(ctx, a.db.Read(), actor.ID)
}

func totpField(id lanzha.ID) vault.Field {
	return vault.Field{Table: "account", Column: "totp", Row: id}
}

// OfferTOTP makes a secret for the actor's authenticator and returns it in
// base32 and as the address that a QR code holds. It counts only once
// ConfirmTOTP has seen a code of it. An account that has one drops it first.
func (a *Auth) OfferTOTP(ctx context.Context) (secret, address string, err error) {
	account, err := a.self(ctx)
	if err != nil {
		return "", "", err
	}
	if account.TOTP {
		return "", "", lanzha.Conflict("the account has an authenticator already")
	}
	raw := make([]byte, 20)
	if _, err := io.ReadFull(a.random, raw); err != nil {
		return "", "", lanzha.Internal("auth.OfferTOTP", err)
	}
	sealed, err := a.vault.Seal(totpField(account.ID), string(raw))
	if err != nil {
		return "", "", err
	}
	_, err = a.change(ctx, account.ID, account.Version, func(account *Account) (string, any, error) {
		account.totpNext = sealed
		return "account.totp_offered", nil, nil
	})
	return base32Plain.EncodeToString(raw), otpauth(account.Login, raw), err
}

// ConfirmTOTP makes the offered authenticator count, by one of its codes.
func (a *Auth) ConfirmTOTP(ctx context.Context, given string) error {
	account, err := a.self(ctx)
	if err != nil {
		return err
	}
	if account.totpNext == "" {
		return lanzha.Conflict("no authenticator was offered")
	}
	if err := a.provedBy(ctx, account, account.totpNext, given); err != nil {
		return err
	}
	_, err = a.change(ctx, account.ID, account.Version, func(account *Account) (string, any, error) {
		account.totp, account.totpNext = account.totpNext, ""
		return "account.totp_on", nil, nil
	})
	return err
}

// DropTOTP ends the actor's authenticator, by one of its codes.
func (a *Auth) DropTOTP(ctx context.Context, given string) error {
	account, err := a.self(ctx)
	if err != nil {
		return err
	}
	if !account.TOTP {
		return lanzha.Conflict("the account has no authenticator")
	}
	if err := a.provedBy(ctx, account, account.totp, given); err != nil {
		return err
	}
	_, err = a.change(ctx, account.ID, account.Version, func(account *Account) (string, any, error) {
		account.totp = ""
		return "account.totp_off", nil, nil
	})
	return err
}

// provedBy takes a code as proof; wrong ones count as failed sign-ins, or six
// digits would soon be guessed.
func (a *Auth) provedBy(ctx context.Context, account Account, sealed, given string) error {
	if err := a.reserve(ctx, failureKey(account.Login)); err != nil {
		return err
	}
	used, err := a.useCode(ctx, account, sealed, given)
	if err != nil {
		return err
	}
	if !used {
		return a.failed(ctx, account, lanzha.Invalid("totp", "the one-time code is wrong or was used"))
	}
	return a.forgive(ctx, account.Login)
}

// useCode reports whether the code is good, and uses it up.
func (a *Auth) useCode(ctx context.Context, account Account, sealed, given string) (bool, error) {
	secret, err := a.vault.Unseal(totpField(account.ID), sealed)
	if err != nil {
		return false, err
	}
	step := verifyCode([]byte(secret), given, a.now(), account.totpStep)
	if step == 0 {
		return false, nil
	}
	used := false
	err = a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		used, err = useStep(ctx, tx, account.ID, step)
		return err
	})
	return used, err
}
