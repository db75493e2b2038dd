package crash_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/sqldb/sqltest"
	"lanzha/gateway/sandbox"
)

// follow collects the live events of a house until the test ends.
func (f *furnished) follow(h *house) (seen func(kind string) []lanzha.ID) {
	h.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, h.base+api.Prefix+"/events", nil)
	if err != nil {
		h.t.Fatal(err)
	}
	answer, err := (&http.Client{Jar: f.people["officer"]}).Do(request)
	if err != nil {
		h.t.Fatal(err)
	}
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() && lines.Text() != "" { // the opening event: from here on
	}
	var mu sync.Mutex
	events := map[string][]lanzha.ID{}
	var reading sync.WaitGroup
	reading.Go(func() {
		for lines.Scan() {
			data, ok := strings.CutPrefix(lines.Text(), "data: ")
			var e api.Event
			if !ok || json.Unmarshal([]byte(data), &e) != nil {
				continue
			}
			mu.Lock()
			events[e.Kind] = append(events[e.Kind], e.Record)
			mu.Unlock()
		}
	})
	h.t.Cleanup(func() {
		cancel()
		reading.Wait()
		_ = answer.Body.Close()
	})
	return func(kind string) []lanzha.ID {
		mu.Lock()
		defer mu.Unlock()
		return events[kind]
	}
}

// Two processes serve one PostgreSQL. Answers take longer than a lease, so that
// what a living process is sending must be left to it, and what a killed one
// was sending must be taken over.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	const lease = time.Second
	city := newSimulation(t, 4)
	f := furnish(t, city, child{Data: filepath.Join(t.TempDir(), "one"), Database: sqltest.PostgresURL(t), Lease: lease})
	g := f.copyTo(t, filepath.Join(t.TempDir(), "two"))
	one, two := newHouse(t, f.told), newHouse(t, g.told)
	city.renew(t, sandbox.Mode{MinMS: int(2 * lease.Milliseconds()), MaxMS: int(2 * lease.Milliseconds())})
	one.start("")
	two.start("")
	seenByOne, seenByTwo := f.follow(one), g.follow(two)

	story, numbers := city.StoryAt(0), city.numbers()
	l := ledger{answered: true, dens: 1}
	hand := func(h *house, told ...string) {
		t.Helper()
		l.reports = append(l.reports, f.report(h, fmt.Sprint("report-", len(l.reports)), story.Report.Region, told))
		l.lines += len(told)
	}
	hand(one, story.Mobile, <-numbers)
	f.by(two, f.centre).must(http.MethodPost, "/leads", "lead", 0, map[string]any{"value": story.Lead.Value, "region": story.Lead.Region, "ref": story.Lead.Ref}, nil)
	l.lines++
	for range 3 {
		hand(one, <-numbers, <-numbers)
		hand(two, <-numbers, <-numbers)
	}
	f.quiet(t, one, l)
	if st := city.counts(t); st.Repeats != 0 || st.Keys != l.lines {
		t.Errorf("the city saw %d keys and %d repeats, want %d and none: what a living process sends is left to it", st.Keys, st.Repeats, l.lines)
	}
	for name, seen := range map[string]func(string) []lanzha.ID{"one": seenByOne, "two": seenByTwo} {
		until(t, "the live events on "+name, func() bool {
			return len(seen("report.received")) == len(l.reports) && len(seen("lookup.answered")) == l.lines && len(seen("den.suspected")) == 1 && len(seen("dossier.opened")) == 1
		})
	}

	// What one holds alone, two takes over.
	two.stop()
	before := city.counts(t)
	hand(one, <-numbers, <-numbers, <-numbers)
	until(t, "the questions under way", func() bool { return city.counts(t).Keys == before.Keys+3 })
	one.kill() // before an answer can have come: a house takes its time to start
	killed := time.Now()
	two.start("")
	f.quiet(t, two, l)
	if took := time.Since(killed); took > 30*time.Second {
		t.Errorf("taken over after %v with a lease of %v", took, lease)
	}
	two.stop()
	if st := city.counts(t); st.Repeats < 3 || st.Keys != l.lines { // one question may take several requests
		t.Errorf("the city saw %d keys and %d repeats, want %d, and at least the 3 that the killed process had sent", st.Keys, st.Repeats, l.lines)
	}
	l.twice = 3
	g.check(t, city, l)
}
