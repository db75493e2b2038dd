package auth

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"io"
	"time"
	"unicode/utf8"

	"lanzha"
	"lanzha/base/sqldb"
)

// The kinds of credentials.
const (
	KindKey         = "key"
	KindCertificate = "certificate"
)

// Credential is an API key or a client certificate of an institution's
// account. The secret itself is not kept.
type Credential struct {
	ID        lanzha.ID
	Account   lanzha.ID
	Kind      string // KindKey or KindCertificate
	Name      string // what it is for
	Shown     string // the start of the key, or of the certificate's SHA-256
	CreatedAt time.Time
	ExpiresAt time.Time // zero is never
	RevokedAt time.Time // zero is not revoked
}

// keyPrefix lets people and scanners recognise a key that leaked.
const keyPrefix = "lzk_"

func hashOf(secret []byte) string {
	sum := sha256.Sum256(secret)
	return hex.EncodeToString(sum[:])
}

// AddKey makes in tx an API key for an account of an institution and returns
// it; it is not shown again. A zero expires is never. Codes: Invalid, NotFound,
// Conflict (the account is a person's of the centre), those of May.
func (a *Auth) AddKey(ctx context.Context, tx *sqldb.Tx, account lanzha.ID, name string, expires time.Time) (Credential, string, error) {
	secret := make([]byte, 32)
	if _, err := io.ReadFull(a.random, secret); err != nil {
		return Credential{}, "", lanzha.Internal("auth.AddKey", err)
	}
	key := keyPrefix + base64.RawURLEncoding.EncodeToString(secret)
	c, err := a.addCredential(ctx, tx, Credential{Account: account, Kind: KindKey, Name: name, Shown: key[:len(keyPrefix)+6], ExpiresAt: expires}, []byte(key))
	if err != nil {
		return Credential{}, "", err
	}
	return c, key, nil
}

// AddCertificate lets, in tx, the client certificate (PEM) act as an account of an
// institution, until it expires itself. The codes are those of AddKey, and
// Conflict when the certificate is known already.
func (a *Auth) AddCertificate(ctx context.Context, tx *sqldb.Tx, account lanzha.ID, name string, certificate []byte) (Credential, error) {
	block, _ := pem.Decode(certificate)
	if block == nil || block.Type != "CERTIFICATE" {
		return Credential{}, lanzha.Invalid("certificate", "want a certificate in PEM")
	}
	parsed, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return Credential{}, lanzha.Invalid("certificate", "is damaged")
	}
	return a.addCredential(ctx, tx, Credential{
		Account: account, Kind: KindCertificate, Name: name, Shown: hashOf(parsed.Raw)[:16], ExpiresAt: parsed.NotAfter,
	}, parsed.Raw)
}

func (a *Auth) addCredential(ctx context.Context, tx *sqldb.Tx, c Credential, secret []byte) (Credential, error) {
	if n := utf8.RuneCountInString(c.Name); n == 0 || n > 64 {
		return c, lanzha.Invalid("name", "want 1 to 64 characters that say what it is for")
	}
	now := a.now()
	if !c.ExpiresAt.IsZero() && !c.ExpiresAt.After(now) {
		return c, lanzha.Invalid("expiresAt", "lies in the past")
	}
	c.ID, c.CreatedAt = a.ids.Next(), now.UTC().Truncate(time.Microsecond)
	c.ExpiresAt = lanzha.At(c.ExpiresAt).Time()
	account, err := accountByID(ctx, tx, c.Account)
	if err != nil {
		return c, err
	}
	if err := a.May(ctx, "account.write", account.resource()); err != nil {
		return c, err
	}
	if account.Institution == "" {
		return c, lanzha.Conflict("only accounts of institutions have keys and certificates")
	}
	if err := insertCredential(ctx, tx, c, hashOf(secret)); err != nil {
		if sqldb.IsUnique(err) {
			return c, lanzha.Conflict("the certificate is known already")
		}
		return c, err
	}
	return c, a.record(ctx, tx, "account."+c.Kind+"_added", account, map[string]any{"credential": c.ID, "shown": c.Shown})
}

// Credentials lists the keys and certificates of an account, the oldest first.
func (a *Auth) Credentials(ctx context.Context, account lanzha.ID) ([]Credential, error) {
	if _, err := a.Get(ctx, account); err != nil {
		return nil, err
	}
	return listCredentials(ctx, a.db.Read(), account)
}

// Revoke ends a key or certificate of an account at once; to revoke it again is
// CodeConflict.
func (a *Auth) Revoke(ctx context.Context, holder, id lanzha.ID) error {
	return a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		c, err := credentialByID(ctx, tx, holder, id)
		if err != nil {
			return err
		}
		account, err := accountByID(ctx, tx, holder)
		if err != nil {
			return err
		}
		if err := a.May(ctx, "account.write", account.resource()); err != nil {
			return err
		}
		n, err := revokeCredential(ctx, tx, id, a.now())
		if err != nil {
			return err
		}
		if n == 0 {
			return lanzha.Conflict("it is revoked already")
		}
		return a.record(ctx, tx, "account."+c.Kind+"_revoked", account, map[string]any{"credential": c.ID})
	})
}

// byCredential finds whose secret it is. The hash of 256 random bits needs no
// salt, and looking it up tells nothing by its time.
func (a *Auth) byCredential(ctx context.Context, kind, via string, secret []byte) (*principal, error) {
	key := credentialKey{kind, sha256.Sum256(secret)}
	now := a.now()
	known, epoch := a.known.get(key, now)
	if known != nil {
		return known, nil
	}
	account, err := accountByCredential(ctx, a.db.Read(), kind, hex.EncodeToString(key.hash[:]), now)
	if lanzha.CodeOf(err) == lanzha.CodeNotFound {
		return nil, &lanzha.Error{
			Code: lanzha.CodeUnauthenticated, Message: "the " + kind + " is unknown, has expired or was revoked",
			Hint: "ask the centre's administrator for another",
		}
	}
	if err != nil {
		return nil, err
	}
	p := newPrincipal(account.actor(via, false))
	a.known.put(key, p, now, epoch)
	return p, nil
}
