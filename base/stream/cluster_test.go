package stream_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"lanzha"
	"lanzha/base/stream"
)

// freePorts are ports of this machine that nobody listens on.
func freePorts(t *testing.T, n int) (ports []int) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// cluster starts servers as processes of their own, so that they can be killed.
// One server is no cluster.
func cluster(t *testing.T, size int) (url string, servers map[string]*exec.Cmd) {
	t.Helper()
	dir, ports := t.TempDir(), freePorts(t, 2*size)
	var routes, urls []string
	for i := range size {
		routes = append(routes, fmt.Sprintf("nats://127.0.0.1:%d", ports[size+i]))
		urls = append(urls, fmt.Sprintf("nats://127.0.0.1:%d", ports[i]))
	}
	servers = map[string]*exec.Cmd{}
	for i := range size {
		name := fmt.Sprint("n", i)
		config := fmt.Sprintf("server_name: %s\nlisten: 127.0.0.1:%d\njetstream { store_dir: %q, sync_interval: always, max_mem: 1M, max_file: 300M }\n",
			name, ports[i], filepath.Join(dir, name))
		if size > 1 {
			config += fmt.Sprintf("cluster { name: c, listen: 127.0.0.1:%d, routes: [%s] }\n", ports[size+i], strings.Join(routes, ", "))
		}
		file := filepath.Join(dir, name+".conf")
		if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		servers[name], _ = child(t, "server", "CONFIG="+file)
	}
	return strings.Join(urls, ","), servers
}

// reach opens a log as soon as the cluster is up.
func reach(t *testing.T, o stream.Options) *stream.Log {
	t.Helper()
	for until := time.Now().Add(60 * time.Second); ; {
		l, err := stream.Open(t.Context(), o)
		if err == nil {
			t.Cleanup(func() { l.Close() })
			return l
		}
		if lanzha.CodeOf(err) != lanzha.CodeUnavailable || time.Now().After(until) {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// byTools is JetStream as its own tools see it.
func byTools(t *testing.T, url string) jetstream.JetStream {
	t.Helper()
	nc, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

func TestAClusterThatLosesItsLeader(t *testing.T) {
	url, servers := cluster(t, 3)
	o := stream.Options{URL: url, Replicas: 3, MaxBytes: 100 << 20}
	a, b := reach(t, o), reach(t, o)
	if a.ID() != b.ID() {
		t.Errorf("one log has two IDs, %s and %s", a.ID(), b.ID())
	}
	w := claim(t, a, "a")

	// The standby follows from here to the end.
	var mu sync.Mutex
	var seen []string
	var end stream.Seq
	following, cancel := context.WithCancel(t.Context())
	var standby sync.WaitGroup
	standby.Go(func() {
		err := b.Follow(following, 0, func(e stream.Entry) error {
			mu.Lock()
			defer mu.Unlock()
			seen, end = append(seen, text(e)), e.Seq
			return nil
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the standby ended with %v", err)
		}
	})

	const callers = 8
	var stop atomic.Bool
	acknowledged := make([]int, callers)
	var total atomic.Int64
	var load sync.WaitGroup
	for c := range callers {
		load.Go(func() {
			for i := 0; !stop.Load(); i++ {
				if _, err := w.Append(context.Background(), fmt.Appendf(nil, "%d.%d", c, i)); err != nil {
					t.Error(err)
					return
				}
				acknowledged[c] = i + 1
				total.Add(1)
			}
		})
	}
	reaches := func(n int64) {
		for until := time.Now().Add(60 * time.Second); total.Load() < n; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(until) {
				t.Error("the log does not go on")
				return
			}
		}
	}
	reaches(300)
	s, err := byTools(t, url).Stream(t.Context(), "lanzha-events")
	if err != nil {
		t.Fatal(err)
	}
	leader := s.CachedInfo().Cluster.Leader
	killed := time.Now()
	if err := servers[leader].Process.Kill(); err != nil {
		t.Fatalf("%q leads: %v", leader, err)
	}
	reaches(total.Load() + 300)
	t.Logf("%d appends; the log went on within %v of its leader's death", total.Load(), time.Since(killed).Round(time.Millisecond))
	stop.Store(true)
	load.Wait()

	// The standby takes over as a detector does: follow to the end, claim there.
	var second *stream.Writer
	for until := time.Now().Add(60 * time.Second); second == nil; {
		mu.Lock()
		at := end
		mu.Unlock()
		if second, err = b.Claim(t.Context(), at, "b"); err != nil && (lanzha.CodeOf(err) != lanzha.CodeConflict || time.Now().After(until)) {
			t.Fatal(err)
		}
	}
	_, err = w.Append(t.Context(), []byte("late"))
	code(t, lanzha.CodeConflict, err)
	add(t, second, "the end")
	for until := time.Now().Add(60 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		mu.Lock()
		done := seen[len(seen)-1] == "the end"
		mu.Unlock()
		if done {
			break
		}
		if time.Now().After(until) {
			t.Fatal("the standby does not see its own entry")
		}
	}
	cancel()
	standby.Wait()
	same(t, all(t, b), seen)
	next := make([]int, callers)
	for _, s := range seen {
		var c, i int
		if n, _ := fmt.Sscanf(s, "%d.%d", &c, &i); n != 2 {
			continue
		}
		if i != next[c] {
			t.Fatalf("%s comes when %d is due", s, next[c])
		}
		next[c]++
	}
	for c, n := range acknowledged {
		if next[c] != n {
			t.Errorf("%d were acknowledged to %d, %d are in the log", n, c, next[c])
		}
	}
	if got := seen[len(seen)-2:]; got[0] != "claim b" || got[1] != "the end" {
		t.Errorf("the log ends with %q", got)
	}
}

func TestAServerOfSomebodyElse(t *testing.T) {
	url, _ := cluster(t, 1)
	o := stream.Options{URL: url, MaxBytes: 10 << 20}
	l := reach(t, o)
	js := byTools(t, url)
	w := claim(t, l, "a")
	add(t, w, "1")

	// The stream is never altered to fit.
	for _, other := range []stream.Options{{URL: url, MaxBytes: 20 << 20}, {URL: url, MaxBytes: 10 << 20, MaxAge: time.Hour}} {
		_, err := stream.Open(t.Context(), other)
		code(t, lanzha.CodeInvalid, err)
	}
	s, err := js.Stream(t.Context(), "lanzha-events")
	if err != nil {
		t.Fatal(err)
	}
	if c := s.CachedInfo().Config; c.MaxBytes != 10<<20 || c.MaxAge != 0 {
		t.Errorf("the stream was altered: %+v", c)
	}
	if again := reach(t, o); again.ID() != l.ID() {
		t.Error("the same log has two IDs")
	}

	// A shard is a log of its own.
	west := reach(t, stream.Options{URL: url, MaxBytes: 10 << 20, Shard: "west"})
	add(t, claim(t, west, "w"), "of the west")
	same(t, []string{"claim w", "of the west"}, all(t, west))
	if west.ID() == l.ID() {
		t.Error("two shards have one ID")
	}

	// What somebody else publishes is no entry, and ends the writer's claim.
	if _, err := js.Publish(t.Context(), "lanzha.events.all", []byte("not ours")); err != nil {
		t.Fatal(err)
	}
	_, err = w.Append(t.Context(), []byte("2"))
	code(t, lanzha.CodeConflict, err)
	w = claim(t, l, "b")
	add(t, w, "2")
	same(t, []string{"claim a", "1", "claim b", "2"}, all(t, l))

	// A server that is full refuses, and goes on when it has room.
	filler, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "filler", Subjects: []string{"filler"}})
	if err != nil {
		t.Fatal(err)
	}
	for range 400 {
		if _, err = js.Publish(t.Context(), "filler", make([]byte, 1_000_000)); err != nil {
			break
		}
	}
	if err == nil {
		t.Fatal("the server is never full")
	}
	for err = nil; err == nil; { // the last gap, which is less than a megabyte
		_, err = w.Append(t.Context(), make([]byte, 100_000))
	}
	code(t, lanzha.CodeUnavailable, err)
	if err := filler.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	add(t, w, "3")
	if got := all(t, l); got[len(got)-1] != "3" {
		t.Errorf("the log ends with %.20q", got[len(got)-1])
	}
}
