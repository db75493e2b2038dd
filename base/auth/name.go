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
