package own

import (
	"sync"
	"time"

	"lanzha"
)

const (
	freeWrong = 10               // wrong codes of one address before it must wait
	window    = 10 * time.Minute // from the first of them
	addresses = 100_000          // kept at once; beyond that the oldest windows go
)

// limit counts the wrong codes of each address. A code has 80 bits, so that
// nobody guesses one; the limit keeps those who try from filling the journal.
// It is this process's own and forgets when it ends.
type limit struct {
	mu    sync.Mutex
	wrong map[string]*count
}

type count struct {
	n     int
	since time.Time
}

// may says whether an address may try a code; the error is CodeTooMany.
func (l *limit) may(address string, now time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.wrong[address]
	if c == nil || now.Sub(c.since) >= window || c.n < freeWrong {
		return nil
	}
	return &lanzha.Error{
		Code: lanzha.CodeTooMany, Message: "too many wrong codes came from here", Hint: "wait ten minutes and read the code on the notice again, or ask the unit that sent it",
	}
}

// failed counts a wrong code.
func (l *limit) failed(address string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.wrong == nil {
		l.wrong = map[string]*count{}
	}
	c := l.wrong[address]
	if c == nil || now.Sub(c.since) >= window {
		if len(l.wrong) >= addresses {
			for key, old := range l.wrong {
				if now.Sub(old.since) >= window || len(l.wrong) >= addresses {
					delete(l.wrong, key)
				}
			}
		}
		c = &count{since: now}
		l.wrong[address] = c
	}
	c.n++
}
