package detect_test

import (
	"testing"

	"lanzha/base/sqldb"
	"lanzha/base/sqldb/sqltest"
)

func sqliteOf(t testing.TB) *sqldb.DB { return sqltest.OpenSQLite(t, schemas...) }
