package feature

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"lanzha"
	"lanzha/work/feed"
)

// Options are the choices of an export.
type Options struct {
	Late   time.Duration            // by how much an event may come after a later one; what is later still is refused
	Refuse func(feed.Refusal) error // takes what is refused, in the order of the file but for what is late; nil counts it only
	Wrote  func(events int64)       // is told from time to time how far it is; may be nil
}

// Summary is what came of an export.
type Summary struct {
	Events      int64         `json:"events"`
	Refused     int64         `json:"refused"`
	Skipped     int64         `json:"skipped"`  // by the mapping
	Features    int           `json:"features"` // written
	Keys        int64         `json:"keys"`
	BytesPerKey float64       `json:"bytes_per_key"`
	First       lanzha.Micros `json:"-"` // the earliest event
	Last        lanzha.Micros `json:"-"`
}

const (
	pages     = 8 // in circulation while nothing is late
	writeSize = 256 << 10
)

// page is a batch on its way through the export.
type page struct {
	feed.Batch
	values []Value // of each event in turn
	left   int     // events without values yet
}

// Export writes every event of a source with its features: a header, then the
// record as it stood, and the values. The rows keep the order of the file; each
// has the values that it would have if the file were sorted by time, events of
// one time in the order of the file. Reading, computing and writing go on side
// by side.
func Export(ctx context.Context, src *feed.Source, g *Engine, w io.Writer, o Options) (Summary, error) {
	x := &export{src: src, engine: g, kind: g.kind, o: o, all: g.features}
	for i, f := range x.all {
		if f.Hidden {
			continue
		}
		x.shown = append(x.shown, i)
		if slices.Contains(src.Columns(), f.Name) {
			return x.sum, &lanzha.Error{Code: lanzha.CodeInvalid, Field: f.Name, Message: "the file has a column of this name already", Hint: "give the feature another name"}
		}
	}
	x.sum.Features = len(x.shown)
	x.empty = make(chan *page, pages)
	for range pages {
		x.empty <- &page{}
	}
	group, ctx := errgroup.WithContext(ctx)
	// A page goes through the parts of the engine one after the other, each of
	// which works on another page meanwhile.
	stages := []func(ctx context.Context, from <-chan *page, to chan<- *page) error{x.read, x.compute}
	for _, p := range g.parts[1:] {
		stages = append(stages, func(ctx context.Context, from <-chan *page, to chan<- *page) error {
			return x.continued(ctx, p, from, to)
		})
	}
	var last chan *page
	for _, stage := range stages {
		from, to := last, make(chan *page, pages)
		group.Go(func() error { defer close(to); return stage(ctx, from, to) })
		last = to
	}
	group.Go(func() error { return x.write(ctx, last, w) })
	err := group.Wait()
	if x.sum.Keys = g.Keys(); x.sum.Keys > 0 {
		x.sum.BytesPerKey = float64(g.Bytes()) / float64(x.sum.Keys)
	}
	return x.sum, err
}

// export is one run. Each field belongs to one of its goroutines until all
// have ended.
type export struct {
	src    *feed.Source
	engine *Engine
	kind   feed.Kind
	o      Options
	all    []*Feature
	shown  []int
	empty  chan *page // pages to be filled again

	// Of compute.
	queue  []*page // read, and not written, in order
	heap   []waiting
	newest int64
	begun  bool
	seq    int64

	// Of write.
	sum Summary
}

// waiting is an event that an earlier one may still precede.
type waiting struct {
	at, seq int64
	page    *page
	index   int
}

func (x *export) read(ctx context.Context, _ <-chan *page, to chan<- *page) error {
	for {
		var p *page
		select {
		case p = <-x.empty:
		case <-ctx.Done():
			return context.Cause(ctx)
		default:
			if x.o.Late > 0 { // pages wait for what is late, as many as that takes
				p = &page{}
			}
		}
		if p == nil {
			select {
			case p = <-x.empty:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		err := x.src.Next(&p.Batch)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		select {
		case to <- p:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (x *export) compute(ctx context.Context, from <-chan *page, to chan<- *page) error {
	n := len(x.all)
	send := func() error {
		for len(x.queue) > 0 && x.queue[0].left == 0 {
			select {
			case to <- x.queue[0]:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			x.queue = slices.Delete(x.queue, 0, 1)
		}
		return nil
	}
	late := x.o.Late.Microseconds()
	for p := range from {
		p.left = len(p.Events)
		p.values = slices.Grow(p.values[:0], len(p.Events)*n)[:len(p.Events)*n]
		x.queue = append(x.queue, p)
		for i := range p.Events {
			e := &p.Events[i]
			switch {
			case x.begun && e.Time < x.newest-late:
				p.Refuse(e, "", fmt.Sprintf("it comes %s after a later event; --late takes that", time.Duration(x.newest-e.Time)*time.Microsecond))
				p.left--
				continue
			case late > 0:
				heap.Push((*waitings)(&x.heap), waiting{e.Time, x.seq, p, i})
				x.seq++
			}
			if !x.begun || e.Time > x.newest {
				x.newest, x.begun = e.Time, true
				x.settle(x.newest - late)
			}
		}
		if late == 0 {
			x.engine.parts[0].addAll(x.kind, &p.Batch, p.Events, p.values)
			p.left = 0
		}
		if err := send(); err != nil {
			return err
		}
	}
	x.settle(latest)
	return send()
}

// continued adds the events of pages to another part of the engine. Where
// events may be late the first has added them to all already.
func (x *export) continued(ctx context.Context, part *part, from <-chan *page, to chan<- *page) error {
	for p := range from {
		if x.o.Late == 0 {
			part.addAll(x.kind, &p.Batch, p.Events, p.values)
		}
		select {
		case to <- p:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// settle computes the events that nothing can precede any more.
func (x *export) settle(until int64) {
	n := len(x.all)
	for len(x.heap) > 0 && x.heap[0].at <= until {
		w := heap.Pop((*waitings)(&x.heap)).(waiting)
		x.engine.Add(x.kind, &w.page.Batch, &w.page.Events[w.index], w.page.values[w.index*n:(w.index+1)*n])
		w.page.left--
	}
}

const latest = int64(1) << 62

type waitings []waiting

func (w waitings) Len() int { return len(w) }
func (w waitings) Less(i, j int) bool {
	return w[i].at < w[j].at || w[i].at == w[j].at && w[i].seq < w[j].seq
}
func (w waitings) Swap(i, j int) { w[i], w[j] = w[j], w[i] }
func (w *waitings) Push(x any)   { *w = append(*w, x.(waiting)) }
func (w *waitings) Pop() any {
	last := len(*w) - 1
	x := (*w)[last]
	*w = (*w)[:last]
	return x
}

func (x *export) write(ctx context.Context, from <-chan *page, w io.Writer) error {
	out := make([]byte, 0, writeSize+64<<10)
	for i, name := range x.src.Columns() {
		if i > 0 {
			out = append(out, ',')
		}
		out = feed.AppendCell(out, []byte(name))
	}
	for _, i := range x.shown {
		out = append(append(out, ','), x.all[i].Name...)
	}
	out = append(out, '\n')
	flush := func() error {
		if _, err := w.Write(out); err != nil {
			return &lanzha.Error{Code: lanzha.CodeUnavailable, Field: "output", Message: "the file cannot be written", Hint: "is there room on the disk?", Err: err}
		}
		out = out[:0]
		return ctx.Err()
	}
	n := len(x.all)
	for p := range from {
		for i := range p.Events {
			e := &p.Events[i]
			if e.Refused {
				continue
			}
			if at := lanzha.Micros(e.Time); x.sum.Events == 0 {
				x.sum.First, x.sum.Last = at, at
			} else {
				x.sum.First, x.sum.Last = min(x.sum.First, at), max(x.sum.Last, at)
			}
			x.sum.Events++
			out = x.src.AppendRecord(out, &p.Batch, e)
			values := p.values[i*n : (i+1)*n]
			x.engine.divide(x.kind, values)
			for _, k := range x.shown {
				out = x.all[k].Append(append(out, ','), values[k])
			}
			out = append(out, '\n')
			if len(out) > writeSize {
				if err := flush(); err != nil {
					return err
				}
			}
		}
		x.sum.Skipped += int64(p.Skipped)
		for _, r := range p.Batch.Refused {
			x.sum.Refused++
			if x.o.Refuse == nil {
				continue
			}
			if err := x.o.Refuse(r); err != nil {
				return err
			}
		}
		if x.o.Wrote != nil {
			x.o.Wrote(x.sum.Events)
		}
		select {
		case x.empty <- p:
		default: // there are more than circulate
		}
	}
	return flush()
}
