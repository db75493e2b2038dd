package stream_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"

	"lanzha"
	"lanzha/base/stream"
)

// children are what the test's binary does instead, as a process of its own.
var children = map[string]func(){
	"append": childAppend,
	"limit":  childLimit,
	"server": childServer,
}

// child starts one and returns its output.
func child(t *testing.T, name string, env ...string) (*exec.Cmd, io.Reader) {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), append(env, "LANZHA_STREAM_CHILD="+name)...)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill() // it may have ended
		_ = c.Wait()
	})
	return c, out
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// childAppend appends as fast as it can and prints what is acknowledged.
func childAppend() {
	ctx := context.Background()
	l, err := stream.Open(ctx, stream.Options{Dir: os.Getenv("DIR")})
	must(err)
	_, last, err := l.Bounds(ctx)
	must(err)
	w, err := l.Claim(ctx, last, "child")
	must(err)
	var running sync.WaitGroup
	for c := range 8 {
		running.Go(func() {
			for i := 0; ; i++ {
				s := fmt.Sprintf("%s.%d.%d", os.Getenv("ROUND"), c, i)
				_, err := w.Append(ctx, []byte(s+strings.Repeat(" ", (c*i)%5000)), []byte(s+"+"))
				must(err)
				fmt.Println(s)
			}
		})
	}
	running.Wait()
}

func TestKillLosesNothingAcknowledged(t *testing.T) {
	dir := t.TempDir()
	var acknowledged []string
	for round := range 4 {
		c, out := child(t, "append", "DIR="+dir, fmt.Sprint("ROUND=", round))
		for lines := bufio.NewScanner(out); lines.Scan(); {
			acknowledged = append(acknowledged, lines.Text())
			if len(acknowledged) == 150*(round+1) {
				_ = c.Process.Kill() // and what it has printed by then counts too
			}
		}
	}
	l := open(t, stream.Options{Dir: dir})
	next := map[string]int{}
	there := map[string]bool{}
	got := all(t, l)
	for i, s := range got {
		if strings.HasPrefix(s, "claim ") || strings.HasSuffix(s, "+") {
			continue
		}
		s = strings.TrimSpace(s)
		dot := strings.LastIndexByte(s, '.')
		if s != fmt.Sprintf("%s.%d", s[:dot], next[s[:dot]]) {
			t.Fatalf("%s comes when %d is due", s, next[s[:dot]])
		}
		next[s[:dot]]++
		there[s] = true
		if i+1 == len(got) || got[i+1] != s+"+" {
			t.Errorf("%s is there without its second half", s)
		}
	}
	for _, s := range acknowledged {
		if !there[s] {
			t.Errorf("%s was acknowledged and is lost", s)
		}
	}
	if len(acknowledged) < 600 {
		t.Errorf("only %d were acknowledged", len(acknowledged))
	}
}

// childLimit appends while the system refuses to let files grow, as a disk that
// fails in the middle of a write does, and again when it lets them.
func childLimit() {
	signal.Ignore(syscall.SIGXFSZ)
	ctx := context.Background()
	l, err := stream.Open(ctx, stream.Options{Dir: os.Getenv("DIR")})
	must(err)
	w, err := l.Claim(ctx, 0, "child")
	must(err)
	var was syscall.Rlimit
	must(syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was))
	must(syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 1 << 20, Max: was.Max}))
	refused := 0
	for i := range 30 {
		if i == 20 {
			must(syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was))
			time.Sleep(500 * time.Millisecond) // the next entry starts the server again
		}
		s := fmt.Sprint(i)
		switch _, err := w.Append(ctx, []byte(s+strings.Repeat(" ", 100_000))); lanzha.CodeOf(err) {
		case "":
			fmt.Println(s)
		case lanzha.CodeUnavailable:
			refused++
		default:
			must(err)
		}
	}
	fmt.Println("refused", refused)
	must(l.Close())
}

func TestAWriteThatFailsIsRefusedAndRecovers(t *testing.T) {
	dir := t.TempDir()
	c, out := child(t, "limit", "DIR="+dir)
	acknowledged := map[string]bool{}
	refused := 0
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if n, _ := fmt.Sscanf(lines.Text(), "refused %d", &refused); n == 0 {
			acknowledged[lines.Text()] = true
		}
	}
	if err := c.Wait(); err != nil {
		t.Fatal(err)
	}
	if refused < 5 || len(acknowledged) != 30-refused || !acknowledged["0"] || !acknowledged["20"] || !acknowledged["29"] {
		t.Errorf("%d were refused, acknowledged %v", refused, acknowledged)
	}
	l := open(t, stream.Options{Dir: dir})
	before := -1
	for _, s := range all(t, l)[1:] {
		var i int
		if _, err := fmt.Sscan(s, &i); err != nil || i <= before {
			t.Fatalf("%.20q comes after %d", s, before)
		}
		before = i
		delete(acknowledged, fmt.Sprint(i))
	}
	if len(acknowledged) > 0 {
		t.Errorf("acknowledged and lost: %v", acknowledged)
	}
}

func TestAFullDiskIsRefusedAndRecovers(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=24m"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("a small file system cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	defer stream.SetDiskReserve(4 << 20)()
	l := open(t, stream.Options{Dir: dir + "/log"})
	w := claim(t, l, "a")
	entry := make([]byte, 500_000)
	want := 1
	var err error
	for ; err == nil && want < 1000; want++ {
		_, err = w.Append(t.Context(), entry)
	}
	want-- // the last was refused
	code(t, lanzha.CodeUnavailable, err)
	if want < 20 {
		t.Errorf("full after %d entries", want)
	}
	// A neighbour takes the rest, and goes.
	if err := os.WriteFile(dir+"/neighbour", make([]byte, 3<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = w.Append(t.Context(), entry)
	code(t, lanzha.CodeUnavailable, err)
	if n := len(all(t, l)); n != want {
		t.Errorf("a full log gives %d entries of %d", n, want)
	}
	if err := os.Remove(dir + "/neighbour"); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=48m"); err != nil {
		t.Fatal(err)
	}
	if _, err = w.Append(t.Context(), entry); err != nil {
		t.Fatalf("there is room again: %v", err)
	}
	if n := len(all(t, l)); n != want+1 {
		t.Errorf("the log has %d entries, not %d", n, want+1)
	}
}

// childServer is a server of a cluster.
func childServer() {
	o := &natsserver.Options{}
	must(o.ProcessConfigFile(os.Getenv("CONFIG")))
	o.NoSigs, o.NoLog = true, true
	s, err := natsserver.NewServer(o)
	must(err)
	s.Start()
	for {
		time.Sleep(time.Hour)
	}
}
