// Package app puts the house together: it alone knows every room. It opens
// what the rooms stand on, gives each what it needs, mounts their operations
// and runs their work until it is told to stop.
package app

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/base/config"
	"lanzha/base/journal"
	"lanzha/base/outbox"
	"lanzha/base/sqldb"
	"lanzha/base/telemetry"
	"lanzha/base/vault"
	"lanzha/gateway/platform"
	"lanzha/know/institution"
	"lanzha/know/policy/shelf"
	"lanzha/web"
	"lanzha/work/cases"
	"lanzha/work/clue"
	"lanzha/work/clue/den"
	"lanzha/work/clue/disposal"
	"lanzha/work/detect"
	"lanzha/work/detect/alert"
	"lanzha/work/duty"
	"lanzha/work/feed/intake"
	"lanzha/work/feed/iso20022"
	"lanzha/work/register"
	"lanzha/work/register/batch"
	"lanzha/work/register/check"
	"lanzha/work/register/notice"
	"lanzha/work/register/objection"
	"lanzha/work/register/penalty"
	"lanzha/work/report"
)

// Schemas is the tables of every room, in the order of the house.
func Schemas() []sqldb.Schema {
	return []sqldb.Schema{
		journal.Schema(), outbox.Schema(), auth.Schema(), api.Schema(), shelf.Schema(), institution.Schema(), duty.Schema(), iso20022.Schema(),
		intake.Schema(), alert.Schema(), detect.Schema(), report.Schema(), clue.Schema(), disposal.Schema(), den.Schema(), cases.Schema(),
		register.Schema(), check.Schema(), notice.Schema(), objection.Schema(), batch.Schema(), penalty.Schema(),
	}
}

// Options are what the command decides and the configuration does not.
type Options struct {
	Now func() time.Time // nil is time.Now
	Log *slog.Logger     // nil is silence

	// Committed and Sent are called after every commit and every sending; crash
	// tests end the process there. Nil does nothing.
	Committed func()
	Sent      func()

	// Lease is how long what a killed process was sending waits for another
	// process; 0 is what ships.
	Lease time.Duration
}

// App is a running house.
type App struct {
	Config     config.Config
	DB         *sqldb.DB
	Journal    *journal.Journal
	Outbox     *outbox.Outbox
	Vault      *vault.Vault
	Auth       *auth.Auth
	API        *api.API
	Packs      *shelf.Shelf
	Directory  *institution.Directory
	Roster     *duty.Roster
	Alerts     *alert.Desk
	Intake     *intake.Desk
	Detector   *detect.Detector
	Payments   *iso20022.Desk
	Reports    *report.Desk
	Clues      *clue.Desk
	Disposals  *disposal.Desk
	Dens       *den.Desk
	Cases      *cases.Desk
	Register   *register.Desk
	Checks     *check.Desk
	Penalties  *penalty.Desk
	Notices    *notice.Desk
	Objections *objection.Desk
	Batches    *batch.Desk

	// FirstLogin and FirstPassword are set when this start made the first
	// administrator. They are shown once and kept nowhere.
	FirstLogin, FirstPassword string

	sealer    *journal.Sealer
	platform  *platform.Gateway
	telemetry *telemetry.Telemetry
	log       *slog.Logger
	now       func() time.Time
	ids       *lanzha.IDs
}

// New opens the database, brings its tables up to date, and builds every room.
// Nothing runs until Run.
func New(ctx context.Context, cfg config.Config, o Options) (_ *App, err error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return nil, &lanzha.Error{Code: lanzha.CodeUnavailable, Op: "app.New", Message: "the data folder cannot be made", Hint: "choose another with --data", Err: err}
	}
	db, err := sqldb.Open(ctx, cfg.DatabaseAddress(), sqldb.Options{})
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, db.Close())
		}
	}()
	db.Committed = o.Committed
	if err := db.Migrate(ctx, Schemas()...); err != nil {
		return nil, err
	}
	a := &App{Config: cfg, DB: db, log: o.Log, now: o.Now, ids: lanzha.NewIDs(o.Now, nil)}
	if err := a.ground(ctx, o); err != nil {
		return nil, err
	}
	if err := a.rooms(); err != nil {
		return nil, err
	}
	if err := a.Packs.Load(ctx); err != nil {
		return nil, err
	}
	a.FirstLogin, a.FirstPassword, err = a.Auth.Bootstrap(ctx)
	return a, err
}

// ground builds what the rooms stand on.
func (a *App) ground(ctx context.Context, o Options) error {
	a.telemetry = telemetry.New(o.Log, a.now)
	a.Journal = journal.New(a.DB, a.now, nil)
	outboxOptions := outbox.Options{Lease: o.Lease}
	if o.Sent != nil {
		outboxOptions.Sent = func(outbox.Item) { o.Sent() }
	}
	a.Outbox = outbox.New(a.DB, a.now, a.ids, outboxOptions)
	used, err := auth.InUse(ctx, a.DB)
	if err != nil {
		return err
	}
	if a.Vault, err = vault.Open(vault.Options{File: a.Config.KeysFile(), Text: a.Config.Keys.Text, InUse: used}); err != nil {
		return err
	}
	key, err := journal.LoadKey(filepath.Join(a.Config.Data, "journal.key"))
	if err != nil {
		return err
	}
	a.sealer = journal.NewSealer(a.Journal, key)
	if a.Auth, err = a.accounts(); err != nil {
		return err
	}
	a.API = api.New("1", a.Auth.Gate)
	return nil
}

// accounts builds who may sign in, and how.
func (a *App) accounts() (*auth.Auth, error) {
	o := auth.Options{
		Secure: a.Config.TLS.Cert != "" || a.Config.TLS.Proxy, Problem: api.WriteProblem,
		OIDC: auth.OIDC{
			Issuer: a.Config.OIDC.Issuer, ClientID: a.Config.OIDC.ClientID, RedirectURL: a.Config.OIDC.RedirectURL,
			Claim: a.Config.OIDC.Claim, Scopes: a.Config.OIDC.Scopes,
		},
	}
	if file := a.Config.OIDC.ClientSecretFile; file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, &lanzha.Error{Code: lanzha.CodeUnavailable, Op: "app", Field: "oidc.clientSecretFile", Message: "cannot be read", Err: err}
		}
		o.OIDC.ClientSecret = strings.TrimSpace(string(text))
	}
	return auth.New(a.DB, a.Journal, a.Vault, a.ids, a.now, o), nil
}

// Handler is the whole site: API, health, metrics and console.
func (a *App) Handler() http.Handler {
	mux := http.NewServeMux()
	a.telemetry.Mount(mux,
		telemetry.Check{Name: "database", Run: a.DB.Ping},
		telemetry.Check{Name: "journal", Run: func(ctx context.Context) error {
			if n, err := a.Journal.Parked(ctx); err != nil || n > 0 {
				return fmt.Errorf("%d rows are parked: %w", n, err)
			}
			return nil
		}},
		telemetry.Check{Name: "packs", Run: a.Packs.Current},
		telemetry.Check{Name: "detector", Run: a.Detector.Ready},
	)
	mux.Handle(api.Prefix+"/", a.Auth.Middleware(a.API))
	a.Payments.Mount(mux, web.Handler(), a.Auth.Middleware)
	mux.Handle("/", web.Handler())
	route := func(r *http.Request) string {
		if strings.HasPrefix(r.URL.Path, api.Prefix+"/") {
			return a.API.Pattern(r)
		}
		if _, pattern := mux.Handler(r); pattern != api.Prefix+"/" {
			return pattern
		}
		return a.API.Pattern(r)
	}
	return a.telemetry.Observe(route, func() string { return string(a.ids.Next()) }, mux)
}

// Run serves on the listener and does the background work until ctx ends; then
// it stops taking requests, lets those under way finish, and stops the work.
func (a *App) Run(ctx context.Context, l net.Listener) (err error) {
	moreProcs()
	group, ctx := errgroup.WithContext(ctx)
	server := &http.Server{Handler: a.Handler(), ReadHeaderTimeout: 10 * time.Second}
	server.RegisterOnShutdown(a.API.EndStreams)
	if server.TLSConfig, err = a.clientCertificates(); err != nil {
		return err
	}
	group.Go(func() error {
		var err error
		if a.Config.TLS.Cert != "" {
			err = server.ServeTLS(l, a.Config.TLS.Cert, a.Config.TLS.Key)
		} else {
			err = server.Serve(l)
		}
		if errors.Is(err, http.ErrServerClosed) {
			return nil
		}
		return err
	})
	group.Go(func() error {
		<-ctx.Done()
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		return server.Shutdown(last)
	})
	group.Go(func() error { return a.Journal.Run(ctx) })
	group.Go(func() error { return a.Outbox.Run(ctx) })
	group.Go(func() error { return a.sealer.Run(ctx) })
	group.Go(func() error { return a.tidy(ctx) })
	group.Go(func() error { return a.Packs.Run(ctx) })
	group.Go(func() error { return a.Checks.Run(ctx) })
	group.Go(func() error { return a.Detector.Run(ctx) })
	if bus := a.Config.Feed; bus.NATS != "" {
		group.Go(func() error { return a.Intake.Follow(ctx, intake.Bus{URL: bus.NATS, Credentials: bus.Credentials}) })
	}
	return group.Wait()
}

// moreProcs lets Go run twice as many goroutines at once as there are cores,
// once, unless the operator decides with GOMAXPROCS. A commit of SQLite is some
// twenty short calls to the disk: after each the goroutine would wait behind
// all others for a core that it had a moment ago. With two cores it made checks
// of the register 25 % more in a second and their p99 a quarter shorter.
var moreProcs = sync.OnceFunc(func() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(2 * runtime.GOMAXPROCS(0))
	}
})

// clientCertificates is how TLS takes the certificates of institutions: one
// that is shown must be signed by the configured authorities; none need be
// shown, since browsers have none.
func (a *App) clientCertificates() (*tls.Config, error) {
	if a.Config.TLS.ClientCA == "" {
		return nil, nil
	}
	text, err := os.ReadFile(a.Config.TLS.ClientCA)
	if err != nil {
		return nil, &lanzha.Error{Code: lanzha.CodeUnavailable, Op: "app", Field: "tls.clientCa", Message: "cannot be read", Err: err}
	}
	known := x509.NewCertPool()
	if !known.AppendCertsFromPEM(text) {
		return nil, lanzha.Invalid("tls.clientCa", "holds no certificate in PEM")
	}
	return &tls.Config{ClientCAs: known, ClientAuth: tls.VerifyClientCertIfGiven, MinVersion: tls.VersionTLS12}, nil
}

// tidy forgets once an hour what its table says is kept for a time only.
func (a *App) tidy(ctx context.Context) error {
	for {
		if err := errors.Join(api.Forget(ctx, a.DB, a.now()), a.Auth.Forget(ctx), a.Intake.Forget(ctx), a.Alerts.Tidy(ctx), a.Payments.Forget(ctx)); err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Hour):
		}
	}
}

// Close closes the database.
func (a *App) Close() error { return a.DB.Close() }
