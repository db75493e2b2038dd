package crash_test

import (
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lanzha"
	"lanzha/base/sqldb/sqltest"
	"lanzha/gateway/sandbox"
	"lanzha/work/clue"
)

// play tells the story of the design's first section to a house that may end
// at any moment: a report with three numbers, one of whose carriers answers by
// hand, a lead, the den, its way to the police and back, the dossier.
func (f *furnished) play(h *house, city *simulation) ledger {
	t, story := h.t, city.StoryAt(0)
	manual := "19200001234"
	numbers := []string{story.Mobile, <-city.numbers(), manual}
	l := ledger{lines: 4, dens: 1, answered: true}
	l.reports = append(l.reports, f.report(h, "story-report", story.Report.Region, numbers))
	var lead struct{ Clue lanzha.ID }
	f.by(h, f.centre).must(http.MethodPost, "/leads", "story-lead", 0, map[string]any{
		"value": story.Lead.Value, "region": story.Lead.Region, "ref": story.Lead.Ref, "note": story.Lead.Note,
	}, &lead)
	f.answer(h)
	var list struct{ Items []struct{ ID lanzha.ID } }
	until(t, "a suspected den", func() bool {
		f.as(h, "officer").must(http.MethodGet, "/dens", "", 0, nil, &list)
		return len(list.Items) > 0
	})
	den := list.Items[0].ID
	f.step(h, "analyst", den, "suspected", "analyse", map[string]any{"opinion": "两条独立线索指向同一地址。"})
	f.step(h, "leader", den, "analysed", "approve", map[string]any{"documentKind": "inspection", "documentNo": "模拟检字〔2023〕10001号"})
	f.step(h, "leader", den, "approved", "dispatch", map[string]any{"institution": f.police[story.Place.Region]})
	f.step(h, "police", den, "dispatched", "receive", nil)
	f.step(h, "police", den, "received", "confirm", story.Found)
	var dossiers struct {
		Items []struct {
			Den    lanzha.ID
			Result string
		}
	}
	until(t, "the dossier with the outcome", func() bool {
		f.as(h, "officer").must(http.MethodGet, "/dossiers", "", 0, nil, &dossiers)
		return len(dossiers.Items) > 0 && dossiers.Items[0].Result == "confirmed"
	})
	until(t, "all answers", func() bool {
		for _, state := range []clue.LookupState{clue.LookupAsked, clue.LookupSent, clue.LookupOverdue} {
			var open struct{ Items []struct{} }
			f.as(h, "officer").must(http.MethodGet, "/lookups?state="+string(state), "", 0, nil, &open)
			if len(open.Items) > 0 {
				return false
			}
		}
		return true
	})
	f.watched(h, "clues", l.lines)
	f.watched(h, "dens", l.dens)
	return l
}

// watched waits until the detector knows what the house found.
func (f *furnished) watched(h *house, list string, want int) {
	h.t.Helper()
	until(h.t, "the detector's list of "+list, func() bool {
		var entries struct{ Items []struct{ Told bool } }
		f.as(h, "officer").must(http.MethodGet, "/lists/"+list+"/entries?limit=500", "", 0, nil, &entries)
		for _, e := range entries.Items {
			if !e.Told {
				return false
			}
		}
		return len(entries.Items) >= want
	})
}

// report hands in a report and returns its ID: it is acknowledged.
func (f *furnished) report(h *house, once string, region lanzha.Region, numbers []string) lanzha.ID {
	h.t.Helper()
	var made struct{ ID lanzha.ID }
	f.as(h, "officer").must(http.MethodPost, "/reports", once, 0, map[string]any{
		"type": "report", "channel": "phone", "region": region,
		"text":   "我接到几个电话，号码是" + strings.Join(numbers, "、") + "，对方自称平台客服，让我转账5000元。",
		"caller": map[string]string{"name": "模拟群众", "phone": "13900000000"},
	}, &made)
	return made.ID
}

// answer answers the question to the carrier by hand, as its officer.
func (f *furnished) answer(h *house) {
	h.t.Helper()
	officer := f.by(h, f.carrier)
	var list struct {
		Items []struct {
			ID      lanzha.ID
			Version int64
			State   clue.LookupState
		}
	}
	until(h.t, "the question to the carrier by hand", func() bool {
		officer.must(http.MethodGet, "/lookups?state=sent", "", 0, nil, &list)
		return len(list.Items) > 0
	})
	at := list.Items[0]
	until(h.t, "the answer by hand", func() bool {
		status, err := officer.call(http.MethodPost, "/lookups/"+string(at.ID)+"/answer", "", at.Version, map[string]any{
			"subscriber": map[string]string{"name": "某人", "idNumber": "530102199001011234"}, "outlet": "模拟营业厅", "lineStatus": "active",
		}, nil)
		if err != nil {
			h.t.Fatal(err)
		}
		if status < 300 {
			return true
		}
		officer.must(http.MethodGet, "/lookups/"+string(at.ID), "", 0, nil, &at)
		return at.State == clue.LookupAnswered
	})
}

// step takes a den from a state by a verb. After a lost connection a person
// looks whether it was done.
func (f *furnished) step(h *house, who string, den lanzha.ID, from, verb string, body any) {
	h.t.Helper()
	c := f.as(h, who)
	var at struct {
		Version int64
		State   string
	}
	until(h.t, verb, func() bool {
		c.must(http.MethodGet, "/dens/"+string(den), "", 0, nil, &at)
		if at.State != from {
			return true
		}
		status, err := c.call(http.MethodPost, "/dens/"+string(den)+"/"+verb, "", at.Version, body, nil)
		if err != nil || status >= 300 && status != http.StatusConflict && status != http.StatusPreconditionFailed {
			h.t.Fatalf("%s: %d, %v", verb, status, err)
		}
		return status < 300
	})
}

// run plays the story once, with a house that ends at a failpoint, and checks
// what is left.
func (f *furnished) run(t *testing.T, city *simulation, fail string) *house {
	t.Helper()
	city.renew(t, sandbox.Mode{})
	h := newHouse(t, f.told)
	h.start(fail)
	ended, over := h.ended, make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		select {
		case <-over:
		case err := <-ended:
			if !killed(err) {
				t.Errorf("the house ended: %v\n%s", err, h.out.errors.Bytes())
			}
			h.kill()
			h.met = true
			h.start("")
		}
	})
	l := f.play(h, city)
	close(over)
	watching.Wait()
	h.stop()
	f.check(t, city, l)
	return h
}

// Every commit and every sending of the story is once the last thing that the
// process does.
func TestEndAtEveryCommitAndSend(t *testing.T) {
	t.Parallel()
	const workers = 2
	type bench struct {
		city *simulation
		made *furnished
	}
	var benches [workers]bench
	for i := range benches {
		city := newSimulation(t, 1)
		benches[i] = bench{city, furnish(t, city, child{Data: filepath.Join(t.TempDir(), "made")})}
	}
	began := time.Now()
	h := benches[0].made.copyTo(t, filepath.Join(t.TempDir(), "whole")).run(t, benches[0].city, "")
	// Transactions that wait for each other share a commit, so that a slow disk
	// makes fewer of them; a story that ended early makes a handful.
	if commits, sends := h.passed("commit"), h.passed("send"); commits < 12 || sends < 2 {
		t.Fatalf("the story made %d commits and %d sends; it was longer", commits, sends)
	}
	points := []string{}
	for _, kind := range []string{"commit", "send"} {
		for n := range h.passed(kind) + 4 { // another run may pass some more
			points = append(points, kind+":"+strconv.Itoa(n+1))
		}
	}
	t.Logf("the story: %v, %d points", time.Since(began).Round(time.Millisecond), len(points))
	var next, came atomic.Int64
	for _, b := range benches {
		t.Run("worker", func(t *testing.T) {
			t.Parallel()
			for {
				n := int(next.Add(1)) - 1
				if n >= len(points) {
					return
				}
				t.Run(points[n], func(t *testing.T) {
					dir := filepath.Join(t.TempDir(), "house")
					if b.made.copyTo(t, dir).run(t, b.city, points[n]).met {
						came.Add(1)
					}
				})
			}
		})
	}
	t.Cleanup(func() {
		t.Logf("%d of %d points came, in %v", came.Load(), len(points), time.Since(began).Round(time.Second))
	})
}

// On PostgreSQL a sample of them.
func TestEndAtSomeCommitsAndSendsOnPostgres(t *testing.T) {
	t.Parallel()
	for _, point := range []string{"commit:4", "commit:9", "commit:14", "commit:19", "send:2"} {
		t.Run(point, func(t *testing.T) {
			city := newSimulation(t, 1)
			made := furnish(t, city, child{Data: t.TempDir(), Database: sqltest.PostgresURL(t), Lease: time.Second})
			if !made.run(t, city, point).met {
				t.Error("the failpoint did not come")
			}
		})
	}
}
