package platform

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"slices"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/base/sqldb"
	"lanzha/work/clue"
	"lanzha/work/clue/disposal"
	"lanzha/work/register/batch"
)

// Outcome is what came of a receipt file: good rows are taken, bad ones come
// back with their reason.
type Outcome struct {
	Taken   int   `json:"taken"`
	Refused []Bad `json:"refused"`
}

// InChinese says why rows were refused.
func (o Outcome) InChinese() any {
	o.Refused = slices.Clone(o.Refused)
	for i := range o.Refused {
		o.Refused[i].Reason = api.Chinese(o.Refused[i].Reason)
	}
	return o
}

// Mount adds the ways by which entries go out and receipts come in.
func (g *Gateway) Mount(a *api.API, may *auth.Decider, db *sqldb.DB, lookups *clue.Desk, disposals *disposal.Desk, batches *batch.Desk) {
	allowed := func(ctx context.Context, e Received, action string) error {
		switch e.Type {
		case "register":
			b, err := batches.Store.Get(ctx, db.Read(), lanzha.ID(e.Key))
			if err != nil {
				return err
			}
			return may.May(ctx, "batch."+action, auth.Resource{Type: "batch", ID: b.ID, Region: b.Region})
		case "lookup":
			l, err := lookups.Store.Lookup(ctx, db.Read(), lanzha.ID(e.Key))
			if err != nil {
				return err
			}
			return may.May(ctx, "lookup."+action, auth.Resource{Type: "lookup", ID: l.ID, Region: l.Region, Institution: l.Institution})
		}
		o, err := disposals.Store.Get(ctx, db.Read(), lanzha.ID(e.Key))
		if err != nil {
			return err
		}
		return may.May(ctx, "disposal."+action, auth.Resource{Type: "disposal", ID: o.ID, Region: o.Region, Institution: o.Institution})
	}

	api.Stream(a, api.Op{ID: "getPlatformEntry", Method: http.MethodGet, Path: "/platform/entries/{key}", Action: "lookup.read", Summary: "The signed file of an entry, to be taken over to the platform"}, "application/json",
		func(w http.ResponseWriter, r *http.Request) {
			key := r.PathValue("key")
			e, ok, err := g.read(key)
			if err == nil && !ok {
				err = lanzha.NotFound("entry")
			}
			if err == nil {
				action := "read"
				if e.Type == "register" {
					action = "hand" // it names persons: who takes it over stands in the journal
				}
				err = allowed(r.Context(), Received{Key: key, Type: e.Type}, action)
			}
			if err == nil && e.Type == "register" {
				actor, _ := auth.ActorFrom(r.Context())
				err = batches.Taken(r.Context(), lanzha.ID(key), actor.ID)
			}
			if err != nil {
				api.WriteProblem(w, r, err)
				return
			}
			text, err := os.ReadFile(g.path(key))
			if err != nil {
				api.WriteProblem(w, r, lanzha.Internal("platform.entry", err))
				return
			}
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Disposition", `attachment; filename="`+key+`.json"`)
			_, _ = w.Write(text) // the client has gone
		})

	type receiptsIn struct {
		RawBody []byte `contentType:"application/octet-stream"`
	}
	type receiptsOut struct{ Body Outcome }
	api.Register(a, api.Op{ID: "takeReceipts", Method: http.MethodPost, Path: "/platform/receipts", Action: "lookup.answer", Summary: "Take a receipt file of the platform, JSON or CSV", MaxBody: MaxReceipt, AnyBytes: true},
		func(ctx context.Context, in *receiptsIn) (*receiptsOut, error) {
			good, bad, err := g.Receipts(bytes.NewReader(in.RawBody))
			if err != nil {
				return nil, err
			}
			out := &receiptsOut{Outcome{Refused: bad}}
			if bad == nil {
				out.Body.Refused = []Bad{}
			}
			for _, row := range good {
				action := "answer"
				switch row.Type {
				case "disposal":
					action = actions[row.State]
				case "register":
					action = "receive"
				}
				err := allowed(ctx, row, action)
				if err == nil {
					err = settle(ctx, db, lookups, disposals, batches, row)
				}
				switch code := lanzha.CodeOf(err); {
				case err == nil:
					out.Body.Taken++
				case code == lanzha.CodeInternal:
					return nil, err
				default:
					out.Body.Refused = append(out.Body.Refused, Bad{Row: row.Row, Raw: row.Key, Reason: api.Problemize(err).Detail})
				}
			}
			return out, nil
		})
}

// actions is what a receipt's state is to a disposal.
var actions = map[string]string{disposal.ReceiptAcknowledged: "acknowledge", disposal.ReceiptDone: "done", disposal.ReceiptRefused: "refuse"}

// settle brings one receipt to its record. The platform acknowledges a lookup
// or sends it back; what the institution answers is typed in from the platform
// when it is there.
func settle(ctx context.Context, db *sqldb.DB, lookups *clue.Desk, disposals *disposal.Desk, batches *batch.Desk, row Received) error {
	actor, _ := auth.ActorFrom(ctx)
	return db.Tx(ctx, func(tx *sqldb.Tx) error {
		switch row.Type {
		case "register":
			_, err := batches.Receive(ctx, tx, lanzha.ID(row.Key), 0, batch.Receipt{
				Acknowledged: row.State != disposal.ReceiptRefused, PlatformNo: row.PlatformNo, At: row.At, Reason: row.Reason,
			}, actor.ID)
			return err
		case "lookup":
			answer := clue.Answer{State: clue.AnswerPending, PlatformNo: row.PlatformNo, At: row.At}
			if row.State == disposal.ReceiptRefused {
				answer.State, answer.Reason = clue.AnswerRefused, row.Reason
			}
			_, err := lookups.Receive(ctx, tx, lanzha.ID(row.Key), answer, lookups.Now(), actor.ID)
			return err
		}
		_, err := disposals.Receive(ctx, tx, lanzha.ID(row.Key), disposal.Receipt{
			State: row.State, Reason: row.Reason, PlatformNo: row.PlatformNo, At: row.At,
		}, lookups.Now(), actor.ID)
		return err
	})
}
