package detect_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	natsserver "github.com/nats-io/nats-server/v2/server"

	"lanzha"
	"lanzha/base/sqldb"
	"lanzha/base/stream"
	"lanzha/work/detect"
	"lanzha/work/detect/rule"
	"lanzha/work/feed"
)

// child is what a process of its own is told.
type child struct{ Dir, Database, URL string }

const childVariable = "LANZHA_DETECT_CHILD"

// batches is how many batches there are in all.
const batches = 120

// load is where they come from.
func load(n int64) feed.Header { return feed.Header{Source: "load", Number: n} }

// TestChild is no test: it is the process that others kill. It takes batches
// one after the other, and says so of each when it is taken.
func TestChild(t *testing.T) {
	text := os.Getenv(childVariable)
	if text == "" {
		t.Skip("runs as the child of other tests")
	}
	var c child
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		t.Fatal(err)
	}
	db, err := sqldb.Open(t.Context(), c.Database, sqldb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	h := active(t, db, c.Dir, func(o *detect.Options) {
		o.Stream.URL, o.Snapshot = c.URL, time.Second
	})
	for n := h.Taken("load") + 1; n <= batches; n++ {
		if fresh, err := h.Append(t.Context(), feed.Call, batch(int(n)), load(n)); err != nil || !fresh {
			t.Fatal(n, fresh, err)
		}
		fmt.Println("taken", n)
	}
	select {}
}

// running is a child.
type running struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines chan int64 // numbers that it says are taken
}

func spawn(t *testing.T, c child) *running {
	t.Helper()
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	r := &running{t: t, cmd: exec.Command(os.Args[0], "-test.run=^TestChild$", "-test.timeout=5m"), lines: make(chan int64, batches)}
	r.cmd.Env = append(os.Environ(), childVariable+"="+string(text))
	r.cmd.Stderr = os.Stderr
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(r.lines)
		for in := bufio.NewScanner(out); in.Scan(); {
			var n int64
			if _, err := fmt.Sscanf(in.Text(), "taken %d", &n); err == nil {
				r.lines <- n
			} else if strings.TrimSpace(in.Text()) != "" {
				fmt.Println("child:", in.Text())
			}
		}
	}()
	t.Cleanup(func() { _ = r.cmd.Process.Kill() }) // it may be dead already
	return r
}

// kill kills the child in the middle of its work once it has taken some more
// batches, and returns the last that it said.
func (r *running) kill(after int) (last int64) {
	r.t.Helper()
	for range after {
		n, ok := <-r.lines
		if !ok {
			r.t.Fatal("the child has ended by itself")
		}
		last = n
	}
	if err := r.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		r.t.Fatal(err)
	}
	for n := range r.lines {
		last = n
	}
	_ = r.cmd.Wait() // it was killed
	return last
}

// numbers counts how often each batch stands in a log.
func numbers(t *testing.T, o stream.Options) map[int64]int {
	t.Helper()
	log, err := stream.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	_, last, err := log.Bounds(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := map[int64]int{}
	var b feed.Batch
	if err := log.Read(t.Context(), 1, last, func(e stream.Entry) error {
		if e.Claim != "" || e.Data[0] > 0x7f {
			return nil
		}
		_, h, err := b.Decode(e.Data)
		out[h.Number]++
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

func onceEach() map[int64]int {
	out := map[int64]int{}
	for n := range int64(batches) {
		out[n+1] = 1
	}
	return out
}

func TestKilledUnderLoadNothingIsLostAndNoAlertChanges(t *testing.T) {
	both(t, func(t *testing.T, db *sqldb.DB) {
		dir, acked := t.TempDir(), int64(0)
		for _, after := range []int{7, 23, 12} {
			acked = spawn(t, child{Dir: dir, Database: db.Address()}).kill(after)
		}
		h := active(t, db, dir, nil)
		if taken := h.Taken("load"); taken < acked {
			t.Fatalf("batch %d was acknowledged, and %d is the last in the log", acked, taken)
		}
		for n := h.Taken("load") + 1; n <= batches; n++ {
			if _, err := h.Append(t.Context(), feed.Call, batch(int(n)), load(n)); err != nil {
				t.Fatal(err)
			}
		}
		h.settled().stop()
		if diff := cmp.Diff(onceEach(), numbers(t, h.Options.Stream)); diff != "" {
			t.Errorf("batches in the log (-want +got)\n%s", diff)
		}
		fresh := sqliteOf(t)
		active(t, fresh, copyLog(t, dir), nil).settled().stop()
		want := alerts(t, fresh)
		if diff := cmp.Diff(want, alerts(t, db)); diff != "" || len(want) < 20 {
			t.Errorf("%d alerts; the killed ones gave others (-undisturbed +killed)\n%s", len(want), diff)
		}
	})
}

// cluster is a server of NATS of its own.
func cluster(t *testing.T) string {
	t.Helper()
	s, err := natsserver.NewServer(&natsserver.Options{
		Host: "127.0.0.1", Port: natsserver.RANDOM_PORT, NoSigs: true, NoLog: true, JetStream: true, StoreDir: t.TempDir(), SyncAlways: true, MaxPayload: 1<<20 + 1<<16,
		JetStreamMaxMemory: 1 << 20, JetStreamMaxStore: 4 << 30,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(time.Minute) {
		t.Fatal("the server does not start")
	}
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	return s.ClientURL()
}

func TestAStandbySaysWhomToAskAndTakesOver(t *testing.T) {
	both(t, func(t *testing.T, db *sqldb.DB) {
		url := cluster(t)
		at := func(address string) func(*detect.Options) {
			return func(o *detect.Options) { o.Stream.URL, o.Address = url, address }
		}
		keys := t.TempDir()
		a := active(t, db, keys, at("10.0.0.1:9611"))
		for i := range 4 {
			a.score("13800000001", "15000000001", i)
		}
		second := t.TempDir()
		copyKeys(t, keys, second)
		b := open(t, db, second, at("10.0.0.2:9611")).start()
		b.until("the second to stand by", func() bool { return b.State().State == detect.Standby })
		if err := b.Ready(t.Context()); err != nil {
			t.Error("a standby is ready too:", err)
		}
		status, out := b.call("bank", http.MethodPost, "/score", 0, `{"kind":"call","event":`+event("1", "2", 1)+`}`)
		if status != http.StatusServiceUnavailable || out["hint"] != "ask the active one at 10.0.0.1:9611" {
			t.Error(status, out)
		}
		a.score("13800000002", "15000000001", 4)
		a.settled().stop()
		b.until("the second to take over", func() bool { return b.State().State == detect.Active })
		v := b.score("13800000001", "15000000001", 5)
		if featureOf(v, "calls_10m") != 5.0 || featureOf(v, "received_30m") != 6.0 {
			t.Errorf("what the first saw is lost: %v", v)
		}
		if all := alerts(t, b.settled().DB); len(all) != 1 {
			t.Errorf("%q", all)
		}
	})
}

func copyKeys(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(from, "keys.json"))
	if err == nil {
		err = os.WriteFile(filepath.Join(to, "keys.json"), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheActiveOneIsKilledAndAStandbyGoesOn(t *testing.T) {
	both(t, func(t *testing.T, db *sqldb.DB) {
		url := cluster(t)
		on := func(o *detect.Options) { o.Stream.URL = url }
		first, second, third := t.TempDir(), t.TempDir(), t.TempDir()
		kid := spawn(t, child{Dir: first, Database: db.Address(), URL: url})
		begun := <-kid.lines
		copyKeys(t, first, second)
		copyKeys(t, first, third)
		b := open(t, db, second, on).start()
		b.until("the second to stand by", func() bool { return b.State().State == detect.Standby })
		acked := max(begun, kid.kill(15))
		b.until("the second to take over", func() bool { return b.State().State == detect.Active })
		if taken := b.Taken("load"); taken < acked {
			t.Fatalf("batch %d was acknowledged, and %d is the last in the log", acked, taken)
		}
		for n := b.Taken("load") + 1; n <= batches; n++ {
			if _, err := b.Append(t.Context(), feed.Call, batch(int(n)), load(n)); err != nil {
				t.Fatal(err)
			}
		}
		b.settled()
		// Another, with a database of its own, computes the same log by itself.
		fresh := sqliteOf(t)
		c := open(t, fresh, third, on).start()
		c.until("the third to stand by", func() bool { return c.State().State == detect.Standby })
		b.stop()
		c.until("the third to take over", func() bool { return c.State().State == detect.Active })
		c.settled()
		want := alerts(t, fresh)
		if diff := cmp.Diff(want, alerts(t, db)); diff != "" || len(want) < 20 {
			t.Errorf("%d alerts; the standby gave others (-undisturbed +taken over)\n%s", len(want), diff)
		}
		c.stop()
		if diff := cmp.Diff(onceEach(), numbers(t, stream.Options{URL: url, MaxBytes: 1 << 30})); diff != "" {
			t.Errorf("batches in the log (-want +got)\n%s", diff)
		}
	})
}

func TestAFullDiskRefusesSaysSoAndRecovers(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "log"), 0o700); err != nil {
		t.Fatal(err)
	}
	full := filepath.Join(dir, "log")
	// The log leaves 64 MiB of a disk to others.
	if err := syscall.Mount("tmpfs", full, "tmpfs", 0, "size=74m"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("only root can make a small disk:", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(full, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	h := active(t, sqliteOf(t), dir, func(o *detect.Options) { // no alert: the database is not what is full
		o.Packs = []*rule.Pack{parse(t, strings.Replace(tryPack, "calls_10m >= 5", "calls_10m >= 1000000", 1))}
	})
	h.score("13800000001", "15000000001", 6100)
	var big feed.Batch
	for n := range 100 {
		big.Join(batch(n))
	}
	var refused error
	for n := int64(1); refused == nil && n < 1000; n++ {
		var b feed.Batch
		b.Join(&big)
		_, refused = h.Append(t.Context(), feed.Call, &b, load(n))
	}
	if e, ok := refused.(*lanzha.Error); !ok || e.Code != lanzha.CodeUnavailable || e.Hint == "" {
		t.Fatalf("a full disk: %v", refused)
	}
	if status, out := h.call("bank", http.MethodPost, "/score", 0, `{"kind":"call","event":`+event("13800000001", "2", 6101)+`}`); status == http.StatusOK {
		t.Log("a small event still found room", out)
	}
	if h.State().Trouble == "" {
		t.Error("nothing is said of it")
	}
	taken := h.Taken("load")
	if err := syscall.Mount("tmpfs", full, "tmpfs", syscall.MS_REMOUNT, "size=120m"); err != nil {
		t.Fatal(err)
	}
	h.until("the log to take events again", func() bool {
		var b feed.Batch
		b.Join(&big)
		fresh, err := h.Append(context.Background(), feed.Call, &b, load(taken+1))
		return err == nil && fresh
	})
	if v := h.score("13800000001", "15000000001", 6102); featureOf(v, "calls_10m").(float64) < 2 {
		t.Error(v)
	}
	h.stop()
	found := numbers(t, h.Options.Stream)
	if want := slices.Sorted(maps.Keys(found)); int64(len(want)) != taken+2 { // 0 are the scored ones
		t.Errorf("the log holds the batches %v, want 1 to %d", want, taken+1)
	}
	for n, times := range found {
		if n > 0 && times != 1 {
			t.Errorf("batch %d stands in the log %d times", n, times)
		}
	}
}

// A batch whose answer was lost stands in the log, and is sent again.
func TestABatchThatStandsTwiceInTheLogCountsOnce(t *testing.T) {
	db, dir := sqliteOf(t), t.TempDir()
	var where stream.Options
	h := open(t, db, dir, func(o *detect.Options) { where = o.Stream })
	log, err := stream.Open(t.Context(), where)
	if err != nil {
		t.Fatal(err)
	}
	w, err := log.Claim(t.Context(), 0, "another")
	if err != nil {
		t.Fatal(err)
	}
	data := batch(1).Encode(nil, feed.Call, load(1))
	if _, err := w.Append(t.Context(), data, data); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(), log.Close()); err != nil {
		t.Fatal(err)
	}
	h.start().until("the detector to be active", func() bool { return h.State().State == detect.Active })
	want := int64(len(batch(1).Events))
	for _, k := range h.State().Kinds {
		if k.Kind == feed.Call.String() && k.Events != want {
			t.Errorf("%d calls were counted, want %d", k.Events, want)
		}
	}
	if h.Taken("load") != 1 {
		t.Errorf("the source is at %d, want 1", h.Taken("load"))
	}
}
