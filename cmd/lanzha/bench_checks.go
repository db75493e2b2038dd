package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"lanzha"
	"lanzha/app"
	"lanzha/base/auth"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/know/institution"
)

// BenchChecksCmd measures the checks of the register.
type BenchChecksCmd struct {
	Listings    int           `default:"1000000" help:"Listings in the register, 1,000 to 5,000,000."`
	Connections int           `default:"40" help:"Connections that ask about one person at a time, each as soon as it has its answer."`
	Rate        float64       `help:"Ask at this rate, whether answers come or not, instead of as fast as they come; 0 does not."`
	For         time.Duration `default:"10s" help:"How long a run takes."`
	Runs        int           `default:"3" help:"Runs of each sort; the middle one counts."`
	JSON        bool          `help:"Print one line of JSON, which is all there is."`
	Profile     string        `placeholder:"FILE" help:"Write a CPU profile of the first run."`
}

// Help says what is measured.
func (c *BenchChecksCmd) Help() string {
	return strings.Join(strings.Fields(`Starts the house as shipped on loopback, with a database of its own that goes again: SQLite
		in a temporary folder, or a fresh database on the PostgreSQL server that --database names. The register is filled by SQL with
		listings as a decision by the shipped pack makes them, each of another person. Four institutions, a bank, a payment firm, a
		carrier and an internet platform, ask over HTTP with their API keys; the load generator is in this process. One person of ten
		is listed, one of a hundred of these under another name. Single: one request asks about one person and one service. Batch: one
		request asks about 1,000. Every answer is compared with what it must be. per_second, p99_ms and cpu_ms_per_op are those of
		single requests; the processor time is that of this process, load generator and SQLite in it, while a PostgreSQL server is
		not. Afterwards every check that was answered is counted in the journal, whose seal is verified.`), " ")
}

// checked is what the command prints.
type checked struct {
	PerSecond  float64 `json:"per_second"`
	P99        float64 `json:"p99_ms"`
	CPU        float64 `json:"cpu_ms_per_op"`
	Check      string  `json:"check"`
	Database   string  `json:"database"`
	Listings   int     `json:"listings"`
	LoadMS     float64 `json:"load_ms"`           // until the house answered
	PerListing float64 `json:"bytes_per_listing"` // of the index in memory
	Cores      int     `json:"cores"`

	SinglePerSecond   float64 `json:"single_per_second"`
	SingleP50         float64 `json:"single_p50_ms"`
	SingleP99         float64 `json:"single_p99_ms"`
	SingleCPU         float64 `json:"single_cpu_ms_per_check"`
	SingleConnections int     `json:"single_connections"`
	BatchPerSecond    float64 `json:"batch_per_second"` // checks
	BatchP50          float64 `json:"batch_p50_ms"`     // of a request
	BatchP99          float64 `json:"batch_p99_ms"`
	BatchCPU          float64 `json:"batch_cpu_ms_per_check"`
	BatchConnections  int     `json:"batch_connections"`
	BatchSize         int     `json:"batch_size"`

	Runs        []asked `json:"runs"`
	Checks      int64   `json:"checks"`       // answered in all
	Commits     int64   `json:"commits"`      // that kept them
	JournalRows int64   `json:"journal_rows"` // sealed
	Proved      bool    `json:"proved"`
}

// asked is one run.
type asked struct {
	Sort      string  `json:"sort"` // single or batch
	PerSecond float64 `json:"per_second"`
	P50       float64 `json:"p50_ms"`
	P99       float64 `json:"p99_ms"`
	Max       float64 `json:"max_ms"`
	CPU       float64 `json:"cpu_ms_per_check"`
	Checks    int64   `json:"checks"`
}

// batchSize is the most that one request holds; two connections keep two cores
// busy with them.
const (
	batchSize        = 1000
	batchConnections = 2
)

// Run measures.
func (c *BenchChecksCmd) Run(ctx context.Context, std *Std, env *Env) (err error) {
	if c.Listings < 1_000 || c.Listings > 5_000_000 {
		return lanzha.Invalid("listings", "1,000 to 5,000,000 listings")
	}
	if c.Connections < 1 || c.Connections > 1000 || c.Runs < 1 || c.For <= 0 || c.Rate < 0 {
		return lanzha.Invalid("connections", "1 to 1000 connections, 1 run or more, for some time")
	}
	cfg, remove, err := scratch(ctx, env.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	cfg.Register.ChecksPerMinute = 1_000_000_000 // the quota is not what is measured
	l, err := listen(ctx, "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer l.Close()
	house, err := app.New(ctx, cfg, app.Options{Now: std.Now})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, house.Close()) }()
	if err := fillRegister(ctx, house, c.Listings, std.Now()); err != nil {
		return err
	}
	keys, err := askers(ctx, house)
	if err != nil {
		return err
	}
	out := checked{
		Check:    "one HTTP request that asks about one person and one service, answered after its journal row is on disk",
		Database: string(house.DB.Dialect), Listings: c.Listings, Cores: runtime.NumCPU(), SingleConnections: c.Connections,
		BatchConnections: batchConnections, BatchSize: batchSize,
	}
	running, stop := context.WithCancel(ctx)
	defer stop()
	group, running := errgroup.WithContext(running)
	group.Go(func() error { return house.Run(running, l) })
	group.Go(func() error {
		defer stop()
		return c.measure(running, house, l.Addr().String(), keys, &out)
	})
	if err := errors.Join(group.Wait(), ctx.Err()); err != nil {
		return err
	}
	if err := proveChecks(ctx, house, filepath.Join(cfg.Data, "journal.key"), &out); err != nil {
		return err
	}
	return json.NewEncoder(std.Out).Encode(out)
}

func (c *BenchChecksCmd) measure(ctx context.Context, house *app.App, address string, keys []askingKey, out *checked) error {
	began := time.Now()
	single := newLoad(address, keys, c.Connections, 1, c.Listings)
	if err := single.ready(ctx); err != nil {
		return err
	}
	out.LoadMS = rounded(time.Since(began))
	out.PerListing = float64(house.Checks.IndexBytes()) / float64(c.Listings)
	batch := newLoad(address, keys, batchConnections, batchSize, c.Listings)
	if c.Profile != "" {
		file, err := os.Create(c.Profile)
		if err != nil {
			return err
		}
		defer file.Close()
		if err := pprof.StartCPUProfile(file); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	if _, err := single.run(ctx, time.Second, c.Rate); err != nil { // warm
		return err
	}
	var singles, batches []asked
	for range c.Runs {
		runtime.GC()
		a, err := single.run(ctx, c.For, c.Rate)
		if err != nil {
			return err
		}
		pprof.StopCPUProfile()
		b, err := batch.run(ctx, c.For/2, 0)
		if err != nil {
			return err
		}
		singles, batches = append(singles, a), append(batches, b)
	}
	out.Runs = append(slices.Clone(singles), batches...)
	out.Checks = single.answered + batch.answered
	s, b := middle(singles), middle(batches)
	out.PerSecond, out.P99, out.CPU = s.PerSecond, s.P99, s.CPU
	out.SinglePerSecond, out.SingleP50, out.SingleP99, out.SingleCPU = s.PerSecond, s.P50, s.P99, s.CPU
	out.BatchPerSecond, out.BatchP50, out.BatchP99, out.BatchCPU = b.PerSecond, b.P50, b.P99, b.CPU
	return nil
}

// middle is the run of the middle throughput.
func middle(runs []asked) asked {
	sorted := slices.SortedFunc(slices.Values(runs), func(a, b asked) int { return int(a.PerSecond - b.PerSecond) })
	return sorted[len(sorted)/2]
}

// askingKey is an institution that asks.
type askingKey struct {
	kind institution.Kind
	key  string
}

// askers makes an institution of each kind that asks, with an API key.
func askers(ctx context.Context, house *app.App) (keys []askingKey, err error) {
	system := auth.WithActor(ctx, auth.System())
	for _, kind := range []institution.Kind{institution.Bank, institution.Payment, institution.Carrier, institution.Platform} {
		first, err := house.Auth.FirstPassword(system, string(kind), "")
		if err != nil {
			return nil, err
		}
		if err := house.DB.Tx(system, func(tx *sqldb.Tx) error {
			in, err := house.Directory.Create(system, tx, "", institution.Institution{Code: "sim-" + string(kind), Name: "模拟" + string(kind), Kind: kind, Gateway: institution.ByHand})
			if err != nil {
				return err
			}
			account, err := house.Auth.Create(system, tx, auth.Draft{Login: string(kind), Name: "模拟" + string(kind), Roles: []auth.Role{auth.Responder}, Institution: in.ID}, first)
			if err != nil {
				return err
			}
			_, key, err := house.Auth.AddKey(system, tx, account.ID, "惩戒查询", time.Time{})
			keys = append(keys, askingKey{kind, key})
			return err
		}); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// proveChecks counts in the journal every check that was answered, row by row
// and line by line, and verifies the seal.
func proveChecks(ctx context.Context, house *app.App, keyFile string, out *checked) error {
	type row struct {
		seq            int64
		payload, lines string
	}
	var checks, listed, lines int64
	for after := int64(0); ; {
		rows, err := sqldb.All(ctx, house.DB.Read(), func(s sqldb.Scanner) (row, error) {
			var r row
			var annex []byte
			err := s.Scan(&r.seq, &r.payload, &annex)
			r.lines = string(annex)
			return r, err
		}, `SELECT j.seq, j.payload, x.data FROM journal j JOIN journal_annex x ON x.seq = j.seq WHERE j.kind = 'check.made' AND j.seq > $1 ORDER BY j.seq LIMIT 1000`, after)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			break
		}
		for _, r := range rows {
			var p struct{ Requests, Checks, Listed int64 }
			if err := json.Unmarshal([]byte(r.payload), &p); err != nil {
				return err
			}
			after, checks, listed = r.seq, checks+p.Checks, listed+p.Listed
			lines += int64(strings.Count(r.lines, `["`))
			out.Commits++
		}
	}
	if checks != out.Checks || lines != out.Checks {
		return fmt.Errorf("%d checks were answered; the journal counts %d and holds %d", out.Checks, checks, lines)
	}
	if share := float64(listed) / float64(checks); share < 0.09 || share > 0.11 {
		return fmt.Errorf("%.3f of the answers met a listing, want about a tenth", share)
	}
	key, err := journal.LoadKey(keyFile)
	if err != nil {
		return err
	}
	report, err := journal.Verify(ctx, house.DB, key.Verifier)
	if err != nil {
		return err
	}
	if !report.OK {
		return fmt.Errorf("the journal is not as it was sealed: %d faults, the first %+v", report.Faults, report.First())
	}
	out.JournalRows, out.Proved = report.Sealed, true
	return nil
}
