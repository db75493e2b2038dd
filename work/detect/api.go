package detect

import (
	"context"
	"net/http"
	"time"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/base/sqldb"
	"lanzha/work/detect/feature"
	"lanzha/work/detect/rule"
	"lanzha/work/feed"
)

// Mount adds the detector's operations.
func (d *Detector) Mount(a *api.API, may *auth.Decider) {
	d.mountScore(a)
	d.mountSignals(a, may)
	d.mountState(a, may)
	d.mountPacks(a, may)
	d.mountCheck(a, may)
}

// StateBody is the detector as the API shows it.
type StateBody struct {
	State     State      `json:"state" enum:"starting,standby,active,failed,off" doc:"of this process"`
	Since     time.Time  `json:"since"`
	Active    string     `json:"active" doc:"address of the active process; empty is not known"`
	Trouble   string     `json:"trouble" doc:"the last that went wrong; empty is nothing"`
	TroubleAt *time.Time `json:"troubleAt,omitempty"`
	Log       string     `json:"log" doc:"ID of the event log"`
	Position  uint64     `json:"position" doc:"place in the log up to which all is computed"`
	Lag       uint64     `json:"lag" doc:"groups of entries, each synced at once, that are not computed yet"`
	Pending   int        `json:"pending" doc:"alerts that are not known to be stored"`
	Alerts    int64      `json:"alerts" doc:"stored by this process since it started"`
	Kinds     []KindBody `json:"kinds"`
	Snapshot  struct {
		Position uint64    `json:"position" doc:"place up to which the state is written down; 0 is none"`
		At       time.Time `json:"at"`
		Bytes    int64     `json:"bytes"`
	} `json:"snapshot"`
	Packs   []PackRef          `json:"packs" doc:"that hold"`
	Rules   []rule.RuleFigures `json:"rules"`
	Signals []SignalBody       `json:"signals" doc:"questions that institutions may ask"`
}

// KindBody is what came of a kind of event.
type KindBody struct {
	Kind      string  `json:"kind" enum:"call,message,transfer,registration"`
	Events    int64   `json:"events" doc:"computed by this process since it started"`
	PerSecond float64 `json:"perSecond" doc:"over the last minute"`
}

// PackRef names a text.
type PackRef struct {
	Name    string        `json:"name"`
	Version int           `json:"version"`
	SHA256  string        `json:"sha256"`
	Title   feature.Words `json:"title"`
}

// SignalBody is a question.
type SignalBody struct {
	ID    string        `json:"id"`
	Title feature.Words `json:"title"`
}

// State is how the work stands.
func (d *Detector) State() StateBody {
	b := StateBody{Packs: []PackRef{}, Kinds: []KindBody{}, Signals: []SignalBody{}}
	d.mu.Lock()
	seq := d.seq
	b.Rules = d.machine.Figures()
	for _, p := range d.machine.Packs() {
		b.Packs = append(b.Packs, PackRef{p.Name, p.Version, p.SHA256, p.Title})
	}
	for _, s := range d.machine.Signals() {
		b.Signals = append(b.Signals, SignalBody{s.ID, s.Title})
	}
	d.mu.Unlock()
	if log := d.log.Load(); log != nil {
		b.Log = log.ID()
	}
	rates := d.status.rates(d.Now())
	b.Position, b.Lag, b.Pending, b.Alerts = uint64(seq), d.lag(seq), d.raised.pending(), d.status.alerts.Load()
	d.status.mu.Lock()
	defer d.status.mu.Unlock()
	s := &d.status
	b.State, b.Since, b.Active, b.Trouble = s.state, s.since, s.active.address, s.trouble
	if !s.troubleAt.IsZero() {
		b.TroubleAt = new(s.troubleAt)
	}
	for _, k := range feed.Kinds() {
		b.Kinds = append(b.Kinds, KindBody{k.String(), s.kinds[k], rates[k]})
	}
	b.Snapshot.Position, b.Snapshot.At, b.Snapshot.Bytes = uint64(s.snapshotSeq), s.snapshotAt, s.snapshotHas
	return b
}

func (d *Detector) mountState(a *api.API, may *auth.Decider) {
	type none struct{}
	type out struct{ Body StateBody }
	api.Register(a, api.Op{ID: "getDetector", Method: http.MethodGet, Path: "/detector", Action: "detector.read", Summary: "How detection stands: state, position, rates, and figures of the rules"},
		func(ctx context.Context, _ *none) (*out, error) {
			if err := may.May(ctx, "detector.read", auth.Resource{Type: "detector"}); err != nil {
				return nil, err
			}
			return &out{d.State()}, nil
		})
}

// PackBody is a text of a pack as the API shows it.
type PackBody struct {
	ID        lanzha.ID  `json:"id"`
	Version   int64      `json:"version"`
	Name      string     `json:"name"`
	Number    int64      `json:"number" doc:"the pack's own version"`
	SHA256    string     `json:"sha256"`
	Origin    Origin     `json:"origin" enum:"release,operator"`
	State     PackState  `json:"state" enum:"draft,active,retired,withdrawn"`
	Note      string     `json:"note"`
	DraftedBy lanzha.ID  `json:"draftedBy" doc:"empty is the release"`
	DraftedAt time.Time  `json:"draftedAt"`
	DecidedBy lanzha.ID  `json:"decidedBy"`
	DecidedAt *time.Time `json:"decidedAt,omitempty"`
	Text      string     `json:"text,omitempty" doc:"not in lists"`
	Cases     string     `json:"cases,omitempty" doc:"that came with it, of a pack of this release; not in lists"`
	View      *PackView  `json:"view,omitempty" doc:"what the text says; not in lists, and absent where this release cannot read it"`
}

func packBody(p Pack, whole bool) PackBody {
	b := PackBody{
		ID: p.ID, Version: p.Version, Name: p.Name, Number: p.Number, SHA256: p.SHA256, Origin: p.Origin, State: p.State, Note: p.Note,
		DraftedBy: p.DraftedBy, DraftedAt: p.DraftedAt, DecidedBy: p.DecidedBy,
	}
	if !p.DecidedAt.IsZero() {
		b.DecidedAt = new(p.DecidedAt)
	}
	if whole {
		b.Text = string(p.Text)
		if parsed, err := rule.Parse(p.Name+".yaml", p.Text); err == nil {
			b.View = new(packView(parsed))
			b.Cases = shippedCases(parsed)
		}
	}
	return b
}

func (d *Detector) mountPacks(a *api.API, may *auth.Decider) {
	resource := func(p Pack) auth.Resource {
		return auth.Resource{Type: "pack", ID: p.ID, Region: d.Options.Region, RequestedBy: p.DraftedBy}
	}
	type listIn struct {
		api.Page
		State PackState `query:"state" enum:",draft,active,retired,withdrawn" doc:"empty is all"`
	}
	type listOut struct{ Body api.List[PackBody] }
	api.Register(a, api.Op{ID: "listRulePacks", Method: http.MethodGet, Path: "/detector/packs", Action: "detector.read", Summary: "List the packs of detection rules, the newest first"},
		func(ctx context.Context, in *listIn) (*listOut, error) {
			if err := may.May(ctx, "detector.read", auth.Resource{Type: "detector"}); err != nil {
				return nil, err
			}
			var before lanzha.ID
			if _, err := in.After(&before); err != nil {
				return nil, err
			}
			found, err := listPacks(ctx, d.DB.Read(), in.State, before, in.Limit+1)
			items := []PackBody{}
			for _, p := range found {
				items = append(items, packBody(p, false))
			}
			return &listOut{api.NewList(items, in.Limit, func(p PackBody) any { return p.ID })}, err
		})

	type getIn struct {
		ID lanzha.ID `path:"id" maxLength:"26"`
	}
	api.Register(a, api.Op{ID: "getRulePack", Method: http.MethodGet, Path: "/detector/packs/{id}", Action: "detector.read", Summary: "Read a pack of detection rules with its text"},
		func(ctx context.Context, in *getIn) (*api.One[PackBody], error) {
			if err := may.May(ctx, "detector.read", auth.Resource{Type: "detector"}); err != nil {
				return nil, err
			}
			p, err := packByID(ctx, d.DB.Read(), in.ID, "")
			if err != nil {
				return nil, err
			}
			return api.NewOne(p.Version, packBody(p, true)), nil
		})

	type draftIn struct {
		api.Create
		Body struct {
			Text  string `json:"text" minLength:"1" maxLength:"500000" doc:"YAML; docs/rules.md describes it"`
			Cases string `json:"cases,omitempty" maxLength:"500000" doc:"the pack's own cases; they must hold"`
			Note  string `json:"note" minLength:"1" maxLength:"1000" doc:"why"`
		}
	}
	api.Register(a, api.Op{ID: "draftRulePack", Method: http.MethodPost, Path: "/detector/packs", Action: "rulepack.draft", Status: http.StatusCreated, MaxBody: 2 << 20, Summary: "Propose a pack of detection rules"},
		func(ctx context.Context, in *draftIn) (*api.One[PackBody], error) {
			if err := may.May(ctx, "rulepack.draft", auth.Resource{Type: "pack", Region: d.Options.Region}); err != nil {
				return nil, err
			}
			actor, _ := auth.ActorFrom(ctx)
			p, err := api.Once(ctx, d.DB, actor.ID, in.Key, in.Body, d.Now(), func(tx *sqldb.Tx) (Pack, error) {
				return d.propose(ctx, tx, in.Body.Text, in.Body.Cases, in.Body.Note, actor.ID)
			})
			if err != nil {
				return nil, err
			}
			return api.NewOne(p.Version, packBody(p, true)), nil
		})

	type decideIn struct {
		ID lanzha.ID `path:"id" maxLength:"26"`
		api.Change
	}
	decide := func(op api.Op, decide func(ctx context.Context, tx *sqldb.Tx, p Pack, by lanzha.ID) (Pack, error), after func(ctx context.Context) error) {
		api.Register(a, op, func(ctx context.Context, in *decideIn) (*api.One[PackBody], error) {
			version, err := in.Version()
			if err != nil {
				return nil, err
			}
			actor, _ := auth.ActorFrom(ctx)
			var p Pack
			if err = d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
				if p, err = packByID(ctx, tx, in.ID, tx.ForUpdate()); err != nil {
					return err
				}
				if err := may.May(ctx, op.Action, resource(p)); err != nil {
					return err
				}
				if p.Version != version {
					return lanzha.Conflict("somebody decided on this pack before you")
				}
				p, err = decide(ctx, tx, p, actor.ID)
				return err
			}); err != nil {
				return nil, err
			}
			if err := after(ctx); err != nil {
				return nil, err
			}
			return api.NewOne(p.Version, packBody(p, true)), nil
		})
	}
	decide(api.Op{ID: "activateRulePack", Method: http.MethodPost, Path: "/detector/packs/{id}/activate", Action: "rulepack.activate", Summary: "Put a pack of detection rules in force; whoever proposed it cannot"},
		d.activate, func(ctx context.Context) error {
			// Where another process is active, it sees the pack within seconds.
			if d.intake.taking() != nil {
				return nil
			}
			return d.tellPacks(ctx)
		})
	decide(api.Op{ID: "withdrawRulePack", Method: http.MethodPost, Path: "/detector/packs/{id}/withdraw", Action: "rulepack.draft", Summary: "Withdraw a proposed pack of detection rules"},
		func(ctx context.Context, tx *sqldb.Tx, p Pack, by lanzha.ID) (Pack, error) {
			p, err := p.decide(Withdrawn, by, d.Now())
			if err != nil {
				return p, err
			}
			if err := updatePack(ctx, tx, p); err != nil {
				return p, err
			}
			return p, d.packNote(ctx, tx, "rulepack.withdrawn", p, by)
		}, func(context.Context) error { return nil })
}
