package den

import (
	"context"
	"time"

	"lanzha"
	"lanzha/base/auth"
	"lanzha/know/place"
	"lanzha/work/clue"
)

// DenBody is a den as lists show it.
type DenBody struct {
	ID           lanzha.ID     `json:"id"`
	Version      int64         `json:"version"`
	State        State         `json:"state" enum:"suspected,analysed,approved,dispatched,received,confirmed,nothing_found,dismissed"`
	Address      string        `json:"address" doc:"what the evidence agrees on, normalised"`
	Region       lanzha.Region `json:"region"`
	RegionName   string        `json:"regionName"`
	Confidence   Confidence    `json:"confidence" enum:"low,medium,high"`
	Clues        int64         `json:"clues" doc:"how many clues point there"`
	Unit         lanzha.ID     `json:"unit" doc:"the police unit that it was dispatched to; empty until then"`
	UnitName     string        `json:"unitName"`
	SuspectedAt  time.Time     `json:"suspectedAt"`
	DispatchedAt *time.Time    `json:"dispatchedAt,omitempty"`
	ReceiveBy    *time.Time    `json:"receiveBy,omitempty" doc:"when the leader hears of it unless the unit has received it; only while dispatched"`
	FinishedAt   *time.Time    `json:"finishedAt,omitempty"`
}

// DenReason is one reason for or against a den.
type DenReason struct {
	Code   string `json:"code" example:"same_room"`
	Weight int    `json:"weight" doc:"1 speaks for the den, -1 against it, 0 neither; a sum of 2 is high, below 0 is low"`
	Zh     string `json:"zh"`
	En     string `json:"en"`
}

// DenClue is a clue as the evidence shows it.
type DenClue struct {
	ID    lanzha.ID  `json:"id"`
	Kind  clue.Kind  `json:"kind"`
	Value string     `json:"value"`
	Truth clue.Truth `json:"truth" doc:"a spoofed number raises nothing: its line is a stranger's"`
	Via   lanzha.ID  `json:"via" doc:"the clue through which it was found"`
}

// DenEvidence is one answer that points to the place.
type DenEvidence struct {
	ID              lanzha.ID     `json:"id"`
	Clue            DenClue       `json:"clue"`
	Source          string        `json:"source" enum:"lookup,lead"`
	Origin          lanzha.ID     `json:"origin" doc:"the lookup or lead"`
	Institution     lanzha.ID     `json:"institution"`
	InstitutionName string        `json:"institutionName"`
	Role            Role          `json:"role" enum:",installation,use,id,outlet,mass" doc:"how the address relates to the line; empty when nobody said"`
	Weight          string        `json:"weight" enum:"supports,beside,counts" doc:"counts: speaks by itself; beside: speaks beside one that counts; supports: raises nothing"`
	Address         string        `json:"address" doc:"as the institution wrote it"`
	Parts           place.Address `json:"parts" doc:"taken apart and normalised"`
	Agrees          []string      `json:"agrees" doc:"the parts that are those of the place"`
	Differs         []string      `json:"differs" doc:"the parts that are stated on both sides and differ"`
	AnsweredAt      time.Time     `json:"answeredAt"`
}

// DenStep is one step of a den's way.
type DenStep struct {
	Step   string    `json:"step" enum:"suspected,analysed,dismissed,approved,rejected,dispatched,received,confirmed,nothing_found"`
	By     lanzha.ID `json:"by" doc:"the account; empty is the system"`
	ByName string    `json:"byName"`
	At     time.Time `json:"at"`
	Note   string    `json:"note" doc:"the opinion or reason"`
}

// DenPage is a den with all that led to it and all that was done.
type DenPage struct {
	DenBody
	Place        place.Address `json:"place" doc:"the address taken apart"`
	Reasons      []DenReason   `json:"reasons"`
	Evidence     []DenEvidence `json:"evidence" doc:"the oldest first"`
	Steps        []DenStep     `json:"steps"`
	DocumentKind DocumentKind  `json:"documentKind" enum:",inspection,search" doc:"检查证 or 搜查证"`
	DocumentNo   string        `json:"documentNo"`
	CheckedAt    *time.Time    `json:"checkedAt,omitempty" doc:"when the police were on site"`
	Outcome      *Outcome      `json:"outcome,omitempty"`
}

var weightNames = map[Weight]string{Supports: "supports", Beside: "beside", Counts: "counts"}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func resource(d Den) auth.Resource {
	return auth.Resource{Type: "den", ID: d.ID, Region: d.Region, Institution: d.Unit, RequestedBy: d.AnalysedBy, Document: d.DocumentNo}
}

// namer names institutions and accounts, each read once.
type namer struct {
	desk  *Desk
	known map[lanzha.ID]string
}

func (d *Desk) namer() namer { return namer{d, map[lanzha.ID]string{}} }

func (n namer) name(id lanzha.ID, read func() (string, error)) (string, error) {
	if id == "" {
		return "", nil
	}
	if name, ok := n.known[id]; ok {
		return name, nil
	}
	name, err := read()
	if err != nil && lanzha.CodeOf(err) != lanzha.CodeNotFound {
		return "", err
	}
	n.known[id] = name
	return name, nil
}

func (n namer) institution(ctx context.Context, id lanzha.ID) (string, error) {
	return n.name(id, func() (string, error) {
		in, err := n.desk.Directory.Get(ctx, n.desk.DB.Read(), id)
		return in.Name, err
	})
}

func (n namer) account(ctx context.Context, id lanzha.ID) (string, error) {
	return n.name(id, func() (string, error) { return n.desk.OfficerName(ctx, n.desk.DB.Read(), id) })
}

func (d *Desk) body(ctx context.Context, n namer, den Den) (DenBody, error) {
	unit, err := n.institution(ctx, den.Unit)
	b := DenBody{
		ID: den.ID, Version: den.Version, State: den.State, Address: den.Address(), Region: den.Region, RegionName: place.FullName(den.Region),
		Confidence: den.Confidence, Clues: den.Clues, Unit: den.Unit, UnitName: unit,
		SuspectedAt: den.SuspectedAt, DispatchedAt: optional(den.DispatchedAt), FinishedAt: optional(den.FinishedAt),
	}
	if den.State == Dispatched {
		b.ReceiveBy = optional(den.DispatchedAt.Add(d.Options.receiveWithin()))
	}
	return b, err
}

// page reads all that is shown of a den.
func (d *Desk) page(ctx context.Context, den Den) (DenPage, error) {
	n := d.namer()
	body, err := d.body(ctx, n, den)
	if err != nil {
		return DenPage{}, err
	}
	p := DenPage{
		DenBody: body, Place: den.Place, Reasons: []DenReason{}, Evidence: []DenEvidence{}, Steps: []DenStep{},
		DocumentKind: den.DocumentKind, DocumentNo: den.DocumentNo, CheckedAt: optional(den.CheckedAt),
	}
	if !den.CheckedAt.IsZero() {
		p.Outcome = &den.Outcome
	}
	for _, r := range den.Reasons {
		p.Reasons = append(p.Reasons, DenReason{Code: r.Code, Weight: r.Weight(), Zh: r.Zh(), En: r.En()})
	}
	sightings, err := d.Store.Evidence(ctx, d.DB.Read(), den.ID)
	if err != nil {
		return p, err
	}
	all, err := d.evidence(ctx, d.DB.Read(), sightings)
	if err != nil {
		return p, err
	}
	for _, e := range all {
		b := evidenceBody(e, den.Place)
		if b.InstitutionName, err = n.institution(ctx, e.Institution); err != nil {
			return p, err
		}
		p.Evidence = append(p.Evidence, b)
	}
	steps, err := d.Store.Steps(ctx, d.DB.Read(), den.ID)
	if err != nil {
		return p, err
	}
	for _, s := range steps {
		b := DenStep{Step: s.Name, By: s.Actor, At: s.At, Note: s.Note}
		if b.ByName, err = n.account(ctx, s.Actor); err != nil {
			return p, err
		}
		p.Steps = append(p.Steps, b)
	}
	return p, nil
}

func evidenceBody(e Evidence, at place.Address) DenEvidence {
	b := DenEvidence{
		ID: e.Sighting.ID, Clue: DenClue{ID: e.Subject.ID, Kind: e.Subject.Kind, Value: e.Subject.Value, Truth: e.Subject.Truth},
		Source: e.Source, Origin: e.Origin, Institution: e.Institution, Role: e.Role, Weight: weightNames[e.weight()],
		Address: e.Raw, Parts: e.Address, Agrees: []string{}, Differs: []string{}, AnsweredAt: e.At,
	}
	if len(e.Subject.Via) > 0 {
		b.Clue.Via = e.Subject.Via[0]
	}
	for _, part := range parts(e.Address, at) {
		switch {
		case part.mine == "" || part.place == "":
		case part.same:
			b.Agrees = append(b.Agrees, part.name)
		default:
			b.Differs = append(b.Differs, part.name)
		}
	}
	return b
}

type part struct {
	name, mine, place string
	same              bool
}

// parts pairs the parts of an address with those of a place, by the names that
// they have in JSON.
func parts(a, at place.Address) []part {
	out := []part{
		{name: "region", mine: string(a.Region), place: string(at.Region)}, {name: "town", mine: a.Town, place: at.Town},
		{name: "road", mine: a.Road, place: at.Road}, {name: "number", mine: a.Number, place: at.Number},
		{name: "village", mine: a.Village, place: at.Village}, {name: "group", mine: a.Group, place: at.Group},
		{name: "section", mine: a.Section, place: at.Section}, {name: "building", mine: a.Building, place: at.Building},
		{name: "unit", mine: a.Unit, place: at.Unit}, {name: "floor", mine: a.Floor, place: at.Floor}, {name: "room", mine: a.Room, place: at.Room},
	}
	for i := range out {
		out[i].same = out[i].mine == out[i].place
	}
	out[0].same = at.Region.Contains(a.Region) || a.Region.Contains(at.Region)
	if len(a.POI) > 0 && len(at.POI) > 0 {
		p := part{name: "poi", mine: a.POI[0], place: at.POI[0]}
		for _, mine := range a.POI {
			for _, other := range at.POI {
				p.same = p.same || mine == other
			}
		}
		out = append(out, p)
	}
	return out
}
