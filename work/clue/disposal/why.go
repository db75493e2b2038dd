package disposal

import (
	"context"
	"time"

	"lanzha"
	"lanzha/base/auth"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/know/place"
	"lanzha/work/clue"
)

// Why is what the desk may tell a caller who asks "who stopped my number?":
// the unit, the clock and the papers, and nothing of the case.
type Why struct {
	ID              lanzha.ID     `json:"id" doc:"of the disposal; empty when it lies outside your scope"`
	Kind            Kind          `json:"kind" enum:"shutdown,intercept,block,recheck"`
	KindText        Words         `json:"kindText"`
	ClueKind        clue.Kind     `json:"clueKind"`
	Value           string        `json:"value"`
	State           State         `json:"state" enum:"approved,sent,acknowledged,done,undone"`
	Unit            string        `json:"unit" doc:"which unit decided"`
	Region          lanzha.Region `json:"region"`
	RegionName      string        `json:"regionName"`
	Contact         string        `json:"contact" doc:"the unit's telephone for objections"`
	Institution     lanzha.ID     `json:"institution"`
	InstitutionName string        `json:"institutionName" doc:"which institution carries it out"`
	DecidedAt       time.Time     `json:"decidedAt"`
	DoneAt          *time.Time    `json:"doneAt,omitempty"`
	Category        Category      `json:"category"`
	CategoryText    Words         `json:"categoryText"`
	LegalBasis      string        `json:"legalBasis"`
	VerifyBy        *time.Time    `json:"verifyBy,omitempty" doc:"of a second real-name check: until when the user may verify"`
	Until           *time.Time    `json:"until,omitempty" doc:"when it ends by itself; absent is until it is lifted"`
	Outcome         string        `json:"outcome" doc:"of a recheck: verified or suspended"`
	Lifting         bool          `json:"lifting" doc:"it is being lifted"`
	UndoneAt        *time.Time    `json:"undoneAt,omitempty"`
	Remedy          string        `json:"remedy"`
	RemedyEn        string        `json:"remedyEn"`
	Papers          []string      `json:"papers"`
}

// recent is how long a disposal that was lifted is still told of: whose phone
// does not work yet asks in those days.
const recent = 30 * 24 * time.Hour

// tellable reports whether a disposal concerns a caller today. What is not yet
// decided is nobody's business.
func tellable(d Disposal, now time.Time) bool {
	switch {
	case d.Kind == Restore:
		return false
	case d.State == Undone:
		return now.Sub(d.UndoneAt) < recent
	}
	return d.State.Open() || d.State == Done
}

// AskWhy answers for one value, and leaves a journal row with the purpose. An
// institution learns of its own disposals only; staff of any region learn of
// all, since a caller does not know which unit it was.
func (d *Desk) AskWhy(ctx context.Context, may *auth.Decider, kind clue.Kind, value, purpose string) ([]Why, error) {
	scope, err := may.ScopeOf(ctx, "disposal.why")
	if err != nil {
		return nil, err
	}
	read, err := may.ScopeOf(ctx, "disposal.read")
	if err != nil {
		return nil, err
	}
	found, err := d.Store.OfValue(ctx, d.Clues.DB.Read(), value)
	if err != nil {
		return nil, err
	}
	out, about := []Why{}, lanzha.ID("")
	for _, o := range found {
		if o.ValueKind != kind || !tellable(o, d.Clues.Now()) || !scope.Covers(resource(o)) {
			continue
		}
		in, err := d.Clues.Directory.Get(ctx, d.Clues.DB.Read(), o.Institution)
		if err != nil {
			return nil, err
		}
		p := d.party(o.Region, in.Name)
		w := Why{
			ID: o.ID, Kind: o.Kind, KindText: names[o.Kind], ClueKind: o.ValueKind, Value: o.Value, State: o.State, Unit: p.Unit, Region: o.Region, RegionName: place.FullName(o.Region),
			Contact: p.Contact, Institution: in.ID, InstitutionName: in.Name, DecidedAt: o.DecidedAt, Category: o.Category,
			CategoryText: categories[o.Category].Words, LegalBasis: o.LegalBasis, Until: optional(o.Until), Outcome: o.Outcome,
			Lifting: o.LiftedBy != "" && o.State != Undone, UndoneAt: optional(o.UndoneAt),
			Papers: o.Papers,
		}
		way := remedy(p.Unit, p.Contact, in.Name)
		w.Remedy, w.RemedyEn = way.ZH, way.EN
		if o.State == Done {
			w.DoneAt = optional(o.EndedAt)
		}
		if o.Kind == Recheck && o.State == Acknowledged {
			w.VerifyBy = optional(o.DueAt)
		}
		if !read.Covers(resource(o)) {
			w.ID = ""
		}
		out, about = append(out, w), o.Clue
	}
	actor, _ := auth.ActorFrom(ctx)
	record := about
	if record == "" {
		record = actor.ID // nothing was found: the row stands with who asked
	}
	err = d.Clues.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		err := d.Clues.Journal.Append(ctx, tx, d.Clues.Now(), journal.Entry{
			Kind: "disposal.why", Record: record, Actor: actor.ID, Purpose: purpose, Region: actor.Region, Institution: actor.Institution,
			Payload: map[string]any{"value": lanzha.Mask(value), "found": len(out)},
		})
		return err
	})
	return out, err
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
