package cases

import (
	"context"
	"slices"
	"time"

	"lanzha"
	"lanzha/base/auth"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/know/place"
)

// Finder reads of a record what a decision about it depends on. No such record
// is CodeNotFound.
type Finder func(ctx context.Context, q sqldb.Queryer, id lanzha.ID) (auth.Resource, error)

// Desk opens, links, files and closes dossiers. One per process and database.
type Desk struct {
	DB      *sqldb.DB
	Journal *journal.Journal
	Store   Store
	Now     func() time.Time
	IDs     *lanzha.IDs
	Zone    *time.Location // where the centre's days begin
	Centre  string         // the centre's short name, as it heads its numbers: "昆"; may be empty

	// Finders tell of the records of other stages by kind ("clue"), so that an
	// officer links only what there is and what he may read. A kind that is not
	// named cannot be linked by hand.
	Finders map[string]Finder
}

// note writes a row of a dossier.
func (k *Desk) note(ctx context.Context, tx *sqldb.Tx, kind string, d Dossier, actor lanzha.ID, about []lanzha.ID, payload map[string]any) error {
	payload["no"] = d.No
	err := k.Journal.Append(ctx, tx, k.Now(), journal.Entry{
		Kind: kind, Record: d.ID, About: about, Version: d.Version, Actor: actor, Region: d.Region, Payload: payload,
	})
	return err
}

// Open makes a dossier with a title and a region, of a den or by hand, and
// links records to it.
func (k *Desk) Open(ctx context.Context, tx *sqldb.Tx, d Dossier, links []Link) (Dossier, error) {
	now := lanzha.At(k.Now()).Time()
	year := now.In(k.Zone).Year()
	n, err := k.Store.NextNumber(ctx, tx, k.Centre, year)
	if err != nil {
		return d, err
	}
	d.ID, d.Version, d.State, d.No, d.OpenedAt = k.IDs.Next(), 1, Open, number(k.Centre, year, n), now
	if err := k.Store.Insert(ctx, tx, d); err != nil {
		return d, err
	}
	added, err := k.link(ctx, tx, d, links)
	if err != nil {
		return d, err
	}
	return d, k.note(ctx, tx, "dossier.opened", d, d.OpenedBy, added, map[string]any{"den": d.Den})
}

// link adds records to a dossier and names those that are new there.
func (k *Desk) link(ctx context.Context, tx *sqldb.Tx, d Dossier, links []Link) ([]lanzha.ID, error) {
	added := []lanzha.ID{}
	for _, l := range links {
		l.At = k.Now()
		isNew, err := k.Store.Link(ctx, tx, d.ID, l)
		if err != nil {
			return nil, err
		}
		if isNew {
			added = append(added, l.Record)
		}
	}
	return added, nil
}

// Link adds a record to a dossier by hand. What is linked already stays.
func (k *Desk) Link(ctx context.Context, tx *sqldb.Tx, d Dossier, l Link) (Dossier, error) {
	added, err := k.link(ctx, tx, d, []Link{l})
	if err != nil || len(added) == 0 {
		return d, err
	}
	if d, err = k.Store.Update(ctx, tx, d); err != nil {
		return d, err
	}
	return d, k.note(ctx, tx, "dossier.linked", d, l.By, added, map[string]any{"kind": l.Kind})
}

// File makes a dossier a case by the decision to file.
func (k *Desk) File(ctx context.Context, tx *sqldb.Tx, d Dossier, f Filing, caseNo string) (Dossier, error) {
	f.At = lanzha.At(k.Now()).Time()
	d, err := d.File(f, caseNo, f.At.In(k.Zone).Format(dayForm))
	if err != nil {
		return d, err
	}
	if d, err = k.Store.Update(ctx, tx, d); err != nil {
		return d, err
	}
	return d, k.note(ctx, tx, "dossier.filed", d, f.By, nil, map[string]any{"documentNo": f.DocumentNo, "filedOn": f.FiledOn, "caseNo": caseNo})
}

// Close ends the work on a dossier. The reason is text of an officer, so it
// stays out of the journal.
func (k *Desk) Close(ctx context.Context, tx *sqldb.Tx, d Dossier, reason string, by lanzha.ID) (Dossier, error) {
	d, err := d.Close(reason, lanzha.At(k.Now()).Time())
	if err != nil {
		return d, err
	}
	if d, err = k.Store.Update(ctx, tx, d); err != nil {
		return d, err
	}
	return d, k.note(ctx, tx, "dossier.closed", d, by, nil, map[string]any{})
}

// Timeline merges what happened to a dossier and to all that it links, the
// newest first, as far as the caller may see it: up to limit rows before the
// row number `before`; 0 starts at the end.
func (k *Desk) Timeline(ctx context.Context, q sqldb.Queryer, d Dossier, links []Link, before int64, limit int, see func(journal.Row) bool) ([]journal.Row, error) {
	var all []journal.Row
	records := []lanzha.ID{d.ID}
	for _, l := range links {
		records = append(records, l.Record)
	}
	for _, id := range records {
		// What may not be seen is passed over until enough is found.
		seen := 0
		for at := before; seen < limit; {
			rows, err := k.Journal.Timeline(ctx, q, id, at, limit)
			if err != nil {
				return nil, err
			}
			for _, row := range rows {
				if at = row.Seq; see(row) && seen < limit {
					all = append(all, row)
					seen++
				}
			}
			if len(rows) < limit {
				break
			}
		}
	}
	slices.SortFunc(all, func(a, b journal.Row) int { return int(b.Seq - a.Seq) })
	all = slices.CompactFunc(all, func(a, b journal.Row) bool { return a.Seq == b.Seq })
	return all[:min(len(all), limit)], nil
}

// checkNew refuses a dossier that cannot be opened by hand.
func checkNew(title string, region lanzha.Region) error {
	if place.FullName(region) == "" {
		return lanzha.Invalid("region", "there is no such division; a region is a code of GB/T 2260")
	}
	return checkTitle(title)
}
