package shelf

import (
	"context"
	"errors"
	"time"

	"lanzha"
)

// followEvery is how late a process notices what another has activated.
const followEvery = 200 * time.Millisecond

const followPage = 100

// Run keeps the library as the journal tells until ctx ends. While the database
// does not answer, or holds a text that this release cannot use, what is in
// force goes on to serve, and Current says so.
func (s *Shelf) Run(ctx context.Context) error {
	every := time.NewTicker(followEvery)
	defer every.Stop()
	for {
		err := s.follow(ctx)
		s.mu.Lock()
		s.late = err
		s.mu.Unlock()
		select {
		case <-ctx.Done():
			return nil
		case <-every.C:
		}
	}
}

// Current reports why this process does not serve what is in force; nil when
// it does.
func (s *Shelf) Current(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.late
}

// follow takes what was activated since into the library.
func (s *Shelf) follow(ctx context.Context) error {
	for {
		s.mu.Lock()
		cursor := s.cursor
		s.mu.Unlock()
		rows, next, err := s.journal.Since(ctx, s.db.Read(), cursor, []string{"policy.activated"}, followPage)
		if err != nil {
			return err
		}
		var wrong error
		for _, r := range rows {
			var a activated
			if err := r.Into(&a); err != nil {
				return err
			}
			e, err := editionByID(ctx, s.db.Read(), a.Edition)
			if err != nil {
				return err
			}
			if err := s.add(e); err != nil {
				wrong = errors.Join(wrong, &lanzha.Error{Code: lanzha.CodeInternal, Op: "shelf.follow", Message: "a text of " + a.Pack + " that is in force cannot be used by this release", Err: err})
			}
		}
		if wrong != nil {
			return wrong // the cursor stays: it is told until a release comes that can
		}
		s.mu.Lock()
		s.cursor = next
		s.mu.Unlock()
		if len(rows) < followPage {
			return nil
		}
	}
}
