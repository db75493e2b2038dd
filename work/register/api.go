package register

import (
	"context"
	"net/http"
	"time"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/know/policy"
)

// SubjectBody is a subject as the API shows it.
type SubjectBody struct {
	ID         lanzha.ID   `json:"id"`
	Kind       SubjectKind `json:"kind" enum:"individual,unit"`
	NumberKind NumberKind  `json:"numberKind" enum:"resident_id,other,credit_code"`
	Name       string      `json:"name" doc:"masked; POST reveal shows it on a stated purpose"`
	Number     string      `json:"number" doc:"masked"`
	Erased     bool        `json:"erased" doc:"the personal fields were erased"`
}

func subjectBody(s Subject) SubjectBody {
	return SubjectBody{ID: s.ID, Kind: s.Kind, NumberKind: s.NumberKind, Name: lanzha.Mask(s.Name), Number: lanzha.Mask(s.Number), Erased: !s.ErasedAt.IsZero()}
}

// ListingBody is a listing as lists show it.
type ListingBody struct {
	ID         lanzha.ID     `json:"id"`
	Version    int64         `json:"version"`
	State      State         `json:"state" enum:"pending,upcoming,running,ended,lifted" doc:"today, computed from the dates"`
	Subject    lanzha.ID     `json:"subject"`
	Name       string        `json:"name" doc:"of the subject, masked; empty once erased"`
	Kind       SubjectKind   `json:"kind" enum:"individual,unit"`
	Region     lanzha.Region `json:"region"`
	Proposal   lanzha.ID     `json:"proposal" doc:"empty of a record that was imported"`
	Pack       policy.Ref    `json:"pack" doc:"by which rules; of an older regime its name alone"`
	Class      Class         `json:"class" enum:",A,B"`
	Grounds    []string      `json:"grounds"`
	TermMonths int           `json:"termMonths"`
	DecidedOn  Day           `json:"decidedOn"`
	Start      Day           `json:"start" doc:"from which the term counts; empty is not known: imprisoned and not released"`
	From       Day           `json:"from" doc:"the first day on which the measures bind; empty is not known"`
	Until      Day           `json:"until" doc:"the first day on which they bind no more; empty is not known"`
	Capped     bool          `json:"capped" doc:"the cap on a continuous run cut the term short"`
	DocumentNo string        `json:"documentNo"`
	MadeAt     time.Time     `json:"madeAt"`
	LiftedAt   *time.Time    `json:"liftedAt,omitempty"`
	LiftGround LiftGround    `json:"liftGround,omitempty"`
}

func listingBody(l Listing, name string, today Day) ListingBody {
	return ListingBody{
		ID: l.ID, Version: l.Version, State: l.State(today), Subject: l.Subject, Name: name, Kind: l.Kind, Region: l.Region, Proposal: l.Proposal, Pack: l.Pack,
		Class: l.Class, Grounds: l.Grounds, TermMonths: l.TermMonths, DecidedOn: l.DecidedOn, Start: l.Start, From: l.Span.From, Until: l.Span.Until,
		Capped: l.Span.Capped, DocumentNo: l.DocumentNo, MadeAt: l.MadeAt, LiftedAt: optional(l.LiftedAt), LiftGround: l.LiftGround,
	}
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// ListingPage is a listing with all that it rests on.
type ListingPage struct {
	ListingBody
	Who        SubjectBody      `json:"who"`
	Measures   []Measure        `json:"measures" doc:"as decided"`
	Keeps      []Kept           `json:"keeps" doc:"what stays open to the subject"`
	Binding    bool             `json:"binding" doc:"whether they bind today"`
	Silent     []policy.Silence `json:"silent" doc:"questions on which no clause was found"`
	ProposedBy string           `json:"proposedBy"`
	DecidedBy  string           `json:"decidedBy"`
	LiftedBy   string           `json:"liftedBy"`
	LiftReason string           `json:"liftReason"`
	Others     []ListingBody    `json:"others" doc:"the subject's other listings in your scope, with which the terms are added up"`
}

// ByID is the input of operations on one record. It is exported because the
// HTTP kit passes over embedded types that are not.
type ByID struct {
	ID lanzha.ID `path:"id" minLength:"26" maxLength:"26"`
}

type listingOut = api.One[ListingPage]

// Mount adds the operations of proposals and listings.
func (d *Desk) Mount(a *api.API, may *auth.Decider) {
	d.mountPreview(a, may)
	d.mountProposals(a, may)
	d.mountDeciding(a, may)
	d.mountListings(a, may)
	d.mountSearch(a, may)
	d.mountChanges(a, may)
	d.mountImport(a, may)
}

// page reads what a listing rests on, for one who may read it.
func (d *Desk) page(ctx context.Context, may *auth.Decider, l Listing) (*listingOut, error) {
	q := d.DB.Read()
	s, err := d.Store.Subject(ctx, q, l.Subject)
	if err != nil {
		return nil, err
	}
	who := subjectBody(s)
	p := ListingPage{
		ListingBody: listingBody(l, who.Name, d.Today()), Who: who, Measures: orEmpty(l.Measures), Keeps: orEmpty(l.Keeps), Binding: len(l.Binding(d.Today())) > 0,
		LiftReason: l.LiftReason, Silent: []policy.Silence{}, Others: []ListingBody{},
	}
	for _, name := range []struct {
		of   lanzha.ID
		into *string
	}{{l.ProposedBy, &p.ProposedBy}, {l.DecidedBy, &p.DecidedBy}, {l.LiftedBy, &p.LiftedBy}} {
		if *name.into, err = d.officer(ctx, name.of); err != nil {
			return nil, err
		}
	}
	if l.Proposal != "" {
		made, err := d.Store.Proposal(ctx, q, l.Proposal)
		if err != nil {
			return nil, err
		}
		p.Silent = append(p.Silent, made.Answer.Silent...)
	}
	all, err := d.Store.ListingsOf(ctx, q, l.Subject)
	if err != nil {
		return nil, err
	}
	for _, o := range all {
		if o.ID != l.ID && may.May(ctx, "listing.read", Resource(o)) == nil {
			p.Others = append(p.Others, listingBody(o, who.Name, d.Today()))
		}
		if o.Older() && !l.Older() || l.Older() && !o.Older() {
			p.Silent = append(p.Silent, olderSilence(o, l))
		}
	}
	return api.NewOne(l.Version, p), nil
}

// olderSilence is what is not known of a listing under the measures of 2024
// beside one of an older regime.
func olderSilence(a, b Listing) policy.Silence {
	older := a
	if b.Older() {
		older = b
	}
	return policy.Silence{Row: "older_regime", Words: policy.Words{
		ZH: "未查到关于旧规定（" + older.Pack.Name + "）下尚在执行的期限如何与2024年办法衔接的条款；旧记录保留其自身期限，不与新期限累计",
		EN: "no clause was found on how a term running under older rules goes together with the measures of 2024; the older record keeps its own term and is not added up",
	}}
}

func (d *Desk) officer(ctx context.Context, id lanzha.ID) (string, error) {
	if id == "" || d.OfficerName == nil {
		return "", nil
	}
	return d.OfficerName(ctx, d.DB.Read(), id)
}

// read reads a listing for one who may do the action to it.
func (d *Desk) read(ctx context.Context, may *auth.Decider, id lanzha.ID, action, purpose string) (Listing, error) {
	l, err := d.Store.Listing(ctx, d.DB.Read(), id)
	if err != nil {
		return l, err
	}
	r := Resource(l)
	r.Purpose = purpose
	return l, may.May(ctx, action, r)
}

func (d *Desk) mountListings(a *api.API, may *auth.Decider) {
	type listIn struct {
		api.Page
		State      State         `query:"state" enum:"pending,upcoming,running,ended,lifted" doc:"empty is all"`
		Class      Class         `query:"class" enum:"A,B"`
		EndsBefore string        `query:"endsBefore" maxLength:"10" doc:"those that end before this day, the first to end first"`
		Region     lanzha.Region `query:"region" maxLength:"6" doc:"narrows to this division; default your own scope"`
	}
	type listOut struct{ Body api.List[ListingBody] }
	api.Register(a, api.Op{ID: "listListings", Method: http.MethodGet, Path: "/register/listings", Action: "listing.list", Summary: "List the register: the newest first; ended ones by their end, upcoming by their start, lifted by the lifting"},
		func(ctx context.Context, in *listIn) (*listOut, error) {
			scope, err := may.ScopeOf(ctx, "listing.list")
			if err != nil {
				return nil, err
			}
			if scope, err = scope.Narrow(in.Region); err != nil {
				return nil, err
			}
			f := Filter{Region: scope.Region, State: in.State, Class: in.Class, Today: d.Today(), Limit: in.Limit + 1}
			if f.EndsBefore, err = ParseDay("query.endsBefore", in.EndsBefore); err != nil {
				return nil, err
			}
			var after Key
			more, err := in.After(&after)
			if err != nil {
				return nil, err
			}
			if more {
				f.After = &after
			}
			found, err := d.Store.Listings(ctx, d.DB.Read(), f)
			if err != nil {
				return nil, err
			}
			page := api.NewList(found, in.Limit, func(l Listing) any { return f.KeyOf(l) })
			called, err := d.calledIn(ctx, page.Items)
			if err != nil {
				return nil, err
			}
			out := &listOut{api.List[ListingBody]{Items: make([]ListingBody, len(page.Items)), Next: page.Next}}
			for i, l := range page.Items {
				out.Body.Items[i] = listingBody(l, called[l.Subject].Name, d.Today())
			}
			return out, nil
		})

	api.Register(a, api.Op{ID: "getListing", Method: http.MethodGet, Path: "/register/listings/{id}", Action: "listing.read", Summary: "Read a listing: its measures with article and phrase, its dates, and what the law does not say"},
		func(ctx context.Context, in *ByID) (*listingOut, error) {
			l, err := d.read(ctx, may, in.ID, "listing.read", "")
			if err != nil {
				return nil, err
			}
			return d.page(ctx, may, l)
		})

	type timelineOut struct{ Body api.List[api.Event] }
	api.Register(a, api.Op{ID: "listingTimeline", Method: http.MethodGet, Path: "/register/listings/{id}/timeline", Action: "listing.read", Summary: "All that happened to a listing, the newest first"},
		func(ctx context.Context, in *TimelineOf) (*timelineOut, error) {
			if _, err := d.read(ctx, may, in.ID, "listing.read", ""); err != nil {
				return nil, err
			}
			events, err := api.Timeline(ctx, d.DB, d.Journal, in.ID, in.Before, in.Limit, api.Visible(may)(ctx))
			return &timelineOut{events}, err
		})
}

// calledIn tells how the subjects of a page of listings are called.
func (d *Desk) calledIn(ctx context.Context, listings []Listing) (map[lanzha.ID]Called, error) {
	subjects := make([]lanzha.ID, len(listings))
	for i, l := range listings {
		subjects[i] = l.Subject
	}
	return d.Store.Called(ctx, d.DB.Read(), subjects)
}

// TimelineOf is the input of every timeline here.
type TimelineOf struct {
	ByID
	Before int64 `query:"before" minimum:"0" doc:"rows with a smaller number; 0 starts at the newest"`
	Limit  int   `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

// RevealIn asks for a masked field of a subject.
type RevealIn struct {
	ByID
	Body struct {
		Field   string `json:"field" enum:"who.name,who.number"`
		Purpose string `json:"purpose" maxLength:"200"`
	}
}

// reveal shows a field of a subject and leaves the row of it.
func (d *Desk) reveal(ctx context.Context, in *RevealIn, kind string, subject lanzha.ID, region lanzha.Region) (api.Revealed, error) {
	actor, _ := auth.ActorFrom(ctx)
	s, err := d.Store.Subject(ctx, d.DB.Read(), subject)
	if err != nil {
		return api.Revealed{}, err
	}
	if err := d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		return d.Journal.Append(ctx, tx, d.Now(), journal.Entry{
			Kind: kind, Record: in.ID, Actor: actor.ID, Purpose: in.Body.Purpose, Region: region, Payload: map[string]any{"field": in.Body.Field},
		})
	}); err != nil {
		return api.Revealed{}, err
	}
	value := s.Name
	if in.Body.Field == "who.number" {
		value = s.Number
	}
	return api.Reveal(value, d.Now()), nil
}

func (d *Desk) mountChanges(a *api.API, may *auth.Decider) {
	// act does a change to the version that was read.
	act := func(ctx context.Context, id lanzha.ID, read api.Change, action, purpose string, fn func(tx *sqldb.Tx, version int64, by lanzha.ID) (Listing, error)) (*listingOut, error) {
		version, err := read.Version()
		if err != nil {
			return nil, err
		}
		if _, err := d.read(ctx, may, id, action, purpose); err != nil {
			return nil, err
		}
		actor, _ := auth.ActorFrom(ctx)
		var l Listing
		if err := d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
			l, err = fn(tx, version, actor.ID)
			return err
		}); err != nil {
			return nil, err
		}
		return d.page(ctx, may, l)
	}

	type liftIn struct {
		ByID
		api.Change
		Body struct {
			Ground LiftGround `json:"ground" enum:"wrong,ordered" doc:"wrong: found wrong by the organ itself; ordered: a court or a higher organ ordered it. An objection that is upheld lifts by itself"`
			Reason string     `json:"reason" minLength:"1" maxLength:"2000"`
		}
	}
	api.Register(a, api.Op{ID: "liftListing", Method: http.MethodPost, Path: "/register/listings/{id}/lift", Action: "listing.lift", Summary: "Lift a listing at once: no measure of it binds from this moment"},
		func(ctx context.Context, in *liftIn) (*listingOut, error) {
			return act(ctx, in.ID, in.Change, "listing.lift", "", func(tx *sqldb.Tx, version int64, by lanzha.ID) (Listing, error) {
				return d.Lift(ctx, tx, in.ID, version, in.Body.Ground, in.Body.Reason, by)
			})
		})

	type releaseIn struct {
		ByID
		api.Change
		Body struct {
			ReleasedOn string `json:"releasedOn" maxLength:"10" doc:"the day on which the sentence was served to its end"`
		}
	}
	api.Register(a, api.Op{ID: "releaseListing", Method: http.MethodPost, Path: "/register/listings/{id}/release", Action: "listing.release", Summary: "Record that the sentence was served: the term counts from that day"},
		func(ctx context.Context, in *releaseIn) (*listingOut, error) {
			on, err := ParseDay("body.releasedOn", in.Body.ReleasedOn)
			if err != nil {
				return nil, err
			}
			return act(ctx, in.ID, in.Change, "listing.release", "", func(tx *sqldb.Tx, version int64, by lanzha.ID) (Listing, error) {
				return d.Release(ctx, tx, in.ID, version, on, by)
			})
		})

	type correctIn struct {
		ByID
		api.Change
		Body struct {
			Name   string `json:"name" minLength:"1" maxLength:"100" doc:"as the identity paper has it"`
			Reason string `json:"reason" minLength:"1" maxLength:"200" doc:"stands in the journal"`
		}
	}
	api.Register(a, api.Op{ID: "correctListing", Method: http.MethodPost, Path: "/register/listings/{id}/correct", Action: "listing.correct", Status: http.StatusOK, Summary: "Correct the subject's name; a wrong number is another person: lift the listing"},
		func(ctx context.Context, in *correctIn) (*listingOut, error) {
			return act(ctx, in.ID, in.Change, "listing.correct", in.Body.Reason, func(tx *sqldb.Tx, version int64, by lanzha.ID) (Listing, error) {
				return d.Correct(ctx, tx, in.ID, version, in.Body.Name, in.Body.Reason, by)
			})
		})

	type eraseIn struct {
		ByID
		api.Change
		Body struct {
			Reason string `json:"reason" minLength:"1" maxLength:"200" doc:"stands in the journal"`
		}
	}
	api.Register(a, api.Op{ID: "eraseListing", Method: http.MethodPost, Path: "/register/listings/{id}/erase", Action: "listing.erase", Summary: "Erase the personal fields of a subject whose listings are all over; what remains tells who decided what by which row"},
		func(ctx context.Context, in *eraseIn) (*listingOut, error) {
			return act(ctx, in.ID, in.Change, "listing.erase", in.Body.Reason, func(tx *sqldb.Tx, version int64, by lanzha.ID) (Listing, error) {
				l, err := d.Store.Listing(ctx, tx, in.ID)
				if err != nil {
					return l, err
				}
				if l.Version != version {
					return l, errOvertaken()
				}
				if err := d.Erase(ctx, tx, l.Subject, by, in.Body.Reason); err != nil {
					return l, err
				}
				return d.Store.Listing(ctx, tx, in.ID)
			})
		})

	type revealOut struct{ Body api.Revealed }
	api.Register(a, api.Op{ID: "revealListing", Method: http.MethodPost, Path: "/register/listings/{id}/reveal", Action: "reveal", Status: http.StatusOK, Summary: "Show a masked field on a stated purpose"},
		func(ctx context.Context, in *RevealIn) (*revealOut, error) {
			l, err := d.read(ctx, may, in.ID, "reveal", in.Body.Purpose)
			if err != nil {
				return nil, err
			}
			shown, err := d.reveal(ctx, in, "listing.revealed", l.Subject, l.Region)
			return &revealOut{shown}, err
		})
}
