package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"lanzha"
	"lanzha/base/config"
	"lanzha/base/sqldb"
)

// BenchCmd measures.
type BenchCmd struct {
	Reports  BenchReportsCmd  `cmd:"" help:"From report to lookup and from answer to den, at 50 reports a second."`
	Lists    BenchListsCmd    `cmd:"" help:"Lists of clues and reports at a million rows."`
	Policy   BenchPolicyCmd   `cmd:"" help:"The pack engine: plain and explained results a second over a table of 20 rows."`
	Checks   BenchChecksCmd   `cmd:"" help:"Checks of the register over HTTP, at a million listings."`
	Detect   BenchDetectCmd   `cmd:"" help:"Calls through the event log into features and rules."`
	Score    BenchScoreCmd    `cmd:"" help:"Verdicts on transfers over HTTP, stored before they are answered."`
	City     BenchCityCmd     `cmd:"" help:"The shipped rules on a simulated city: what they find, whom they wrong, how fast."`
	Rule     BenchRuleCmd     `cmd:"" help:"Rules: a condition of five comparisons beside cel-go's program, and 50 rules on an event."`
	Load     BenchLoadCmd     `cmd:"" help:"A file of calls through decoding and the form of the log into the event log, synced."`
	Features BenchFeaturesCmd `cmd:"" help:"Features over a file: reading, computing and writing twelve features of 1.75 million payments."`
}

// scratch is a house's configuration over a database of its own, in a folder
// that goes again with it: a measurement never touches what an operator keeps.
// An empty address is SQLite; any other must be a PostgreSQL server on which
// databases may be created.
func scratch(ctx context.Context, address string) (cfg config.Config, remove func() error, err error) {
	dir, err := os.MkdirTemp("", "lanzha-bench-")
	if err != nil {
		return cfg, nil, err
	}
	undo := func() error { return os.RemoveAll(dir) }
	defer func() {
		if err != nil {
			_ = undo() // the error is what counts
		}
	}()
	database := filepath.Join(dir, "lanzha.db")
	if address != "" {
		server, err := url.Parse(address)
		if err != nil || !strings.HasPrefix(server.Scheme, "postgres") {
			return cfg, nil, &lanzha.Error{
				Code: lanzha.CodeInvalid, Field: "database", Message: "a measurement makes a database of its own and takes no file",
				Hint: "leave it out for SQLite in a temporary folder (TMPDIR says where), or name a PostgreSQL server",
			}
		}
		name := "lanzha_bench_" + strings.ToLower(rand.Text())
		if err := administer(ctx, address, "CREATE DATABASE "+name); err != nil {
			return cfg, nil, err
		}
		undo = func() error {
			defer os.RemoveAll(dir)
			return administer(context.WithoutCancel(ctx), address, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
		}
		fresh := *server
		fresh.Path = "/" + name
		database = fresh.String()
	}
	loaded, err := config.Load(config.Sources{Flags: map[string]string{"data": dir, "database": database}})
	if err != nil {
		return cfg, nil, err
	}
	cfg = loaded.Config
	cfg.Centre.Region, cfg.Centre.Name = "530100", "模拟市反诈中心"
	return cfg, undo, nil
}

func administer(ctx context.Context, server, statement string) error {
	db, err := sqldb.Open(ctx, server, sqldb.Options{Readers: 1})
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.Pool().ExecContext(ctx, statement); err != nil {
		return lanzha.Internal("bench", fmt.Errorf("%s: %w", statement, err))
	}
	return nil
}

// cpu is the processor time that this process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// quantile is the smallest of the values that at least the share q of them do
// not exceed, in milliseconds; of none it is 0.
func quantile(of []time.Duration, q float64) float64 {
	if len(of) == 0 {
		return 0
	}
	of = slices.Sorted(slices.Values(of))
	n := int(q*float64(len(of)) + 0.999999)
	return rounded(of[min(max(n, 1), len(of))-1])
}

func rounded(d time.Duration) float64 {
	return float64(d.Round(10*time.Microsecond)) / float64(time.Millisecond)
}
