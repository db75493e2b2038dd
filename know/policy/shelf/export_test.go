package shelf

import (
	"testing"

	"lanzha/base/sqldb"
)

// ForgetShipped makes the next start take the release's text of a pack for new.
func (s *Shelf) ForgetShipped(t *testing.T, pack string) {
	t.Helper()
	if err := s.db.Tx(t.Context(), func(tx *sqldb.Tx) error {
		_, err := sqldb.Exec(t.Context(), tx, `DELETE FROM policy_shipped WHERE pack = $1`, pack)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}
