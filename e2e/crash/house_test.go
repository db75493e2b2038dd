package crash_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"lanzha/app"
	"lanzha/base/config"
	"lanzha/base/telemetry"
)

// childEnv tells a started test binary to be a house, and which.
const childEnv = "LANZHA_CRASH_CHILD"

// child is what a child process is told.
type child struct {
	Data     string        // folder of database and keys
	Database string        // empty is SQLite in Data
	Fail     string        // "commit:17", "send:3": where it ends; empty is nowhere
	Lease    time.Duration // of the outbox; 0 is what ships
}

func (c child) config() (config.Config, error) {
	flags := map[string]string{"data": c.Data, "centre.region": string(cityRegion), "centre.name": "模拟市反诈中心", "log.level": "warn"}
	if c.Database != "" {
		flags["database"] = c.Database
	}
	loaded, err := config.Load(config.Sources{Flags: flags})
	if err != nil {
		return config.Config{}, err
	}
	return loaded.Config, nil
}

func TestMain(m *testing.M) {
	if text := os.Getenv(childEnv); text != "" {
		if err := beHouse(text); err != nil {
			fmt.Fprintln(os.Stderr, "house:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	// They wait more than they work.
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// beHouse serves on the socket that the test hands over as file 3, until it is
// told to stop, the test goes, or the failpoint comes.
func beHouse(text string) error {
	var c child
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return err
	}
	cfg, err := c.config()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(2) // the test has gone
	}()
	l, err := net.FileListener(os.NewFile(3, "socket"))
	if err != nil {
		return err
	}
	log, err := telemetry.NewLogger(os.Stderr, cfg.Log.Level, cfg.Log.Format)
	if err != nil {
		return err
	}
	commits, sends := failpoint("commit", c.Fail), failpoint("send", c.Fail)
	house, err := app.New(ctx, cfg, app.Options{Log: log, Committed: commits.pass, Sent: sends.pass, Lease: c.Lease})
	if err != nil {
		return err
	}
	fmt.Println("serves")
	err = errors.Join(house.Run(ctx, l), house.Close())
	fmt.Println("commit", commits.passed.Load())
	fmt.Println("send", sends.passed.Load())
	return err
}

// point counts how often it is passed and ends the process at its turn, as
// kill -9 does.
type point struct {
	at     int64
	passed atomic.Int64
}

func failpoint(kind, where string) *point {
	p := &point{}
	if n, ok := strings.CutPrefix(where, kind+":"); ok {
		p.at, _ = strconv.ParseInt(n, 10, 64) // 0 is never reached
	}
	return p
}

func (p *point) pass() {
	if p.passed.Add(1) == p.at {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

// house is a child process on a socket that the test keeps: whoever calls while
// it is down waits for the next start, as behind a proxy.
type house struct {
	t    *testing.T
	told child
	base string
	file *os.File

	mu     sync.Mutex
	cmd    *exec.Cmd
	alive  io.Closer
	ended  chan error
	serves <-chan struct{} // closed when it serves
	out    *output
	met    bool // its failpoint
}

func newHouse(t *testing.T, told child) *house {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, told: told, base: "http://" + l.Addr().String(), file: file}
	t.Cleanup(func() {
		h.kill()
		if err := errors.Join(file.Close(), l.Close()); err != nil {
			t.Error(err)
		}
	})
	return h
}

// start starts the process; it ends at the failpoint, which may be empty.
func (h *house) start(fail string) {
	h.t.Helper()
	told := h.told
	told.Fail = fail
	text, err := json.Marshal(told)
	if err != nil {
		h.t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+string(text), "GOMAXPROCS=2")
	cmd.ExtraFiles = []*os.File{h.file}
	out := &output{serves: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = out, &out.errors
	alive, err := cmd.StdinPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait(); close(ended) }()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.cmd, h.alive, h.ended, h.out, h.serves = cmd, alive, ended, out, out.serves
}

// kill ends the process at once and waits until it is gone.
func (h *house) kill() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.cmd == nil {
		return
	}
	_ = h.cmd.Process.Kill()
	<-h.ended
	_ = h.alive.Close()
	h.cmd = nil
}

// killed reports whether a process ended as by kill -9.
func killed(end error) bool {
	exit, is := errors.AsType[*exec.ExitError](end)
	return is && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL
}

// stop ends the process in order; where it meets its failpoint on the way down,
// it is started again without one.
func (h *house) stop() {
	h.t.Helper()
	for {
		_ = h.cmd.Process.Signal(syscall.SIGTERM) // it may be gone already
		end := <-h.ended
		h.kill()
		switch {
		case end == nil:
			return
		case !killed(end):
			h.t.Fatalf("the house ended: %v\n%s", end, h.out.errors.Bytes())
		}
		h.met = true
		h.start("")
		select {
		case <-h.serves:
		case <-time.After(patience):
			h.t.Fatalf("the house does not start again\n%s", h.out.errors.Bytes())
		}
	}
}

// passed is how often the last process passed a kind of failpoint, once it has
// ended in order.
func (h *house) passed(kind string) int {
	for line := range strings.Lines(h.out.text.String()) {
		if n, ok := strings.CutPrefix(strings.TrimSpace(line), kind+" "); ok {
			count, err := strconv.Atoi(n)
			if err != nil {
				h.t.Fatal(err)
			}
			return count
		}
	}
	h.t.Fatalf("the house did not say how many %ss it passed", kind)
	return 0
}

// output is what a child prints. It is written by one goroutine, and read when
// that has ended.
type output struct {
	text, errors bytes.Buffer
	serves       chan struct{}
	said         bool
}

func (o *output) Write(b []byte) (int, error) {
	o.text.Write(b)
	if !o.said && bytes.Contains(o.text.Bytes(), []byte("serves\n")) {
		o.said = true
		close(o.serves)
	}
	return len(b), nil
}

// patience bounds every wait of these tests.
const patience = 60 * time.Second
