package clue

import (
	"context"
	"strings"
	"time"

	"lanzha"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/know/number"
	"lanzha/work/detect/alert"
	"lanzha/work/feed"
)

// fromAlert opens the clue of an alert that has become one, by its rule or by
// an officer, or adds the alert to the sources of the clue that is there. What
// follows is what follows for every source, and nothing more: who holds a line
// is asked.
func (d *Desk) fromAlert(ctx context.Context, tx *sqldb.Tx, row journal.Row) error {
	var told struct {
		Decision alert.Decision `json:"decision"`
	}
	if err := row.Into(&told); err != nil || told.Decision != alert.DecisionClue {
		return err
	}
	a, err := d.Alerts.Get(ctx, tx, row.Record)
	if lanzha.CodeOf(err) == lanzha.CodeNotFound {
		return nil // not kept any more
	}
	if err != nil {
		return err
	}
	kind, value, ok := kindOfSubject(a.Subject, d.Now())
	if !ok {
		return nil // nobody decides so of what is no clue
	}
	c, fresh, err := d.Open(ctx, tx, kind, value, Source{ID: a.ID, Kind: "alert", Region: a.Region, At: a.DecidedAt}, "", a.DecidedBy)
	if err != nil || !fresh {
		return err
	}
	name, err := d.officer(ctx, tx, a.DecidedBy)
	if err != nil {
		return err
	}
	return d.askByItself(ctx, tx, c, a.ID, name, a.Region)
}

// bankAccount marks the value of an account that is no card number.
const bankAccount = "bank:"

// kindOfSubject says which clue the subject of an alert becomes.
func kindOfSubject(s alert.Subject, now time.Time) (Kind, string, bool) {
	if !s.Clueable() {
		return "", "", false
	}
	switch s.Domain {
	case feed.Number:
		n, err := number.Parse(s.Value)
		switch {
		case err != nil:
			return "", "", false
		case n.IsMobile():
			return KindMobile, n.Value, true
		case n.Kind == number.Fixed:
			return KindFixed, n.Value, true
		case n.Kind == number.International:
			return KindInternational, n.Value, true
		}
		return KindService, n.Value, true
	case feed.Account:
		// As it would be read from a report, so that both find one clue.
		if kind, value, err := Canonical(s.Value, now); err == nil && (kind == KindCard || kind == KindAccount) {
			return kind, value, true
		}
		return KindAccount, bankAccount + s.Value, true
	}
	return KindDevice, s.Value, true
}

// SubjectOf is what the events of the detector call a clue; its domain is
// feed.Other for what no event can name.
func SubjectOf(c Clue) alert.Subject {
	switch c.Kind {
	case KindMobile, KindFixed, KindService, KindInternational:
		return alert.Subject{Domain: feed.Number, Value: c.Value}
	case KindCard:
		return alert.Subject{Domain: feed.Account, Value: c.Value}
	case KindAccount:
		return alert.Subject{Domain: feed.Account, Value: strings.TrimPrefix(c.Value, bankAccount)}
	case KindDevice:
		return alert.Subject{Domain: feed.Device, Value: c.Value}
	case KindURL, KindDomain, KindApp, KindIM:
	}
	return alert.Subject{Value: c.Value}
}
