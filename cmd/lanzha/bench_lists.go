package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"lanzha"
	"lanzha/app"
	"lanzha/app/demo"
	"lanzha/base/auth"
	"lanzha/base/sqldb"
	"lanzha/know/place"
)

// BenchListsCmd measures the lists that officers work from.
type BenchListsCmd struct {
	Rows     int    `default:"1000000" help:"Clues, and as many reports."`
	Requests int    `default:"300" help:"Requests of each sort."`
	Postgres string `placeholder:"ADDRESS" env:"LANZHA_TEST_POSTGRES" help:"A PostgreSQL server to measure as well, in a database of its own."`
	JSON     bool   `help:"Print one line of JSON, which is all there is."`
}

// Help says what is measured.
func (c *BenchListsCmd) Help() string {
	return strings.Join(strings.Fields(`Fills a database of its own with clues and reports of a country: a province has most of them,
		one of its districts a few hundred. Then officers of that district and of the whole province sign in and ask for lists
		over HTTP: first pages, page after page of 500, and by kind, type and state. Fails when a list takes 200 ms or more at
		p99.`), " ")
}

// listed is how long one sort of list takes.
type listed struct {
	Name     string  `json:"name"`
	Database string  `json:"database"`
	P50      float64 `json:"p50_ms"`
	P99      float64 `json:"p99_ms"`
	Requests int     `json:"requests"`
	Rows     int     `json:"rows"` // of all requests
}

// slowest is what every list must stay under.
const slowest = 200.0 // ms

// Run fills and measures one database after the other.
func (c *BenchListsCmd) Run(ctx context.Context, std *Std) error {
	addresses := []string{""}
	if c.Postgres != "" {
		addresses = append(addresses, c.Postgres)
	}
	out := []listed{}
	for _, address := range addresses {
		lists, err := c.measure(ctx, std, address)
		if err != nil {
			return err
		}
		out = append(out, lists...)
	}
	if err := json.NewEncoder(std.Out).Encode(map[string]any{"lists": out, "records": c.Rows}); err != nil {
		return err
	}
	for _, l := range out {
		if l.P99 >= slowest {
			return fmt.Errorf("%s on %s takes %.0f ms at p99, %.0f are allowed", l.Name, l.Database, l.P99, slowest)
		}
	}
	return nil
}

func (c *BenchListsCmd) measure(ctx context.Context, std *Std, address string) (out []listed, err error) {
	cfg, remove, err := scratch(ctx, address)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, remove()) }()
	cfg.Centre.Region = "" // the whole country's house
	l, err := listen(ctx, "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer l.Close()
	house, err := app.New(ctx, cfg, app.Options{Now: std.Now})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, house.Close()) }()
	if err := fill(ctx, house.DB, c.Rows, std.Now()); err != nil {
		return nil, err
	}
	running, stop := context.WithCancel(ctx)
	defer stop()
	group, running := errgroup.WithContext(running)
	group.Go(func() error { return house.Run(running, l) })
	group.Go(func() error {
		defer stop()
		for _, who := range []struct {
			name   string
			region lanzha.Region
		}{{"quiet district", quietDistrict}, {"whole province", largeProvince}} {
			officer, err := signIn(running, house, siteURL(l, false), who.region)
			if err != nil {
				return err
			}
			for _, s := range sorts {
				took, rows, err := c.ask(running, officer, s.path, s.deep)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", s.name, who.name, err)
				}
				out = append(out, listed{
					Name: s.name[:strings.IndexByte(s.name+",", ',')] + ", " + who.name + s.name[strings.IndexByte(s.name+",", ','):], Database: string(house.DB.Dialect),
					P50: quantile(took, 0.5), P99: quantile(took, 0.99), Requests: len(took), Rows: rows,
				})
			}
		}
		return nil
	})
	return out, errors.Join(group.Wait(), ctx.Err())
}

// sorts are the lists that are asked for.
var sorts = []struct {
	name, path string
	deep       bool // page after page
}{
	{"clues", "/clues?", false},
	{"clues, page after page", "/clues?limit=500&state=verified", true},
	{"clues, fixed lines", "/clues?kind=fixed&state=verified", false},
	{"clues, closed domains", "/clues?kind=domain&state=closed", false},
	{"reports", "/reports?", false},
	{"reports, page after page", "/reports?limit=500", true},
	{"reports, tips", "/reports?type=tip", false},
	{"reports, inquiries page after page", "/reports?type=inquiry&limit=500", true},
}

// ask asks for a list again and again. Deep goes on from page to page, and from
// the start again after the last.
func (c *BenchListsCmd) ask(ctx context.Context, officer *demo.Client, path string, deep bool) (took []time.Duration, rows int, err error) {
	cursor := ""
	for range c.Requests {
		var page struct {
			Items []json.RawMessage
			Next  string
		}
		at := time.Now()
		if err := officer.Call(ctx, http.MethodGet, path+"&cursor="+url.QueryEscape(cursor), 0, nil, &page); err != nil {
			return nil, 0, err
		}
		took, rows = append(took, time.Since(at)), rows+len(page.Items)
		if deep {
			cursor = page.Next
		}
	}
	return took, rows, nil
}

// signIn makes an officer of a region and opens a session.
func signIn(ctx context.Context, house *app.App, base string, region lanzha.Region) (*demo.Client, error) {
	login := "officer-" + string(region)
	system := auth.WithActor(ctx, auth.System())
	first, err := house.Auth.FirstPassword(system, login, "")
	if err != nil {
		return nil, err
	}
	if err := house.DB.Tx(system, func(tx *sqldb.Tx) error {
		_, err := house.Auth.Create(system, tx, auth.Draft{Login: login, Name: "接警员", Roles: []auth.Role{auth.Officer}, Region: region}, first)
		return err
	}); err != nil {
		return nil, err
	}
	c := demo.NewClient(base, "")
	return c, c.SignIn(ctx, login, first.Password, first.Password+"-next")
}

// The country: most records lie in one province, a few hundred of them in one
// of its districts.
const (
	largeProvince = lanzha.Region("530000")
	quietDistrict = lanzha.Region("530326")
	quietShare    = 2500 // one record of so many is of the quiet district
	buckets       = 512  // over which the other districts are spread
)

// fill makes n clues and n reports by SQL alone. Their indexes are made
// afterwards, as a restore would.
func fill(ctx context.Context, db *sqldb.DB, n int, now time.Time) error {
	return db.Tx(ctx, func(tx *sqldb.Tx) error {
		indexes, err := dropIndexes(ctx, tx, "clue", "clue_region", "clue_source", "report")
		if err != nil {
			return err
		}
		for _, statement := range filling {
			if _, err := sqldb.Exec(ctx, tx, strings.ReplaceAll(statement, "{country}", country()), n, int64(lanzha.At(now))); err != nil {
				return err
			}
		}
		for _, statement := range append(indexes, "ANALYZE") {
			if strings.HasPrefix(statement, "ANALYZE") && tx.Dialect == sqldb.SQLite {
				continue // the house keeps no statistics there, and needs none
			}
			if _, err := sqldb.Exec(ctx, tx, statement); err != nil {
				return err
			}
		}
		return nil
	})
}

// dropIndexes removes the indexes of tables that are not constraints and returns the
// statements that make them again.
func dropIndexes(ctx context.Context, tx *sqldb.Tx, tables ...string) ([]string, error) {
	list := "'" + strings.Join(tables, "', '") + "'"
	query := `SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN (` + list + `)`
	if tx.Dialect == sqldb.Postgres {
		query = `SELECT i.indexname::text, i.indexdef FROM pg_indexes i WHERE i.schemaname = current_schema() AND i.tablename IN (` + list + `)
			AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conname = i.indexname)`
	}
	made, err := sqldb.All(ctx, tx, func(s sqldb.Scanner) ([2]string, error) {
		var index [2]string
		return index, s.Scan(&index[0], &index[1])
	}, query)
	statements := []string{}
	for _, index := range made {
		if _, err := sqldb.Exec(ctx, tx, "DROP INDEX "+sqldb.Quote(index[0])); err != nil {
			return nil, err
		}
		statements = append(statements, index[1])
	}
	return statements, err
}

// country is a table of values: which district has which share of the buckets.
func country() string {
	var districts []lanzha.Region
	for _, province := range place.Children("") {
		for _, city := range place.Children(province.Code) {
			for _, d := range place.Children(city.Code) {
				if d.Level == place.District && d.Code != quietDistrict {
					districts = append(districts, d.Code)
				}
			}
		}
	}
	own := slices.Clone(districts)
	own = slices.DeleteFunc(own, func(r lanzha.Region) bool { return r.Province() != largeProvince })
	rows := make([]string, buckets)
	for k := range rows {
		of := districts
		if k%10 != 0 {
			of = own // nine of ten records are the province's
		}
		r := of[k*k%len(of)] // some districts have many buckets, some one, some none
		rows[k] = fmt.Sprintf("(%d, '%s', '%s', '%s')", k, r.Province(), r.City(), r)
	}
	return "(-1, '" + string(quietDistrict.Province()) + "', '" + string(quietDistrict.City()) + "', '" + string(quietDistrict) + "'), " + strings.Join(rows, ", ")
}

// numbered is records 1 to $1: m is a number that looks random and differs for
// each, b the bucket of its district, id an ID that rises with n, at an instant
// within three years before $2. Records come about as the time goes, so that
// those of a district lie scattered.
const numbered = `WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < $1),
	r AS (SELECT n, (CAST(n AS BIGINT) * 1103515245 + 12345) % 2147483648 AS m,
		'01J' || substr('00000000000000000000000' || CAST(n AS TEXT), length(CAST(n AS TEXT)) + 1) AS id,
		CAST($2 AS BIGINT) - (CAST($1 AS BIGINT) - n + 1) * (94608000000000 / $1) AS at FROM s),
	x AS (SELECT n, m, id, at, CASE WHEN n % 2500 = 7 THEN -1 ELSE m / 64 % 512 END AS b FROM r),
	d (b, province, city, district) AS (VALUES {country})
`

var filling = []string{
	`INSERT INTO report (id, version, type, channel, ref110, state, province, city, district, received_at, occurred_at, amount_fen, text, caller, parties, finds, taken_by, close_note)
	` + numbered + `SELECT x.id, 1, CASE WHEN m / 1024 % 10 < 6 THEN 'report' WHEN m / 1024 % 10 < 9 THEN 'tip' ELSE 'inquiry' END, 'phone', '', CASE WHEN m / 2048 % 5 = 0 THEN 'open' ELSE 'closed' END,
		d.province, d.city, d.district, x.at, x.at - 3600000000, m % 100000 * 100,
		'接到电话自称客服，说会员要扣费，让我按他说的操作取消，我照做后卡里的钱被转走，再打过去就没有人接了，编号' || CAST(m AS TEXT), '', '[]',
		'[{"kind":"mobile","value":"+86138' || CAST(m AS TEXT) || '","raw":"138","span":[2,13]},{"kind":"amount","value":"3500000","raw":"3.5","span":[30,34]}]', '', ''
	FROM x JOIN d ON d.b = x.b ORDER BY x.n`,

	`INSERT INTO clue (id, version, kind, value, truth, state, institution, carrier, home, reports, opened_at, due_at, due_from, via, close_reason)
	` + numbered + `SELECT x.id, 3, ` + kindOf + `, CAST(n AS TEXT) || '-' || CAST(m AS TEXT), 'unknown', ` + stateOf + `, '', '移动', d.city, 1, x.at, ` + dueOf + `, 0, '', ''
	FROM x JOIN d ON d.b = x.b ORDER BY x.n`,

	`INSERT INTO clue_source (clue, source, kind, region, at)
	` + numbered + `SELECT x.id, x.id, 'report', d.district, x.at FROM x JOIN d ON d.b = x.b ORDER BY x.n`,

	`INSERT INTO clue_region (clue, region, state, kind, rank)
	` + numbered + `, level (n) AS (VALUES (0), (1), (2), (3))
	SELECT x.id, CASE level.n WHEN 0 THEN '' WHEN 1 THEN d.province WHEN 2 THEN d.city ELSE d.district END, ` + stateOf + `, ` + kindOf + `,
		CASE WHEN ` + dueOf + ` = 0 THEN 2305843009213693952 - x.at ELSE ` + dueOf + ` END
	FROM x JOIN d ON d.b = x.b CROSS JOIN level ORDER BY x.n, level.n`,
}

// One clue of fifty waits for an answer, one of ten is closed.
const (
	kindOf  = `CASE m / 4096 % 10 WHEN 0 THEN 'fixed' WHEN 1 THEN 'card' WHEN 2 THEN 'domain' WHEN 3 THEN 'im' ELSE 'mobile' END`
	stateOf = `CASE m / 65536 % 10 WHEN 0 THEN 'closed' WHEN 1 THEN 'open' WHEN 2 THEN 'open' ELSE 'verified' END`
	dueOf   = `CASE WHEN m / 65536 % 50 = 1 THEN x.at + 180000000 ELSE 0 END`
)
