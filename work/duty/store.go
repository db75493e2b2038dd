package duty

import (
	"context"
	"embed"
	"slices"
	"time"

	"lanzha"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/base/vault"
)

//go:embed schema/*.sql
var files embed.FS

// Schema is the tables of duty.
func Schema() sqldb.Schema { return sqldb.Schema{Room: "duty", Files: files} }

// Roster keeps the lists. It is safe for use by many goroutines.
type Roster struct {
	db      *sqldb.DB
	journal *journal.Journal
	vault   *vault.Vault
	now     func() time.Time
	ids     *lanzha.IDs
	zone    *time.Location
}

// New makes the roster of a database. zone is where its days begin and end.
func New(db *sqldb.DB, j *journal.Journal, v *vault.Vault, now func() time.Time, ids *lanzha.IDs, zone *time.Location) *Roster {
	return &Roster{db: db, journal: j, vault: v, now: now, ids: ids, zone: zone}
}

func phone(id lanzha.ID) vault.Field {
	return vault.Field{Table: "duty_entry", Column: "phone", Row: id}
}

// Replace writes the list of a day in place of version d.Version, 0 being no
// list yet, and returns it with the next. Another version is a conflict.
func (r *Roster) Replace(ctx context.Context, tx *sqldb.Tx, actor lanzha.ID, d List) (List, error) {
	if err := d.Check(r.zone, r.now()); err != nil {
		return d, err
	}
	var n int64
	var err error
	if d.Version == 0 {
		d.ID = r.ids.Next()
		n, err = sqldb.Exec(ctx, tx, `INSERT INTO duty_day (id, version, region, day) VALUES ($1, 1, $2, $3) ON CONFLICT (region, day) DO NOTHING`,
			string(d.ID), string(d.Region), d.Day)
	} else {
		n, err = sqldb.Exec(ctx, tx, `UPDATE duty_day SET version = version + 1 WHERE region = $1 AND day = $2 AND version = $3`,
			string(d.Region), d.Day, d.Version)
	}
	if err == nil && n == 0 {
		err = lanzha.Conflict("somebody changed the list of this day before you")
	}
	if err != nil {
		return d, err
	}
	d.Version++
	if d.ID, err = sqldb.One(ctx, tx, "day", sqldb.Value[lanzha.ID], `SELECT id FROM duty_day WHERE region = $1 AND day = $2`, string(d.Region), d.Day); err != nil {
		return d, err
	}
	if _, err := sqldb.Exec(ctx, tx, `DELETE FROM duty_entry WHERE day_id = $1`, string(d.ID)); err != nil {
		return d, err
	}
	d.Entries = slices.Clone(d.Entries)
	slices.SortStableFunc(d.Entries, func(a, b Entry) int { return a.From.Compare(b.From) })
	accounts := []lanzha.ID{}
	for i := range d.Entries {
		e := &d.Entries[i]
		e.ID, e.From, e.To = r.ids.Next(), lanzha.At(e.From).Time(), lanzha.At(e.To).Time()
		accounts = append(accounts, e.Account)
		sealed, err := r.vault.Seal(phone(e.ID), e.Phone)
		if err != nil {
			return d, err
		}
		if _, err := sqldb.Exec(ctx, tx, `INSERT INTO duty_entry (id, day_id, region, account, role, from_at, to_at, phone) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			string(e.ID), string(d.ID), string(d.Region), string(e.Account), string(e.Role), int64(lanzha.At(e.From)), int64(lanzha.At(e.To)), sealed); err != nil {
			return d, err
		}
	}
	err = r.journal.Append(ctx, tx, r.now(), journal.Entry{
		Kind: "duty.changed", Record: d.ID, About: accounts, Version: d.Version, Actor: actor, Region: d.Region,
		Payload: map[string]any{"day": d.Day, "turns": len(d.Entries)},
	})
	return d, err
}

// Days reads the lists of a region and those below it, from one day to another,
// both included, by day and region.
func (r *Roster) Days(ctx context.Context, q sqldb.Queryer, region lanzha.Region, from, to string) ([]List, error) {
	var where sqldb.Where
	where.And("day >= ? AND day <= ?", from, to)
	where.Within("region", region)
	days, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (List, error) {
		d := List{Entries: []Entry{}}
		err := s.Scan(&d.ID, &d.Version, &d.Region, &d.Day)
		return d, err
	}, `SELECT id, version, region, day FROM duty_day WHERE `+where.String()+` ORDER BY day, region`, where.Args()...)
	if err != nil {
		return nil, err
	}
	for i := range days {
		if days[i].Entries, err = sqldb.All(ctx, q, r.scan, `SELECT id, account, role, from_at, to_at, phone FROM duty_entry WHERE day_id = $1 ORDER BY from_at, id`,
			string(days[i].ID)); err != nil {
			return nil, err
		}
	}
	return days, nil
}

func (r *Roster) scan(s sqldb.Scanner) (Entry, error) {
	var e Entry
	var from, to int64
	var sealed string
	if err := s.Scan(&e.ID, &e.Account, &e.Role, &from, &to, &sealed); err != nil {
		return e, err
	}
	e.From, e.To = lanzha.Micros(from).Time(), lanzha.Micros(to).Time()
	var err error
	e.Phone, err = r.vault.Unseal(phone(e.ID), sealed)
	return e, err
}

// Turns reads all turns of one region that touch a span.
func (r *Roster) Turns(ctx context.Context, q sqldb.Queryer, region lanzha.Region, from, to time.Time) ([]Entry, error) {
	// No turn lasts longer than maxTurn, so the index bounds the search.
	return sqldb.All(ctx, q, r.scan, `SELECT id, account, role, from_at, to_at, phone FROM duty_entry
		WHERE region = $1 AND from_at > $2 AND from_at < $3 AND to_at > $4 ORDER BY from_at, id`,
		string(region), int64(lanzha.At(from.Add(-maxTurn-time.Second))), int64(lanzha.At(to)), int64(lanzha.At(from)))
}

// Now reads who is on duty in a role at an instant: the turns of the nearest
// region that has any, from the district up to the centre, and that region.
// Nobody is an empty list.
func (r *Roster) Now(ctx context.Context, q sqldb.Queryer, region lanzha.Region, role Role, at time.Time) ([]Entry, lanzha.Region, error) {
	for _, level := range chain(region) {
		turns, err := r.Turns(ctx, q, level, at, at.Add(time.Microsecond))
		if err != nil {
			return nil, "", err
		}
		if turns = slices.DeleteFunc(turns, func(e Entry) bool { return e.Role != role }); len(turns) > 0 {
			return turns, level, nil
		}
	}
	return []Entry{}, "", nil
}

// OnDuty names the accounts on duty in a role at an instant, of the nearest
// region that has any: district, city, province, centre. Nobody is an empty
// list.
func (r *Roster) OnDuty(ctx context.Context, q sqldb.Queryer, region lanzha.Region, role Role, at time.Time) ([]lanzha.ID, error) {
	turns, _, err := r.Now(ctx, q, region, role, at)
	out := []lanzha.ID{}
	for _, e := range turns {
		if !slices.Contains(out, e.Account) {
			out = append(out, e.Account)
		}
	}
	return out, err
}
