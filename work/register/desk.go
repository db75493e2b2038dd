package register

import (
	"context"
	"time"

	"lanzha"
	"lanzha/base/journal"
	"lanzha/base/outbox"
	"lanzha/base/sqldb"
	"lanzha/know/policy"
)

// Options are the operator's figures.
type Options struct {
	// Retention is how long after the last end of a subject's listings the
	// personal fields are kept; 0: they are erased on command only.
	Retention time.Duration
}

// Desk does the work on proposals and listings. Its methods that take a
// transaction write through it and leave their journal rows in it.
type Desk struct {
	Store   *Store
	DB      *sqldb.DB
	Journal *journal.Journal
	Outbox  *outbox.Outbox
	IDs     *lanzha.IDs
	Now     func() time.Time
	Zone    *time.Location // of legal days

	// Law evaluates a pack on facts.
	Law func(pack string, input map[string]any, o policy.Options) (policy.Answer, error)
	// OfficerName is how an account is named to those who read a record.
	OfficerName func(ctx context.Context, q sqldb.Queryer, account lanzha.ID) (string, error)

	Options Options
}

func (d *Desk) today() Day { return DayOf(d.Now(), d.Zone) }
