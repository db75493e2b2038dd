package notice

import (
	"context"
	"net/http"
	"time"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/base/sqldb"
)

// Body is a notice as the API shows it.
type Body struct {
	ID         lanzha.ID     `json:"id"`
	Version    int64         `json:"version"`
	Listing    lanzha.ID     `json:"listing"`
	Name       string        `json:"name" doc:"of the listed subject, masked; empty once erased"`
	Kind       Kind          `json:"kind" enum:"listing,lifting"`
	Number     string        `json:"number"`
	Region     lanzha.Region `json:"region"`
	Text       *Text         `json:"text,omitempty" doc:"as served, but for the addressee, who is masked: POST .../print gives the whole on a stated purpose; lists leave it out, and it is gone once the personal fields were erased"`
	MadeBy     lanzha.ID     `json:"madeBy"`
	MadeAt     time.Time     `json:"madeAt"`
	CodeAt     *time.Time    `json:"codeAt,omitempty" doc:"when the code for the person's own view was made; absent: there is none"`
	Code       string        `json:"code,omitempty" doc:"told once, to be printed on the notice; only its hash is kept"`
	ServedHow  string        `json:"servedHow" doc:"empty: not served yet"`
	ServedAt   *time.Time    `json:"servedAt,omitempty"`
	ServedBy   string        `json:"servedBy" doc:"the name of who handed it over"`
	ReceiptNo  string        `json:"receiptNo"`
	RecordedBy lanzha.ID     `json:"recordedBy"`
}

func bodyOf(n Notice, name string) Body {
	b := Body{
		ID: n.ID, Version: n.Version, Listing: n.Listing, Name: name, Kind: n.Kind, Number: n.Number, Region: n.Region, MadeBy: n.MadeBy, MadeAt: n.MadeAt, CodeAt: optional(n.CodeAt),
		ServedHow: n.Served.How, ServedAt: optional(n.Served.At), ServedBy: n.Served.By, ReceiptNo: n.Served.ReceiptNo, RecordedBy: n.Served.RecordedBy,
	}
	if n.Text.Title != "" {
		masked := n.Text.Masked()
		b.Text = &masked
	}
	return b
}

// bodies are notices with the names of who is listed.
func (d *Desk) bodies(ctx context.Context, notices ...Notice) ([]Body, error) {
	listings := make([]lanzha.ID, len(notices))
	for i, n := range notices {
		listings[i] = n.Listing
	}
	called, err := d.Register.Store.CalledOf(ctx, d.Register.DB.Read(), listings)
	if err != nil {
		return nil, err
	}
	out := make([]Body, len(notices))
	for i, n := range notices {
		out[i] = bodyOf(n, called[n.Listing].Name)
		if out[i].ServedBy, err = d.handedBy(ctx, n); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// handedBy is the name of who handed a notice over. The officer who recorded it
// may have written an account's ID.
func (d *Desk) handedBy(ctx context.Context, n Notice) (string, error) {
	id, err := lanzha.ParseID(n.Served.By)
	if err != nil || d.Register.OfficerName == nil {
		return n.Served.By, nil //nolint:nilerr // it is a name
	}
	name, err := d.Register.OfficerName(ctx, d.Register.DB.Read(), id)
	if lanzha.CodeOf(err) == lanzha.CodeNotFound || err == nil && name == "" {
		return n.Served.By, nil // no account's, after all
	}
	return name, err
}

// one is the answer about one notice.
func (d *Desk) one(ctx context.Context, n Notice) (*oneOut, error) {
	b, err := d.bodies(ctx, n)
	if err != nil {
		return nil, err
	}
	return api.NewOne(n.Version, b[0]), nil
}

// Printed is a notice as it goes to the person. It was shown on a purpose that
// stands in the journal.
type Printed struct {
	Text  Text      `json:"text"`
	HTML  string    `json:"html" doc:"a page for A4 paper, with nothing to fetch; the code stands on it where it was given"`
	Until time.Time `json:"until" doc:"when the console masks it again"`
}

// ByID is the input of operations on one notice. It is exported because the
// HTTP kit passes over embedded types that are not.
type ByID struct {
	ID lanzha.ID `path:"id" minLength:"26" maxLength:"26"`
}

type oneOut = api.One[Body]

// Mount adds the operations of notices.
func (d *Desk) Mount(a *api.API, may *auth.Decider) {
	db := d.Register.DB
	read := func(ctx context.Context, id lanzha.ID, action, purpose string) (Notice, error) {
		n, err := d.Store.Get(ctx, db.Read(), id)
		if err != nil {
			return n, err
		}
		r := resource(n)
		r.Purpose = purpose
		return n, may.May(ctx, action, r)
	}

	type listIn struct {
		api.Page
		Listing  lanzha.ID     `query:"listing" maxLength:"26"`
		Unserved bool          `query:"unserved" doc:"those whose proof of delivery is missing"`
		Region   lanzha.Region `query:"region" maxLength:"6" doc:"narrows to this division; default your own scope"`
	}
	type listOut struct{ Body api.List[Body] }
	api.Register(a, api.Op{ID: "listNotices", Method: http.MethodGet, Path: "/register/notices", Action: "notice.list", Summary: "List notices, the newest first"},
		func(ctx context.Context, in *listIn) (*listOut, error) {
			scope, err := may.ScopeOf(ctx, "notice.list")
			if err != nil {
				return nil, err
			}
			if scope, err = scope.Narrow(in.Region); err != nil {
				return nil, err
			}
			f := Filter{Region: scope.Region, Listing: in.Listing, Unserved: in.Unserved, Limit: in.Limit + 1}
			if _, err := in.After(&f.After); err != nil {
				return nil, err
			}
			found, err := d.Store.List(ctx, db.Read(), f)
			if err != nil {
				return nil, err
			}
			page := api.NewList(found, in.Limit, func(n Notice) any { return n.ID })
			items, err := d.bodies(ctx, page.Items...)
			return &listOut{api.List[Body]{Items: items, Next: page.Next}}, err
		})

	type createIn struct {
		api.Create
		Body struct {
			Listing lanzha.ID `json:"listing" minLength:"26" maxLength:"26"`
		}
	}
	api.Register(a, api.Op{ID: "createNotice", Method: http.MethodPost, Path: "/register/notices", Action: "notice.create", Status: http.StatusCreated, Summary: "Compose the notice of a listing, or of its lifting, as it stands now; POST .../code gives the code to be printed on it"},
		func(ctx context.Context, in *createIn) (*oneOut, error) {
			l, err := d.Register.Store.Listing(ctx, db.Read(), in.Body.Listing)
			if err != nil {
				return nil, err
			}
			if err := may.May(ctx, "notice.create", auth.Resource{Type: "listing", ID: l.ID, Region: l.Region}); err != nil {
				return nil, err
			}
			actor, _ := auth.ActorFrom(ctx)
			// What is remembered for repeats is the ID: the text stays encrypted.
			id, err := api.Once(ctx, db, actor.ID, in.Key, in.Body, d.Register.Now(), func(tx *sqldb.Tx) (lanzha.ID, error) {
				n, err := d.Make(ctx, tx, l, actor.ID)
				return n.ID, err
			})
			if err != nil {
				return nil, err
			}
			n, err := d.Store.Get(ctx, db.Read(), id)
			if err != nil {
				return nil, err
			}
			return d.one(ctx, n)
		})

	api.Register(a, api.Op{ID: "getNotice", Method: http.MethodGet, Path: "/register/notices/{id}", Action: "notice.read", Summary: "Read a notice as it was served, the addressee masked"},
		func(ctx context.Context, in *ByID) (*oneOut, error) {
			n, err := read(ctx, in.ID, "notice.read", "")
			if err != nil {
				return nil, err
			}
			return d.one(ctx, n)
		})

	type codeIn struct {
		ByID
		api.Change
	}
	api.Register(a, api.Op{ID: "codeNotice", Method: http.MethodPost, Path: "/register/notices/{id}/code", Action: "notice.serve", Status: http.StatusOK, Summary: "Make a new code for the person's own view; the one before opens nothing any more"},
		func(ctx context.Context, in *codeIn) (*oneOut, error) {
			version, err := in.Version()
			if err != nil {
				return nil, err
			}
			n, err := read(ctx, in.ID, "notice.serve", "")
			if err != nil {
				return nil, err
			}
			if n.Version != version {
				return nil, lanzha.Conflict("somebody changed this notice before you")
			}
			actor, _ := auth.ActorFrom(ctx)
			code := ""
			if err := db.Tx(ctx, func(tx *sqldb.Tx) error {
				code, err = d.Code(ctx, tx, n, actor.ID)
				return err
			}); err != nil {
				return nil, err
			}
			if n, err = d.Store.Get(ctx, db.Read(), in.ID); err != nil {
				return nil, err
			}
			out, err := d.one(ctx, n)
			if err != nil {
				return nil, err
			}
			out.Body.Code = code
			return out, nil
		})

	type printIn struct {
		ByID
		Body struct {
			Purpose string `json:"purpose" maxLength:"200" doc:"stands in the journal with your name"`
			Code    string `json:"code,omitempty" maxLength:"40" doc:"the code as it was told, to stand on the page; it never goes into an address"`
		}
	}
	type printOut struct{ Body Printed }
	api.Register(a, api.Op{ID: "printNotice", Method: http.MethodPost, Path: "/register/notices/{id}/print", Action: "notice.print", Status: http.StatusOK, Summary: "The whole notice, also as an HTML page for A4 paper, on a stated purpose"},
		func(ctx context.Context, in *printIn) (*printOut, error) {
			n, err := read(ctx, in.ID, "notice.print", in.Body.Purpose)
			switch {
			case err != nil:
				return nil, err
			case n.Text.Title == "":
				return nil, lanzha.Conflict("the notice was erased")
			}
			if in.Body.Code != "" {
				opened, err := d.Store.ByCode(ctx, db.Read(), in.Body.Code)
				if lanzha.CodeOf(err) == lanzha.CodeNotFound || err == nil && opened.ID != n.ID {
					return nil, lanzha.Invalid("body.code", "this code does not belong to this notice")
				} else if err != nil {
					return nil, err
				}
			}
			html, err := Print(n.Text, in.Body.Code)
			if err != nil {
				return nil, err
			}
			actor, _ := auth.ActorFrom(ctx)
			if err := db.Tx(ctx, func(tx *sqldb.Tx) error { return d.printed(ctx, tx, n, actor.ID, in.Body.Purpose) }); err != nil {
				return nil, err
			}
			return &printOut{Printed{Text: n.Text, HTML: string(html), Until: d.Register.Now().Add(time.Minute)}}, nil
		})

	type serveIn struct {
		ByID
		api.Change
		Body struct {
			How       string    `json:"how" minLength:"1" maxLength:"100" doc:"the way, as it was: which channel the law wants could not be read"`
			At        time.Time `json:"at,omitzero" doc:"default now"`
			By        string    `json:"by" minLength:"1" maxLength:"100" doc:"who handed it over: a name, or the ID of an account, which answers then name"`
			ReceiptNo string    `json:"receiptNo,omitempty" maxLength:"100" doc:"number of the parcel, receipt or record"`
		}
	}
	api.Register(a, api.Op{ID: "serveNotice", Method: http.MethodPost, Path: "/register/notices/{id}/serve", Action: "notice.serve", Status: http.StatusOK, Summary: "Record the proof that the notice was served"},
		func(ctx context.Context, in *serveIn) (*oneOut, error) {
			version, err := in.Version()
			if err != nil {
				return nil, err
			}
			n, err := read(ctx, in.ID, "notice.serve", "")
			if err != nil {
				return nil, err
			}
			actor, _ := auth.ActorFrom(ctx)
			if err := db.Tx(ctx, func(tx *sqldb.Tx) error {
				n, err = d.Serve(ctx, tx, in.ID, version, Served{How: in.Body.How, At: in.Body.At, By: in.Body.By, ReceiptNo: in.Body.ReceiptNo, RecordedBy: actor.ID})
				return err
			}); err != nil {
				return nil, err
			}
			return d.one(ctx, n)
		})
}
