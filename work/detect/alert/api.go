package alert

import (
	"context"
	"net/http"
	"time"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/base/sqldb"
	"lanzha/work/detect/feature"
)

// ByID is the input of operations on one alert. It is exported because the HTTP
// kit passes over embedded types that are not.
type ByID struct {
	ID lanzha.ID `path:"id" minLength:"26" maxLength:"26"`
}

type pageOut = api.One[Page]

// Mount adds the operations of alerts, suppressions and named lists.
func (d *Desk) Mount(a *api.API, may *auth.Decider) {
	d.mountReading(a, may)
	d.mountDeciding(a, may)
	d.mountChecking(a, may)
	d.mountFigures(a, may)
	d.mountSuppressions(a, may)
	d.mountLists(a, may)
}

func (d *Desk) mountReading(a *api.API, may *auth.Decider) {
	type listIn struct {
		api.Page
		State    State         `query:"state" enum:"new,taken,decided" doc:"empty is all"`
		Severity Severity      `query:"severity" enum:"low,medium,high"`
		Rule     string        `query:"rule" maxLength:"100"`
		Domain   string        `query:"domain" enum:"other,number,account,device,sim,cell,person,outlet" doc:"what the subject is"`
		Decision Decision      `query:"decision" enum:"clue,warning,referral,dismissed" doc:"warning: the warnings due"`
		Waiting  bool          `query:"waiting" doc:"handed to an institution that has not said what it found"`
		Unhanded bool          `query:"unhanded" doc:"a warning or referral that nobody has"`
		Since    time.Time     `query:"since" doc:"raised then or later"`
		Q        string        `query:"q" maxLength:"100" doc:"a subject as it may be written"`
		Region   lanzha.Region `query:"region" maxLength:"6" doc:"narrows to this division; default your own scope"`
	}
	type listOut struct{ Body api.List[Body] }
	api.Register(a, api.Op{ID: "listAlerts", Method: http.MethodGet, Path: "/alerts", Action: "alert.list", Summary: "List alerts, the newest first; an institution sees those handed to it"},
		func(ctx context.Context, in *listIn) (*listOut, error) {
			scope, err := may.ScopeOf(ctx, "alert.list")
			if err != nil {
				return nil, err
			}
			if scope, err = scope.Narrow(in.Region); err != nil {
				return nil, err
			}
			f := Filter{
				Scope: scope, State: in.State, Severity: in.Severity, Rule: in.Rule, Domain: in.Domain, Decision: in.Decision,
				Open: in.Waiting, Unhanded: in.Unhanded, Since: in.Since, Find: in.Q, Limit: in.Limit + 1,
			}
			if _, err := in.After(&f.After); err != nil {
				return nil, err
			}
			found, err := d.Store.List(ctx, d.DB.Read(), f)
			if err != nil {
				return nil, err
			}
			page, v := api.NewList(found, in.Limit, func(a Alert) any { return a.ID }), d.viewer(ctx, may)
			out := &listOut{api.List[Body]{Items: make([]Body, len(page.Items)), Next: page.Next}}
			for i, found := range page.Items {
				if out.Body.Items[i], err = v.body(ctx, found); err != nil {
					return nil, err
				}
			}
			return out, nil
		})

	api.Register(a, api.Op{ID: "getAlert", Method: http.MethodGet, Path: "/alerts/{id}", Action: "alert.read", Summary: "Read an alert with its values, its evidence and what was said of it"},
		func(ctx context.Context, in *ByID) (*pageOut, error) {
			found, err := d.read(ctx, may, in.ID, "alert.read")
			if err != nil {
				return nil, err
			}
			page, err := d.page(ctx, may, found)
			return api.NewOne(found.Version, page), err
		})

	type timelineIn struct {
		ByID
		Before int64 `query:"before" minimum:"0" doc:"rows with a smaller number; 0 starts at the newest"`
		Limit  int   `query:"limit" minimum:"1" maximum:"500" default:"100"`
	}
	type timelineOut struct{ Body api.List[api.Event] }
	api.Register(a, api.Op{ID: "alertTimeline", Method: http.MethodGet, Path: "/alerts/{id}/timeline", Action: "alert.read", Summary: "All that happened to an alert, the newest first"},
		func(ctx context.Context, in *timelineIn) (*timelineOut, error) {
			if _, err := d.read(ctx, may, in.ID, "alert.read"); err != nil {
				return nil, err
			}
			events, err := api.Timeline(ctx, d.DB, d.Journal, in.ID, in.Before, in.Limit, api.Visible(may)(ctx))
			return &timelineOut{events}, err
		})

	type revealIn struct {
		ByID
		Body struct {
			Purpose string `json:"purpose" minLength:"1" maxLength:"200"`
		}
	}
	type revealOut struct{ Body api.Revealed }
	api.Register(a, api.Op{ID: "revealAlert", Method: http.MethodPost, Path: "/alerts/{id}/reveal", Action: "reveal", Summary: "Show the subject of an alert on a stated purpose"},
		func(ctx context.Context, in *revealIn) (*revealOut, error) {
			found, err := d.Store.Get(ctx, d.DB.Read(), in.ID)
			if err != nil {
				return nil, err
			}
			what := resource(found)
			what.Purpose = in.Body.Purpose
			if err := may.May(ctx, "reveal", what); err != nil {
				return nil, err
			}
			actor, _ := auth.ActorFrom(ctx)
			if err := d.DB.Tx(ctx, func(tx *sqldb.Tx) error { return d.revealed(ctx, tx, found, in.Body.Purpose, actor.ID) }); err != nil {
				return nil, err
			}
			return &revealOut{api.Reveal(found.Subject.Value, d.Now())}, nil
		})
}

// read reads an alert for one who may do the action to it.
func (d *Desk) read(ctx context.Context, may *auth.Decider, id lanzha.ID, action string) (Alert, error) {
	found, err := d.Store.Get(ctx, d.DB.Read(), id)
	if err != nil {
		return found, err
	}
	return found, may.May(ctx, action, resource(found))
}

// changed does something to the version of an alert that the caller has read.
func (d *Desk) changed(ctx context.Context, may *auth.Decider, id lanzha.ID, read api.Change, action string,
	do func(tx *sqldb.Tx, version int64, by auth.Actor) (Alert, error),
) (*pageOut, error) {
	version, err := read.Version()
	if err != nil {
		return nil, err
	}
	found, err := d.read(ctx, may, id, action)
	if err != nil {
		return nil, err
	}
	actor, _ := auth.ActorFrom(ctx)
	if err := d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		found, err = do(tx, version, actor)
		return err
	}); err != nil {
		return nil, err
	}
	page, err := d.page(ctx, may, found)
	return api.NewOne(found.Version, page), err
}

func (d *Desk) mountDeciding(a *api.API, may *auth.Decider) {
	type takeIn struct {
		ByID
		api.Change
	}
	api.Register(a, api.Op{ID: "takeAlert", Method: http.MethodPost, Path: "/alerts/{id}/take", Action: "alert.take", Summary: "Take an alert on"},
		func(ctx context.Context, in *takeIn) (*pageOut, error) {
			return d.changed(ctx, may, in.ID, in.Change, "alert.take", func(tx *sqldb.Tx, version int64, by auth.Actor) (Alert, error) {
				return d.Take(ctx, tx, in.ID, version, by.ID)
			})
		})

	type decideIn struct {
		ByID
		api.Change
		Body struct {
			Decision    Decision  `json:"decision" enum:"clue,warning,referral,dismissed" doc:"none of them stops a line or a payment"`
			Institution lanzha.ID `json:"institution,omitempty" maxLength:"26" doc:"who warns, or who checks; default by the directory"`
			Note        string    `json:"note,omitempty" maxLength:"2000" doc:"why; needed where it is dismissed"`
		}
	}
	api.Register(a, api.Op{ID: "decideAlert", Method: http.MethodPost, Path: "/alerts/{id}/decide", Action: "alert.decide", Summary: "Decide what an alert becomes"},
		func(ctx context.Context, in *decideIn) (*pageOut, error) {
			return d.changed(ctx, may, in.ID, in.Change, "alert.decide", func(tx *sqldb.Tx, version int64, by auth.Actor) (Alert, error) {
				return d.Decide(ctx, tx, in.ID, version, in.Body.Decision, in.Body.Institution, in.Body.Note, by.ID)
			})
		})

	type handIn struct {
		ByID
		api.Change
		Body struct {
			Institution lanzha.ID `json:"institution" minLength:"26" maxLength:"26"`
		}
	}
	api.Register(a, api.Op{ID: "handAlert", Method: http.MethodPost, Path: "/alerts/{id}/hand", Action: "alert.hand", Summary: "Hand a warning or a referral to an institution, or to another as long as nobody has received it"},
		func(ctx context.Context, in *handIn) (*pageOut, error) {
			return d.changed(ctx, may, in.ID, in.Change, "alert.hand", func(tx *sqldb.Tx, version int64, by auth.Actor) (Alert, error) {
				return d.Hand(ctx, tx, in.ID, version, in.Body.Institution, by.ID)
			})
		})
}

func (d *Desk) mountChecking(a *api.API, may *auth.Decider) {
	type receiveIn struct {
		ByID
		api.Change
	}
	api.Register(a, api.Op{ID: "receiveAlert", Method: http.MethodPost, Path: "/alerts/{id}/receive", Action: "alert.receive", Summary: "Receive a warning or a referral that was handed to your institution"},
		func(ctx context.Context, in *receiveIn) (*pageOut, error) {
			return d.changed(ctx, may, in.ID, in.Change, "alert.receive", func(tx *sqldb.Tx, version int64, by auth.Actor) (Alert, error) {
				return d.Receive(ctx, tx, in.ID, version, by.ID)
			})
		})

	type judgeIn struct {
		ByID
		api.Change
		Body struct {
			Verdict Verdict `json:"verdict" enum:"right,wrong,unsure"`
			Note    string  `json:"note,omitempty" maxLength:"2000" doc:"what was found"`
		}
	}
	api.Register(a, api.Op{ID: "judgeAlert", Method: http.MethodPost, Path: "/alerts/{id}/feedback", Action: "alert.judge", Summary: "Say whether an alert was right; it counts in the figures of its rule"},
		func(ctx context.Context, in *judgeIn) (*pageOut, error) {
			return d.changed(ctx, may, in.ID, in.Change, "alert.judge", func(tx *sqldb.Tx, version int64, by auth.Actor) (Alert, error) {
				return d.Judge(ctx, tx, in.ID, version, Feedback{Verdict: in.Body.Verdict, Note: in.Body.Note, Actor: by.ID, Institution: by.Institution})
			})
		})
}

// FiguresBody are what became of the alerts of a rule.
type FiguresBody struct {
	Rule       string          `json:"rule"`
	Title      feature.Words   `json:"title"`
	Raised     int64           `json:"raised"`
	Open       int64           `json:"open" doc:"new or taken"`
	AtOnce     int64           `json:"atOnce" doc:"decided by the rule itself"`
	Decided    int64           `json:"decided" doc:"decided by officers"`
	Clues      int64           `json:"clues"`
	Warnings   int64           `json:"warnings"`
	Referrals  int64           `json:"referrals"`
	Dismissed  int64           `json:"dismissed"`
	Right      int64           `json:"right" doc:"by the latest feedback on each alert"`
	Wrong      int64           `json:"wrong"`
	Unsure     int64           `json:"unsure"`
	Precision  *float64        `json:"precision,omitempty" doc:"right / (right + wrong); absent while there is no such feedback"`
	P50Seconds *int64          `json:"p50Seconds,omitempty" doc:"from raising to an officer's decision; absent while there is none"`
	P90Seconds *int64          `json:"p90Seconds,omitempty"`
	Days       []FiguresOfADay `json:"days" doc:"days without an alert are left out"`
}

// FiguresOfADay is how many alerts were raised on a day.
type FiguresOfADay struct {
	Day   string `json:"day" example:"2026-11-25"`
	Count int64  `json:"count"`
}

func (d *Desk) mountFigures(a *api.API, may *auth.Decider) {
	type figuresIn struct {
		From   time.Time     `query:"from" doc:"default 30 days ago"`
		To     time.Time     `query:"to" doc:"default now"`
		Region lanzha.Region `query:"region" maxLength:"6"`
	}
	type figuresOut struct{ Body api.List[FiguresBody] }
	api.Register(a, api.Op{ID: "alertFigures", Method: http.MethodGet, Path: "/figures/alerts", Action: "figures.read", Summary: "How the rules did: volume, precision by feedback, time to decision"},
		func(ctx context.Context, in *figuresIn) (*figuresOut, error) {
			actor, _ := auth.ActorFrom(ctx)
			if in.To.IsZero() {
				in.To = d.Now()
			}
			if in.From.IsZero() {
				in.From = in.To.AddDate(0, 0, -30)
			}
			if !in.From.Before(in.To) || in.To.Sub(in.From) > 366*24*time.Hour {
				return nil, lanzha.Invalid("query.from", "a period ends after it begins and lasts a year at most")
			}
			scope := auth.Scope{All: actor.Region == "" && actor.Institution == "", Region: actor.Region, Institution: actor.Institution}
			scope, err := scope.Narrow(in.Region)
			if err != nil {
				return nil, err
			}
			rules, err := d.Store.Figures(ctx, d.DB.Read(), scope, in.From, in.To, d.Zone)
			if err != nil {
				return nil, err
			}
			out := &figuresOut{api.List[FiguresBody]{Items: []FiguresBody{}}}
			for _, f := range rules {
				out.Body.Items = append(out.Body.Items, f.body())
			}
			return out, nil
		})
}

func (f RuleFigures) body() FiguresBody {
	b := FiguresBody{
		Rule: f.Rule, Title: f.Title, Raised: f.Raised, Open: f.Open, AtOnce: f.AtOnce, Decided: f.Decided,
		Clues: f.Became[DecisionClue], Warnings: f.Became[DecisionWarning], Referrals: f.Became[DecisionReferral], Dismissed: f.Became[DecisionDismissed],
		Right: f.Right, Wrong: f.Wrong, Unsure: f.Unsure, Days: []FiguresOfADay{},
	}
	if judged := f.Right + f.Wrong; judged > 0 {
		b.Precision = new(float64(f.Right) / float64(judged))
	}
	if f.Decided > 0 {
		b.P50Seconds, b.P90Seconds = new(int64(f.P50/time.Second)), new(int64(f.P90/time.Second))
	}
	for _, day := range f.Days {
		b.Days = append(b.Days, FiguresOfADay(day))
	}
	return b
}
