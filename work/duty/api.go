package duty

import (
	"context"
	"net/http"
	"time"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/base/sqldb"
	"lanzha/know/place"
)

// Body is a day's list as the API shows it, with what its author should see.
type Body struct {
	List
	RegionName string   `json:"regionName"`
	Remarks    []Remark `json:"remarks" doc:"gaps and overlaps, in words; a turn that began the day before counts"`
}

// Present is who is on duty.
type Present struct {
	Role       Role          `json:"role" enum:"officer,leader"`
	Region     lanzha.Region `json:"region" doc:"where they are on duty: the nearest region that has anybody; empty is the centre"`
	RegionName string        `json:"regionName"`
	Turns      []Entry       `json:"turns"`
}

// NewEntry is a turn as it is handed in.
type NewEntry struct {
	Account lanzha.ID `json:"account" minLength:"26" maxLength:"26"`
	Role    Role      `json:"role" enum:"officer,leader"`
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Phone   string    `json:"phone,omitempty" maxLength:"40"`
}

const maxDays = 62 // of one reading

// body adds the remarks to a day's list.
func (r *Roster) body(ctx context.Context, q sqldb.Queryer, d List) (Body, error) {
	from, to, err := bounds(d.Day, r.zone)
	if err != nil {
		return Body{}, err
	}
	turns, err := r.Turns(ctx, q, d.Region, from, to)
	return Body{List: d, RegionName: place.FullName(d.Region), Remarks: Remarks(turns, from, to, r.zone)}, err
}

func resource(d List) auth.Resource {
	return auth.Resource{Type: "duty list", ID: d.ID, Region: d.Region}
}

// Mount adds the operations of duty.
func (r *Roster) Mount(a *api.API, may *auth.Decider) {
	type listIn struct {
		From   string        `query:"from" maxLength:"10" doc:"a day; default today"`
		To     string        `query:"to" maxLength:"10" doc:"a day, included; default the first"`
		Region lanzha.Region `query:"region" maxLength:"6" doc:"this division and those below; default your own"`
	}
	type listOut struct {
		Body struct {
			Items []Body `json:"items"`
		}
	}
	api.Register(a, api.Op{ID: "listDuty", Method: http.MethodGet, Path: "/duty", Action: "duty.read", Summary: "Read the lists of duty of some days"},
		func(ctx context.Context, in *listIn) (*listOut, error) {
			actor, _ := auth.ActorFrom(ctx)
			if in.From == "" {
				in.From = r.now().In(r.zone).Format(dayForm)
			}
			if in.To == "" {
				in.To = in.From
			}
			if in.Region == "" {
				in.Region = actor.Region
			}
			first, _, err := bounds(in.From, r.zone)
			if err != nil {
				return nil, lanzha.Invalid("query.from", "a day is written as 2026-11-22")
			}
			last, _, err := bounds(in.To, r.zone)
			if err != nil || last.Before(first) || last.After(first.AddDate(0, 0, maxDays-1)) {
				return nil, lanzha.Invalid("query.to", "the last day is written as 2026-11-22 and lies up to %d days after the first", maxDays-1)
			}
			if err := may.May(ctx, "duty.read", auth.Resource{Type: "duty list", Region: in.Region}); err != nil {
				return nil, err
			}
			days, err := r.Days(ctx, r.db.Read(), in.Region, in.From, in.To)
			if err != nil {
				return nil, err
			}
			out := &listOut{}
			out.Body.Items = make([]Body, len(days))
			for i, d := range days {
				if out.Body.Items[i], err = r.body(ctx, r.db.Read(), d); err != nil {
					return nil, err
				}
			}
			return out, nil
		})

	type putIn struct {
		api.Change
		Body struct {
			Region  lanzha.Region `json:"region,omitempty" maxLength:"6" doc:"empty is the centre itself"`
			Day     string        `json:"day" maxLength:"10" example:"2026-11-22"`
			Entries []NewEntry    `json:"entries" maxItems:"200" doc:"all turns that begin on the day"`
		}
	}
	api.Register(a, api.Op{ID: "replaceDuty", Method: http.MethodPut, Path: "/duty", Action: "duty.write", Summary: "Replace the list of a day; the version of a day without one is 0"},
		func(ctx context.Context, in *putIn) (*api.One[Body], error) {
			actor, _ := auth.ActorFrom(ctx)
			version, err := in.Version()
			if err != nil {
				return nil, err
			}
			d := List{Version: version, Region: in.Body.Region, Day: in.Body.Day, Entries: []Entry{}}
			for _, e := range in.Body.Entries {
				d.Entries = append(d.Entries, Entry{Account: e.Account, Role: e.Role, From: e.From, To: e.To, Phone: e.Phone})
			}
			if err := d.Check(r.zone, r.now()); err != nil {
				return nil, err
			}
			if err := may.May(ctx, "duty.write", resource(d)); err != nil {
				return nil, err
			}
			var out Body
			err = r.db.Tx(ctx, func(tx *sqldb.Tx) error {
				list, err := r.Replace(ctx, tx, actor.ID, d)
				if err != nil {
					return err
				}
				out, err = r.body(ctx, tx, list)
				return err
			})
			return api.NewOne(out.Version, out), err
		})

	type nowIn struct {
		Region lanzha.Region `query:"region" maxLength:"6" doc:"default your own"`
	}
	type nowOut struct {
		Body struct {
			At    time.Time `json:"at"`
			Items []Present `json:"items"`
		}
	}
	api.Register(a, api.Op{ID: "dutyNow", Method: http.MethodGet, Path: "/duty/now", Action: "duty.read", Summary: "Who is on duty now, of the nearest region that has anybody"},
		func(ctx context.Context, in *nowIn) (*nowOut, error) {
			actor, _ := auth.ActorFrom(ctx)
			if in.Region == "" {
				in.Region = actor.Region
			}
			if err := may.May(ctx, "duty.read", auth.Resource{Type: "duty list", Region: in.Region}); err != nil {
				return nil, err
			}
			out := &nowOut{}
			out.Body.At = r.now().UTC()
			for _, role := range roles {
				turns, region, err := r.Now(ctx, r.db.Read(), in.Region, role, out.Body.At)
				if err != nil {
					return nil, err
				}
				out.Body.Items = append(out.Body.Items, Present{Role: role, Region: region, RegionName: place.FullName(region), Turns: turns})
			}
			return out, nil
		})
}
