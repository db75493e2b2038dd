package clue_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/base/journal"
	"lanzha/base/outbox"
	"lanzha/base/sqldb"
	"lanzha/base/sqldb/sqltest"
	"lanzha/base/vault"
	"lanzha/know/institution"
	"lanzha/work/clue"
	"lanzha/work/clue/den"
	"lanzha/work/clue/disposal"
	"lanzha/work/detect/alert"
	"lanzha/work/detect/feature"
	"lanzha/work/feed"
	"lanzha/work/report"
)

// centre is the desks of alerts and clues on one database, behind HTTP.
type centre struct {
	t       testing.TB
	db      *sqldb.DB
	journal *journal.Journal
	alerts  *alert.Desk
	clues   *clue.Desk
	server  *httptest.Server
	seq     uint64

	mu    sync.Mutex
	taken []alert.Change
}

// Change keeps what a detector is told.
func (c *centre) Change(_ context.Context, change alert.Change) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.taken = append(c.taken, change)
	return nil
}

// listed are the entries as a detector has them: list and value.
func (c *centre) listed() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := map[string]bool{}
	for _, t := range c.taken {
		if t.List != nil {
			out[t.List.List+" "+t.List.Domain+" "+t.List.Value] = !t.List.Remove
		}
	}
	names := []string{}
	for name, in := range out {
		if in {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

type silent struct{}

func (silent) Ask(context.Context, clue.Question) (clue.Answer, error) {
	return clue.Answer{State: clue.AnswerPending}, nil
}

func onBoth(t *testing.T, test func(c *centre)) {
	t.Helper()
	schemas := []sqldb.Schema{
		journal.Schema(), outbox.Schema(), api.Schema(), institution.Schema(), report.Schema(), alert.Schema(), clue.Schema(), disposal.Schema(), den.Schema(),
	}
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) { test(openCentre(t, db)) })
}

func openCentre(t testing.TB, db *sqldb.DB) *centre {
	t.Helper()
	v, err := vault.Open(vault.Options{File: filepath.Join(t.TempDir(), "keys.json")})
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
	ids := lanzha.NewIDs(now, nil)
	c := &centre{t: t, db: db, journal: journal.New(db, now, nil)}
	box := outbox.New(db, now, ids, outbox.Options{Poll: 5 * time.Millisecond})
	directory := institution.New(db, c.journal, v, now, ids)
	name := func(context.Context, sqldb.Queryer, lanzha.ID) (string, error) { return "值班员", nil }
	c.alerts = &alert.Desk{
		Store: alert.NewStore(v), DB: db, Journal: c.journal, Outbox: box, IDs: ids, Now: now, Zone: time.UTC, Directory: directory, Centre: "530100", OfficerName: name,
		Changer: c,
		Clue: func(ctx context.Context, q sqldb.Queryer, id lanzha.ID) (alert.Subject, error) {
			found, err := c.clues.Store.Get(ctx, q, id)
			return clue.SubjectOf(found), err
		},
	}
	c.alerts.Register()
	c.clues = &clue.Desk{
		Store: clue.NewStore(v), DB: db, Journal: c.journal, Outbox: box, IDs: ids, Now: now, Reports: report.NewStore(v), Alerts: c.alerts.Store, Directory: directory,
		Gateways: map[institution.Gateway]clue.Asker{institution.ByHand: silent{}}, OfficerName: name,
		Leader: func(context.Context, sqldb.Queryer, lanzha.Region, time.Time) (lanzha.ID, error) { return "", nil },
		Auto:   clue.Auto{On: true, Purpose: "核查涉诈线索", LegalBasis: "反电信网络诈骗法"},
	}
	c.clues.Register()
	may := auth.NewDecider()
	kit := api.New("test", may.Gate)
	c.alerts.Mount(kit, may)
	c.clues.Mount(kit, may)
	officer := auth.Actor{ID: "01KB3V6N0Q8V4Y2ZC5T7R90FF1", Name: "officer", Roles: []auth.Role{auth.Officer}, Region: "530100"}
	c.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kit.ServeHTTP(w, r.WithContext(auth.WithActor(r.Context(), officer)))
	}))
	for _, in := range []institution.Institution{
		{Code: "mobile", Name: "移动", Kind: institution.Carrier, Region: "530100", Gateway: institution.ByHand, Ranges: []institution.Range{{Kind: institution.Mobile, Prefix: "+86138"}}},
		{Code: "bank", Name: "银行", Kind: institution.Bank, Region: "530100", Gateway: institution.ByHand, Ranges: []institution.Range{{Kind: institution.Card, Prefix: "622202"}}},
		{Code: "police", Name: "分局", Kind: institution.Police, Region: "530100", Gateway: institution.ByHand},
	} {
		c.tx(func(tx *sqldb.Tx) error { _, err := directory.Create(t.Context(), tx, "", in); return err })
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- box.Run(ctx) }()
	go func() { ended <- c.journal.Run(ctx) }()
	t.Cleanup(func() {
		c.server.Close()
		stop()
		for range 2 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	})
	return c
}

func (c *centre) tx(fn func(tx *sqldb.Tx) error) {
	c.t.Helper()
	if err := c.db.Tx(c.t.Context(), fn); err != nil {
		c.t.Fatal(err)
	}
}

// raise raises an alert and gives its ID.
func (c *centre) raise(domain feed.Domain, subject, becomes string) lanzha.ID {
	c.t.Helper()
	c.seq++
	c.tx(func(tx *sqldb.Tx) error {
		return c.alerts.Raise(c.t.Context(), tx, []alert.Raised{{
			Log: "L", Seq: c.seq, Rule: "blast-calling", Title: feature.Words{ZH: "群呼", EN: "blast calling"}, Severity: "high",
			Domain: domain, Subject: subject, At: lanzha.At(time.Now()), Becomes: becomes, Kind: feed.Call,
		}})
	})
	found, err := c.alerts.Store.List(c.t.Context(), c.db.Read(), alert.Filter{Limit: 1})
	if err != nil {
		c.t.Fatal(err)
	}
	return found[0].ID
}

func (c *centre) call(method, path string, body string, version int64, out any) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.server.URL+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if version > 0 {
		r.Header.Set("If-Match", api.ETag(version))
	}
	answer, err := c.server.Client().Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode/100 != 2 {
		c.t.Fatalf("%s %s: %d %s %v", method, path, answer.StatusCode, text, err)
	}
	if out != nil {
		if err := json.Unmarshal(text, out); err != nil {
			c.t.Fatal(err)
		}
	}
}

func (c *centre) alert(id lanzha.ID) (p alert.Page) {
	c.t.Helper()
	c.call(http.MethodGet, "/alerts/"+string(id), "", 0, &p)
	return p
}

// clueOf waits for the clue of an alert.
func (c *centre) clueOf(id lanzha.ID) (p clue.Page) {
	c.t.Helper()
	wait(c.t, "the clue of an alert", func() bool { return c.alert(id).Clue != "" })
	c.call(http.MethodGet, "/clues/"+string(c.alert(id).Clue), "", 0, &p)
	return p
}

func (c *centre) count(query string) (n int64) {
	c.t.Helper()
	n, err := sqldb.One(c.t.Context(), c.db.Read(), "count", sqldb.Value[int64], query)
	if err != nil {
		c.t.Fatal(err)
	}
	return n
}

// settled waits until the tails have come to the end of the journal and
// nothing is owed that is due.
func (c *centre) settled() {
	c.t.Helper()
	wait(c.t, "the tails are at the end", func() bool {
		// A tail stores its cursor when it has taken a row: a last one of its kinds is the end.
		last := c.count(`SELECT coalesce(max(seq), 0) FROM journal WHERE kind IN ('alert.raised', 'alert.decided')`)
		return c.count(fmt.Sprintf(`SELECT count(*) FROM journal_cursor WHERE name = 'clue-alert' AND seq >= %d`, last)) == 1 &&
			c.count(`SELECT count(*) FROM outbox WHERE state = 'owed' AND kind NOT IN ('lookup.half', 'lookup.full')`) == 0
	})
}

func wait(t testing.TB, what string, done func() bool) {
	t.Helper()
	deadline, tick := time.After(20*time.Second), time.NewTicker(5*time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-deadline:
			t.Fatal("waited in vain: " + what)
		case <-tick.C:
		}
	}
}

func TestAnAlertOpensItsClueOnce(t *testing.T) {
	onBoth(t, func(c *centre) {
		first := c.raise(feed.Number, "13888812345", "clue")
		p := c.clueOf(first)
		if p.Kind != clue.KindMobile || p.Value != "+8613888812345" || p.Reports != 1 || len(p.Sources) != 1 || p.Sources[0].Kind != "alert" || p.Sources[0].ID != first {
			t.Errorf("the clue: %+v", p)
		}
		second := c.raise(feed.Number, "+86 138 8881 2345", "clue") // the same line, otherwise written
		if again := c.clueOf(second); again.ID != p.ID || again.Reports != 2 || len(again.Sources) != 2 || len(again.Lookups) != 1 {
			t.Errorf("the clue again: %+v", again)
		}
		rows, err := c.journal.Timeline(t.Context(), c.db.Read(), p.ID, 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		from := []string{}
		for _, r := range slices.Backward(rows) {
			var told struct{ Source, From string }
			if err := r.Into(&told); err != nil {
				t.Fatal(err)
			}
			if told.Source != "" {
				from = append(from, r.Kind+" "+told.Source+" "+told.From)
			}
		}
		if diff := cmp.Diff([]string{"clue.opened alert " + string(first), "clue.reported alert " + string(second)}, from); diff != "" {
			t.Errorf("the clue's timeline: %s", diff)
		}
	})
}

func TestWhichClueASubjectBecomes(t *testing.T) {
	onBoth(t, func(c *centre) {
		for _, s := range []struct {
			domain  feed.Domain
			subject string
			kind    clue.Kind
			value   string
		}{
			{feed.Number, "087163161234", clue.KindFixed, "+8687163161234"},
			{feed.Number, "95588", clue.KindService, "95588"},
			{feed.Number, "+85291234567", clue.KindInternational, "+85291234567"},
			{feed.Account, "6222021234567890128", clue.KindCard, "6222021234567890128"},
			{feed.Account, "C1231006815", clue.KindAccount, "bank:C1231006815"},
			{feed.Device, "860000000000001", clue.KindDevice, "860000000000001"},
		} {
			p := c.clueOf(c.raise(s.domain, s.subject, "clue"))
			if p.Kind != s.kind || p.Value != s.value {
				t.Errorf("%s: %s %s", s.subject, p.Kind, p.Value)
			}
			// The detector knows the clue by what its events call it.
			found, err := c.clues.Store.Get(t.Context(), c.db.Read(), p.ID)
			back := clue.SubjectOf(found)
			if err != nil || back.Domain != s.domain || back.Key() != (alert.Subject{Domain: s.domain, Value: s.subject}).Key() {
				t.Errorf("%s comes back as %+v %v", s.subject, back, err)
			}
		}
	})
}

// Whatever becomes of alerts, by rules and by officers: nothing is stopped, and
// nobody is asked but who holds a line that became a clue.
func TestAnAlertStopsNothing(t *testing.T) {
	onBoth(t, func(c *centre) {
		lines := map[string]bool{}
		n := 0
		for _, becomes := range []string{"clue", "warning", "referral", "none"} {
			for _, s := range []struct {
				domain feed.Domain
				form   string
			}{{feed.Number, "1388881%04d"}, {feed.Account, "622202123456789%04d"}, {feed.Device, "86000000000%04d"}, {feed.Cell, "cell-%d"}, {feed.Person, "p-%d"}} {
				n++
				subject := fmt.Sprintf(s.form, n)
				p := c.alert(c.raise(s.domain, subject, becomes))
				decision := string(p.Decision)
				if p.State != alert.StateDecided {
					decision = "dismissed"
					if becomes == "none" && p.Clueable {
						decision = "clue"
					}
					c.call(http.MethodPost, "/alerts/"+string(p.ID)+"/decide", `{"decision":"`+decision+`","note":"经核"}`, p.Version, &p)
				}
				c.call(http.MethodPost, "/alerts/"+string(p.ID)+"/feedback", `{"verdict":"right"}`, p.Version, nil)
				if s.domain == feed.Number && decision == "clue" {
					lines[subject] = true
				}
			}
		}
		c.settled()
		if n := c.count(`SELECT count(*) FROM disposal`); n != 0 {
			t.Errorf("%d disposals", n)
		}
		if got := c.count(`SELECT count(*) FROM lookup`); len(lines) != 2 || got != int64(len(lines)) {
			t.Errorf("%d lookups, %d lines became clues", got, len(lines))
		}
		if n := c.count(`SELECT count(*) FROM clue`); n != 6 { // a number, an account and a device, by a rule and by an officer
			t.Errorf("%d clues", n)
		}
		if n := c.count(`SELECT count(*) FROM outbox WHERE kind NOT IN ('lookup.send', 'lookup.half', 'lookup.full', 'namedlist.tell')`); n != 0 {
			t.Errorf("%d other things are owed", n)
		}
		kinds, err := sqldb.All(t.Context(), c.db.Read(), sqldb.Value[string], `SELECT DISTINCT kind FROM journal WHERE kind NOT LIKE 'institution.%' ORDER BY kind`)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"alert.decided", "alert.judged", "alert.raised", "clue.opened", "lookup.asked", "lookup.sent"}, kinds); diff != "" {
			t.Errorf("what happened (-want +got): %s", diff)
		}
	})
}

// The list of clues holds the values of open clues, that of dens those of
// confirmed dens, in the forms that events may write.
func TestTheHouseKeepsItsLists(t *testing.T) {
	onBoth(t, func(c *centre) {
		var number, site clue.Body
		c.call(http.MethodPost, "/clues", `{"value":"13888812345","region":"530114"}`, 0, &number)
		c.call(http.MethodPost, "/clues", `{"value":"example.com","region":"530114"}`, 0, &site) // no event names it
		want := []string{"clues number +8613888812345", "clues number 13888812345"}
		wait(t, "the open clue is listed", func() bool { return slices.Equal(c.listed(), want) })

		c.tx(func(tx *sqldb.Tx) error {
			return c.journal.Append(t.Context(), tx, time.Now(), journal.Entry{Kind: "den.confirmed", Record: lanzha.NewID(time.Now(), [10]byte{1}), Payload: den.Facts{Clues: []lanzha.ID{number.ID, site.ID}}})
		})
		wait(t, "the den's clue is listed", func() bool { return len(c.listed()) == 4 })
		var dens api.List[alert.EntryBody]
		c.call(http.MethodGet, "/lists/dens/entries", "", 0, &dens)
		if len(dens.Items) != 1 || dens.Items[0].Clue != number.ID || dens.Items[0].Subject != "" || dens.Items[0].Until == nil {
			t.Errorf("the list of dens: %+v", dens.Items)
		}

		var p clue.Page
		c.call(http.MethodGet, "/clues/"+string(number.ID), "", 0, &p)
		c.call(http.MethodPost, "/clues/"+string(number.ID)+"/close", `{"reason":"误报"}`, p.Version, nil)
		wait(t, "the closed clue is taken off", func() bool {
			return slices.Equal(c.listed(), []string{"dens number +8613888812345", "dens number 13888812345"})
		})
		c.raise(feed.Number, "13888812345", "clue") // told of again: open again
		wait(t, "the clue that was opened again is listed", func() bool { return len(c.listed()) == 4 })
	})
}
