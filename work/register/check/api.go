package check

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"time"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
)

// maxBody is a request of a thousand checks with the longest names.
const maxBody = 1 << 20

// Mount adds the operations of checks.
func (d *Desk) Mount(a *api.API, may *auth.Decider) {
	api.Plain[Request, Reply](a, api.Op{
		ID: "checkRegister", Method: http.MethodPost, Path: "/register/checks", Action: "check.make", MaxBody: maxBody,
		Summary: "Ask before a service is opened or continued whether measures bind the person",
	}, func(w http.ResponseWriter, r *http.Request) {
		// The gate has asked whether the actor may check for the institution that
		// it is of; there is no other to check for.
		actor, _ := auth.ActorFrom(r.Context())
		body, err := io.ReadAll(r.Body)
		if err != nil {
			api.WriteProblem(w, r, lanzha.Invalid("body", "the body could not be read to its end"))
			return
		}
		request, err := decode(body)
		if err != nil {
			api.WriteProblem(w, r, err)
			return
		}
		reply, wait, err := d.Ask(r.Context(), actor, &request)
		if err != nil {
			if wait > 0 {
				w.Header().Set("Retry-After", strconv.Itoa(int(wait.Seconds())))
			}
			api.WriteProblem(w, r, err)
			return
		}
		h := w.Header()
		h["Content-Type"], h["Cache-Control"] = contentType, cacheControl
		h["Content-Length"] = []string{strconv.Itoa(len(reply))}
		_, _ = w.Write(reply) // the asker may have gone
	})
	d.mountQuotas(a, may)
	d.mountSweeps(a, may)
}

var contentType, cacheControl = []string{"application/json"}, []string{"no-store"}

// QuotaBody is a quota as the API shows it.
type QuotaBody struct {
	Institution lanzha.ID  `json:"institution"`
	Version     int64      `json:"version" doc:"0: the house's quota holds"`
	PerMinute   int64      `json:"perMinute" doc:"checks; 0 is none at all"`
	Reason      string     `json:"reason"`
	SetBy       lanzha.ID  `json:"setBy"`
	SetAt       *time.Time `json:"setAt,omitempty"`
}

func quotaBody(q Quota) QuotaBody {
	b := QuotaBody{Institution: q.Institution, Version: q.Version, PerMinute: q.PerMinute, Reason: q.Reason, SetBy: q.SetBy}
	if !q.SetAt.IsZero() {
		b.SetAt = new(q.SetAt)
	}
	return b
}

func (d *Desk) mountQuotas(a *api.API, may *auth.Decider) {
	type listOut struct {
		Body struct {
			PerMinute int64       `json:"perMinute" doc:"checks, where no quota is set"`
			Own       []QuotaBody `json:"own" doc:"quotas that differ"`
			Used      []Usage     `json:"used" doc:"in the last 24 hours; the last minute may be missing"`
		}
	}
	api.Register(a, api.Op{ID: "listQuotas", Method: http.MethodGet, Path: "/register/quotas", Action: "quota.read", Summary: "What institutions may check, and what they checked"},
		func(ctx context.Context, _ *struct{}) (*listOut, error) {
			if err := may.May(ctx, "quota.read", auth.Resource{Type: "quota"}); err != nil {
				return nil, err
			}
			all, err := quotas(ctx, d.DB.Read())
			if err != nil {
				return nil, err
			}
			out := &listOut{}
			out.Body.PerMinute, out.Body.Own = d.Options.PerMinute, []QuotaBody{}
			for _, q := range all {
				out.Body.Own = append(out.Body.Own, quotaBody(q))
			}
			out.Body.Used, err = used(ctx, d.DB.Read(), d.Now().Add(-24*time.Hour))
			return out, err
		})

	type setIn struct {
		Institution lanzha.ID `path:"institution" maxLength:"26"`
		api.Change
		Body struct {
			PerMinute int64  `json:"perMinute" minimum:"0" maximum:"100000000" doc:"checks; 0 is none at all"`
			Reason    string `json:"reason" minLength:"1" maxLength:"300"`
		}
	}
	api.Register(a, api.Op{ID: "setQuota", Method: http.MethodPut, Path: "/register/quotas/{institution}", Action: "quota.write", Summary: "Set what an institution may check; the first time If-Match is \"0\""},
		func(ctx context.Context, in *setIn) (*api.One[QuotaBody], error) {
			version, err := in.Version()
			if err != nil {
				return nil, err
			}
			if err := may.May(ctx, "quota.write", auth.Resource{Type: "quota"}); err != nil {
				return nil, err
			}
			actor, _ := auth.ActorFrom(ctx)
			q := Quota{Institution: in.Institution, Version: version + 1, PerMinute: in.Body.PerMinute, Reason: in.Body.Reason, SetBy: actor.ID, SetAt: lanzha.At(d.Now()).Time()}
			err = d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
				if _, err := d.Directory.Get(ctx, tx, in.Institution); err != nil {
					return err
				}
				if err := setQuota(ctx, tx, q); err != nil {
					return err
				}
				return d.Journal.Append(ctx, tx, d.Now(), journal.Entry{
					Kind: "quota.set", Record: in.Institution, Version: q.Version, Actor: actor.ID, Region: d.Options.Region, Payload: map[string]int64{"perMinute": q.PerMinute},
				})
			})
			return api.NewOne(q.Version, quotaBody(q)), err
		})
}

// SweepBody is a sweep as the API shows it.
type SweepBody struct {
	ID          lanzha.ID  `json:"id"`
	Version     int64      `json:"version"`
	Institution lanzha.ID  `json:"institution"`
	Hour        time.Time  `json:"hour" doc:"its beginning"`
	Kind        SweepKind  `json:"kind" enum:"volume,sequence"`
	Persons     int64      `json:"persons" doc:"about how many different persons who are not listed were asked about"`
	Usual       int64      `json:"usual" doc:"in an ordinary hour of this institution; 0 is not known yet"`
	Sequences   int64      `json:"sequences" doc:"numbers that followed closely upon another"`
	NoticedAt   time.Time  `json:"noticedAt"`
	Finding     Finding    `json:"finding" enum:",explained,misuse"`
	Note        string     `json:"note"`
	AnsweredBy  lanzha.ID  `json:"answeredBy"`
	AnsweredAt  *time.Time `json:"answeredAt,omitempty"`
}

func sweepBody(s Sweep) SweepBody {
	b := SweepBody{
		ID: s.ID, Version: s.Version, Institution: s.Institution, Hour: s.Hour, Kind: s.Kind, Persons: s.Persons, Usual: s.Usual, Sequences: s.Sequences,
		NoticedAt: s.NoticedAt, Finding: s.Finding, Note: s.Note, AnsweredBy: s.AnsweredBy,
	}
	if !s.AnsweredAt.IsZero() {
		b.AnsweredAt = new(s.AnsweredAt)
	}
	return b
}

func (d *Desk) mountSweeps(a *api.API, may *auth.Decider) {
	type listIn struct {
		api.Page
		All bool `query:"all" doc:"those that are answered too"`
	}
	type listOut struct{ Body api.List[SweepBody] }
	api.Register(a, api.Op{ID: "listSweeps", Method: http.MethodGet, Path: "/register/sweeps", Action: "sweep.read", Summary: "Checks that look as if an institution went through persons whom it does not serve, the newest first"},
		func(ctx context.Context, in *listIn) (*listOut, error) {
			if err := may.May(ctx, "sweep.read", auth.Resource{Type: "sweep"}); err != nil {
				return nil, err
			}
			var before lanzha.ID
			if _, err := in.After(&before); err != nil {
				return nil, err
			}
			found, err := listSweeps(ctx, d.DB.Read(), !in.All, before, in.Limit+1)
			items := []SweepBody{}
			for _, s := range found {
				items = append(items, sweepBody(s))
			}
			return &listOut{api.NewList(items, in.Limit, func(s SweepBody) any { return s.ID })}, err
		})

	type answerIn struct {
		ID lanzha.ID `path:"id" maxLength:"26"`
		api.Change
		Body struct {
			Finding Finding `json:"finding" enum:"explained,misuse"`
			Note    string  `json:"note" minLength:"1" maxLength:"1000" doc:"what was found out; nothing of persons"`
		}
	}
	api.Register(a, api.Op{ID: "answerSweep", Method: http.MethodPost, Path: "/register/sweeps/{id}/answer", Action: "sweep.answer", Summary: "Note what was found out about a sweep"},
		func(ctx context.Context, in *answerIn) (*api.One[SweepBody], error) {
			version, err := in.Version()
			if err != nil {
				return nil, err
			}
			if err := may.May(ctx, "sweep.answer", auth.Resource{Type: "sweep", ID: in.ID}); err != nil {
				return nil, err
			}
			actor, _ := auth.ActorFrom(ctx)
			var s Sweep
			err = d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
				if s, err = sweepByID(ctx, tx, in.ID); err != nil {
					return err
				}
				if s.Version != version {
					return lanzha.Conflict("somebody answered this sweep before you")
				}
				if s, err = s.Answer(in.Body.Finding, in.Body.Note, actor.ID, lanzha.At(d.Now()).Time()); err != nil {
					return err
				}
				if err := answerSweep(ctx, tx, s); err != nil {
					return err
				}
				return d.Journal.Append(ctx, tx, d.Now(), journal.Entry{
					Kind: "sweep.answered", Record: s.ID, About: []lanzha.ID{s.Institution}, Version: s.Version, Actor: actor.ID, Region: d.Options.Region,
					Payload: map[string]any{"finding": s.Finding},
				})
			})
			if err != nil {
				return nil, err
			}
			return api.NewOne(s.Version, sweepBody(s)), nil
		})
}
