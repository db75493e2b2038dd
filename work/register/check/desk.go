package check

import (
	"context"
	"math"
	"strconv"
	"sync"
	"time"

	"lanzha"
	"lanzha/base/auth"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/base/vault"
	"lanzha/know/institution"
	"lanzha/work/register"
)

// Options are the operator's figures.
type Options struct {
	// PerMinute is how many checks an institution may ask in a minute where no
	// quota of its own is set. Each process counts for itself.
	PerMinute int64
	// Region is the centre's: in its scope the journal's rows of checks stand.
	Region lanzha.Region
}

// Desk answers checks. It is safe for use by many goroutines; Run keeps its
// list.
type Desk struct {
	DB        *sqldb.DB
	Journal   *journal.Journal
	Vault     *vault.Vault
	Register  *register.Store
	Directory *institution.Directory
	IDs       *lanzha.IDs
	Now       func() time.Time
	Zone      *time.Location // of legal days
	Options   Options

	index *Index
	group *group
	ready chan struct{} // closed when the list was read for the first time

	mu     sync.Mutex
	askers map[lanzha.ID]*asker
	own    map[lanzha.ID]int64 // quotas that differ from the house's
}

// New completes a desk of which the fields before it are set.
func New(d *Desk) *Desk {
	d.index, d.ready = NewIndex(0), make(chan struct{})
	d.askers, d.own = map[lanzha.ID]*asker{}, map[lanzha.ID]int64{}
	d.group = &group{keep: d.keep, now: d.Now}
	return d
}

// IndexBytes is what the list takes in memory.
func (d *Desk) IndexBytes() int { return d.index.Bytes() }

// asker is what is counted of one institution.
type asker struct {
	mu     sync.Mutex
	tokens float64   // checks that it may ask now
	filled time.Time // when tokens were last added
	usage  usage     // since the last flush
	window window
}

func (d *Desk) asker(id lanzha.ID) (*asker, int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	a := d.askers[id]
	if a == nil {
		a = &asker{}
		d.askers[id] = a
	}
	if own, ok := d.own[id]; ok {
		return a, own
	}
	return a, d.Options.PerMinute
}

// take takes n checks off the quota, or says how long to wait for them. What
// was not used is kept for a minute, and one full request is always possible
// within a quota that is not nothing.
func (a *asker) take(n int, perMinute int64, now time.Time) (wait time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	most := float64(max(perMinute, MaxChecks))
	if a.filled.IsZero() {
		a.tokens = most
	} else if passed := now.Sub(a.filled); passed > 0 {
		a.tokens = min(most, a.tokens+passed.Minutes()*float64(perMinute))
	}
	a.filled = now
	if perMinute <= 0 {
		a.usage.refused += int64(n)
		return time.Hour
	}
	if lack := float64(n) - a.tokens; lack > 0 {
		a.usage.refused += int64(n)
		return time.Duration(math.Ceil(lack/float64(perMinute)*60)) * time.Second
	}
	a.tokens -= float64(n)
	return 0
}

// Ask answers a request with the JSON of a Reply. Codes: Invalid, naming the check; Forbidden to whoever
// offers no such service; TooMany beyond the quota, for as long as wait says;
// Unavailable until the list was read.
func (d *Desk) Ask(ctx context.Context, who auth.Actor, r *Request) (reply []byte, wait time.Duration, err error) {
	select {
	case <-d.ready:
	default:
		return nil, 0, &lanzha.Error{Code: lanzha.CodeUnavailable, Message: "the list is being read", Hint: "ask again in a moment"}
	}
	in, err := d.Directory.Known(ctx, d.DB.Read(), who.Institution)
	if err != nil {
		return nil, 0, err
	}
	if in.Disabled {
		return nil, 0, lanzha.Forbidden("the institution is disabled in the directory")
	}
	if err := r.check(in.Kind); err != nil {
		return nil, 0, err
	}
	now := d.Now()
	a, quota := d.asker(who.Institution)
	if wait := a.take(len(r.Checks), quota, now); wait > 0 {
		return nil, wait, &lanzha.Error{
			Code: lanzha.CodeTooMany, Message: "the institution's quota of checks is used up",
			Hint: "wait as long as Retry-After says, or have the centre set another quota",
		}
	}
	reply, l := d.answer(who, in.Kind, r, a, now)
	return reply, 0, d.group.enter(ctx, l)
}

// answer reads the list, counts, and writes the line that the journal keeps.
func (d *Desk) answer(who auth.Actor, kind institution.Kind, r *Request, a *asker, now time.Time) ([]byte, *line) {
	numbers := make([][]vault.Sum, len(r.Checks))
	for i := range r.Checks {
		numbers[i] = d.Vault.Sums(r.Checks[i].Number)
	}
	all, on := make([]found, len(r.Checks)), today(now, d.Zone)
	d.index.mu.RLock()
	as := d.index.asOf
	for i := range r.Checks {
		s := &r.Checks[i]
		all[i] = d.index.find(numbers[i], func() []vault.Sum { return d.Vault.Sums(s.Name) }, ask{kind, s.Service}, on)
	}
	d.index.mu.RUnlock()

	l := newLine()
	l.checks = len(r.Checks)
	l.text = open(make([]byte, 0, 220+80*len(r.Checks)), who, r, now)
	for i := range r.Checks {
		if all[i].result != NotListed {
			l.listed++
		}
		l.text = add(l.text, i, numbers[i][0], r.Checks[i].Service, &all[i])
	}
	l.text = append(l.text, "]}\n"...)
	a.count(r, numbers, all, l)
	return appendReply(make([]byte, 0, 128+48*len(r.Checks)), as, now.Sub(as.at) > lateAfter, all), l
}

// count counts what was asked.
func (a *asker) count(r *Request, numbers [][]vault.Sum, all []found, l *line) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.usage.checks += int64(l.checks)
	a.usage.listed += int64(l.listed)
	for i := range r.Checks {
		if all[i].result == NotListed {
			a.usage.persons.add(numbers[i][0].Bits)
		}
		a.usage.sequences += int64(a.window.add(r.Checks[i].Number))
	}
}

// open begins the line of a request: who asked, why, and on what. Its texts
// were checked: none needs to be quoted.
func open(b []byte, who auth.Actor, r *Request, now time.Time) []byte {
	b = append(b, `{"at":`...)
	b = strconv.AppendInt(b, int64(lanzha.At(now)), 10)
	for _, kv := range [...][2]string{
		{"account", string(who.ID)}, {"institution", string(who.Institution)}, {"purpose", string(r.Purpose)}, {"officer", r.Officer}, {"reference", r.Reference},
	} {
		b = append(append(append(b, `,"`...), kv[0]...), `":"`...)
		b = append(append(b, kv[1]...), '"')
	}
	return append(b, `,"checks":[`...)
}

// add adds a check: the blind index of the number, the service, the result,
// and the listings that were told of.
func add(b []byte, i int, number vault.Sum, s Service, f *found) []byte {
	if i > 0 {
		b = append(b, ',')
	}
	b = append(append(b, `["`...), number.String()...)
	b = append(append(b, `","`...), s...)
	b = append(append(b, `","`...), f.result...)
	for _, id := range f.listings {
		b = append(append(b, `","`...), id...)
	}
	return append(b, `"]`...)
}

// keep leaves one row for all that was asked at once; its annex has a line for
// each request. Who asked stands there: the row itself is the house's own, in
// the scope of the centre.
func (d *Desk) keep(ctx context.Context, lines []*line) error {
	size, checks, listed := 0, 0, 0
	for _, l := range lines {
		size, checks, listed = size+len(l.text), checks+l.checks, listed+l.listed
	}
	annex := make([]byte, 0, size)
	for _, l := range lines {
		annex = append(annex, l.text...)
	}
	id, now := d.IDs.Next(), d.Now()
	return d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		return d.Journal.Append(ctx, tx, now, journal.Entry{
			Kind: "check.made", Record: id, Region: d.Options.Region, Annex: annex,
			Payload: map[string]int{"requests": len(lines), "checks": checks, "listed": listed},
		})
	})
}
