package sqldb

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"lanzha"
)

// Kind is what a column holds, the same on both databases.
type Kind string

// The kinds.
const (
	Text  Kind = "text"
	Int   Kind = "int"
	Float Kind = "float"
	Bool  Kind = "bool"
	Bytes Kind = "bytes"
)

var kinds = map[string]Kind{
	"TEXT": Text, "BIGINT": Int, "INTEGER": Int, "SMALLINT": Int, "DOUBLE PRECISION": Float, "REAL": Float,
	"BOOLEAN": Bool, "BLOB": Bytes, "BYTEA": Bytes,
}

// Column is one column of a table.
type Column struct {
	Name   string `json:"name"`
	Kind   Kind   `json:"kind"`
	Serial bool   `json:"serial,omitempty"` // counted by the database
}

// Table is a table as the database describes it.
type Table struct {
	Name    string   `json:"name"`
	Columns []Column `json:"columns"`
	Key     []string `json:"key"` // the primary key; all columns where there is none

	refs []string
}

// Tables lists the tables of the rooms, each after those that it refers to;
// the tables of versions are not among them. A column of a kind that the two
// databases do not share is CodeInternal.
func (db *DB) Tables(ctx context.Context, q Queryer) ([]Table, error) {
	names, err := db.names(ctx, q)
	if err != nil {
		return nil, err
	}
	var tables []Table
	for _, name := range names {
		if strings.HasPrefix(name, versionTable) {
			continue
		}
		t, err := db.table(ctx, q, name)
		if err != nil {
			return nil, err
		}
		tables = append(tables, t)
	}
	return inOrder(tables)
}

// Versions reads the version of each room; an empty database has none.
func (db *DB) Versions(ctx context.Context, q Queryer) (map[string]int64, error) {
	names, err := db.names(ctx, q)
	if err != nil {
		return nil, err
	}
	out := map[string]int64{}
	for _, name := range names {
		if room, ok := strings.CutPrefix(name, versionTable); ok {
			if out[room], err = One(ctx, q, "version", Value[int64], `SELECT COALESCE(max(version_id), 0) FROM `+Quote(name)); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// Quote makes a name of a table or column fit for SQL.
func Quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func (db *DB) names(ctx context.Context, q Queryer) ([]string, error) {
	query := `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name`
	if db.Dialect == Postgres {
		query = `SELECT tablename::text COLLATE "C" FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1`
	}
	return All(ctx, q, Value[string], query)
}

func (db *DB) table(ctx context.Context, q Queryer, name string) (Table, error) {
	t := Table{Name: name}
	columns := `SELECT name, upper(type), EXISTS (SELECT 1 FROM sqlite_master WHERE name = $1 AND sql LIKE '%AUTOINCREMENT%') AND pk = 1, pk FROM pragma_table_info($1) ORDER BY cid`
	refs := `SELECT DISTINCT "table" FROM pragma_foreign_key_list($1)`
	if db.Dialect == Postgres {
		columns = `SELECT c.column_name::text, upper(c.data_type::text), c.is_identity = 'YES',
				COALESCE((SELECT array_position(i.indkey::int2[], a.attnum) + 1 FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attname = c.column_name
					WHERE i.indrelid = to_regclass(quote_ident($1)) AND i.indisprimary), 0)
			FROM information_schema.columns c WHERE c.table_schema = current_schema() AND c.table_name = $1 ORDER BY c.ordinal_position`
		refs = `SELECT DISTINCT r.relname::text FROM pg_constraint k JOIN pg_class r ON r.oid = k.confrelid
			WHERE k.contype = 'f' AND k.conrelid = to_regclass(quote_ident($1))`
	}
	key := map[int64]string{}
	var err error
	if t.Columns, err = All(ctx, q, func(s Scanner) (Column, error) {
		var c Column
		var declared string
		var place int64
		if err := s.Scan(&c.Name, &declared, &c.Serial, &place); err != nil {
			return c, err
		}
		if place > 0 {
			key[place] = c.Name
		}
		if c.Kind = kinds[declared]; c.Kind == "" {
			return c, fmt.Errorf("%s.%s is %s, which is not a type of both databases", name, c.Name, declared)
		}
		return c, nil
	}, columns, name); err != nil {
		return t, err
	}
	for i := range int64(len(key)) {
		t.Key = append(t.Key, key[i+1])
	}
	if len(t.Key) == 0 {
		for _, c := range t.Columns {
			t.Key = append(t.Key, c.Name)
		}
	}
	t.refs, err = All(ctx, q, Value[string], refs, name)
	return t, err
}

// inOrder puts each table after those that it refers to.
func inOrder(tables []Table) ([]Table, error) {
	var out []Table
	placed := map[string]bool{}
	for len(out) < len(tables) {
		before := len(out)
		for _, t := range tables {
			if !placed[t.Name] && !slices.ContainsFunc(t.refs, func(r string) bool { return r != t.Name && !placed[r] }) {
				placed[t.Name] = true
				out = append(out, t)
			}
		}
		if len(out) == before {
			return nil, lanzha.Internal("sqldb.Tables", fmt.Errorf("tables refer to each other in a circle"))
		}
	}
	return out, nil
}

// CountOn sets what the database counts by itself in a table to go on after
// the highest number there is.
func CountOn(ctx context.Context, tx *Tx, t Table) error {
	if tx.Dialect == SQLite {
		return nil // AUTOINCREMENT heeds the numbers that it is given
	}
	for _, c := range t.Columns {
		if !c.Serial {
			continue
		}
		if _, err := One(ctx, tx, "sequence", Value[int64], fmt.Sprintf(
			`SELECT setval(pg_get_serial_sequence($1, $2), GREATEST(COALESCE(max(%[1]s), 1), 1), COALESCE(max(%[1]s), 0) > 0) FROM %[2]s`, Quote(c.Name), Quote(t.Name)),
			Quote(t.Name), c.Name); err != nil {
			return err
		}
	}
	return nil
}
