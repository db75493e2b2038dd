// Package own is the listed person's own view, without an account: with the
// code from the notice they see what binds them today, by which article, until
// when, how to object and where their objection stands, and hand one in. They
// see nothing of anybody else, and nothing of who dealt with them; every access
// stands in the journal.
package own

import (
	"context"
	"net/http"
	"time"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/know/policy"
	"lanzha/work/register"
	"lanzha/work/register/notice"
	"lanzha/work/register/objection"
)

// Desk answers the persons concerned.
type Desk struct {
	Register   *register.Desk
	Notices    *notice.Desk
	Objections *objection.Desk
	// Proxied says that a proxy of ours stands before us and writes down where
	// a request came from.
	Proxied bool

	limit limit
}

// View is what a person sees.
type View struct {
	Name     string      `json:"name" doc:"masked: who reads it knows their own"`
	Today    string      `json:"today"`
	Binding  bool        `json:"binding" doc:"whether any measure binds today"`
	Listings []Listing   `json:"listings"`
	Object   HowToObject `json:"object"`
}

// Listing is one listing as its subject sees it.
type Listing struct {
	ID         lanzha.ID        `json:"id"`
	State      register.State   `json:"state" enum:"pending,upcoming,running,ended,lifted"`
	DecidedOn  register.Day     `json:"decidedOn"`
	DocumentNo string           `json:"documentNo"`
	Unit       string           `json:"unit" doc:"the organ that designated"`
	Contact    string           `json:"contact"`
	Why        []Reason         `json:"why" doc:"by which article and phrase"`
	Measures   []Measure        `json:"measures" doc:"what binds today; empty when nothing does"`
	Keeps      []Reason         `json:"keeps" doc:"what stays open"`
	From       register.Day     `json:"from" doc:"empty: it is not known yet"`
	Until      register.Day     `json:"until" doc:"from this day on nothing binds; empty: it is not known yet"`
	Capped     bool             `json:"capped" doc:"the cap on a continuous run cut the term short"`
	LiftedAt   *time.Time       `json:"liftedAt,omitempty"`
	Silent     []policy.Silence `json:"silent" doc:"questions on which no clause was found"`
	Objections []Objection      `json:"objections"`
}

// Reason is a sentence and where it stands in law.
type Reason struct {
	Words    policy.Words    `json:"words"`
	Citation policy.Citation `json:"citation"`
}

// Measure is a measure that binds, with what it leaves open.
type Measure struct {
	Kind     string          `json:"kind"`
	Words    policy.Words    `json:"words"`
	Citation policy.Citation `json:"citation"`
	Keeps    *policy.Words   `json:"keeps,omitempty"`
}

// Objection is an objection as the person sees it.
type Objection struct {
	Ground objection.Ground `json:"ground" enum:"designation,not_lifted,other"`
	State  objection.State  `json:"state" enum:"received,accepted,not_accepted,verified,upheld,dismissed"`
	Steps  []Step           `json:"steps"`
	Due    []Deadline       `json:"due"`
}

// Step is one step: words only where they are meant for the person.
type Step struct {
	State objection.State `json:"state" enum:"received,accepted,not_accepted,verified,upheld,dismissed"`
	At    time.Time       `json:"at"`
	Words string          `json:"words"`
}

// Deadline is until when the organ must do something.
type Deadline struct {
	Words policy.Words `json:"words"`
	Until string       `json:"until" doc:"empty: how many days the text gives is not known here, and no day is invented"`
	Clock policy.Words `json:"clock"`
}

// HowToObject says how.
type HowToObject struct {
	Words   policy.Words       `json:"words"`
	Grounds []objection.Ground `json:"grounds"`
}

// open finds what a code opens, and counts those that open nothing.
func (d *Desk) open(ctx context.Context, code string, from api.From) (notice.Notice, register.Listing, error) {
	now, address := d.Register.Now(), from.Address(d.Proxied)
	if err := d.limit.may(address, now); err != nil {
		return notice.Notice{}, register.Listing{}, err
	}
	q := d.Register.DB.Read()
	n, err := d.Notices.Store.ByCode(ctx, q, code)
	if lanzha.CodeOf(err) == lanzha.CodeNotFound {
		d.limit.failed(address, now)
		return n, register.Listing{}, &lanzha.Error{
			Code: lanzha.CodeNotFound, Field: "header.Notice-Code", Message: "this code opens nothing", Hint: "read it on the notice again; a newer notice has a newer code",
		}
	} else if err != nil {
		return n, register.Listing{}, err
	}
	l, err := d.Register.Store.Listing(ctx, q, n.Listing)
	return n, l, err
}

// note leaves the row of an access.
func (d *Desk) note(ctx context.Context, tx *sqldb.Tx, n notice.Notice) error {
	return d.Register.Journal.Append(ctx, tx, d.Register.Now(), journal.Entry{
		Kind: "notice.opened", Record: n.ID, About: []lanzha.ID{n.Listing}, Version: n.Version, Region: n.Region, Purpose: "本人查询",
	})
}

// In is what every request of a person carries.
type In struct {
	api.From
	Code string `header:"Notice-Code" required:"true" minLength:"1" maxLength:"40" doc:"the code on the notice; in a header, so that no address or log has it"`
}

// Mount adds the person's own operations.
func (d *Desk) Mount(a *api.API) {
	type viewOut struct {
		Cache string `header:"Cache-Control"`
		Body  View
	}
	api.Register(a, api.Op{ID: "getOwn", Method: http.MethodGet, Path: "/register/own", Public: true, Summary: "What binds you today, why, until when, how to object, and where your objection stands: with the code from the notice"},
		func(ctx context.Context, in *In) (*viewOut, error) {
			n, l, err := d.open(ctx, in.Code, in.From)
			if err != nil {
				return nil, err
			}
			view, err := d.view(ctx, l)
			if err != nil {
				return nil, err
			}
			return &viewOut{"no-store", view}, d.Register.DB.Tx(ctx, func(tx *sqldb.Tx) error { return d.note(ctx, tx, n) })
		})

	type objectIn struct {
		In
		api.Create
		Body struct {
			Listing lanzha.ID        `json:"listing,omitempty" maxLength:"26" doc:"one of yours; default that of the notice"`
			Ground  objection.Ground `json:"ground" enum:"designation,not_lifted,other"`
			Words   string           `json:"words" minLength:"2" maxLength:"2000"`
		}
	}
	api.Register(a, api.Op{ID: "objectOwn", Method: http.MethodPost, Path: "/register/own/objections", Public: true, Status: http.StatusCreated, Summary: "Hand in an objection, with the code from the notice"},
		func(ctx context.Context, in *objectIn) (*viewOut, error) {
			n, l, err := d.open(ctx, in.Code, in.From)
			if err != nil {
				return nil, err
			}
			about := l
			if in.Body.Listing != "" && in.Body.Listing != l.ID {
				about, err = d.Register.Store.Listing(ctx, d.Register.DB.Read(), in.Body.Listing)
				if err == nil && about.Subject != l.Subject {
					err = lanzha.NotFound("listing")
				}
				if err != nil {
					return nil, err
				}
			}
			// The notice stands for its bearer: a key is theirs alone.
			if _, err := api.Once(ctx, d.Register.DB, n.ID, in.Key, in.Body, d.Register.Now(), func(tx *sqldb.Tx) (lanzha.ID, error) {
				if err := d.note(ctx, tx, n); err != nil {
					return "", err
				}
				o, err := d.Objections.Take(ctx, tx, about, in.Body.Ground, in.Body.Words, "")
				return o.ID, err
			}); err != nil {
				return nil, err
			}
			view, err := d.view(ctx, l)
			return &viewOut{"no-store", view}, err
		})
}

// view is everything of the subject of a listing.
func (d *Desk) view(ctx context.Context, l register.Listing) (View, error) {
	q, today := d.Register.DB.Read(), d.Register.Today()
	s, err := d.Register.Store.Subject(ctx, q, l.Subject)
	if err != nil {
		return View{}, err
	}
	all, err := d.Register.Store.ListingsOf(ctx, q, l.Subject)
	if err != nil {
		return View{}, err
	}
	v := View{Name: lanzha.Mask(s.Name), Today: string(today), Listings: []Listing{}, Object: howTo}
	for _, one := range all {
		body, err := d.listing(ctx, q, one, today)
		if err != nil {
			return v, err
		}
		v.Binding = v.Binding || len(body.Measures) > 0
		v.Listings = append(v.Listings, body)
	}
	return v, nil
}

var howTo = HowToObject{
	Words: policy.Words{
		ZH: "对认定有异议，或者期满未解除的，可以在这里提出申诉，也可以向作出认定的公安机关书面或者当面提出。认定有误的，及时解除。",
		EN: "If you object to the designation, or measures are still felt after the end, object here, or to the police organ that designated, in writing or in person. A wrong designation is lifted promptly.",
	},
	Grounds: []objection.Ground{objection.Designation, objection.NotLifted, objection.Other},
}

// why are the tables of the pack whose rows say why somebody is listed.
var why = map[string]bool{"grounds": true, "listing": true, "basis": true, "term": true, "start": true}

func (d *Desk) listing(ctx context.Context, q sqldb.Queryer, l register.Listing, today register.Day) (Listing, error) {
	p := d.Notices.Party(l.Region)
	out := Listing{
		ID: l.ID, State: l.State(today), DecidedOn: l.DecidedOn, DocumentNo: l.DocumentNo, Unit: p.Unit, Contact: p.Contact, From: l.Span.From, Until: l.Span.Until, Capped: l.Span.Capped,
		Why: []Reason{}, Measures: []Measure{}, Keeps: []Reason{}, Silent: []policy.Silence{}, Objections: []Objection{},
	}
	if !l.LiftedAt.IsZero() {
		out.LiftedAt = &l.LiftedAt
	}
	for _, m := range l.Binding(today) {
		bound := Measure{Kind: m.Kind, Words: m.Words, Citation: m.Citation}
		if m.Keeps != nil {
			bound.Keeps = &m.Keeps.Words
		}
		out.Measures = append(out.Measures, bound)
	}
	for _, k := range l.Keeps {
		out.Keeps = append(out.Keeps, Reason{k.Words, k.Citation})
	}
	if l.Proposal != "" {
		made, err := d.Register.Store.Proposal(ctx, q, l.Proposal)
		if err != nil {
			return out, err
		}
		for _, m := range made.Answer.Matched {
			if why[m.Table] && m.Applied {
				out.Why = append(out.Why, Reason{m.Words, m.Citation})
			}
		}
		out.Silent = append(out.Silent, made.Answer.Silent...)
	} else {
		for _, m := range l.Measures {
			out.Why = append(out.Why, Reason{m.Words, m.Citation})
		}
	}
	objections, err := d.Objections.Store.OfListing(ctx, q, l.ID)
	if err != nil {
		return out, err
	}
	for _, o := range objections {
		body, err := d.objection(ctx, q, o)
		if err != nil {
			return out, err
		}
		out.Objections = append(out.Objections, body)
	}
	return out, nil
}

func (d *Desk) objection(ctx context.Context, q sqldb.Queryer, o objection.Objection) (Objection, error) {
	out := Objection{Ground: o.Ground, State: o.State, Steps: []Step{}, Due: []Deadline{}}
	steps, err := d.Objections.Store.Steps(ctx, q, o.ID)
	if err != nil {
		return out, err
	}
	for _, st := range steps {
		step := Step{State: st.State, At: st.At, Words: st.Words}
		if st.State == objection.Verified {
			step.Words = "" // for the file
		}
		out.Steps = append(out.Steps, step)
	}
	clocks, err := d.Objections.Clocks(ctx, q, o)
	if err != nil {
		return out, err
	}
	for _, due := range clocks.Due {
		out.Due = append(out.Due, Deadline{Words: due.Words, Until: due.Due, Clock: due.Clock})
	}
	return out, nil
}
