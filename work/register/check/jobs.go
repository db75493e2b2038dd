package check

import (
	"bytes"
	"context"
	"time"

	"lanzha"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/work/register"
)

const (
	followEvery = 200 * time.Millisecond // how often the journal is read for what happened to listings
	flushEvery  = time.Minute            // how often usage is written and looked at
	followPage  = 1_000

	keepUsage  = 60 * 24 * time.Hour
	keepSweeps = 3 * 365 * 24 * time.Hour
)

// kinds are the rows of the journal that change what is answered.
var kinds = []string{"listing.made", "listing.imported", "listing.dated", "listing.lifted", "listing.erased", "quota.set"}

// Run reads the list, and then keeps it as the journal tells, until ctx ends.
// While the database does not answer, the list grows old, which answers say.
func (d *Desk) Run(ctx context.Context) error {
	every, flush, hour := time.NewTicker(followEvery), d.Now(), time.Time{}
	defer every.Stop()
	loaded := false
	for {
		if !loaded {
			if err := d.load(ctx); err == nil {
				loaded = true
				close(d.ready)
			}
		} else {
			_ = d.follow(ctx) // read again in a moment; AsOf tells how old the list is
		}
		if now := d.Now(); now.Sub(flush) >= flushEvery {
			flush = now
			_ = d.Flush(ctx) // what could not be written is written with the next
			if now.Sub(hour) >= time.Hour && d.forget(ctx, now) == nil {
				hour = now
			}
		}
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			return d.Flush(last)
		case <-every.C:
		}
	}
}

// load reads all listings. The place in the journal comes first: what happens
// meanwhile is read again from there.
func (d *Desk) load(ctx context.Context) error {
	at := d.Now()
	cursor, err := d.Journal.Last(ctx, d.DB.Read())
	if err != nil {
		return err
	}
	if err := d.readQuotas(ctx); err != nil {
		return err
	}
	if err := d.Register.EachCurrent(ctx, d.DB.Read(), register.DayOf(at, d.Zone), func(c register.Current) error { return d.put(ctx, c) }); err != nil {
		return err
	}
	d.index.moved(at, cursor)
	return d.follow(ctx)
}

// follow takes what happened to listings since, from the listings themselves:
// a row of the journal only says which to read anew.
func (d *Desk) follow(ctx context.Context) error {
	for {
		at := d.Now()
		rows, cursor, err := d.Journal.Since(ctx, d.DB.Read(), d.index.cursor(), kinds, followPage)
		if err != nil {
			return err
		}
		dropped := []lanzha.ID{}
		for _, r := range rows {
			if r.Kind == "quota.set" {
				if err := d.readQuotas(ctx); err != nil {
					return err
				}
				continue
			}
			switch c, err := d.Register.Current(ctx, d.DB.Read(), r.Record); {
			case lanzha.CodeOf(err) == lanzha.CodeNotFound:
				dropped = append(dropped, r.Record)
			case err != nil:
				return err
			default:
				if err := d.put(ctx, c); err != nil {
					return err
				}
			}
		}
		d.index.Drop(dropped...)
		d.index.moved(at, cursor)
		if len(rows) < followPage {
			return nil
		}
	}
}

func (d *Desk) put(ctx context.Context, c register.Current) error {
	if !d.index.Knows(c.Law) {
		measures, keeps, err := d.Register.Law(ctx, d.DB.Read(), c.Law)
		if err != nil {
			return err
		}
		d.index.Learn(c.Law, measures, keeps)
	}
	return d.index.Put(c)
}

func (x *Index) cursor() journal.Cursor {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.asOf.cursor
}

// moved notes that the list holds all that stood before the cursor at a time.
func (x *Index) moved(at time.Time, cursor journal.Cursor) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.asOf = asOf{at, cursor, bytes.TrimSuffix(marshal(AsOf{At: at.UTC(), Cursor: cursor.String()}), []byte("false}"))}
}

func (d *Desk) readQuotas(ctx context.Context) error {
	all, err := quotas(ctx, d.DB.Read())
	if err != nil {
		return err
	}
	own := make(map[lanzha.ID]int64, len(all))
	for _, q := range all {
		own[q.Institution] = q.PerMinute
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.own = own
	return nil
}

// Flush writes what was counted since the last time, and notices sweeps. What
// it cannot write stays counted.
func (d *Desk) Flush(ctx context.Context) error {
	d.mu.Lock()
	askers := make(map[lanzha.ID]*asker, len(d.askers))
	for id, a := range d.askers {
		askers[id] = a
	}
	d.mu.Unlock()
	now := d.Now()
	hour := now.UTC().Truncate(time.Hour)
	for id, a := range askers {
		a.mu.Lock()
		u := a.usage
		a.usage = usage{}
		a.mu.Unlock()
		if u.checks == 0 && u.refused == 0 {
			continue
		}
		if err := d.DB.Tx(ctx, func(tx *sqldb.Tx) error { return d.flush(ctx, tx, id, hour, u, now) }); err != nil {
			a.mu.Lock()
			a.usage.add(u)
			a.mu.Unlock()
			return err
		}
	}
	return nil
}

// forget deletes what its table says is kept for a time only.
func (d *Desk) forget(ctx context.Context, now time.Time) error {
	return d.DB.Tx(ctx, func(tx *sqldb.Tx) error { return forget(ctx, tx, now.Add(-keepUsage), now.Add(-keepSweeps)) })
}

func (u *usage) add(other usage) {
	u.checks, u.listed, u.refused, u.sequences = u.checks+other.checks, u.listed+other.listed, u.refused+other.refused, u.sequences+other.sequences
	u.persons.merge(other.persons[:])
}

func (d *Desk) flush(ctx context.Context, tx *sqldb.Tx, id lanzha.ID, hour time.Time, u usage, now time.Time) error {
	whole, err := addUsage(ctx, tx, id, hour, u)
	if err != nil {
		return err
	}
	before, err := hours(ctx, tx, id, hour.Add(-usualSince), hour)
	if err != nil {
		return err
	}
	ordinary := usual(before)
	for _, kind := range whole.sweeps(ordinary) {
		s := Sweep{ID: d.IDs.Next(), Version: 1, Institution: id, Hour: hour, Kind: kind, Persons: whole.persons.count(), Usual: ordinary, Sequences: whole.sequences, NoticedAt: now}
		added, err := notice(ctx, tx, s)
		if err != nil {
			return err
		}
		if !added {
			continue
		}
		if err := d.Journal.Append(ctx, tx, now, journal.Entry{
			Kind: "sweep.noticed", Record: s.ID, About: []lanzha.ID{id}, Version: 1, Region: d.Options.Region,
			Payload: map[string]any{"institution": id, "kind": kind, "persons": s.Persons, "usual": ordinary, "sequences": s.Sequences},
		}); err != nil {
			return err
		}
	}
	return nil
}
