package institution

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

// Summary is an institution in a list.
type Summary struct {
	ID            lanzha.ID     `json:"id"`
	Version       int64         `json:"version"`
	Code          string        `json:"code"`
	Name          string        `json:"name"`
	NameEn        string        `json:"nameEn"`
	Kind          Kind          `json:"kind" enum:"police,carrier,bank,payment,community,regulator,platform"`
	Region        lanzha.Region `json:"region" doc:"what it answers for; empty is the whole country"`
	RegionName    string        `json:"regionName"`
	Gateway       Gateway       `json:"gateway" enum:"platform,manual,camara,sandbox"`
	AnswerTargetS int64         `json:"answerTargetS" doc:"how fast it means to answer, in seconds; 0 is nothing stated"`
	Disabled      bool          `json:"disabled"`
}

// Body is an institution as the API shows it.
type Body struct {
	Summary
	Endpoint  string    `json:"endpoint"`
	HasSecret bool      `json:"hasSecret" doc:"the secret itself is never shown"`
	Contacts  []Contact `json:"contacts" doc:"masked for those who would not call them"`
	Ranges    []Range   `json:"ranges"`
}

// NewBody is an institution as it is handed in.
type NewBody struct {
	Code          string        `json:"code" minLength:"2" maxLength:"64" example:"yunnan-mobile-km"`
	Name          string        `json:"name" minLength:"1" maxLength:"100"`
	NameEn        string        `json:"nameEn,omitempty" maxLength:"200"`
	Kind          Kind          `json:"kind" enum:"police,carrier,bank,payment,community,regulator,platform"`
	Region        lanzha.Region `json:"region,omitempty" maxLength:"6" example:"530100"`
	Gateway       Gateway       `json:"gateway" enum:"platform,manual,camara,sandbox"`
	Endpoint      string        `json:"endpoint,omitempty" maxLength:"500"`
	Secret        *string       `json:"secret,omitempty" maxLength:"4000" doc:"left out in a change, the old one stays; empty removes it"`
	Contacts      []Contact     `json:"contacts,omitempty" maxItems:"20"`
	Ranges        []Range       `json:"ranges,omitempty" maxItems:"20000"`
	AnswerTargetS int64         `json:"answerTargetS,omitempty" minimum:"0" maximum:"2592000"`
	Disabled      bool          `json:"disabled,omitempty"`
}

// over writes what was handed in over an institution.
func (b NewBody) over(in Institution) Institution {
	in.Code, in.Name, in.NameEn, in.Kind, in.Region = b.Code, b.Name, b.NameEn, b.Kind, b.Region
	in.Gateway, in.Endpoint, in.Contacts, in.Ranges, in.Disabled = b.Gateway, b.Endpoint, b.Contacts, b.Ranges, b.Disabled
	in.AnswerTarget = time.Duration(b.AnswerTargetS) * time.Second
	if b.Secret != nil {
		in.Secret = lanzha.Secret(*b.Secret)
	}
	return in
}

func summaryOf(in Institution) Summary {
	return Summary{
		ID: in.ID, Version: in.Version, Code: in.Code, Name: in.Name, NameEn: in.NameEn, Kind: in.Kind, Region: in.Region,
		RegionName: place.FullName(in.Region), Gateway: in.Gateway, AnswerTargetS: int64(in.AnswerTarget / time.Second), Disabled: in.Disabled,
	}
}

func bodyOf(in Institution, inFull bool) Body {
	b := Body{Summary: summaryOf(in), Endpoint: in.Endpoint, HasSecret: in.Secret != "", Contacts: []Contact{}, Ranges: []Range{}}
	b.Contacts = append(b.Contacts, in.Contacts...)
	b.Ranges = append(b.Ranges, in.Ranges...)
	if !inFull {
		for i, c := range b.Contacts {
			b.Contacts[i] = Contact{Name: lanzha.Mask(c.Name), Role: c.Role, Phone: lanzha.Mask(c.Phone), Email: lanzha.Mask(c.Email)}
		}
	}
	return b
}

func resource(in Institution) auth.Resource {
	return auth.Resource{Type: "institution", ID: in.ID, Region: in.Region, Institution: in.ID}
}

// maxFile is the largest file of institutions or ported numbers.
const maxFile = 16 << 20

// Mount adds the operations of the directory.
func (d *Directory) Mount(a *api.API, may *auth.Decider) {
	// Whoever asks an institution may call its contacts, and so may whoever
	// keeps them and the institution itself.
	show := func(ctx context.Context, in Institution) Body {
		actor, _ := auth.ActorFrom(ctx)
		return bodyOf(in, actor.Institution == in.ID || may.Gate(ctx, "lookup.ask") == nil || may.May(ctx, "institution.write", resource(in)) == nil)
	}

	type createIn struct {
		api.Create
		Body NewBody
	}
	api.Register(a, api.Op{ID: "createInstitution", Method: http.MethodPost, Path: "/institutions", Action: "institution.write", Summary: "Add an institution to the directory", Status: http.StatusCreated},
		func(ctx context.Context, in *createIn) (*api.One[Body], error) {
			actor, _ := auth.ActorFrom(ctx)
			wanted := in.Body.over(Institution{})
			if err := wanted.Check(); err != nil {
				return nil, err
			}
			if err := may.May(ctx, "institution.write", resource(wanted)); err != nil {
				return nil, err
			}
			out, err := api.Once(ctx, d.db, actor.ID, in.Key, in.Body, d.now(), func(tx *sqldb.Tx) (Body, error) {
				made, err := d.Create(ctx, tx, actor.ID, wanted)
				return bodyOf(made, false), err
			})
			if err != nil {
				return nil, err
			}
			made, err := d.Get(ctx, d.db.Read(), out.ID)
			return api.NewOne(made.Version, show(ctx, made)), err
		})

	type listIn struct {
		api.Page
		Kind   Kind          `query:"kind" enum:"police,carrier,bank,payment,community,regulator,platform"`
		Region lanzha.Region `query:"region" maxLength:"6" doc:"this division and those below"`
		Text   string        `query:"q" maxLength:"100" doc:"a part of name or code"`
	}
	type listOut struct{ Body api.List[Summary] }
	api.Register(a, api.Op{ID: "listInstitutions", Method: http.MethodGet, Path: "/institutions", Action: "institution.list", Summary: "List institutions by code"},
		func(ctx context.Context, in *listIn) (*listOut, error) {
			scope, err := may.ScopeOf(ctx, "institution.list")
			if err != nil {
				return nil, err
			}
			if scope, err = scope.Narrow(in.Region); err != nil {
				return nil, err
			}
			f := Filter{Kind: in.Kind, Region: scope.Region, Text: in.Text, Only: scope.Institution, Limit: in.Limit + 1}
			if _, err := in.After(&f.After); err != nil {
				return nil, err
			}
			found, err := d.List(ctx, d.db.Read(), f)
			items := []Summary{}
			for _, i := range found {
				items = append(items, summaryOf(i))
			}
			return &listOut{Body: api.NewList(items, in.Limit, func(s Summary) any { return s.Code })}, err
		})

	type getIn struct {
		ID lanzha.ID `path:"id" maxLength:"26"`
	}
	api.Register(a, api.Op{ID: "getInstitution", Method: http.MethodGet, Path: "/institutions/{id}", Action: "institution.read", Summary: "Read an institution"},
		func(ctx context.Context, in *getIn) (*api.One[Body], error) {
			found, err := d.Get(ctx, d.db.Read(), in.ID)
			if err != nil {
				return nil, err
			}
			if err := may.May(ctx, "institution.read", resource(found)); err != nil {
				return nil, err
			}
			return api.NewOne(found.Version, show(ctx, found)), nil
		})

	type putIn struct {
		api.Change
		ID   lanzha.ID `path:"id" maxLength:"26"`
		Body NewBody
	}
	api.Register(a, api.Op{ID: "changeInstitution", Method: http.MethodPut, Path: "/institutions/{id}", Action: "institution.write", Summary: "Change an institution"},
		func(ctx context.Context, in *putIn) (*api.One[Body], error) {
			actor, _ := auth.ActorFrom(ctx)
			version, err := in.Version()
			if err != nil {
				return nil, err
			}
			var out Institution
			err = d.db.Tx(ctx, func(tx *sqldb.Tx) error {
				old, err := d.Get(ctx, tx, in.ID)
				if err != nil {
					return err
				}
				wanted := in.Body.over(old)
				wanted.Version = version
				if err := wanted.Check(); err != nil {
					return err
				}
				// Both where it was and where it goes must be the caller's.
				for _, i := range []Institution{old, wanted} {
					if err := may.May(ctx, "institution.write", resource(i)); err != nil {
						return err
					}
				}
				out, err = d.Update(ctx, tx, actor.ID, wanted)
				return err
			})
			return api.NewOne(out.Version, show(ctx, out)), err
		})

	type fileIn struct {
		RawBody []byte `contentType:"text/csv"`
	}
	type fileOut struct{ Body api.Imported }
	api.Register(a, api.Op{ID: "importInstitutions", Method: http.MethodPost, Path: "/institutions/import", Action: "institution.write", MaxBody: maxFile, AnyBytes: true,
		Summary: "Add and change institutions by a CSV file; those known by their code are changed, and a file sent again changes nothing"},
		func(ctx context.Context, in *fileIn) (*fileOut, error) {
			actor, _ := auth.ActorFrom(ctx)
			out, err := d.importFile(ctx, actor.ID, in.RawBody, func(i Institution) error { return may.May(ctx, "institution.write", resource(i)) })
			return &fileOut{Body: out}, err
		})

	type portedIn struct {
		ID      lanzha.ID `path:"id" maxLength:"26"`
		Back    bool      `query:"back" doc:"the numbers go back to the range they were born in"`
		RawBody []byte    `contentType:"text/csv"`
	}
	api.Register(a, api.Op{ID: "importPorted", Method: http.MethodPost, Path: "/institutions/{id}/ported", Action: "institution.write", MaxBody: maxFile, AnyBytes: true,
		Summary: "Note numbers that were carried to an institution, by a CSV file with a column number; a file sent again changes nothing"},
		func(ctx context.Context, in *portedIn) (*fileOut, error) {
			actor, _ := auth.ActorFrom(ctx)
			to, err := d.Get(ctx, d.db.Read(), in.ID)
			if err != nil {
				return nil, err
			}
			if err := may.May(ctx, "institution.write", resource(to)); err != nil {
				return nil, err
			}
			out, err := d.importPorted(ctx, actor.ID, to, in.Back, in.RawBody)
			return &fileOut{Body: out}, err
		})
}
