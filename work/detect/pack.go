package detect

import (
	"context"
	"slices"
	"strings"
	"time"

	"lanzha"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/work/detect/rule"
)

// Origin is where a pack of rules came from.
type Origin string

// The origins.
const (
	Release  Origin = "release"  // with the program
	Operator Origin = "operator" // written here
)

// PackState is where a pack of rules stands.
type PackState string

// The states of a pack.
const (
	Draft     PackState = "draft"     // proposed
	Running   PackState = "active"    // the rules that hold
	Retired   PackState = "retired"   // another took its place
	Withdrawn PackState = "withdrawn" // never held
)

// Pack is one text of a pack of rules, with what became of it.
type Pack struct {
	ID        lanzha.ID
	Version   int64
	Name      string
	Number    int64 // the pack's own version
	SHA256    string
	Text      []byte
	Origin    Origin
	State     PackState
	Note      string
	DraftedBy lanzha.ID // empty: the release
	DraftedAt time.Time
	DecidedBy lanzha.ID // empty: the release, or nobody yet
	DecidedAt time.Time
}

// decide gives a draft its end.
func (p Pack) decide(to PackState, by lanzha.ID, now time.Time) (Pack, error) {
	if p.State != Draft {
		return p, lanzha.Conflict("the pack is %s already", p.State)
	}
	p.Version++
	p.State, p.DecidedBy, p.DecidedAt = to, by, now
	return p, nil
}

// retire ends what another pack takes the place of.
func (p Pack) retire(by lanzha.ID, now time.Time) Pack {
	p.Version++
	p.State, p.DecidedBy, p.DecidedAt = Retired, by, now
	return p
}

func textsOf(packs []Pack) []string {
	out := make([]string, len(packs))
	for i, p := range packs {
		out[i] = string(p.Text)
	}
	return out
}

// together checks that a pack runs beside those that are active, but for the
// one of its name.
func (d *Detector) together(p *rule.Pack, active []Pack) error {
	all := []*rule.Pack{p}
	for _, a := range active {
		if a.Name == p.Name {
			continue
		}
		other, err := rule.Parse(a.Name+".yaml", a.Text)
		if err != nil {
			return err
		}
		all = append(all, other)
	}
	_, err := rule.NewMachine(all, rule.Options{Late: d.Options.Late})
	return err
}

// propose checks a text and keeps it as a draft. cases, when there are any,
// must hold.
func (d *Detector) propose(ctx context.Context, tx *sqldb.Tx, text, cases, note string, by lanzha.ID) (Pack, error) {
	parsed, err := rule.Parse("body.text", []byte(text))
	if err != nil {
		return Pack{}, err
	}
	active, err := activePacks(ctx, tx)
	if err != nil {
		return Pack{}, err
	}
	if err := d.together(parsed, active); err != nil {
		return Pack{}, err
	}
	if cases != "" {
		tested, err := rule.Test(parsed, "body.cases", []byte(cases))
		if err != nil {
			return Pack{}, err
		}
		if len(tested.Failures) > 0 {
			f := tested.Failures[0]
			e := lanzha.Invalid("body.cases", "a case of the pack does not hold: %s", f.Case.EN)
			e.Hint = f.At + " " + strings.Join(f.Diff, "; ")
			return Pack{}, e
		}
	}
	p := Pack{
		ID: d.IDs.Next(), Version: 1, Name: parsed.Name, Number: int64(parsed.Version), SHA256: parsed.SHA256, Text: []byte(text), Origin: Operator, State: Draft,
		Note: note, DraftedBy: by, DraftedAt: d.Now(),
	}
	if err := insertPack(ctx, tx, p); err != nil {
		return p, err
	}
	return p, d.packNote(ctx, tx, "rulepack.drafted", p, by)
}

// activate puts a draft in the place of the pack of its name.
func (d *Detector) activate(ctx context.Context, tx *sqldb.Tx, p Pack, by lanzha.ID) (Pack, error) {
	active, err := activePacks(ctx, tx)
	if err != nil {
		return p, err
	}
	parsed, err := rule.Parse(p.Name+".yaml", p.Text)
	if err != nil {
		return p, err
	}
	if err := d.together(parsed, active); err != nil {
		return p, err
	}
	for _, a := range active {
		if a.Name == p.Name {
			if err := updatePack(ctx, tx, a.retire(by, d.Now())); err != nil {
				return p, err
			}
		}
	}
	if p, err = p.decide(Running, by, d.Now()); err != nil {
		return p, err
	}
	if err := updatePack(ctx, tx, p); err != nil {
		return p, err
	}
	return p, d.packNote(ctx, tx, "rulepack.activated", p, by)
}

func (d *Detector) packNote(ctx context.Context, tx *sqldb.Tx, kind string, p Pack, by lanzha.ID) error {
	return d.Journal.Append(ctx, tx, d.Now(), journal.Entry{
		Kind: kind, Record: p.ID, Version: p.Version, Actor: by, Region: d.Options.Region,
		Payload: map[string]any{"pack": p.Name, "number": p.Number, "sha256": p.SHA256, "origin": p.Origin},
	})
}

// takeReleases takes in what came with this program: what is new begins to
// hold, unless an operator's own pack has its place; then it is a draft.
func (d *Detector) takeReleases(ctx context.Context) error {
	shipped := d.Options.Packs
	if shipped == nil {
		var err error
		if shipped, err = rule.Shipped(); err != nil {
			return err
		}
	}
	return d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		active, err := activePacks(ctx, tx)
		if err != nil {
			return err
		}
		for _, s := range shipped {
			if known, err := releaseKnown(ctx, tx, s.Name, s.SHA256); err != nil || known {
				if err != nil {
					return err
				}
				continue
			}
			p := Pack{
				ID: d.IDs.Next(), Version: 1, Name: s.Name, Number: int64(s.Version), SHA256: s.SHA256, Text: s.Text, Origin: Release, State: Running,
				DraftedAt: d.Now(), DecidedAt: d.Now(),
			}
			if i := slices.IndexFunc(active, func(a Pack) bool { return a.Name == s.Name }); i >= 0 && active[i].Origin == Operator {
				p.State, p.DecidedAt = Draft, time.Time{}
			} else if i >= 0 {
				if err := updatePack(ctx, tx, active[i].retire("", d.Now())); err != nil {
					return err
				}
			}
			if err := insertPack(ctx, tx, p); err != nil {
				return err
			}
			kind := "rulepack.activated"
			if p.State == Draft {
				kind = "rulepack.drafted"
			}
			if err := d.packNote(ctx, tx, kind, p, ""); err != nil {
				return err
			}
		}
		return nil
	})
}

// tellPacks puts the active packs into the log where the machine runs others,
// and returns when it runs them.
func (d *Detector) tellPacks(ctx context.Context) error {
	active, err := activePacks(ctx, d.DB.Read())
	if err != nil {
		return err
	}
	d.mu.Lock()
	running := d.machine.Packs()
	d.mu.Unlock()
	same := len(running) == len(active)
	for _, a := range active {
		same = same && slices.ContainsFunc(running, func(p *rule.Pack) bool { return p.SHA256 == a.SHA256 })
	}
	if same {
		return nil
	}
	return d.change(ctx, rule.Change{Packs: textsOf(active), Why: "the packs in force"})
}

// tendPacks sees to it that the machine runs the packs in force, whichever
// process put them there.
func (d *Detector) tendPacks(ctx context.Context) {
	released := false
	for rest := time.Duration(0); ; rest = 3 * time.Second {
		select {
		case <-ctx.Done():
			return
		case <-time.After(rest):
		}
		if !released {
			if err := d.takeReleases(ctx); err != nil {
				if ctx.Err() == nil {
					d.trouble("the packs of this release cannot be taken in", err)
				}
				continue
			}
			released = true
		}
		if err := d.tellPacks(ctx); err != nil && ctx.Err() == nil {
			d.trouble("the packs in force cannot be told to the rules", err)
		}
		if err := d.retell(ctx); err != nil && ctx.Err() == nil {
			d.trouble("lists and suppressions cannot be told again", err)
		}
	}
}

// retell has everything that stands told again to a machine that lost it.
func (d *Detector) retell(ctx context.Context) error {
	d.mu.Lock()
	lost := d.lost
	d.mu.Unlock()
	if !lost {
		return nil
	}
	if err := d.Alerts.Retell(ctx); err != nil {
		return err
	}
	d.mu.Lock()
	d.lost = false
	d.mu.Unlock()
	return nil
}
