package intake

import (
	"context"
	"io"
	"net/http"
	"time"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/work/feed"
)

// LoadBody is a load as the API shows it.
type LoadBody struct {
	ID          lanzha.ID  `json:"id"`
	State       LoadState  `json:"state" enum:"open,done"`
	Name        string     `json:"name"`
	Kind        string     `json:"kind" enum:"call,message,transfer,registration"`
	Attempt     int64      `json:"attempt" doc:"1; more when the file was loaded again on purpose"`
	LastRow     int        `json:"lastRow" doc:"record up to which it is taken: where it goes on"`
	Taken       int64      `json:"taken"`
	Refused     int64      `json:"refused"`
	Skipped     int64      `json:"skipped" doc:"records that the mapping leaves out"`
	StartedAt   time.Time  `json:"startedAt"`
	EndedAt     *time.Time `json:"endedAt,omitempty"`
	SentBy      lanzha.ID  `json:"sentBy"`
	Institution lanzha.ID  `json:"institution"`
}

func loadBody(l Load) LoadBody {
	b := LoadBody{
		ID: l.ID, State: l.State, Name: l.Name, Kind: l.Form.Kind.String(), Attempt: l.Attempt, LastRow: l.LastRow, Taken: l.Taken, Refused: l.Refused,
		Skipped: l.Skipped, StartedAt: l.Started, SentBy: l.Account, Institution: l.Institution,
	}
	if !l.Ended.IsZero() {
		b.EndedAt = &l.Ended
	}
	return b
}

// NewLoad is a load as it is begun.
type NewLoad struct {
	Name    string      `json:"name" minLength:"1" maxLength:"300" doc:"of the file"`
	Digest  string      `json:"digest" pattern:"^[0-9a-f]{64}$" doc:"SHA-256 of the file followed by the mapping: the same file goes on where it was"`
	Kind    string      `json:"kind" enum:"call,message,transfer,registration"`
	Format  feed.Format `json:"format,omitempty" enum:"csv,ndjson" default:"csv"`
	Columns []string    `json:"columns,omitempty" maxItems:"10000" doc:"what the cells of a CSV record are; needed where parts are sent"`
	Mapping string      `json:"mapping,omitempty" maxLength:"200000" doc:"which columns are which fields, YAML; empty: they have the canonical names"`
	Again   bool        `json:"again,omitempty" doc:"load a file once more that is loaded already"`
}

// PartBody is a part of a load that was decoded by its sender.
type PartBody struct {
	LastRow int      `json:"lastRow" minimum:"1" doc:"record with which the part ends"`
	Skipped int      `json:"skipped,omitempty" minimum:"0"`
	Events  []byte   `json:"events" doc:"in the form of the event log, base64"`
	Refused []Unread `json:"refused,omitempty"`
}

// Unread is a record that the sender of a part could not read.
type Unread struct {
	Row    int    `json:"row" minimum:"1"`
	Field  string `json:"field,omitempty" maxLength:"1000"`
	Reason string `json:"reason" minLength:"1" maxLength:"300"`
	Record []byte `json:"record" doc:"base64"`
}

// LoadedBody is what became of a file that was sent whole.
type LoadedBody struct {
	Load  LoadBody `json:"load"`
	Taken Taken    `json:"result"`
}

// InChinese says why records were refused.
func (l LoadedBody) InChinese() any {
	l.Taken = l.Taken.InChinese().(Taken)
	return l
}

func (n NewLoad) load() (Load, error) {
	kind, err := feed.ParseKind(n.Kind)
	if err != nil {
		return Load{}, err
	}
	if n.Mapping != "" {
		m, err := feed.ParseMapping("mapping", []byte(n.Mapping))
		if err != nil {
			return Load{}, err
		}
		if m.Kind() != kind {
			return Load{}, lanzha.Invalid("body.kind", "the mapping is of another kind")
		}
	}
	return Load{Name: n.Name, Digest: n.Digest, Form: feed.Form{Kind: kind, Format: n.Format, Columns: n.Columns, Mapping: n.Mapping}}, nil
}

// mapping is that of the file of a load.
func (l Load) mapping() (*feed.Mapping, error) {
	if l.Form.Mapping == "" {
		return feed.Canonical(l.Form.Kind, l.Form.Format)
	}
	return feed.ParseMapping("mapping", []byte(l.Form.Mapping))
}

// batch decodes a part.
func (p PartBody) batch(kind feed.Kind) (*feed.Batch, error) {
	b := &feed.Batch{}
	got, _, err := b.Decode(p.Events)
	switch {
	case err != nil:
		return nil, &lanzha.Error{Code: lanzha.CodeInvalid, Field: "body.events", Message: "this is no batch of events", Hint: "is the program that sends of the same version?", Err: err}
	case got != kind:
		return nil, lanzha.Invalid("body.events", "the events are of another kind than the load")
	}
	if err := b.Check(); err != nil {
		return nil, err
	}
	for _, r := range p.Refused {
		b.Refused = append(b.Refused, feed.Refusal{Row: r.Row, Field: r.Field, Reason: r.Reason, Record: string(r.Record)})
	}
	b.Skipped = p.Skipped
	return b, nil
}

func (d *Desk) mountLoads(a *api.API, may *auth.Decider) {
	find := func(ctx context.Context, id lanzha.ID, action string) (Load, error) {
		l, err := d.store().load(ctx, d.DB.Read(), id)
		if err != nil {
			return l, err
		}
		return l, may.May(ctx, action, resource(l.Sender, "load", l.ID))
	}
	type loadOut struct{ Body LoadBody }

	type beginIn struct{ Body NewLoad }
	api.Register(a, api.Op{ID: "beginLoad", Method: http.MethodPost, Path: "/feeds/loads", Action: "feed.send", MaxBody: 2 << 20, Summary: "Begin to load a file, or find where it goes on"},
		func(ctx context.Context, in *beginIn) (*loadOut, error) {
			l, err := in.Body.load()
			if err != nil {
				return nil, err
			}
			l.Sender = d.sender(ctx)
			if err := may.May(ctx, "feed.send", resource(l.Sender, "load", "")); err != nil {
				return nil, err
			}
			l, err = d.Begin(ctx, l, in.Body.Again)
			return &loadOut{loadBody(l)}, err
		})

	type listIn struct{ api.Page }
	type listOut struct{ Body api.List[LoadBody] }
	api.Register(a, api.Op{ID: "listLoads", Method: http.MethodGet, Path: "/feeds/loads", Action: "feed.read", Summary: "List loads of files, the newest first"},
		func(ctx context.Context, in *listIn) (*listOut, error) {
			scope, err := may.ScopeOf(ctx, "feed.read")
			if err != nil {
				return nil, err
			}
			var after *loadKey
			var key loadKey
			if more, err := in.After(&key); err != nil {
				return nil, err
			} else if more {
				after = &key
			}
			loads, err := d.store().loads(ctx, d.DB.Read(), scope, after, in.Limit+1)
			if err != nil {
				return nil, err
			}
			items := make([]LoadBody, len(loads))
			for i, l := range loads {
				items[i] = loadBody(l)
			}
			return &listOut{api.NewList(items, in.Limit, func(l LoadBody) any { return loadKey{lanzha.At(l.StartedAt), l.ID} })}, nil
		})

	type idIn struct {
		ID lanzha.ID `path:"id" minLength:"26" maxLength:"26"`
	}
	api.Register(a, api.Op{ID: "getLoad", Method: http.MethodGet, Path: "/feeds/loads/{id}", Action: "feed.read", Summary: "How far a load is"},
		func(ctx context.Context, in *idIn) (*loadOut, error) {
			l, err := find(ctx, in.ID, "feed.read")
			return &loadOut{loadBody(l)}, err
		})

	type partIn struct {
		ID   lanzha.ID `path:"id" minLength:"26" maxLength:"26"`
		Body PartBody
	}
	type takenOut struct{ Body Taken }
	api.Register(a, api.Op{ID: "loadPart", Method: http.MethodPost, Path: "/feeds/loads/{id}/parts", Action: "feed.send", MaxBody: maxBody, Summary: "Send a part of a file; sent again, it is taken once"},
		func(ctx context.Context, in *partIn) (*takenOut, error) {
			l, err := find(ctx, in.ID, "feed.send")
			if err != nil {
				return nil, err
			}
			b, err := in.Body.batch(l.Form.Kind)
			if err != nil {
				return nil, err
			}
			out, err := d.Part(ctx, l, b, in.Body.LastRow)
			if err != nil {
				return nil, err
			}
			return &takenOut{*out}, nil
		})

	type fileIn struct {
		ID      lanzha.ID `path:"id" minLength:"26" maxLength:"26"`
		RawBody []byte    `contentType:"application/octet-stream"`
	}
	type fileOut struct{ Body LoadedBody }
	api.Register(a, api.Op{ID: "loadFile", Method: http.MethodPost, Path: "/feeds/loads/{id}/file", Action: "feed.send", MaxBody: maxFile, AnyBytes: true, Summary: "Send the file of a load whole: CSV or lines of JSON, plain, gzip or zstd; it ends the load"},
		func(ctx context.Context, in *fileIn) (*fileOut, error) {
			l, err := find(ctx, in.ID, "feed.send")
			if err != nil {
				return nil, err
			}
			m, err := l.mapping()
			if err != nil {
				return nil, err
			}
			body, free, err := unpack("", in.RawBody)
			if err != nil {
				return nil, err
			}
			defer free()
			s, err := feed.Open(struct{ io.Reader }{body}, m)
			if err != nil {
				return nil, err
			}
			defer s.Close()
			taken, l, err := d.File(ctx, l, s)
			if err != nil {
				return nil, err
			}
			return &fileOut{LoadedBody{loadBody(l), *taken}}, nil
		})

	api.Register(a, api.Op{ID: "endLoad", Method: http.MethodPost, Path: "/feeds/loads/{id}/end", Action: "feed.send", Summary: "End a load whose parts are all sent"},
		func(ctx context.Context, in *idIn) (*loadOut, error) {
			l, err := find(ctx, in.ID, "feed.send")
			if err != nil {
				return nil, err
			}
			l, err = d.End(ctx, l)
			return &loadOut{loadBody(l)}, err
		})
}
