package cases

import (
	"context"

	"lanzha"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/work/clue/den"
)

// linksOf lists what a den's row names, the den first.
func linksOf(id lanzha.ID, f den.Facts) []Link {
	out := []Link{{Record: id, Kind: "den"}}
	for _, clue := range f.Clues {
		out = append(out, Link{Record: clue, Kind: "clue"})
	}
	for _, report := range f.Reports {
		out = append(out, Link{Record: report, Kind: "report"})
	}
	return out
}

// results are the rows by which a den ends.
var results = map[string]Result{
	"den.confirmed": Confirmed, "den.nothing_found": NothingFound, "den.dismissed": Dismissed,
}

// Follow has dossiers follow the dens, by one cursor, so that a den's rows are
// taken in their order. It is called before the journal runs.
func (k *Desk) Follow() {
	k.Journal.Tail("cases", []string{"den.suspected", "den.evidence_added", "den.confirmed", "den.nothing_found", "den.dismissed"}, k.heard)
}

// heard opens the dossier of a den or writes on in it. A row that comes for a
// den without one opens it as well: nothing of a den is to be left without its
// file.
func (k *Desk) heard(ctx context.Context, tx *sqldb.Tx, row journal.Row) error {
	var news den.Facts
	if err := row.Into(&news); err != nil {
		return err
	}
	result, ended := results[row.Kind]
	links := linksOf(row.Record, news)
	d, err := k.Store.OfDen(ctx, tx, row.Record)
	switch {
	case lanzha.CodeOf(err) == lanzha.CodeNotFound:
		if d, err = k.Open(ctx, tx, Dossier{Title: titleOf(news.Address), Region: row.Region, Den: row.Record}, links); err != nil {
			return err
		}
		links = nil
	case err != nil:
		return err
	}
	added, err := k.link(ctx, tx, d, links)
	if err != nil || len(added) == 0 && !ended {
		return err
	}
	kind, payload := "dossier.linked", map[string]any{"den": d.Den}
	if ended {
		if news.Outcome == nil { // nobody was there
			news.Outcome = &den.Outcome{}
		}
		d = d.Learn(result, *news.Outcome)
		o := d.Outcome
		kind, payload = "dossier.outcome", map[string]any{"den": d.Den, "result": result, "people": o.People, "devices": o.Devices, "cards": o.Cards}
	}
	if d, err = k.Store.Update(ctx, tx, d); err != nil {
		return err
	}
	return k.note(ctx, tx, kind, d, row.Actor, added, payload)
}
