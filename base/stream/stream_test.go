package stream_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"lanzha"
	"lanzha/base/stream"
)

// TestMain lets the test's own binary be the processes that tests kill.
func TestMain(m *testing.M) {
	if child := children[os.Getenv("LANZHA_STREAM_CHILD")]; child != nil {
		child()
		return
	}
	goleak.VerifyTestMain(m)
}

func open(t *testing.T, o stream.Options) *stream.Log {
	t.Helper()
	l, err := stream.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func claim(t *testing.T, l *stream.Log, owner string) *stream.Writer {
	t.Helper()
	w, err := l.Claim(t.Context(), last(t, l), owner)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func last(t *testing.T, l *stream.Log) stream.Seq {
	t.Helper()
	_, last, err := l.Bounds(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return last
}

func add(t *testing.T, w *stream.Writer, texts ...string) stream.Seq {
	t.Helper()
	data := make([][]byte, len(texts))
	for i, s := range texts {
		data[i] = []byte(s)
	}
	seq, err := w.Append(t.Context(), data...)
	if err != nil {
		t.Fatal(err)
	}
	return seq
}

func text(e stream.Entry) string {
	if e.Claim != "" {
		return "claim " + e.Claim
	}
	return string(e.Data)
}

// all reads the whole log.
func all(t *testing.T, l *stream.Log) []string {
	t.Helper()
	var out []string
	var before stream.Seq
	if err := l.Read(t.Context(), 0, last(t, l), func(e stream.Entry) error {
		if e.Seq <= before {
			t.Errorf("%d comes after %d", e.Seq, before)
		}
		before = e.Seq
		out = append(out, text(e))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

func same(t *testing.T, want, got []string) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("want -, got +\n%s", d)
	}
}

func code(t *testing.T, want lanzha.Code, err error) {
	t.Helper()
	if lanzha.CodeOf(err) != want {
		t.Errorf("want code %q, got %q: %v", want, lanzha.CodeOf(err), err)
	}
}

var errEnd = errors.New("enough")

func TestEntriesComeBackInTheirOrder(t *testing.T) {
	l := open(t, stream.Options{Dir: t.TempDir()})
	if first, last, err := l.Bounds(t.Context()); first != 0 || last != 0 || err != nil {
		t.Errorf("an empty log is from %d to %d (%v)", first, last, err)
	}
	w := claim(t, l, "a")
	want := []string{"claim a"}
	var seqs []stream.Seq
	for i := range 20 {
		var texts []string
		for j := range i + 1 {
			texts = append(texts, fmt.Sprintf("%d.%d", i, j))
		}
		seqs = append(seqs, add(t, w, texts...))
		want = append(want, texts...)
	}
	same(t, want, all(t, l))
	if seqs[19] != last(t, l) {
		t.Errorf("the last append ended at %d, the log at %d", seqs[19], last(t, l))
	}
	// From the third of five to the first of six.
	var got []string
	if err := l.Read(t.Context(), seqs[4]-2, seqs[5]-5, func(e stream.Entry) error {
		got = append(got, text(e))
		return nil
	}); err != nil {
		t.Error(err)
	}
	same(t, []string{"4.2", "4.3", "4.4", "5.0"}, got)
	if err := l.Read(t.Context(), 0, ^stream.Seq(0), func(stream.Entry) error { return errEnd }); !errors.Is(err, errEnd) {
		t.Errorf("a reader's own error came back as %v", err)
	}
	if err := l.Read(t.Context(), last(t, l)+1, ^stream.Seq(0), func(e stream.Entry) error {
		t.Errorf("%d is after the end", e.Seq)
		return nil
	}); err != nil {
		t.Error(err)
	}
}

func TestCallsAtTheSameTimeShareASync(t *testing.T) {
	l := open(t, stream.Options{Dir: t.TempDir()})
	w := claim(t, l, "a")
	const callers, each = 32, 50
	var running sync.WaitGroup
	for c := range callers {
		running.Go(func() {
			for i := range each {
				if _, err := w.Append(context.Background(), fmt.Appendf(nil, "%d.%d", c, i), []byte("with it")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	running.Wait()
	got := all(t, l)
	if len(got) != 1+2*callers*each {
		t.Errorf("%d entries", len(got))
	}
	var next [callers]int
	for i := 1; i < len(got)-1; i += 2 {
		var c, n int
		if _, err := fmt.Sscanf(got[i], "%d.%d", &c, &n); err != nil || n != next[c] || got[i+1] != "with it" {
			t.Fatalf("%q %q stand at %d", got[i], got[i+1], i)
		}
		next[c]++
	}
	if n := stream.Messages(last(t, l)); n > callers*each/2 {
		t.Errorf("%d calls made %d syncs", callers*each, n)
	}
}

func TestWhatIsBegunKeepsItsPlace(t *testing.T) {
	l := open(t, stream.Options{Dir: t.TempDir()})
	w := claim(t, l, "a")
	want := []string{"claim a"}
	var begun []*stream.Pending
	for i := range 3000 {
		s := fmt.Sprint(i)
		want = append(want, s)
		begun = append(begun, w.Begin([]byte(s)))
	}
	before := w.Claimed()
	for _, p := range begun {
		seq, err := p.Wait(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if p.Before() != before || seq <= before {
			t.Fatalf("%d says that %d is before it, not %d", seq, p.Before(), before)
		}
		before = seq
	}
	same(t, want, all(t, l))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if seq, err := begun[7].Wait(ended); err != nil || seq == 0 {
		t.Errorf("what is known is told late too: %d, %v", seq, err)
	}
}

func TestTheLargestEntry(t *testing.T) {
	l := open(t, stream.Options{Dir: t.TempDir()})
	w := claim(t, l, "a")
	large := make([]byte, stream.MaxData)
	large[0], large[len(large)-1] = 'x', 'y'
	if _, err := w.Append(t.Context(), large, large, large, []byte("small")); err != nil {
		t.Fatal(err)
	}
	_, err := w.Append(t.Context(), []byte("small"), make([]byte, stream.MaxData+1))
	code(t, lanzha.CodeTooLarge, err)
	got := all(t, l)
	same(t, []string{"claim a", string(large), string(large), string(large), "small"}, got)
}

func TestAFollowerSeesClaimsAndDataInOrder(t *testing.T) {
	l := open(t, stream.Options{Dir: t.TempDir()})
	ctx, cancel := context.WithCancel(t.Context())
	seen := make(chan string, 100)
	var running sync.WaitGroup
	running.Go(func() {
		err := l.Follow(ctx, 0, func(e stream.Entry) error { seen <- text(e); return nil })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("following ended with %v", err)
		}
	})
	want := func(texts ...string) {
		t.Helper()
		for _, s := range texts {
			select {
			case got := <-seen:
				if got != s {
					t.Fatalf("want %q, got %q", s, got)
				}
			case <-time.After(10 * time.Second):
				t.Fatalf("%q did not come", s)
			}
		}
	}
	a := claim(t, l, "a")
	want("claim a")
	add(t, a, "1", "2")
	want("1", "2")
	add(t, a, "3")
	b := claim(t, l, "b")
	add(t, b, "4")
	want("3", "claim b", "4")
	cancel()
	running.Wait()
}

func TestAnIdleWriterSaysThatItLives(t *testing.T) {
	defer stream.SetBeat(20 * time.Millisecond)()
	l := open(t, stream.Options{Dir: t.TempDir()})
	a := claim(t, l, "a")
	defer a.Close()
	var got []string
	err := l.Follow(t.Context(), 0, func(e stream.Entry) error {
		if got = append(got, text(e)); len(got) == 4 {
			return errEnd
		}
		return nil
	})
	if !errors.Is(err, errEnd) {
		t.Error(err)
	}
	same(t, []string{"claim a", "claim a", "claim a", "claim a"}, got)
}

func TestOfTwoWritersTheEarlierIsDeadForGood(t *testing.T) {
	defer stream.SetBeat(50 * time.Millisecond)()
	l := open(t, stream.Options{Dir: t.TempDir()})
	a := claim(t, l, "a")
	add(t, a, "1")
	end := last(t, l)
	add(t, a, "2")
	_, err := l.Claim(t.Context(), end, "b")
	code(t, lanzha.CodeConflict, err)
	_, err = l.Claim(t.Context(), last(t, l)-1, "b")
	code(t, lanzha.CodeConflict, err)
	_, err = l.Claim(t.Context(), last(t, l)+5*1024, "b")
	code(t, lanzha.CodeConflict, err)
	add(t, a, "3") // none of them has hurt a

	var b *stream.Writer
	for b == nil { // a may claim again in between
		if b, err = l.Claim(t.Context(), last(t, l), "b"); err != nil && lanzha.CodeOf(err) != lanzha.CodeConflict {
			t.Fatal(err)
		}
	}
	select {
	case <-a.Lost():
	case <-time.After(10 * time.Second):
		t.Fatal("an idle writer does not see that another has claimed")
	}
	for range 3 {
		_, err = a.Append(t.Context(), []byte("late"))
		code(t, lanzha.CodeConflict, err)
	}
	add(t, b, "4")
	var got []string
	for _, s := range all(t, l) {
		if s != "claim a" && s != "claim b" {
			got = append(got, s)
		}
	}
	same(t, []string{"1", "2", "3", "4"}, got)
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	b.Close()
}

// TestAWriterUnderLoadIsFenced takes the log over again and again from writers
// that append as fast as they can.
func TestAWriterUnderLoadIsFenced(t *testing.T) {
	l := open(t, stream.Options{Dir: t.TempDir()})
	const rounds, callers = 5, 8
	acknowledged := map[string]bool{}
	var mu sync.Mutex
	var running sync.WaitGroup
	for r := range rounds {
		var w *stream.Writer
		for w == nil {
			var err error
			if w, err = l.Claim(t.Context(), last(t, l), fmt.Sprint(r)); err != nil && lanzha.CodeOf(err) != lanzha.CodeConflict {
				t.Fatal(err)
			}
		}
		for c := range callers {
			running.Go(func() {
				for i := 0; ; i++ {
					s := fmt.Sprintf("%d.%d.%d", r, c, i)
					if _, err := w.Append(context.Background(), []byte(s)); err != nil {
						if lanzha.CodeOf(err) != lanzha.CodeConflict && !(r == rounds-1 && lanzha.CodeOf(err) == lanzha.CodeUnavailable) {
							t.Error(err)
						}
						return
					}
					mu.Lock()
					acknowledged[s] = true
					mu.Unlock()
				}
			})
		}
		time.Sleep(30 * time.Millisecond)
		if r == rounds-1 {
			w.Close()
		}
	}
	running.Wait()
	holder := -1
	for _, s := range all(t, l) {
		var r, c, i int
		if n, _ := fmt.Sscanf(s, "claim %d", &r); n == 1 {
			holder = r
			continue
		}
		if _, err := fmt.Sscanf(s, "%d.%d.%d", &r, &c, &i); err != nil || r != holder {
			t.Fatalf("%q stands in the log while %d holds it", s, holder)
		}
		delete(acknowledged, s)
	}
	if len(acknowledged) > 0 || holder != rounds-1 {
		t.Errorf("%d acknowledged entries are not in the log; %d holds it", len(acknowledged), holder)
	}
}

func TestARestartKeepsEverything(t *testing.T) {
	dir := t.TempDir()
	var want []string
	var id string
	for i := range 3 {
		l, err := stream.Open(t.Context(), stream.Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		if id == "" {
			id = l.ID()
		}
		if _, err := lanzha.ParseID(l.ID()); err != nil || l.ID() != id {
			t.Errorf("the log was %q and is %q (%v)", id, l.ID(), err)
		}
		w := claim(t, l, fmt.Sprint("run ", i))
		add(t, w, fmt.Sprint(i))
		want = append(want, fmt.Sprint("claim run ", i), fmt.Sprint(i))
		same(t, want, all(t, l))
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		_, err = w.Append(t.Context(), []byte("late"))
		code(t, lanzha.CodeUnavailable, err)
		code(t, lanzha.CodeUnavailable, l.Follow(t.Context(), 0, func(stream.Entry) error { return nil }))
	}
	if other := open(t, stream.Options{Dir: t.TempDir()}); other.ID() == id {
		t.Error("two logs have one ID")
	}
}

func TestOneProcessHoldsAFolder(t *testing.T) {
	dir := t.TempDir()
	open(t, stream.Options{Dir: dir})
	_, err := stream.Open(t.Context(), stream.Options{Dir: dir})
	code(t, lanzha.CodeConflict, err)
}

func TestWrongOptionsAreRefused(t *testing.T) {
	for _, o := range []stream.Options{
		{},
		{Dir: "x", Name: "a.b"},
		{Dir: "x", Shard: "*"},
		{Dir: "x", MaxAge: time.Millisecond},
		{Dir: "x", MaxBytes: -1},
		{Dir: "x", Replicas: 3},
		{URL: "nats://127.0.0.1:1", Replicas: 7},
	} {
		_, err := stream.Open(t.Context(), o)
		code(t, lanzha.CodeInvalid, err)
	}
	_, err := stream.Open(t.Context(), stream.Options{URL: "nats://127.0.0.1:1"})
	code(t, lanzha.CodeUnavailable, err)
}

func TestTheOldestGoFirst(t *testing.T) {
	dir := t.TempDir()
	l, err := stream.Open(t.Context(), stream.Options{Dir: dir, MaxBytes: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	w := claim(t, l, "a")
	var seqs []stream.Seq
	for i := range 100 {
		seqs = append(seqs, add(t, w, fmt.Sprintf("%02d%05000d", i, 0)))
	}
	first, _, err := l.Bounds(t.Context())
	if err != nil || first < seqs[50] {
		t.Errorf("100 entries of 5 kB, of which 64 kB are kept, begin at %d (%v)", first, err)
	}
	got := all(t, l)
	if len(got) < 8 || len(got) > 14 || got[len(got)-1][:2] != "99" {
		t.Errorf("%d entries are kept", len(got))
	}
	id := l.ID()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	// Other retention: the log is the same.
	l = open(t, stream.Options{Dir: dir, MaxAge: 300 * time.Millisecond})
	if l.ID() != id {
		t.Error("another retention made another log")
	}
	end := seqs[99]
	for until := time.Now().Add(20 * time.Second); ; {
		first, last, err := l.Bounds(t.Context())
		if err != nil || last != end {
			t.Fatalf("the log ends at %d, not at %d (%v)", last, end, err)
		}
		if first == last+1 {
			break
		}
		if time.Now().After(until) {
			t.Fatal("entries outlive their age")
		}
		time.Sleep(20 * time.Millisecond)
	}
	same(t, nil, all(t, l))
	if w, err = l.Claim(t.Context(), end, "b"); err != nil {
		t.Fatalf("an emptied log cannot be claimed: %v", err)
	}
	if add(t, w, "new") <= end {
		t.Error("a place is used twice")
	}
}

func TestAClockThatJumpsBack(t *testing.T) {
	var mu sync.Mutex
	clock := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	dir := t.TempDir()
	o := stream.Options{Dir: dir, Now: func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return clock
	}}
	jump := func(d time.Duration) { mu.Lock(); defer mu.Unlock(); clock = clock.Add(d) }
	l, err := stream.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	w := claim(t, l, "a")
	add(t, w, "noon")
	jump(-time.Hour)
	add(t, w, "an hour back")
	l.Close()
	l = open(t, o)
	w = claim(t, l, "b") // another writer knows no less
	jump(2 * time.Hour)
	add(t, w, "one o'clock")
	var got []string
	if err := l.Read(t.Context(), 0, last(t, l), func(e stream.Entry) error {
		got = append(got, e.At.Time().Format("15:04 ")+text(e))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	same(t, []string{"12:00 claim a", "12:00 noon", "12:00 an hour back", "12:00 claim b", "13:00 one o'clock"}, got)
}

// TestFollowersDoNotStall runs followers with small and large requests beside a
// busy writer.
func TestFollowersDoNotStall(t *testing.T) {
	for _, window := range []struct {
		messages uint64
		bytes    int
	}{{1, 1}, {2, 100}, {7, 1 << 20}, {512, 4 << 20}} {
		t.Run(fmt.Sprint(window), func(t *testing.T) {
			defer stream.SetWindow(window.messages, window.bytes)()
			l := open(t, stream.Options{Dir: t.TempDir()})
			w := claim(t, l, "a")
			const callers, each = 16, 120
			ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
			defer cancel()
			var running sync.WaitGroup
			for range 3 {
				running.Go(func() {
					n, next := 0, [callers]int{}
					err := l.Follow(ctx, 0, func(e stream.Entry) error {
						if e.Claim != "" {
							return nil
						}
						if c := int(e.Data[0]); int(e.Data[1]) != next[c] {
							return fmt.Errorf("%d of %d comes when %d is due", e.Data[1], c, next[c])
						} else if next[c]++; next[c] > each {
							return fmt.Errorf("%d too often", c)
						}
						if n++; n == callers*each {
							return errEnd
						}
						return nil
					})
					if !errors.Is(err, errEnd) {
						t.Errorf("a follower stopped after %d of %d: %v", n, callers*each, err)
					}
				})
			}
			for c := range callers {
				running.Go(func() {
					for i := range each {
						data := make([]byte, 2+(c*7919+i*104729)%3000)
						data[0], data[1] = byte(c), byte(i)
						if _, err := w.Append(ctx, data); err != nil {
							t.Error(err)
						}
					}
				})
			}
			running.Wait()
		})
	}
}
