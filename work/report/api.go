package report

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/base/sqldb"
	"lanzha/know/place"
	"lanzha/work/report/extract"
)

// Body is a report as the API shows it: the caller is masked.
type Body struct {
	ID         lanzha.ID      `json:"id"`
	Version    int64          `json:"version"`
	Type       Type           `json:"type" enum:"report,tip,inquiry"`
	Channel    Channel        `json:"channel" enum:"phone,110,online,counter,platform"`
	Ref110     string         `json:"ref110"`
	State      State          `json:"state" enum:"open,closed"`
	Region     lanzha.Region  `json:"region"`
	RegionName string         `json:"regionName"`
	ReceivedAt time.Time      `json:"receivedAt"`
	OccurredAt *time.Time     `json:"occurredAt,omitempty"`
	AmountFen  lanzha.Fen     `json:"amountFen" doc:"loss in hundredths of a yuan; 0 is none told"`
	Text       string         `json:"text"`
	Caller     Caller         `json:"caller" doc:"masked; POST reveal shows it on a stated purpose"`
	Parties    []Party        `json:"parties"`
	Finds      []extract.Find `json:"finds"`
	TakenBy    lanzha.ID      `json:"takenBy"`
	CloseNote  string         `json:"closeNote"`
}

func bodyOf(r Report) Body {
	b := Body{
		ID: r.ID, Version: r.Version, Type: r.Type, Channel: r.Channel, Ref110: r.Ref110, State: r.State, Region: r.Region,
		RegionName: place.FullName(r.Region), ReceivedAt: r.ReceivedAt, AmountFen: r.AmountFen, Text: r.Text,
		Caller:  Caller{Name: lanzha.Mask(r.Caller.Name), Phone: lanzha.Mask(r.Caller.Phone)},
		Parties: r.Parties, Finds: r.Finds, TakenBy: r.TakenBy, CloseNote: r.CloseNote,
	}
	if !r.OccurredAt.IsZero() {
		b.OccurredAt = &r.OccurredAt
	}
	if b.Parties == nil {
		b.Parties = []Party{}
	}
	return b
}

// Summary is a report in a list.
type Summary struct {
	ID         lanzha.ID     `json:"id"`
	Version    int64         `json:"version"`
	Type       Type          `json:"type"`
	Channel    Channel       `json:"channel"`
	Ref110     string        `json:"ref110"`
	State      State         `json:"state"`
	Region     lanzha.Region `json:"region"`
	RegionName string        `json:"regionName"`
	ReceivedAt time.Time     `json:"receivedAt"`
	AmountFen  lanzha.Fen    `json:"amountFen"`
	TakenBy    lanzha.ID     `json:"takenBy"`
}

// NewBody is a report as it is handed in.
type NewBody struct {
	Type       Type          `json:"type" enum:"report,tip,inquiry"`
	Channel    Channel       `json:"channel,omitempty" enum:"phone,110,online,counter,platform" default:"phone"`
	Ref110     string        `json:"ref110,omitempty" maxLength:"64" doc:"the 110 desk's number of the call"`
	Region     lanzha.Region `json:"region" minLength:"6" maxLength:"6" example:"530114"`
	ReceivedAt time.Time     `json:"receivedAt,omitzero" doc:"default now"`
	OccurredAt time.Time     `json:"occurredAt,omitzero" doc:"default the first time found in the text"`
	AmountFen  lanzha.Fen    `json:"amountFen,omitempty" minimum:"0" maximum:"100000000000000" doc:"default the largest amount found in the text"`
	Text       string        `json:"text,omitempty" maxLength:"20000"`
	Caller     Caller        `json:"caller,omitzero"`
	Parties    []Party       `json:"parties,omitempty" maxItems:"10" doc:"the sides of a three-way call"`
	Values     []string      `json:"values,omitempty" maxItems:"100" doc:"numbers, accounts or sites entered beside the text"`
	Dropped    []string      `json:"dropped,omitempty" maxItems:"100" doc:"values found in the text that the officer struck out"`
}

func resource(r Report) auth.Resource {
	return auth.Resource{Type: "report", ID: r.ID, Region: r.Region}
}

// Mount adds the operations of reports.
func (d *Desk) Mount(a *api.API, may *auth.Decider) {
	read := func(ctx context.Context, id lanzha.ID, action string) (Report, error) {
		r, err := d.Store.Get(ctx, d.DB.Read(), id)
		if err != nil {
			return r, err
		}
		return r, may.May(ctx, action, resource(r))
	}

	type createIn struct {
		api.Create
		Body NewBody
	}
	api.Register(a, api.Op{ID: "createReport", Method: http.MethodPost, Path: "/reports", Action: "report.create", Summary: "Take a report", Status: http.StatusCreated},
		func(ctx context.Context, in *createIn) (*api.One[Body], error) {
			actor, _ := auth.ActorFrom(ctx)
			if err := may.May(ctx, "report.create", auth.Resource{Type: "report", Region: in.Body.Region}); err != nil {
				return nil, err
			}
			out, err := api.Once(ctx, d.DB, actor.ID, in.Key, in.Body, d.Now(), func(tx *sqldb.Tx) (Body, error) {
				r, err := d.Take(ctx, tx, Draft(in.Body), actor.ID)
				return bodyOf(r), err
			})
			return api.NewOne(out.Version, out), err
		})

	type listIn struct {
		api.Page
		Region lanzha.Region `query:"region" doc:"narrows to this division; default your own scope"`
		Type   Type          `query:"type" enum:"report,tip,inquiry"`
		Ref110 string        `query:"ref110" maxLength:"64"`
	}
	type listOut struct{ Body api.List[Summary] }
	api.Register(a, api.Op{ID: "listReports", Method: http.MethodGet, Path: "/reports", Action: "report.list", Summary: "List reports, the newest first"},
		func(ctx context.Context, in *listIn) (*listOut, error) {
			scope, err := may.ScopeOf(ctx, "report.list")
			if err != nil {
				return nil, err
			}
			if scope, err = scope.Narrow(in.Region); err != nil {
				return nil, err
			}
			f := Filter{Region: scope.Region, Type: in.Type, Ref110: in.Ref110, Limit: in.Limit + 1}
			var key Key
			if more, err := in.After(&key); err != nil {
				return nil, err
			} else if more {
				f.After = &key
			}
			lines, err := d.Store.List(ctx, d.DB.Read(), f)
			if err != nil {
				return nil, err
			}
			items := make([]Summary, len(lines))
			for i, l := range lines {
				items[i] = Summary{
					ID: l.ID, Version: l.Version, Type: l.Type, Channel: l.Channel, Ref110: l.Ref110, State: l.State,
					Region: l.Region, RegionName: place.FullName(l.Region), ReceivedAt: l.ReceivedAt.Time(), AmountFen: l.AmountFen, TakenBy: l.TakenBy,
				}
			}
			return &listOut{api.NewList(items, in.Limit, func(s Summary) any { return Key{At: lanzha.At(s.ReceivedAt), ID: s.ID} })}, nil
		})

	type idIn struct {
		ID lanzha.ID `path:"id" minLength:"26" maxLength:"26"`
	}
	api.Register(a, api.Op{ID: "getReport", Method: http.MethodGet, Path: "/reports/{id}", Action: "report.read", Summary: "Read a report"},
		func(ctx context.Context, in *idIn) (*api.One[Body], error) {
			r, err := read(ctx, in.ID, "report.read")
			if err != nil {
				return nil, err
			}
			return api.NewOne(r.Version, bodyOf(r)), nil
		})

	type timelineIn struct {
		ID     lanzha.ID `path:"id" minLength:"26" maxLength:"26"`
		Before int64     `query:"before" minimum:"0" doc:"rows with a smaller number; 0 starts at the newest"`
		Limit  int       `query:"limit" minimum:"1" maximum:"500" default:"100"`
	}
	type timelineOut struct{ Body api.List[api.Event] }
	api.Register(a, api.Op{ID: "reportTimeline", Method: http.MethodGet, Path: "/reports/{id}/timeline", Action: "report.read", Summary: "All that happened to a report, the newest first"},
		func(ctx context.Context, in *timelineIn) (*timelineOut, error) {
			if _, err := read(ctx, in.ID, "report.read"); err != nil {
				return nil, err
			}
			events, err := api.Timeline(ctx, d.DB, d.Journal, in.ID, in.Before, in.Limit, api.Visible(may)(ctx))
			return &timelineOut{events}, err
		})

	type closeIn struct {
		ID lanzha.ID `path:"id" minLength:"26" maxLength:"26"`
		api.Change
		Body struct {
			Note string `json:"note" minLength:"1" maxLength:"1000" doc:"what came of it"`
		}
	}
	api.Register(a, api.Op{ID: "closeReport", Method: http.MethodPost, Path: "/reports/{id}/close", Action: "report.close", Summary: "Close a report"},
		func(ctx context.Context, in *closeIn) (*api.One[Body], error) {
			version, err := in.Version()
			if err != nil {
				return nil, err
			}
			r, err := read(ctx, in.ID, "report.close")
			if err != nil {
				return nil, err
			}
			actor, _ := auth.ActorFrom(ctx)
			err = d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
				r, err = d.Close(ctx, tx, r, version, in.Body.Note, actor.ID)
				return err
			})
			return api.NewOne(r.Version, bodyOf(r)), err
		})

	type revealIn struct {
		ID   lanzha.ID `path:"id" minLength:"26" maxLength:"26"`
		Body struct {
			Field   string `json:"field" enum:"caller.name,caller.phone"`
			Purpose string `json:"purpose" minLength:"2" maxLength:"200" doc:"why it must be seen; it stands in the journal"`
		}
	}
	type revealOut struct{ Body api.Revealed }
	api.Register(a, api.Op{ID: "revealReport", Method: http.MethodPost, Path: "/reports/{id}/reveal", Action: "reveal", Summary: "Show a masked field on a stated purpose"},
		func(ctx context.Context, in *revealIn) (*revealOut, error) {
			r, err := d.Store.Get(ctx, d.DB.Read(), in.ID)
			if err != nil {
				return nil, err
			}
			what := resource(r)
			what.Purpose = in.Body.Purpose
			if err := may.May(ctx, "reveal", what); err != nil {
				return nil, err
			}
			actor, _ := auth.ActorFrom(ctx)
			if err := d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
				return d.note(ctx, tx, "report.revealed", r, actor.ID, in.Body.Purpose, map[string]any{"field": in.Body.Field})
			}); err != nil {
				return nil, err
			}
			value := r.Caller.Phone
			if in.Body.Field == "caller.name" {
				value = r.Caller.Name
			}
			return &revealOut{api.Reveal(value, d.Now())}, nil
		})

	type extractIn struct {
		Body struct {
			Text string    `json:"text" maxLength:"20000"`
			At   time.Time `json:"at,omitzero" doc:"what today means; default now"`
		}
	}
	type extractOut struct {
		Body struct {
			Finds []extract.Find `json:"finds"`
		}
	}
	api.Register(a, api.Op{ID: "extract", Method: http.MethodPost, Path: "/extract", Action: "report.extract", Summary: "Find numbers, accounts, amounts, sites and times in a text"},
		func(_ context.Context, in *extractIn) (*extractOut, error) {
			if in.Body.At.IsZero() {
				in.Body.At = d.Now()
			}
			out := &extractOut{}
			out.Body.Finds = extract.Extract(in.Body.Text, in.Body.At, d.Zone)
			if out.Body.Finds == nil {
				out.Body.Finds = []extract.Find{}
			}
			return out, nil
		})

	type importIn struct {
		api.Create
		RawBody []byte `contentType:"text/csv"`
	}
	type importOut struct{ Body api.Imported }
	api.Register(a, api.Op{ID: "importReports", Method: http.MethodPost, Path: "/reports/import", Action: "report.import", Summary: "Take reports from a CSV file", MaxBody: 64 << 20, AnyBytes: true},
		func(ctx context.Context, in *importIn) (*importOut, error) {
			out, err := d.Import(ctx, string(in.RawBody), in.Key, may)
			return &importOut{out}, err
		})
}

// columns of an import file.
var (
	importRequired = []string{"type", "region", "text"}
	importColumns  = []string{"type", "channel", "ref110", "received_at", "occurred_at", "region", "text", "amount", "caller_name", "caller_phone", "values"}
)

// Import takes the good rows of a CSV, each in a transaction of its own, so
// that a file that breaks off keeps what came before. With a key a repeat of
// the file doubles nothing.
func (d *Desk) Import(ctx context.Context, file, key string, may *auth.Decider) (api.Imported, error) {
	actor, _ := auth.ActorFrom(ctx)
	return api.ImportCSV(strings.NewReader(file), importRequired, importColumns, func(row api.CSVRow) error {
		draft, err := d.draftOf(row)
		if err != nil {
			return err
		}
		if err := may.May(ctx, "report.create", auth.Resource{Type: "report", Region: draft.Region}); err != nil {
			return lanzha.Invalid("region", "outside your scope")
		}
		rowKey := ""
		if key != "" {
			rowKey = key + "#" + strconv.Itoa(row.N)
		}
		_, err = api.Once(ctx, d.DB, actor.ID, rowKey, draft, d.Now(), func(tx *sqldb.Tx) (lanzha.ID, error) {
			r, err := d.Take(ctx, tx, draft, actor.ID)
			return r.ID, err
		})
		return err
	})
}

func (d *Desk) draftOf(row api.CSVRow) (Draft, error) {
	draft := Draft{
		Type: Type(row.Get("type")), Channel: Channel(row.Get("channel")), Ref110: row.Get("ref110"), Region: lanzha.Region(row.Get("region")),
		Text: row.Get("text"), Caller: Caller{Name: row.Get("caller_name"), Phone: row.Get("caller_phone")},
	}
	for zh, t := range map[string]Type{"报案": TypeReport, "举报": TypeTip, "咨询": TypeInquiry} {
		if string(draft.Type) == zh {
			draft.Type = t
		}
	}
	if draft.Channel == "" {
		draft.Channel = ChannelPlatform
	}
	if v := row.Get("values"); v != "" {
		draft.Values = strings.Fields(strings.ReplaceAll(v, ";", " "))
	}
	for column, into := range map[string]*time.Time{"received_at": &draft.ReceivedAt, "occurred_at": &draft.OccurredAt} {
		if text := row.Get(column); text != "" {
			at, err := d.instant(text)
			if err != nil {
				return draft, lanzha.Invalid(column, "is no time: write 2006-01-02 15:04 or RFC 3339")
			}
			*into = at
		}
	}
	if text := row.Get("amount"); text != "" {
		yuan, cents, _ := strings.Cut(text, ".")
		whole, err := strconv.ParseInt(yuan, 10, 64)
		part, err2 := strconv.ParseInt((cents + "00")[:2], 10, 64)
		if err != nil || err2 != nil || whole < 0 || whole > 1e12 || len(cents) > 2 {
			return draft, lanzha.Invalid("amount", "is no amount in yuan: write 35000 or 35000.50")
		}
		draft.AmountFen = lanzha.Fen(whole*100 + part)
	}
	return draft, nil
}

func (d *Desk) instant(text string) (time.Time, error) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at.UTC(), nil
	}
	var at time.Time
	var err error
	for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02 15:04", "2006/1/2 15:04", "2006-01-02"} {
		if at, err = time.ParseInLocation(layout, text, d.Zone); err == nil {
			return at.UTC(), nil
		}
	}
	return at, err
}
