package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"lanzha"
	"lanzha/app"
	"lanzha/app/demo"
	"lanzha/base/auth"
	"lanzha/base/sqldb"
	"lanzha/base/telemetry"
	"lanzha/gateway/sandbox"
)

// BenchReportsCmd measures the house's own share of the main job.
type BenchReportsCmd struct {
	Rate    float64       `default:"50" help:"Reports a second, handed in whether the house keeps up or not."`
	Seconds float64       `default:"30" help:"For how long; rate times seconds is 20,000 reports at the most."`
	Answer  time.Duration `default:"50ms" help:"How long each carrier takes to answer."`
	Seed    uint64        `default:"1" help:"Another seed has other people, numbers and places."`
	JSON    bool          `help:"Print one line of JSON, which is all there is."`
	Profile string        `placeholder:"FILE" help:"Write a CPU profile of the measured time."`
}

// Help says what is measured.
func (c *BenchReportsCmd) Help() string {
	return strings.Join(strings.Fields(`Starts the house as shipped and the simulated city on loopback, with a
		database of their own that goes again: SQLite in a temporary folder, or a fresh database on the PostgreSQL server that
		--database names. Officers hand in reports over HTTP at a fixed rate. Each names three lines, so that three questions go
		out to carriers over HTTP; of every ten reports two name lines that stand in one room, which makes a suspected den.
		report_to_lookup runs from the moment when a report was due to be handed in until a question of it left; answer_to_den
		from the later of the two answers to the den's row in the journal. The processor time is that of this process, with the
		city, the officers' side and SQLite in it; a PostgreSQL server is not. Afterwards SQL proves every row; what is missing
		fails the command.`), " ")
}

// measured is what the command prints.
type measured struct {
	Database         string  `json:"database"`
	PerSecond        float64 `json:"per_second"`
	ReportToLookup50 float64 `json:"report_to_lookup_p50_ms"`
	ReportToLookup99 float64 `json:"report_to_lookup_p99_ms"`
	AnswerToDen50    float64 `json:"answer_to_den_p50_ms"`
	AnswerToDen99    float64 `json:"answer_to_den_p99_ms"`
	CPU              float64 `json:"cpu_ms_per_report"`
	Accepted99       float64 `json:"report_accepted_p99_ms"`
	Reports          int     `json:"reports"`
	Lookups          int     `json:"lookups"`
	Dens             int     `json:"dens"`
	CarrierMS        float64 `json:"carrier_answers_ms"`
	Proved           bool    `json:"proved"`
}

// tale is one report of the measurement.
type tale struct {
	body  map[string]any
	lines [3]string // canonical
	due   time.Time

	id       lanzha.ID // as acknowledged
	accepted time.Duration
	err      error
}

// most is how many reports the city has lines for.
const most = 20_000

// Run measures once.
func (c *BenchReportsCmd) Run(ctx context.Context, std *Std, env *Env) (err error) {
	n := int(c.Rate * c.Seconds)
	if n < 1 || n > most {
		return lanzha.Invalid("rate", "rate times seconds is 1 to %d reports", most)
	}
	cfg, remove, err := scratch(ctx, env.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	l, err := listen(ctx, "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer l.Close()
	log, err := telemetry.NewLogger(std.Err, "warn", cfg.Log.Format)
	if err != nil {
		return err
	}
	house, err := app.New(ctx, cfg, app.Options{Now: std.Now, Log: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, house.Close()) }()
	city, err := demo.New(ctx, house, siteURL(l, false), demo.Options{Seed: c.Seed, Pace: 1, Calm: true, Clock: std.Now})
	if err != nil {
		return err
	}
	ms := int(c.Answer.Milliseconds())
	for _, carrier := range carriers {
		if err := city.Sandbox.SetMode(carrier, sandbox.Mode{MinMS: ms, MaxMS: ms}); err != nil {
			return err
		}
	}
	tales := talesOf(city.City, n)
	out := measured{Database: string(house.DB.Dialect), Reports: n, CarrierMS: float64(ms)}
	running, stop := context.WithCancel(ctx)
	defer stop()
	group, running := errgroup.WithContext(running)
	group.Go(func() error { return house.Run(running, l) })
	group.Go(func() error { return city.Run(running) })
	group.Go(func() error {
		defer stop()
		if err := city.SignIn(running); err != nil {
			return err
		}
		return c.measure(running, house.DB, city, tales, &out)
	})
	if err := group.Wait(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return json.NewEncoder(std.Out).Encode(out)
}

var carriers = []string{"/carrier/1", "/carrier/2", "/carrier/3"}

// talesOf writes the reports. Of every ten the first two name the mobile and the
// fixed line of one story beside two ordinary lines.
func talesOf(city *sandbox.City, n int) []*tale {
	tales := make([]*tale, n)
	for i := range tales {
		story := city.StoryAt(i / 10)
		t := &tale{lines: city.Lines(i)}
		switch i % 10 {
		case 0:
			t.lines[0] = story.Mobile
		case 1:
			t.lines[2] = story.Fixed
		}
		said := [3]any{}
		for k, line := range t.lines {
			said[k] = strings.TrimPrefix(line, "+86")
			if k == 2 {
				said[k] = "0" + strings.TrimPrefix(line, "+86")
			}
		}
		t.body = map[string]any{
			"type": "report", "channel": "phone", "region": city.StoryAt(i).Report.Region,
			"text":   fmt.Sprintf("今天先是%s打来电话自称客服，说我的会员要扣费，又让我回拨%s办理取消，后来%s也打来，我按他们说的转了3.5万元。", said[:]...),
			"caller": map[string]string{"name": city.Person(uint64(i)).Name, "phone": "13800138000"},
		}
		tales[i] = t
	}
	return tales
}

// measure hands the reports in, waits until all is done, and proves it.
func (c *BenchReportsCmd) measure(ctx context.Context, db *sqldb.DB, city *demo.Demo, tales []*tale, out *measured) error {
	if c.Profile != "" {
		file, err := os.Create(c.Profile)
		if err != nil {
			return err
		}
		defer file.Close()
		if err := pprof.StartCPUProfile(file); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	used, began := cpu(), time.Now()
	var group sync.WaitGroup
	for i, t := range tales {
		t.due = began.Add(time.Duration(float64(i) / c.Rate * float64(time.Second)))
		if err := pause(ctx, time.Until(t.due)); err != nil {
			return err
		}
		group.Go(func() {
			var made struct{ ID lanzha.ID }
			t.err = city.As(auth.Officer).Call(ctx, http.MethodPost, "/reports", 0, t.body, &made)
			t.id, t.accepted = made.ID, time.Since(t.due)
		})
	}
	group.Wait()
	out.PerSecond = rounded(time.Duration(float64(len(tales)) / time.Since(began).Seconds() * float64(time.Millisecond)))
	for i, t := range tales {
		if t.err != nil {
			return fmt.Errorf("report %d was not taken: %w", i, t.err)
		}
	}
	if err := drained(ctx, db, len(tales)); err != nil {
		return err
	}
	out.CPU = rounded((cpu() - used) / time.Duration(len(tales)))
	if c.Profile != "" {
		pprof.StopCPUProfile()
	}
	p := &proof{ctx: ctx, q: db.Read(), tales: tales}
	if err := p.run(city.Sandbox); err != nil {
		return err
	}
	accepted := []time.Duration{}
	for _, t := range tales {
		accepted = append(accepted, t.accepted)
	}
	out.Lookups, out.Dens = len(p.sent), len(p.raised)
	out.ReportToLookup50, out.ReportToLookup99 = quantile(p.sent, 0.5), quantile(p.sent, 0.99)
	out.AnswerToDen50, out.AnswerToDen99 = quantile(p.raised, 0.5), quantile(p.raised, 0.99)
	out.Accepted99 = quantile(accepted, 0.99)
	out.Proved = true
	return nil
}

// drained waits until nothing more is to come: every question is answered and
// every stage has read the journal. After a minute without, the proof says what
// is missing.
func drained(ctx context.Context, db *sqldb.DB, reports int) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		left, err := sqldb.One(ctx, db.Read(), "count", sqldb.Value[int64], `SELECT $1
			- (SELECT count(*) FROM lookup WHERE state = 'answered')
			+ (SELECT count(*) FROM outbox WHERE state = 'owed')
			+ (SELECT count(*) FROM journal WHERE kind = 'report.received' AND (xid, seq) > (SELECT xid, seq FROM journal_cursor WHERE name = 'clue'))
			+ (SELECT count(*) FROM journal WHERE kind = 'lookup.answered' AND (xid, seq) > (SELECT xid, seq FROM journal_cursor WHERE name = 'den'))
			+ (SELECT count(*) FROM journal WHERE kind = 'den.suspected' AND (xid, seq) > (SELECT xid, seq FROM journal_cursor WHERE name = 'cases'))`, int64(3*reports))
		if err == nil && left == 0 || errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := pause(ctx, 250*time.Millisecond); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
	}
}

// proof reads every row back by SQL and holds it against what was handed in.
type proof struct {
	ctx   context.Context
	q     sqldb.Queryer
	tales []*tale

	sent   []time.Duration // from each report until each of its questions left
	raised []time.Duration // from each den's last answer until it was raised
	faults []string
}

func (p *proof) fault(format string, args ...any) {
	p.faults = append(p.faults, fmt.Sprintf(format, args...))
}

// count reads a number and says what is wrong when it is not the one wanted.
func (p *proof) count(want int, what, query string) error {
	n, err := sqldb.One(p.ctx, p.q, "count", sqldb.Value[int64], query)
	if err == nil && n != int64(want) {
		p.fault("%s: %d, want %d", what, n, want)
	}
	return err
}

func (p *proof) run(city *sandbox.Server) error {
	if err := errors.Join(p.lookups(), p.dens(), p.counts()); err != nil {
		return err
	}
	keys := 0
	for _, carrier := range carriers {
		s, err := city.Stats(carrier)
		if err != nil {
			return err
		}
		keys += s.Keys
		if s.Conflicts != 0 {
			p.fault("%s met %d keys with another content", carrier, s.Conflicts)
		}
	}
	if keys != 3*len(p.tales) {
		p.fault("the carriers took down %d distinct keys, want %d", keys, 3*len(p.tales))
	}
	if len(p.faults) == 0 {
		return nil
	}
	shown := p.faults[:min(len(p.faults), 20)]
	return &lanzha.Error{Code: lanzha.CodeInternal, Op: "bench", Message: fmt.Sprintf("%d things are not as they must be:\n  %s", len(p.faults), strings.Join(shown, "\n  "))}
}

func (p *proof) counts() error {
	n, dens := len(p.tales), p.pairs()
	return errors.Join(
		p.count(n, "reports", `SELECT count(*) FROM report`),
		p.count(n, "journal rows of reports", `SELECT count(*) FROM journal WHERE kind = 'report.received'`),
		p.count(3*n, "clues", `SELECT count(*) FROM clue`),
		p.count(3*n, "lookups", `SELECT count(*) FROM lookup`),
		p.count(3*n, "journal rows of answers", `SELECT count(*) FROM journal WHERE kind = 'lookup.answered'`),
		p.count(3*n, "questions sent", `SELECT count(*) FROM outbox WHERE kind = 'lookup.send' AND state = 'done'`),
		p.count(6*n, "clocks stopped", `SELECT count(*) FROM outbox WHERE kind IN ('lookup.half', 'lookup.full') AND state = 'forgiven'`),
		p.count(9*n, "things owed in all", `SELECT count(*) FROM outbox`),
		p.count(0, "attempts that failed", `SELECT count(*) FROM outbox_attempt WHERE error <> ''`),
		p.count(0, "rows that a stage could not take", `SELECT count(*) FROM journal_parked`),
		p.count(dens, "dens", `SELECT count(*) FROM den`),
		p.count(dens, "journal rows of dens", `SELECT count(*) FROM journal WHERE kind = 'den.suspected'`),
		p.count(dens, "dossiers", `SELECT count(*) FROM dossier`),
	)
}

// pairs is how many stories both of whose lines were reported.
func (p *proof) pairs() int { return (len(p.tales) + 8) / 10 }

// lookups proves that each report that was acknowledged led to its three clues
// and each of these to one question, which was answered.
func (p *proof) lookups() error {
	type asked struct {
		value, state   string
		sent, answered lanzha.Micros
	}
	found := map[lanzha.ID][]asked{}
	_, err := sqldb.All(p.ctx, p.q, func(s sqldb.Scanner) (bool, error) {
		var id lanzha.ID
		var a asked
		err := s.Scan(&id, &a.value, &a.state, &a.sent, &a.answered)
		found[id] = append(found[id], a)
		return true, err
	}, `SELECT r.id, c.value, coalesce(l.state, ''), coalesce(l.sent_at, 0), coalesce(l.answered_at, 0) FROM report r
		JOIN clue_source s ON s.source = r.id JOIN clue c ON c.id = s.clue LEFT JOIN lookup l ON l.clue = c.id AND l.report = r.id`)
	if err != nil {
		return err
	}
	for i, t := range p.tales {
		of := found[t.id]
		values := []string{}
		for _, a := range of {
			values = append(values, a.value)
			if a.state != "answered" || a.answered < a.sent {
				p.fault("a question of report %d is %q", i, a.state)
				continue
			}
			p.sent = append(p.sent, a.sent.Time().Sub(t.due))
		}
		if !slices.Equal(slices.Sorted(slices.Values(values)), slices.Sorted(slices.Values(t.lines[:]))) {
			p.fault("report %d (%s) led to %d of its clues", i, t.id, len(of))
		}
	}
	return nil
}

// dens proves that each pair of lines in one room raised one den, and nothing
// else did.
func (p *proof) dens() error {
	type den struct {
		values         []string
		raised, answer lanzha.Micros
	}
	found := map[lanzha.ID]*den{}
	_, err := sqldb.All(p.ctx, p.q, func(s sqldb.Scanner) (bool, error) {
		var id lanzha.ID
		var value string
		var raised, answered lanzha.Micros
		if err := s.Scan(&id, &value, &raised, &answered); err != nil {
			return false, err
		}
		if found[id] == nil {
			found[id] = &den{raised: raised}
		}
		d := found[id]
		d.values, d.answer = append(d.values, value), max(d.answer, answered)
		return true, nil
	}, `SELECT d.id, c.value, j.at, l.answered_at FROM den d JOIN journal j ON j.record = d.id AND j.kind = 'den.suspected'
		JOIN den_evidence e ON e.den = d.id JOIN sighting s ON s.id = e.sighting JOIN lookup l ON l.id = s.origin JOIN clue c ON c.id = s.clue`)
	if err != nil {
		return err
	}
	at := map[[2]string]int{}
	for _, d := range found {
		if len(d.values) != 2 {
			p.fault("a den has %d pieces of evidence, want 2", len(d.values))
			continue
		}
		slices.Sort(d.values)
		at[[2]string(d.values)]++
		p.raised = append(p.raised, d.raised.Time().Sub(d.answer.Time()))
	}
	for i := 1; i < len(p.tales); i += 10 {
		pair := []string{p.tales[i-1].lines[0], p.tales[i].lines[2]}
		slices.Sort(pair)
		if n := at[[2]string(pair)]; n != 1 {
			p.fault("reports %d and %d raised %d dens, want 1", i-1, i, n)
		}
	}
	return nil
}
