package auth

import (
	"context"
	"embed"
	"fmt"
	"strings"
	"time"

	"lanzha"
	"lanzha/base/sqldb"
)

//go:embed schema/*.sql
var files embed.FS

// Schema is the tables of accounts, credentials and sessions.
func Schema() sqldb.Schema { return sqldb.Schema{Room: "auth", Files: files} }

const accountColumns = `id, login, name, roles, region, institution, password, must_change, totp, totp_next, totp_step, epoch, disabled, version, created_at`

func scanAccount(s sqldb.Scanner) (Account, error) {
	var a Account
	var roles string
	var created int64
	err := s.Scan(&a.ID, &a.Login, &a.Name, &roles, &a.Region, &a.Institution, &a.password, &a.MustChange,
		&a.totp, &a.totpNext, &a.totpStep, &a.sessions, &a.Disabled, &a.Version, &created)
	for r := range strings.SplitSeq(roles, ",") {
		a.Roles = append(a.Roles, Role(r))
	}
	a.CreatedAt, a.TOTP = lanzha.Micros(created).Time(), a.totp != ""
	return a, err
}

func joined(roles []Role) string {
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = string(r)
	}
	return strings.Join(names, ",")
}

func insertAccount(ctx context.Context, tx *sqldb.Tx, a Account) error {
	_, err := sqldb.Exec(ctx, tx, `INSERT INTO account (`+accountColumns+`, province, city, district)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`,
		string(a.ID), a.Login, a.Name, joined(a.Roles), string(a.Region), string(a.Institution), a.password, a.MustChange,
		a.totp, a.totpNext, a.totpStep, a.sessions, a.Disabled, a.Version, int64(lanzha.At(a.CreatedAt)),
		string(a.Region.Province()), string(a.Region.City()), string(a.Region.District()))
	return err
}

// updateAccount saves all that may change, if the account still has the
// version `was`. The last step of one-time codes is useStep's alone.
func updateAccount(ctx context.Context, tx *sqldb.Tx, a Account, was int64) error {
	n, err := sqldb.Exec(ctx, tx, `UPDATE account SET name = $1, roles = $2, region = $3, institution = $4, password = $5, must_change = $6,
		totp = $7, totp_next = $8, epoch = $9, disabled = $10, version = $11, province = $12, city = $13, district = $14
		WHERE id = $15 AND version = $16`,
		a.Name, joined(a.Roles), string(a.Region), string(a.Institution), a.password, a.MustChange,
		a.totp, a.totpNext, a.sessions, a.Disabled, a.Version,
		string(a.Region.Province()), string(a.Region.City()), string(a.Region.District()), string(a.ID), was)
	if err == nil && n == 0 {
		return lanzha.Conflict("the account was changed at the same time")
	}
	return err
}

func accountByID(ctx context.Context, q sqldb.Queryer, id lanzha.ID) (Account, error) {
	return sqldb.One(ctx, q, "account", scanAccount, `SELECT `+accountColumns+` FROM account WHERE id = $1`, string(id))
}

func accountByLogin(ctx context.Context, q sqldb.Queryer, login string) (Account, error) {
	return sqldb.One(ctx, q, "account", scanAccount, `SELECT `+accountColumns+` FROM account WHERE login = $1`, login)
}

func listAccounts(ctx context.Context, q sqldb.Queryer, s Scope, after string, limit int) ([]Account, error) {
	where, args := "", []any{after, limit}
	if !s.All {
		column, value := s.Level(), string(s.Region)
		if s.Institution != "" {
			column, value = "institution", string(s.Institution)
		}
		where, args = fmt.Sprintf(" AND %s = $3", column), append(args, value)
	}
	return sqldb.All(ctx, q, scanAccount, `SELECT `+accountColumns+` FROM account WHERE login > $1`+where+` ORDER BY login LIMIT $2`, args...)
}

func (a *Auth) count(ctx context.Context) (int64, error) {
	return sqldb.One(ctx, a.db.Read(), "account", sqldb.Value[int64], `SELECT count(*) FROM account`)
}

// useStep marks a one-time code as used; false says that it was used before.
func useStep(ctx context.Context, tx *sqldb.Tx, id lanzha.ID, step int64) (bool, error) {
	n, err := sqldb.Exec(ctx, tx, `UPDATE account SET totp_step = $1 WHERE id = $2 AND totp_step < $1`, step, string(id))
	return n == 1, err
}

const credentialColumns = `id, account, kind, name, shown, created_at, expires_at, revoked_at`

func scanCredential(s sqldb.Scanner) (Credential, error) {
	var c Credential
	var created, expires, revoked int64
	err := s.Scan(&c.ID, &c.Account, &c.Kind, &c.Name, &c.Shown, &created, &expires, &revoked)
	c.CreatedAt, c.ExpiresAt, c.RevokedAt = lanzha.Micros(created).Time(), lanzha.Micros(expires).Time(), lanzha.Micros(revoked).Time()
	return c, err
}

func insertCredential(ctx context.Context, tx *sqldb.Tx, c Credential, hash string) error {
	_, err := sqldb.Exec(ctx, tx, `INSERT INTO credential (`+credentialColumns+`, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8)`,
		string(c.ID), string(c.Account), c.Kind, c.Name, c.Shown, int64(lanzha.At(c.CreatedAt)), int64(lanzha.At(c.ExpiresAt)), hash)
	return err
}

func listCredentials(ctx context.Context, q sqldb.Queryer, account lanzha.ID) ([]Credential, error) {
	return sqldb.All(ctx, q, scanCredential, `SELECT `+credentialColumns+` FROM credential WHERE account = $1 ORDER BY id`, string(account))
}

func credentialByID(ctx context.Context, q sqldb.Queryer, account, id lanzha.ID) (Credential, error) {
	return sqldb.One(ctx, q, "credential", scanCredential, `SELECT `+credentialColumns+` FROM credential WHERE id = $1 AND account = $2`, string(id), string(account))
}

// accountByCredential finds who holds a key or certificate that is good now.
func accountByCredential(ctx context.Context, q sqldb.Queryer, kind, hash string, now time.Time) (Account, error) {
	return sqldb.One(ctx, q, "account", scanAccount, `SELECT a.id, login, a.name, roles, region, institution, password, must_change, totp, totp_next, totp_step, epoch, disabled, version, a.created_at
		FROM credential c JOIN account a ON a.id = c.account
		WHERE c.hash = $1 AND c.kind = $2 AND c.revoked_at = 0 AND (c.expires_at = 0 OR c.expires_at > $3) AND a.disabled = FALSE`,
		hash, kind, int64(lanzha.At(now)))
}

func revokeCredential(ctx context.Context, tx *sqldb.Tx, id lanzha.ID, now time.Time) (int64, error) {
	return sqldb.Exec(ctx, tx, `UPDATE credential SET revoked_at = $1 WHERE id = $2 AND revoked_at = 0`, int64(lanzha.At(now)), string(id))
}

func scanFailures(s sqldb.Scanner) (failures, error) {
	var f failures
	var since, last int64
	err := s.Scan(&f.count, &since, &last)
	f.since, f.last = lanzha.Micros(since).Time(), lanzha.Micros(last).Time()
	return f, err
}

func readFailures(ctx context.Context, q sqldb.Queryer, key string) (failures, error) {
	f, err := sqldb.One(ctx, q, "failure", scanFailures, `SELECT failures, since, last FROM signin WHERE key = $1`, key)
	if lanzha.CodeOf(err) == lanzha.CodeNotFound {
		return failures{}, nil
	}
	return f, err
}

func writeFailures(ctx context.Context, tx *sqldb.Tx, key string, f failures) error {
	if _, err := sqldb.Exec(ctx, tx, `DELETE FROM signin WHERE last < $1`, int64(lanzha.At(f.last.Add(-forgetAfter)))); err != nil {
		return err
	}
	_, err := sqldb.Exec(ctx, tx, `INSERT INTO signin (key, failures, since, last) VALUES ($1, $2, $3, $4)
		ON CONFLICT (key) DO UPDATE SET failures = excluded.failures, since = excluded.since, last = excluded.last`,
		key, f.count, int64(lanzha.At(f.since)), int64(lanzha.At(f.last)))
	return err
}

func clearFailures(ctx context.Context, tx *sqldb.Tx, key string) error {
	if err := takeBack(ctx, tx, key); err != nil {
		return err
	}
	_, err := sqldb.Exec(ctx, tx, `DELETE FROM signin WHERE key = $1`, key)
	return err
}

// takeBack uncounts one reserved attempt.
func takeBack(ctx context.Context, tx *sqldb.Tx, key string) error {
	_, err := sqldb.Exec(ctx, tx, `UPDATE signin SET failures = failures - 1 WHERE key IN ($1, $2) AND failures > 0`, key, allLogins)
	return err
}

// sessionStore keeps sessions for scs, which hashes the token before it comes
// here.
type sessionStore struct {
	db  *sqldb.DB
	now func() time.Time
}

// Find is not used: the manager has a context for every call.
func (s sessionStore) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

// Commit is not used: the manager has a context for every call.
func (s sessionStore) Commit(token string, data []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), token, data, expiry)
}

// Delete is not used: the manager has a context for every call.
func (s sessionStore) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }

// FindCtx reads a session that has not expired.
func (s sessionStore) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	data, err := sqldb.One(ctx, s.db.Read(), "session", sqldb.Value[[]byte],
		`SELECT data FROM session WHERE token = $1 AND expires_at > $2`, token, int64(lanzha.At(s.now())))
	if lanzha.CodeOf(err) == lanzha.CodeNotFound {
		return nil, false, nil
	}
	return data, err == nil, err
}

// CommitCtx writes a session and removes those that have expired.
func (s sessionStore) CommitCtx(ctx context.Context, token string, data []byte, expiry time.Time) error {
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if _, err := sqldb.Exec(ctx, tx, `DELETE FROM session WHERE expires_at <= $1`, int64(lanzha.At(s.now()))); err != nil {
			return err
		}
		_, err := sqldb.Exec(ctx, tx, `INSERT INTO session (token, data, expires_at) VALUES ($1, $2, $3)
			ON CONFLICT (token) DO UPDATE SET data = excluded.data, expires_at = excluded.expires_at`, token, data, int64(lanzha.At(expiry)))
		return err
	})
}

// DeleteCtx ends a session.
func (s sessionStore) DeleteCtx(ctx context.Context, token string) error {
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		_, err := sqldb.Exec(ctx, tx, `DELETE FROM session WHERE token = $1`, token)
		return err
	})
}
