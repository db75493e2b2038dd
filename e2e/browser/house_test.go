// Package browser_test drives the built console in Chromium: every page, as
// the people who use it, against a running house and its simulated city.
package browser_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"lanzha"
	"lanzha/app"
	"lanzha/app/demo"
	"lanzha/base/auth"
	"lanzha/base/config"
	"lanzha/gateway/sandbox"
	"lanzha/web"
)

// house is a running house with a simulated city around it.
type house struct {
	*demo.Demo
	address   string // host:port
	passwords map[string]string
	stop      func() error
}

func (h *house) url() string { return "http://" + h.address }

// build starts a house on a database; the empty address is a SQLite file in
// dir. A calm city answers at once, unless a test slows a carrier down.
func build(dir, database string, o demo.Options) (_ *house, err error) {
	flags := map[string]string{"data": dir}
	if database != "" {
		flags["database"] = database
	}
	loaded, err := config.Load(config.Sources{Flags: flags})
	if err != nil {
		return nil, err
	}
	cfg := loaded.Config
	cfg.Centre.Region, cfg.Centre.Name = "530100", "模拟市反诈中心"
	ctx, cancel := context.WithCancel(context.Background())
	defer func() {
		if err != nil {
			cancel()
		}
	}()
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	a, err := app.New(ctx, cfg, app.Options{})
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	h := &house{address: l.Addr().String(), passwords: map[string]string{}}
	if h.Demo, err = demo.New(ctx, a, h.url(), o); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	var running sync.WaitGroup
	failed := make(chan error, 2)
	running.Go(func() { failed <- a.Run(ctx, l) })
	running.Go(func() { failed <- h.Run(ctx) })
	h.stop = func() error {
		cancel()
		running.Wait()
		close(failed)
		err := a.Close()
		for e := range failed {
			if !errors.Is(e, context.Canceled) {
				err = errors.Join(err, e)
			}
		}
		return err
	}
	if err := h.SignIn(ctx); err != nil {
		return nil, errors.Join(err, h.stop())
	}
	for _, who := range h.Accounts {
		h.passwords[who.Login] = who.Password
	}
	return h, nil
}

// client is a new session of an account over the API.
func (h *house) client(t *testing.T, login string) *demo.Client {
	t.Helper()
	c := demo.NewClient(h.url(), "")
	h.call(t, c, http.MethodPost, "/session", map[string]string{"login": login, "password": h.passwords[login]}, nil)
	return c
}

func (h *house) call(t *testing.T, c *demo.Client, method, path string, in, out any) {
	t.Helper()
	if err := c.Call(t.Context(), method, path, 0, in, out); err != nil {
		t.Fatal(err)
	}
}

// report hands in a report as an officer's own program would.
func (h *house) report(t *testing.T, text string) lanzha.ID {
	t.Helper()
	var made struct{ ID lanzha.ID }
	h.call(t, h.As(auth.Officer), http.MethodPost, "/reports", map[string]any{
		"type": "report", "channel": "phone", "region": "530102", "text": text,
	}, &made)
	return made.ID
}

// clue is the clue of a value once there is one.
func (h *house) clue(t *testing.T, value string) lanzha.ID {
	t.Helper()
	for {
		var list struct {
			Items []struct {
				ID    lanzha.ID
				Value string
			}
		}
		h.call(t, h.As(auth.Officer), http.MethodGet, "/clues?q="+strings.TrimPrefix(value, "+86"), nil, &list)
		for _, c := range list.Items {
			if c.Value == value {
				return c.ID
			}
		}
		pause(t, "a clue of "+value)
	}
}

// raise plays the n-th story up to its suspected den.
func (h *house) raise(t *testing.T, n int) lanzha.ID {
	t.Helper()
	story := h.City.StoryAt(n)
	h.report(t, story.Report.Text(time.Now()))
	h.call(t, h.client(t, "province"), http.MethodPost, "/leads", map[string]any{
		"value": story.Lead.Value, "region": story.Place.Region, "ref": story.Lead.Ref, "note": story.Lead.Note,
	}, nil)
	for {
		var list struct {
			Items []struct {
				ID      lanzha.ID
				Address string
			}
		}
		h.call(t, h.As(auth.Officer), http.MethodGet, "/dens?state=suspected&limit=100", nil, &list)
		for _, d := range list.Items {
			if strings.Contains(d.Address, fmt.Sprintf("%s%d号", story.Place.Road, story.Place.Number)) {
				return d.ID
			}
		}
		pause(t, "a den at "+story.Place.String())
	}
}

// manual adds a carrier whose officer answers by hand, and that officer, with
// a range of numbers of its own.
func (h *house) manual(t *testing.T, login, prefix string, target time.Duration) {
	t.Helper()
	admin := h.As(auth.Admin)
	var in struct{ ID lanzha.ID }
	h.call(t, admin, http.MethodPost, "/institutions", map[string]any{
		"name": "模拟人工运营商" + login, "code": "sim-" + login, "kind": "carrier", "region": "530100", "gateway": "manual",
		"answerTargetS": int(target.Seconds()), "contacts": []any{}, "ranges": []any{map[string]string{"kind": "mobile", "prefix": "+86" + prefix}},
	}, &in)
	h.account(t, map[string]any{"login": login, "name": "专员" + login, "roles": []string{"responder"}, "region": "530100", "institution": in.ID}, "demo-of-a-carrier")
}

// account adds an account; with a next password it changes its first one.
func (h *house) account(t *testing.T, draft map[string]any, next string) (first string) {
	t.Helper()
	var made struct{ Password string }
	h.call(t, h.As(auth.Admin), http.MethodPost, "/accounts", draft, &made)
	if next == "" {
		return made.Password
	}
	login := draft["login"].(string)
	if err := demo.NewClient(h.url(), "").SignIn(t.Context(), login, made.Password, next); err != nil {
		t.Fatal(err)
	}
	h.passwords[login] = next
	return next
}

// slow lets a carrier take its time over every answer.
func (h *house) slow(t *testing.T, carrier string, by time.Duration) {
	t.Helper()
	ms := int(by.Milliseconds())
	if err := h.Sandbox.SetMode(carrier, sandbox.Mode{MinMS: ms, MaxMS: ms}); err != nil {
		t.Fatal(err)
	}
}

// patience is how long anything may take on a busy machine.
const patience = 45 * time.Second

// pause lets a moment pass between two looks at what has no event, and fails
// when the test has no time left.
func pause(t *testing.T, waitingFor string) {
	t.Helper()
	select {
	case <-t.Context().Done():
		t.Fatalf("waiting for %s: %v", waitingFor, t.Context().Err())
	case <-time.After(20 * time.Millisecond):
	}
}

// The house and the browser are started once, by the first test that needs
// them.
var (
	city = sync.OnceValues(func() (*house, error) {
		h, err := build(scratch, "", demo.Options{Seed: 7, Pace: 1, Calm: true})
		if err == nil {
			ending(h.stop)
		}
		return h, err
	})
	browser = sync.OnceValues(launch)
	scratch string
	endings []func() error
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) (code int) {
	var err error
	if scratch, err = os.MkdirTemp("", "lanzha-browser-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(scratch)
	flag.Parse()
	if parallel := flag.Lookup("test.parallel"); parallel != nil {
		_ = parallel.Value.Set("2") // more tabs than cores only make each other late
	}
	code = m.Run()
	for _, end := range endings {
		if err := end(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = max(code, 1)
		}
	}
	return code
}

// shared is the house that most tests live in.
func shared(t *testing.T) *house {
	t.Helper()
	needs(t)
	h, err := city()
	if err != nil {
		t.Fatal(err)
	}
	return h
}

var once sync.Mutex // of endings

func ending(f func() error) {
	once.Lock()
	defer once.Unlock()
	endings = append(endings, f)
}

// chromium is where Debian puts it, or what the path has.
func chromium() string {
	for _, name := range []string{"/usr/bin/chromium", "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// needs skips a test on a machine that lacks what it drives; under CI that is
// a failure.
func needs(t *testing.T) {
	t.Helper()
	lacks := ""
	switch {
	case testing.Short():
		t.Skip("browser tests take minutes; -short leaves them out")
	case chromium() == "":
		lacks = "no chromium found: apt-get install chromium, or run `make setup`"
	case !web.Built():
		lacks = "the console is not built: run `make web`"
	default:
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatal(lacks)
	}
	t.Skip(lacks)
}

// launch starts the browser.
func launch() (context.Context, error) {
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium()), chromedp.NoSandbox, chromedp.UserDataDir(scratch+"/browser"), chromedp.WindowSize(1280, 800),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-gpu", true),
		chromedp.Flag("lang", "zh-CN"), chromedp.Flag("accept-lang", "zh-CN"), chromedp.Flag("font-render-hinting", "none"),
	)
	allocator, kill := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocator)
	ending(func() error {
		cancel()
		kill()
		return nil
	})
	return ctx, chromedp.Do(ctx)
}
