// Package sqltest gives tests a fresh database of each kind. The tables are
// made once for a test binary and then copied: the file on SQLite, TEMPLATE on
// PostgreSQL.
//
// PostgreSQL is found by the environment variable LANZHA_TEST_POSTGRES, the
// address of a server on which databases may be created; `make test` starts
// one and sets it. Without it the PostgreSQL half is skipped, which under
// CI=true is a failure.
package sqltest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lanzha/base/sqldb"
)

// Run runs test on a fresh SQLite and on a fresh PostgreSQL database that hold
// the given tables.
func Run(t *testing.T, schemas []sqldb.Schema, test func(t *testing.T, db *sqldb.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, OpenSQLite(t, schemas...))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, OpenPostgres(t, schemas...))
	})
}

// OpenSQLite opens a fresh SQLite database that is removed with the test.
func OpenSQLite(t testing.TB, schemas ...sqldb.Schema) *sqldb.DB {
	t.Helper()
	template := templateFor(t, "sqlite", schemas)
	path := filepath.Join(t.TempDir(), "lanzha.db")
	data, err := os.ReadFile(template)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return open(t, path)
}

// OpenPostgres opens a fresh PostgreSQL database that is dropped with the
// test.
func OpenPostgres(t testing.TB, schemas ...sqldb.Schema) *sqldb.DB {
	t.Helper()
	return open(t, PostgresURL(t, schemas...))
}

// PostgresURL makes a fresh PostgreSQL database that is dropped with the test
// and returns its address, for tests that start a process of their own.
func PostgresURL(t testing.TB, schemas ...sqldb.Schema) string {
	t.Helper()
	server := server(t)
	template := templateFor(t, "postgres", schemas)
	name := unique("lanzha_test")
	admin(t, server, fmt.Sprintf(`CREATE DATABASE %s TEMPLATE %s`, name, template))
	t.Cleanup(func() { admin(t, server, fmt.Sprintf(`DROP DATABASE IF EXISTS %s WITH (FORCE)`, name)) })
	return named(server, name)
}

func server(t testing.TB) string {
	t.Helper()
	address := os.Getenv("LANZHA_TEST_POSTGRES")
	if address == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("LANZHA_TEST_POSTGRES is not set: run the tests with `make test`, which starts a PostgreSQL")
		}
		t.Skip("LANZHA_TEST_POSTGRES is not set; `make test` starts a PostgreSQL and sets it")
	}
	return address
}

func open(t testing.TB, address string) *sqldb.DB {
	t.Helper()
	db, err := sqldb.Open(context.Background(), address, sqldb.Options{Readers: 8})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("closing the database: %v", err)
		}
	})
	return db
}

var (
	mu        sync.Mutex
	templates = map[string]string{} // kind and rooms -> file or database name
	counter   atomic.Int64
)

func unique(prefix string) string {
	return fmt.Sprintf("%s_%d_%d_%d", prefix, os.Getpid(), time.Now().UnixNano(), counter.Add(1))
}

// templateFor migrates once for each kind and set of rooms. The templates of
// PostgreSQL end with the server that `make test` stops; those of SQLite lie
// in the system's folder for temporary files.
func templateFor(t testing.TB, kind string, schemas []sqldb.Schema) string {
	t.Helper()
	rooms := []string{kind}
	for _, s := range schemas {
		rooms = append(rooms, s.Room)
	}
	key := strings.Join(rooms, ",")
	mu.Lock()
	defer mu.Unlock()
	if found := templates[key]; found != "" {
		return found
	}
	ctx := context.Background()
	var address, template string
	if kind == "postgres" {
		template = unique("lanzha_template")
		admin(t, server(t), "CREATE DATABASE "+template)
		address = named(server(t), template)
	} else {
		dir, err := os.MkdirTemp("", "lanzha-template-") //nolint:usetesting // it serves the tests after this one
		if err != nil {
			t.Fatal(err)
		}
		template = filepath.Join(dir, "lanzha.db")
		address = template
	}
	db, err := sqldb.Open(ctx, address, sqldb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Migrate(ctx, schemas...); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	templates[key] = template
	return template
}

func admin(t testing.TB, server, statement string) {
	t.Helper()
	db, err := sqldb.Open(context.Background(), server, sqldb.Options{Readers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Pool().ExecContext(context.Background(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func named(server, database string) string {
	u, err := url.Parse(server)
	if err != nil {
		return server
	}
	u.Path = "/" + database
	return u.String()
}
