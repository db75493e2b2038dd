package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"lanzha"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
)

// Event is a journal row as the console and the timelines show it.
type Event struct {
	Cursor      string          `json:"cursor" doc:"where to resume the live events"`
	Seq         int64           `json:"seq"`
	At          time.Time       `json:"at"`
	Kind        string          `json:"kind" example:"lookup.answered"`
	Record      lanzha.ID       `json:"record"`
	Version     int64           `json:"version"`
	Actor       lanzha.ID       `json:"actor" doc:"the account that did it; empty is the system"`
	Purpose     string          `json:"purpose"`
	Region      lanzha.Region   `json:"region"`
	Institution lanzha.ID       `json:"institution"`
	Payload     json.RawMessage `json:"payload"`
}

// EventOf converts a row; one whose payload was erased has none.
func EventOf(r journal.Row) Event {
	if len(r.Payload) == 0 {
		r.Payload = json.RawMessage("{}")
	}
	return Event{
		Cursor: r.Cursor.String(), Seq: r.Seq, At: r.At, Kind: r.Kind, Record: r.Record, Version: r.Version,
		Actor: r.Actor, Purpose: r.Purpose, Region: r.Region, Institution: r.Institution, Payload: r.Payload,
	}
}

const (
	eventBatch = 256
	// eventPoll is how late rows of another process show up.
	eventPoll = 250 * time.Millisecond
	// heartbeat keeps proxies from closing a quiet connection, and tells a
	// console that has lost it.
	heartbeat = 15 * time.Second
)

// Live registers GET /events: server-sent events of the journal, from the
// cursor in Last-Event-ID or ?cursor=, or from now on. visible is asked once a
// connection for the filter of its caller, which may not see every row.
func Live(a *API, db *sqldb.DB, j *journal.Journal, visible func(ctx context.Context) func(journal.Row) bool) {
	Stream(a, Op{ID: "liveEvents", Method: http.MethodGet, Path: "/events", Action: "event.read", Summary: "Follow what happens, live"}, "text/event-stream",
		func(w http.ResponseWriter, r *http.Request) {
			ctx := r.Context()
			at := r.Header.Get("Last-Event-ID")
			if at == "" {
				at = r.URL.Query().Get("cursor")
			}
			cursor, err := journal.ParseCursor(at)
			if err == nil && at == "" {
				cursor, err = j.Last(ctx, db.Read())
			}
			if err != nil {
				WriteProblem(w, r, err)
				return
			}
			out := http.NewResponseController(w)
			w.Header().Set("Content-Type", "text/event-stream")
			w.Header().Set("Cache-Control", "no-store")
			w.Header().Set("X-Accel-Buffering", "no")
			// The first line opens the stream at once and gives the place to
			// resume from, should it break before the first event.
			if _, err := fmt.Fprintf(w, "retry: 1000\nid: %s\nevent: open\ndata: {}\n\n", cursor); err != nil || out.Flush() != nil {
				return
			}
			follow(ctx, a.ending, w, out, db, j, cursor, visible(ctx))
		})
}

// follow writes rows until the client goes.
func follow(ctx context.Context, ending <-chan struct{}, w http.ResponseWriter, out *http.ResponseController, db *sqldb.DB, j *journal.Journal, cursor journal.Cursor, see func(journal.Row) bool) {
	quiet := time.Now()
	for {
		appended := j.Appended()
		rows, err := j.After(ctx, db.Read(), cursor, eventBatch)
		if err != nil {
			return // the client comes again with its cursor
		}
		wrote := false
		for _, row := range rows {
			cursor = row.Cursor
			if !see(row) {
				continue
			}
			data, err := json.Marshal(EventOf(row))
			if err != nil {
				return
			}
			if _, err := fmt.Fprintf(w, "id: %s\nevent: journal\ndata: %s\n\n", row.Cursor, data); err != nil {
				return
			}
			wrote = true
		}
		if !wrote && time.Since(quiet) > heartbeat {
			if _, err := fmt.Fprint(w, ": still here\n\n"); err != nil {
				return
			}
			wrote = true
		}
		if wrote {
			quiet = time.Now()
			if out.Flush() != nil {
				return
			}
		}
		if len(rows) == eventBatch {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-ending:
			return
		case <-appended:
		case <-time.After(eventPoll):
		}
	}
}

// Timeline is what happened to a record, the newest first. Of a row that the
// caller may not see only the kind and the time remain: that something
// happened elsewhere is part of the record, what it was is not.
func Timeline(ctx context.Context, db *sqldb.DB, j *journal.Journal, record lanzha.ID, before int64, limit int, visible func(journal.Row) bool) (List[Event], error) {
	rows, err := j.Timeline(ctx, db.Read(), record, before, limit+1)
	if err != nil {
		return List[Event]{}, err
	}
	list := List[Event]{Items: []Event{}}
	if len(rows) > limit {
		rows = rows[:limit]
		list.Next = strconv.FormatInt(rows[limit-1].Seq, 10)
	}
	for _, row := range rows {
		if !visible(row) {
			row = journal.Row{Cursor: row.Cursor, At: row.At, Kind: row.Kind, Payload: json.RawMessage("{}")}
		}
		list.Items = append(list.Items, EventOf(row))
	}
	return list, nil
}
