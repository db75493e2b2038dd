package auth

import (
	"context"

	"lanzha"
	"lanzha/base/sqldb"
)

// NameOf is how colleagues call an account, for documents and timelines; no
// such account is CodeNotFound.
func (a *Auth) NameOf(ctx context.Context, q sqldb.Queryer, id lanzha.ID) (string, error) {
	account, err := accountByID(ctx, q, id)
	return account.Name, err
}

// ByLogin reads an account by its login. Codes: NotFound, those of May.
func (a *Auth) ByLogin(ctx context.Context, login string) (Account, error) {
	account, err := accountByLogin(ctx, a.db.Read(), login)
	if err != nil {
		return account, err
	}
	return account, a.May(ctx, "account.read", account.resource())
}

// InUse reports whether a database holds accounts, so that sealed fields may
// be expected in it.
func InUse(ctx context.Context, db *sqldb.DB) (bool, error) {
	n, err := sqldb.One(ctx, db.Read(), "count", sqldb.Value[int64], `SELECT count(*) FROM account`)
	return n > 0, err
}

// Forget deletes the sessions that have expired.
func (a *Auth) Forget(ctx context.Context) error {
	return a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		_, err := sqldb.Exec(ctx, tx, `DELETE FROM session WHERE expires_at < $1`, int64(lanzha.At(a.now())))
		return err
	})
}

// maxColleagues bounds what one answer names; a house has hundreds.
const maxColleagues = 5000

// Colleagues lists the accounts of the house, disabled ones among them: their
// names still stand in timelines.
func (a *Auth) Colleagues(ctx context.Context) ([]Account, error) {
	return sqldb.All(ctx, a.db.Read(), scanAccount, `SELECT `+accountColumns+` FROM account ORDER BY login LIMIT $1`, maxColleagues)
}
