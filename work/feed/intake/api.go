package intake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/work/feed"
)

const (
	maxBody = 16 << 20 // of events over HTTP
	maxFile = 128 << 20
	maxOpen = 10_000 // up to which open letters are counted
)

// LetterBody is a dead letter as the API shows it: without the record.
type LetterBody struct {
	ID          lanzha.ID  `json:"id"`
	Version     int64      `json:"version"`
	State       State      `json:"state" enum:"open,corrected,discarded"`
	Channel     Channel    `json:"channel" enum:"http,file,nats,iso20022"`
	Name        string     `json:"name" doc:"of the file; empty when it is none"`
	Load        lanzha.ID  `json:"load" doc:"of the file; empty when it is none"`
	Kind        string     `json:"kind" enum:"call,message,transfer,registration"`
	Row         int        `json:"row" doc:"record of what was sent; of CSV the first after the header is 2"`
	Field       string     `json:"field" doc:"column; empty when the record as a whole is wrong"`
	Reason      string     `json:"reason"`
	At          time.Time  `json:"at"`
	SentBy      lanzha.ID  `json:"sentBy"`
	Institution lanzha.ID  `json:"institution" doc:"that sent it; empty is the centre itself"`
	ClosedBy    lanzha.ID  `json:"closedBy"`
	ClosedAt    *time.Time `json:"closedAt,omitempty"`
	Note        string     `json:"note" doc:"why it was discarded"`
}

// InChinese says why the record was refused.
func (l LetterBody) InChinese() any {
	l.Reason = api.Chinese(l.Reason)
	return l
}

func letterBody(l Letter) LetterBody {
	b := LetterBody{
		ID: l.ID, Version: l.Version, State: l.State, Channel: l.Channel, Name: l.Name, Load: l.Load, Kind: l.Kind.String(), Row: l.Row,
		Field: l.Field, Reason: l.Reason, At: l.At, SentBy: l.Account, Institution: l.Institution, ClosedBy: l.ClosedBy, Note: l.Note,
	}
	if !l.ClosedAt.IsZero() {
		b.ClosedAt = &l.ClosedAt
	}
	return b
}

// RecordBody is a dead letter with its record.
type RecordBody struct {
	Letter  LetterBody  `json:"letter"`
	Record  string      `json:"record" doc:"as it was sent; of Parquet as JSON"`
	Format  feed.Format `json:"format" enum:"csv,ndjson"`
	Columns []string    `json:"columns" doc:"what the cells of a CSV record are"`
	Mapping string      `json:"mapping" doc:"which columns are which fields; empty: they have the canonical names"`
}

// InChinese says why the record was refused.
func (r RecordBody) InChinese() any {
	r.Letter.Reason = api.Chinese(r.Letter.Reason)
	return r
}

// LetterList is a page of letters.
type LetterList struct{ api.List[LetterBody] }

// InChinese says why the records were refused.
func (l LetterList) InChinese() any {
	l.Items = slices.Clone(l.Items)
	for i := range l.Items {
		l.Items[i].Reason = api.Chinese(l.Items[i].Reason)
	}
	return l
}

// FeedsBody is what comes in.
type FeedsBody struct {
	Since       time.Time `json:"since" doc:"when this process began to count"`
	Feeds       []Rate    `json:"feeds"`
	OpenLetters int       `json:"openLetters" doc:"dead letters that are open; 10000 is ten thousand or more"`
}

func resource(s Sender, kind string, id lanzha.ID) auth.Resource {
	return auth.Resource{Type: kind, ID: id, Region: s.Region, Institution: s.Institution}
}

// Mount adds the operations of the intake.
func (d *Desk) Mount(a *api.API, may *auth.Decider) {
	d.rates.mu.Lock()
	d.rates.since = d.Now()
	d.rates.mu.Unlock()
	d.mountFeeds(a, may)
	d.mountLetters(a, may)
	d.mountLoads(a, may)
}

func (d *Desk) mountFeeds(a *api.API, may *auth.Decider) {
	type sendIn struct {
		Kind     string `path:"kind" enum:"call,message,transfer,registration"`
		Type     string `header:"Content-Type" doc:"application/json: a list of events, or one; application/x-ndjson: one a line; text/csv: the canonical columns"`
		Encoding string `header:"Content-Encoding" doc:"gzip or zstd; empty is neither"`
		api.Create
		RawBody []byte `contentType:"text/csv"`
	}
	type sendOut struct{ Body Taken }
	api.Register(a, api.Op{
		ID: "sendEvents", Method: http.MethodPost, Path: "/feeds/{kind}", Action: "feed.send", MaxBody: maxBody, AnyBytes: true,
		Summary: "Send events: JSON, lines of JSON, or CSV; what cannot be read is refused alone. With an Idempotency-Key the same body is taken once",
	},
		func(ctx context.Context, in *sendIn) (*sendOut, error) {
			kind, err := feed.ParseKind(in.Kind)
			if err != nil {
				return nil, err
			}
			from := Origin{Sender: d.sender(ctx), Channel: HTTP}
			if err := may.May(ctx, "feed.send", resource(from.Sender, "feed", "")); err != nil {
				return nil, err
			}
			if in.Key != "" {
				// The sum stands beside the key: a key that is used again by mistake
				// loses nothing.
				sum := sha256.Sum256(in.RawBody)
				from.Source = "http/" + string(from.Account) + "/" + in.Key + "/" + hex.EncodeToString(sum[:12])
			}
			s, done, err := open(kind, in.Type, in.Encoding, in.RawBody)
			if err != nil {
				return nil, err
			}
			defer done()
			out, err := d.Take(ctx, from, s, 0, nil)
			if err != nil {
				return nil, err
			}
			return &sendOut{*out}, nil
		})

	type feedsOut struct{ Body FeedsBody }
	api.Register(a, api.Op{ID: "getFeeds", Method: http.MethodGet, Path: "/feeds", Action: "feed.read", Summary: "What comes in: rates by way, sender and kind, and how many dead letters are open"},
		func(ctx context.Context, _ *struct{}) (*feedsOut, error) {
			scope, err := may.ScopeOf(ctx, "feed.read")
			if err != nil {
				return nil, err
			}
			open, err := d.store().open(ctx, d.DB.Read(), scope, maxOpen)
			if err != nil {
				return nil, err
			}
			out := &feedsOut{FeedsBody{OpenLetters: open}}
			out.Body.Feeds = d.Rates(func(institution lanzha.ID) bool {
				return scope.Covers(auth.Resource{Region: d.Region, Institution: institution})
			})
			d.rates.mu.Lock()
			out.Body.Since = d.rates.since
			d.rates.mu.Unlock()
			return out, nil
		})
}

func (d *Desk) mountLetters(a *api.API, may *auth.Decider) {
	read := func(ctx context.Context, id lanzha.ID, action, purpose string) (Letter, error) {
		l, err := d.store().letter(ctx, d.DB.Read(), id)
		if err != nil {
			return l, err
		}
		what := resource(l.Sender, "letter", l.ID)
		what.Purpose = purpose
		return l, may.May(ctx, action, what)
	}

	type listIn struct {
		api.Page
		State State     `query:"state" enum:"open,corrected,discarded" default:"open"`
		Load  lanzha.ID `query:"load" maxLength:"26" doc:"of this file alone"`
	}
	type listOut struct{ Body LetterList }
	api.Register(a, api.Op{ID: "listLetters", Method: http.MethodGet, Path: "/feeds/letters", Action: "letter.list", Summary: "List dead letters, records that were refused, the newest first; they are kept for 30 days"},
		func(ctx context.Context, in *listIn) (*listOut, error) {
			scope, err := may.ScopeOf(ctx, "letter.list")
			if err != nil {
				return nil, err
			}
			f := filter{scope: scope, state: in.State, load: in.Load, limit: in.Limit + 1}
			if _, err := in.After(&f.after); err != nil {
				return nil, err
			}
			letters, err := d.store().letters(ctx, d.DB.Read(), f)
			if err != nil {
				return nil, err
			}
			items := make([]LetterBody, len(letters))
			for i, l := range letters {
				items[i] = letterBody(l)
			}
			return &listOut{LetterList{api.NewList(items, in.Limit, func(l LetterBody) any { return l.ID })}}, nil
		})

	type readIn struct {
		ID   lanzha.ID `path:"id" minLength:"26" maxLength:"26"`
		Body struct {
			Purpose string `json:"purpose" minLength:"2" maxLength:"200" doc:"why it must be seen; it stands in the journal"`
		}
	}
	api.Register(a, api.Op{ID: "readLetter", Method: http.MethodPost, Path: "/feeds/letters/{id}/read", Action: "letter.read", Summary: "Show the record of a dead letter on a stated purpose"},
		func(ctx context.Context, in *readIn) (*api.One[RecordBody], error) {
			l, err := read(ctx, in.ID, "letter.read", in.Body.Purpose)
			if err != nil {
				return nil, err
			}
			actor, _ := auth.ActorFrom(ctx)
			record, form, err := d.Record(ctx, l, in.Body.Purpose, actor.ID)
			if err != nil {
				return nil, err
			}
			out := RecordBody{letterBody(l), strings.ToValidUTF8(record, "\ufffd"), form.Format, form.Columns, form.Mapping}
			if out.Columns == nil {
				out.Columns = []string{}
			}
			return api.NewOne(l.Version, out), nil
		})

	type correctIn struct {
		ID lanzha.ID `path:"id" minLength:"26" maxLength:"26"`
		api.Change
		Body struct {
			Record string `json:"record" minLength:"1" maxLength:"1048576" doc:"mended, in the same form"`
		}
	}
	api.Register(a, api.Op{ID: "correctLetter", Method: http.MethodPost, Path: "/feeds/letters/{id}/correct", Action: "letter.correct", MaxBody: 2 << 20, Summary: "Send the mended record of a dead letter to the event log"},
		func(ctx context.Context, in *correctIn) (*api.One[LetterBody], error) {
			version, err := in.Version()
			if err != nil {
				return nil, err
			}
			l, err := read(ctx, in.ID, "letter.correct", "")
			if err != nil {
				return nil, err
			}
			actor, _ := auth.ActorFrom(ctx)
			l, err = d.Correct(ctx, l, version, in.Body.Record, actor.ID)
			return api.NewOne(l.Version, letterBody(l)), err
		})

	type discardIn struct {
		ID lanzha.ID `path:"id" minLength:"26" maxLength:"26"`
		api.Change
		Body struct {
			Note string `json:"note" minLength:"1" maxLength:"1000" doc:"why nobody mends it"`
		}
	}
	api.Register(a, api.Op{ID: "discardLetter", Method: http.MethodPost, Path: "/feeds/letters/{id}/discard", Action: "letter.discard", Summary: "End a dead letter that nobody will mend"},
		func(ctx context.Context, in *discardIn) (*api.One[LetterBody], error) {
			version, err := in.Version()
			if err != nil {
				return nil, err
			}
			l, err := read(ctx, in.ID, "letter.discard", "")
			if err != nil {
				return nil, err
			}
			actor, _ := auth.ActorFrom(ctx)
			l, err = d.Discard(ctx, l, version, in.Body.Note, actor.ID)
			return api.NewOne(l.Version, letterBody(l)), err
		})
}
