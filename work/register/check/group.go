package check

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"lanzha"
)

// group has what many callers hand in at once kept by one transaction, so that
// a burst costs one sync of the disk and not one each. It has no goroutine of
// its own: the first to come keeps for all that came while the one before was
// keeping, and hands over to the first of those who come meanwhile. Nobody
// returns before its own line is on disk.
type group struct {
	keep func(ctx context.Context, lines []*line) error
	now  func() time.Time

	mu      sync.Mutex
	busy    bool
	queue   []*line
	began   time.Time // when the last transaction began
	crowded bool      // it kept more than one line
}

// line is what one request leaves in the journal.
type line struct {
	text   []byte // one line of JSON
	checks int
	listed int
	turn   chan turn
}

type turn struct {
	lead bool
	err  error
}

func newLine() *line { return &line{turn: make(chan turn, 1)} }

const (
	// most bounds the checks of one transaction.
	most = 20_000
	// spacing is how long after the last one a transaction begins while many
	// ask: a transaction costs as much as a dozen answers.
	spacing = time.Millisecond
)

// enter hands a line in and returns once it is kept. It waits even when ctx
// ends, since others may have been left to it.
func (g *group) enter(ctx context.Context, l *line) error {
	g.mu.Lock()
	g.queue = append(g.queue, l)
	if g.busy {
		g.mu.Unlock()
		if t := <-l.turn; !t.lead {
			return t.err
		}
		g.mu.Lock()
	}
	g.busy = true
	if wait := spacing - g.now().Sub(g.began); g.crowded && wait > 0 && wait < spacing {
		g.mu.Unlock()
		time.Sleep(wait)
		g.mu.Lock()
	}
	g.began = g.now()
	lines, checks := g.queue, 0
	for i, l := range lines {
		if checks += l.checks; checks > most && i > 0 {
			lines = lines[:i]
			break
		}
	}
	g.queue = slices.Clone(g.queue[len(lines):])
	g.crowded = len(lines) > 1
	g.mu.Unlock()

	err := g.guarded(context.WithoutCancel(ctx), lines)

	g.mu.Lock()
	if g.busy = len(g.queue) > 0; g.busy {
		g.queue[0].turn <- turn{lead: true}
	}
	g.mu.Unlock()
	for _, other := range lines {
		if other != l {
			other.turn <- turn{err: err}
		}
	}
	return err
}

// guarded makes a panic an error of all whose lines were to be kept: the turn
// must be handed on.
func (g *group) guarded(ctx context.Context, lines []*line) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = lanzha.Internal("check.keep", fmt.Errorf("a panic of type %T", p))
		}
	}()
	return g.keep(ctx, lines)
}
