package disposal

import (
	"context"
	"errors"
	"time"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/base/sqldb"
	"lanzha/know/number"
	"lanzha/work/clue"
)

// RequestBody is a disposal as it is handed in.
type RequestBody struct {
	Clues           []lanzha.ID   `json:"clues,omitempty" maxItems:"200"`
	Values          []string      `json:"values,omitempty" maxItems:"200" doc:"as presented; each becomes a clue"`
	Kind            Kind          `json:"kind" enum:"shutdown,intercept,block,recheck,restore"`
	Institution     lanzha.ID     `json:"institution,omitempty" maxLength:"26" doc:"default: whom the directory routes to; of an interception every carrier of the region"`
	Category        Category      `json:"category,omitempty" enum:"suspected,case,abnormal,spoofed,passed,objection,ended,mistaken" doc:"what any caller at the desk may be told; default by kind"`
	Reason          string        `json:"reason" minLength:"2" maxLength:"500" doc:"told to the institution and to the person concerned: nothing of the case"`
	LegalBasis      string        `json:"legalBasis" minLength:"2" maxLength:"300"`
	DocumentNo      string        `json:"documentNo,omitempty" maxLength:"100"`
	Papers          []string      `json:"papers,omitempty" maxItems:"10" doc:"what the person must bring to object; default the usual ones"`
	DeadlineSeconds int64         `json:"deadlineSeconds,omitempty" minimum:"0" maximum:"7776000" doc:"default: the institution's own target"`
	Until           time.Time     `json:"until,omitzero" doc:"when it is lifted by itself; default until somebody lifts it"`
	Region          lanzha.Region `json:"region,omitempty" maxLength:"6" doc:"the unit that decides; default your own"`
}

// target is one value to dispose of: a clue, or a value that becomes one.
type target struct {
	id    lanzha.ID
	kind  clue.Kind
	value string
	field string
	n     int
}

// Request takes what an officer hands in. More than one value is a batch, for
// which a second officer must decide; a protected value is a leader's.
func (d *Desk) Request(ctx context.Context, may *auth.Decider, b RequestBody, key string) ([]lanzha.ID, error) {
	actor, _ := auth.ActorFrom(ctx)
	r := Request{
		Kind: b.Kind, Category: b.Category, Reason: b.Reason, LegalBasis: b.LegalBasis, DocumentNo: b.DocumentNo, Papers: b.Papers,
		Deadline: time.Duration(b.DeadlineSeconds) * time.Second, Until: b.Until, By: actor.ID, Region: b.Region,
	}
	if r.Region == "" {
		r.Region = actor.Region
	}
	if r.Region != "" && !r.Region.Valid() {
		return nil, lanzha.Invalid("body.region", "a region has six digits, as 530114")
	}
	if err := may.May(ctx, "disposal.request", auth.Resource{Type: "disposal", Region: r.Region}); err != nil {
		return nil, err
	}
	targets, err := d.targets(ctx, may, b)
	if err != nil {
		return nil, err
	}
	if r.Second = len(targets) > 1; r.Second {
		r.Batch = d.Clues.IDs.Next()
	}
	if r.Kind == Restore {
		return d.restore(ctx, may, b, key, r, targets)
	}
	for _, t := range targets {
		if err := Possible(r.Kind, t.kind, t.value); err != nil {
			return nil, at(err, t.field, t.n)
		}
		if err := d.allowed(ctx, may, t, r.Region); err != nil {
			return nil, at(err, t.field, t.n)
		}
	}
	return api.Once(ctx, d.Clues.DB, actor.ID, key, b, d.Clues.Now(), func(tx *sqldb.Tx) ([]lanzha.ID, error) {
		ids := []lanzha.ID{}
		for _, t := range targets {
			c, err := d.clue(ctx, tx, t, r)
			if err != nil {
				return nil, at(err, t.field, t.n)
			}
			ordered, err := d.Order(ctx, tx, c, b.Institution, r)
			if err != nil {
				if lanzha.CodeOf(err) == lanzha.CodeConflict {
					err = at(err, t.field, t.n)
				}
				return nil, err
			}
			for _, o := range ordered {
				ids = append(ids, o.ID)
			}
		}
		return ids, nil
	})
}

// targets reads what is to be disposed of, each value once.
func (d *Desk) targets(ctx context.Context, may *auth.Decider, b RequestBody) ([]target, error) {
	out, seen := []target{}, map[string]bool{}
	add := func(t target) {
		if !seen[string(t.kind)+t.value] {
			seen[string(t.kind)+t.value] = true
			out = append(out, t)
		}
	}
	for n, id := range b.Clues {
		c, err := d.Clues.Store.Get(ctx, d.Clues.DB.Read(), id)
		if err != nil {
			return nil, at(err, "body.clues", n)
		}
		regions, err := d.Clues.Store.Regions(ctx, d.Clues.DB.Read(), id)
		if err != nil {
			return nil, err
		}
		if err := may.May(ctx, "clue.read", auth.Resource{Type: "clue", ID: id, Regions: regions}); err != nil {
			return nil, at(err, "body.clues", n)
		}
		add(target{id: id, kind: c.Kind, value: c.Value, field: "body.clues", n: n})
	}
	for n, raw := range b.Values {
		kind, value, err := canonical(raw, d.Clues.Now())
		if err != nil {
			return nil, at(err, "body.values", n)
		}
		add(target{kind: kind, value: value, field: "body.values", n: n})
	}
	if len(out) == 0 {
		return nil, lanzha.Invalid("body.clues", "name a clue or a value")
	}
	return out, nil
}

// canonical reads a value as clues do, and short numbers besides: in a report's
// text 110 is nobody to verify, at this desk it is a number to protect.
func canonical(raw string, now time.Time) (clue.Kind, string, error) {
	kind, value, err := clue.Canonical(raw, now)
	if err != nil {
		if n, bad := number.Parse(raw); bad == nil && (n.Kind == number.Emergency || n.Kind == number.Service) {
			return clue.KindService, n.Value, nil
		}
	}
	return kind, value, err
}

// allowed asks the gate about one value, and says whose it is when only a
// leader may.
func (d *Desk) allowed(ctx context.Context, may *auth.Decider, t target, region lanzha.Region) error {
	p, protected, err := d.Store.Protects(ctx, d.Clues.DB.Read(), t.kind, t.value, d.Clues.Now())
	if err != nil || !protected {
		return err
	}
	err = may.May(ctx, "disposal.request", auth.Resource{Type: "disposal", Region: region, Protected: true})
	if e, ok := errors.AsType[*lanzha.Error](err); ok && e.Code == lanzha.CodeForbidden {
		told := *e
		told.Message += "：" + p.Name
		return &told
	}
	return err
}

func (d *Desk) clue(ctx context.Context, tx *sqldb.Tx, t target, r Request) (clue.Clue, error) {
	if t.id != "" {
		return d.Clues.Store.Get(ctx, tx, t.id)
	}
	c, _, err := d.Clues.Open(ctx, tx, t.kind, t.value, clue.Source{Kind: "officer", Region: r.Region, At: d.Clues.Now()}, "", r.By)
	return c, err
}

// restore lifts what stands of the values, as far as the caller's unit may:
// each at the institution that carried it out.
func (d *Desk) restore(ctx context.Context, may *auth.Decider, b RequestBody, key string, r Request, targets []target) ([]lanzha.ID, error) {
	return api.Once(ctx, d.Clues.DB, r.By, key, b, d.Clues.Now(), func(tx *sqldb.Tx) ([]lanzha.ID, error) {
		ids := []lanzha.ID{}
		for _, t := range targets {
			c, err := d.Clues.Store.Find(ctx, tx, t.kind, t.value)
			if err != nil && lanzha.CodeOf(err) != lanzha.CodeNotFound {
				return nil, err
			}
			standing, err := d.Store.Liftable(ctx, tx, c.ID)
			if err != nil {
				return nil, err
			}
			found := 0
			for _, o := range standing {
				if b.Institution != "" && o.Institution != b.Institution || may.May(ctx, "disposal.undo", resource(o)) != nil {
					continue
				}
				lift, err := d.Lift(ctx, tx, o.ID, r)
				if err != nil {
					return nil, at(err, t.field, t.n)
				}
				ids, found = append(ids, lift.ID), found+1
			}
			if found == 0 {
				e := lanzha.Conflict("nothing that your unit decided stands for this value")
				e.Hint = "who stopped it: GET /disposals/why"
				return nil, at(e, t.field, t.n)
			}
		}
		return ids, nil
	})
}
