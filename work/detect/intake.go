package detect

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"lanzha"
	"lanzha/base/stream"
	"lanzha/work/detect/alert"
	"lanzha/work/detect/rule"
	"lanzha/work/feed"
)

// intake is how events and changes get into the log. The place of an entry in
// the log and in the queue of what is to be computed is taken at once and in
// the same order; so an entry is encoded while the one before is written, and
// computed while the one behind is.
//
// What is asked to be scored while another such entry is on its way to the disk
// waits and goes as one entry: a hundred verdicts cost one sync.
type intake struct {
	mu      sync.Mutex
	w       *stream.Writer // nil unless active
	why     error          // why nothing is taken while w is nil
	queue   chan *entry
	slots   chan struct{} // a token for each entry of feeds and changes on its way
	sources map[string]*source
	waiting map[feed.Kind]*entry // to be scored, not begun
	scoring int                  // entries to be scored that are not on disk yet
	flushed chan struct{}        // closed when what waits is begun
}

// source is what is known of one that sends batches by number.
type source struct {
	taken    int64         // the last number
	seq      stream.Seq    // of the entry that brought it
	inFlight chan struct{} // closed when the batch on its way is settled; nil is none
}

// entry is one entry of the log on its way through.
type entry struct {
	kind     feed.Kind
	batch    *feed.Batch // nil of a change
	header   feed.Header
	change   *change
	requests []*request // who waits for verdicts of the batch, in its order
	events   int

	pending *stream.Pending
	done    chan error // gets one value, when the entry is computed or has failed
	refused error      // what the machine said of a change
}

const (
	// maxQueue bounds what is begun and not computed yet: entries of up to 1 MiB
	// and their events.
	maxQueue = 32
	// maxScoring is how many entries to be scored are on their way at most: one
	// of each kind, and one more that had to go.
	maxScoring = 16
	// maxScored bounds the events that are scored in one entry.
	maxScored = 2000
	// maxEntry is the largest encoded batch. One event is far smaller.
	maxEntry = stream.MaxData
)

func newIntake() *intake {
	return &intake{why: errStarting(), slots: make(chan struct{}, maxQueue), flushed: make(chan struct{}), sources: map[string]*source{}, waiting: map[feed.Kind]*entry{}}
}

// open begins to take.
func (in *intake) open(w *stream.Writer) <-chan *entry {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.w, in.why, in.queue, in.scoring = w, nil, make(chan *entry, maxQueue+maxScoring), 0
	return in.queue
}

// close takes nothing any more. What is in the queue is to be settled still;
// what waits to be scored goes into it where last is set.
func (in *intake) close(why error, last bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.w == nil {
		return
	}
	for _, kind := range feed.Kinds() {
		if e := in.waiting[kind]; e != nil && last {
			in.beginScored(e)
		}
	}
	in.w, in.why = nil, why
	for kind, e := range in.waiting {
		delete(in.waiting, kind)
		e.answer(why)
	}
	in.flush()
	close(in.queue)
}

// begin gives an entry its place. The queue has room for all that may be on
// their way at once. Callers hold mu.
func (in *intake) begin(e *entry, data []byte) {
	e.pending = in.w.Begin(data)
	in.queue <- e
}

// slot waits until one more entry may be on its way.
func (in *intake) slot(ctx context.Context) error {
	select {
	case in.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Append implements feed.Log: the events of b, without those refused, are on
// disk when it returns. The batch is the detector's from then on. Codes:
// Unavailable on a standby and on a full disk; Conflict when another process
// has taken over.
func (d *Detector) Append(ctx context.Context, kind feed.Kind, b *feed.Batch, h feed.Header) (fresh bool, err error) {
	fresh, wait, err := d.Begin(ctx, kind, b, h)
	if err == nil {
		err = wait(ctx)
	}
	return fresh && err == nil, err
}

// Begin is the first half of Append: the batch has its place in the log, and
// wait returns once it is on disk and computed. So batches go in order and one
// is encoded while others are on their way. Batches of one source wait for each
// other all the same.
func (d *Detector) Begin(ctx context.Context, kind feed.Kind, b *feed.Batch, h feed.Header) (fresh bool, wait func(context.Context) error, err error) {
	b.Events = keepTaken(b.Events)
	var begun []*entry
	for _, p := range parted(kind, b, h) {
		e, err := d.intake.append(ctx, p)
		if err != nil {
			return false, nil, d.refuse(err)
		}
		fresh = e != nil
		if e != nil {
			begun = append(begun, e)
		}
	}
	return fresh, func(ctx context.Context) error {
		for _, e := range begun {
			if err := e.wait(ctx); err != nil {
				return d.refuse(err)
			}
		}
		return nil
	}, nil
}

// keepTaken leaves out what was refused, so that the place of an event in the
// batch is its place in the entry.
func keepTaken(events []feed.Event) []feed.Event {
	n := 0
	for i := range events {
		if !events[i].Refused {
			if n < i {
				events[n] = events[i]
			}
			n++
		}
	}
	return events[:n]
}

// part is a batch, or a piece of one, as an entry holds it.
type part struct {
	kind   feed.Kind
	batch  *feed.Batch
	header feed.Header
	data   []byte
}

// parted cuts a batch into pieces that fit into an entry each; one piece is the
// rule. Each piece but the last counts as of a source of its own, so that a
// batch that was cut off on its way is completed when it comes again.
func parted(kind feed.Kind, b *feed.Batch, h feed.Header) []part {
	data := b.Encode(make([]byte, 0, 64+len(h.Source)+64*len(b.Events)), kind, h)
	if len(data) <= maxEntry || len(b.Events) < 2 {
		return []part{{kind, b, h, data}}
	}
	pieces := 1 + len(data)/(maxEntry/2)
	size := (len(b.Events) + pieces - 1) / pieces
	var out []part
	for from := 0; from < len(b.Events); from += size {
		piece, of := *b, h
		to := min(from+size, len(b.Events))
		piece.Events = b.Events[from:to:to]
		if h.Source != "" && to < len(b.Events) {
			of.Source += "/" + strconv.Itoa(from)
		}
		out = append(out, part{kind, &piece, of, piece.Encode(nil, kind, of)})
	}
	return out
}

// append gives a piece its place; no entry says that it was taken before.
func (in *intake) append(ctx context.Context, p part) (*entry, error) {
	e := &entry{kind: p.kind, batch: p.batch, header: p.header, events: len(p.batch.Events), done: make(chan error, 1)}
	if err := in.slot(ctx); err != nil {
		return nil, err
	}
	begun := false
	defer func() {
		if !begun {
			<-in.slots
		}
	}()
	in.mu.Lock()
	for p.header.Source != "" {
		s := in.sources[p.header.Source]
		if s == nil || s.inFlight == nil {
			break
		}
		// Whether this one is the next depends on what becomes of that one.
		settled := s.inFlight
		in.mu.Unlock()
		select {
		case <-settled:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		in.mu.Lock()
	}
	if in.w == nil {
		defer in.mu.Unlock()
		return nil, in.why
	}
	if p.header.Source != "" {
		s := in.sources[p.header.Source]
		if s == nil {
			s = &source{}
			in.sources[p.header.Source] = s
		}
		if p.header.Number <= s.taken {
			in.mu.Unlock()
			return nil, nil
		}
		s.inFlight = make(chan struct{})
	}
	begun = true
	in.begin(e, p.data)
	in.mu.Unlock()
	return e, nil
}

// wait waits for an entry. When ctx ends it goes its way all the same.
func (e *entry) wait(ctx context.Context) error {
	select {
	case err := <-e.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// score takes a request that waits for verdicts. Others of the same kind may go
// with it.
func (in *intake) score(ctx context.Context, r *request) error {
	in.mu.Lock()
	for {
		if in.w == nil {
			defer in.mu.Unlock()
			return in.why
		}
		if e := in.waiting[r.kind]; e == nil || e.events+r.count <= maxScored {
			break
		}
		flushed := in.flushed
		in.mu.Unlock()
		select {
		case <-flushed:
		case <-ctx.Done():
			return ctx.Err()
		}
		in.mu.Lock()
	}
	defer in.mu.Unlock()
	e := in.waiting[r.kind]
	if e == nil {
		e = &entry{kind: r.kind, batch: &feed.Batch{}, done: make(chan error, 1)}
		in.waiting[r.kind] = e
	}
	e.batch.Join(r.batch)
	e.events += r.count
	e.requests = append(e.requests, r)
	if in.scoring == 0 {
		in.beginScored(e)
	}
	return nil
}

// flush lets those go on who wait for what waits to have gone. Callers hold mu.
func (in *intake) flush() {
	close(in.flushed)
	in.flushed = make(chan struct{})
}

// beginScored gives what waits to be scored its place. Callers hold mu.
func (in *intake) beginScored(e *entry) {
	delete(in.waiting, e.kind)
	in.scoring++
	in.begin(e, e.batch.Encode(make([]byte, 0, 64+64*e.events), e.kind, feed.Header{}))
}

// stored says that an entry is on disk or has failed: what waited for it to be
// goes now.
func (in *intake) stored(e *entry) {
	if e.requests == nil {
		return
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.scoring--; in.scoring > 0 || in.w == nil {
		return
	}
	for _, kind := range feed.Kinds() {
		if e := in.waiting[kind]; e != nil {
			in.beginScored(e)
		}
	}
	in.flush()
}

// settle tells those who wait what became of an entry.
func (in *intake) settle(e *entry, err error) {
	if e.header.Source != "" {
		in.mu.Lock()
		s := in.sources[e.header.Source]
		close(s.inFlight)
		s.inFlight = nil
		in.mu.Unlock()
	}
	if e.requests == nil {
		<-in.slots
	}
	e.answer(err)
}

// answer tells those who wait for an entry.
func (e *entry) answer(err error) {
	for _, r := range e.requests {
		r.done <- err
	}
	if err == nil {
		err = e.refused
	}
	e.done <- err
}

// had reports whether an earlier entry of the log brought a batch already: one
// whose answer was lost may stand there, and come again.
func (in *intake) had(h feed.Header) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	s := in.sources[h.Source]
	return h.Source != "" && s != nil && h.Number <= s.taken
}

// took notes a batch that is in the log.
func (in *intake) took(h feed.Header, seq stream.Seq) {
	if h.Source == "" {
		return
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	s := in.sources[h.Source]
	if s == nil {
		s = &source{}
		in.sources[h.Source] = s
	}
	s.taken, s.seq = max(s.taken, h.Number), seq
}

// Taken implements feed.Log. A source is remembered for as long as the log
// keeps its last batch.
func (d *Detector) Taken(name string) int64 {
	d.intake.mu.Lock()
	defer d.intake.mu.Unlock()
	if s := d.intake.sources[name]; s != nil {
		return s.taken
	}
	return 0
}

// forget forgets the sources whose last batch stood before first.
func (in *intake) forget(first stream.Seq) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for name, s := range in.sources {
		if s.seq < first && s.inFlight == nil {
			delete(in.sources, name)
		}
	}
}

// changed is the first byte of an entry that changes the rules, a list or a
// suppression.
const changed = 0xC1

// change is such an entry.
type change struct {
	At     lanzha.Micros `json:"at"`
	Change rule.Change   `json:"change"`
}

func decodeChange(data []byte) (*change, error) {
	c := &change{}
	if err := json.Unmarshal(data[1:], c); err != nil {
		return nil, lanzha.Internal("detect", fmt.Errorf("a change in the event log cannot be read: %w", err))
	}
	return c, nil
}

// Change implements alert.Changer: it appends a change and returns when it
// holds. What the rules refuse changes nothing, and is told. The codes are those
// of Append.
func (d *Detector) Change(ctx context.Context, c alert.Change) error {
	to := rule.Change{By: c.By, Why: c.Why}
	if l := c.List; l != nil {
		to.List = &rule.ListEntry{List: l.List, Domain: l.Domain, Value: l.Value, Until: l.Until, Remove: l.Remove}
	}
	if s := c.Suppress; s != nil {
		to.Suppress = &rule.Suppression{Rule: s.Rule, Domain: s.Domain, Value: s.Value, Until: s.Until, Lift: s.Lift}
	}
	return d.change(ctx, to)
}

func (d *Detector) change(ctx context.Context, c rule.Change) error {
	e := &entry{change: &change{lanzha.At(d.Now()), c}, done: make(chan error, 1)}
	text, err := json.Marshal(e.change)
	if err != nil {
		return lanzha.Internal("detect.Change", err)
	}
	if len(text) >= maxEntry {
		return &lanzha.Error{Code: lanzha.CodeTooLarge, Message: "the change is larger than an entry of the event log", Hint: "packs together have up to 1 MB"}
	}
	if err := d.intake.slot(ctx); err != nil {
		return err
	}
	d.intake.mu.Lock()
	if err := d.intake.why; d.intake.w == nil {
		d.intake.mu.Unlock()
		<-d.intake.slots
		return d.refuse(err)
	}
	d.intake.begin(e, append([]byte{changed}, text...))
	d.intake.mu.Unlock()
	return e.wait(ctx)
}

// owner is who claimed the log, as it stands there: an ID and an address.
type owner struct{ id, address string }

func (o owner) String() string { return o.id + " " + o.address }

func parseOwner(s string) owner {
	id, address, _ := strings.Cut(s, " ")
	return owner{id, address}
}

func errOff() error {
	return &lanzha.Error{Code: lanzha.CodeUnavailable, Message: "this house runs no detector", Hint: "turn it on by detect.on"}
}

func errStarting() error {
	return &lanzha.Error{Code: lanzha.CodeUnavailable, Message: "the detector is starting", Hint: "ask again in a moment"}
}

func errStopping() error {
	return &lanzha.Error{Code: lanzha.CodeUnavailable, Message: "the detector is stopping", Hint: "ask again in a moment"}
}

func errSuperseded() error {
	return &lanzha.Error{Code: lanzha.CodeUnavailable, Message: "another process has taken the detector over", Hint: "ask again in a moment"}
}
