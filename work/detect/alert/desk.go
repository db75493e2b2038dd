package alert

import (
	"context"
	"time"

	"lanzha"
	"lanzha/base/journal"
	"lanzha/base/outbox"
	"lanzha/base/sqldb"
	"lanzha/know/institution"
)

// Desk does the work on alerts. Its methods that take a transaction write
// through it and leave their journal rows in it.
type Desk struct {
	Store     *Store
	DB        *sqldb.DB
	Journal   *journal.Journal
	Outbox    *outbox.Outbox
	IDs       *lanzha.IDs
	Now       func() time.Time
	Zone      *time.Location // of the days in figures
	Directory *institution.Directory

	// Centre is the region of the house: alerts about what lies elsewhere, or
	// nowhere, are its work. "" is the whole country.
	Centre lanzha.Region
	// OfficerName is how an account is named to those who read an alert.
	OfficerName func(ctx context.Context, q sqldb.Queryer, account lanzha.ID) (string, error)
}
