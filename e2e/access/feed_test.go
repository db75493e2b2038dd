package access_test

import (
	"fmt"
	"net/http"
	"time"

	"lanzha"
	"lanzha/base/auth"
	"lanzha/work/feed"
)

// sender is who sent what is in the scope of who: an institution sees its own
// alone, the centre's staff what was sent in its region.
func (w *world) sender(who *actor) *actor {
	if who.role == auth.Responder {
		return w.in[auth.Responder]
	}
	return w.in[auth.Analyst]
}

// letter is an open dead letter in the scope of who.
func (w *world) letter(who *actor) (lanzha.ID, int64) {
	from := w.sender(who)
	w.ok(from, call{method: http.MethodPost, path: "/feeds/call", body: fields{"caller": w.number()}})
	newest := w.read(from, "/feeds/letters?limit=1", nil)["items"].([]any)[0].(fields)
	return lanzha.ID(newest["id"].(string)), version(newest)
}

// load is a load in the scope of who, of a file that nobody else has here.
func (w *world) load(who *actor) lanzha.ID {
	id, _ := w.made(w.sender(who), "/feeds/loads", w.newLoad())
	return id
}

func (w *world) newLoad() fields {
	return fields{"name": "通话.csv", "digest": fmt.Sprintf("%064x", w.serial.Add(1)), "kind": "call"}
}

// loadedCalls is a part of one call, in the form of the event log.
func (w *world) loadedCalls() []byte {
	b := feed.NewBuilder(feed.Call)
	if !b.Add(map[string]string{"start": time.Now().UTC().Format(time.RFC3339), "callee": w.number()}) {
		w.t.Fatal(b.Batch().Refused)
	}
	return b.Batch().Encode(nil, feed.Call, feed.Header{})
}

// feedCases has an entry for every operation of feeds.
func feedCases() map[string]access {
	own := []auth.Role{auth.Analyst, auth.Leader, auth.Responder}
	letter := func(path string, body fields, versioned bool) access {
		return access{fresh: func(w *world, who *actor) call {
			id, v := w.letter(who)
			c := call{path: fmt.Sprintf(path, id), body: body}
			if versioned {
				c.version = v
			}
			return c
		}}
	}
	load := func(path string, body func(w *world) fields) access {
		return access{fresh: func(w *world, who *actor) call {
			c := call{path: fmt.Sprintf(path, w.load(who))}
			if body != nil {
				c.body = body(w)
			}
			return c
		}}
	}
	return map[string]access{
		"getFeeds": list("/feeds"),
		"sendEvents": {
			open: own, why: "what is sent is the sender's own, wherever it sits",
			fresh: func(w *world, _ *actor) call {
				return call{path: "/feeds/call", body: fields{"start": time.Now().UTC().Format(time.RFC3339), "callee": w.number()}}
			},
		},
		"listLetters": list("/feeds/letters"),
		"readLetter":  letter("/feeds/letters/%s/read", fields{"purpose": "核对退件"}, false),
		"correctLetter": letter("/feeds/letters/%s/correct", fields{
			"record": `{"start":"2026-11-25T08:00:00Z","callee":"13987100000"}`,
		}, true),
		"discardLetter": letter("/feeds/letters/%s/discard", fields{"note": "测试数据"}, true),
		"listLoads":     list("/feeds/loads"),
		"beginLoad": {
			open: own, why: "what is loaded is the sender's own, wherever it sits",
			fresh: func(w *world, _ *actor) call { return call{path: "/feeds/loads", body: w.newLoad()} },
		},
		"getLoad":  load("/feeds/loads/%s", nil),
		"loadPart": load("/feeds/loads/%s/parts", func(w *world) fields { return fields{"lastRow": 2, "events": w.loadedCalls()} }),
		"loadFile": {fresh: func(w *world, who *actor) call {
			return call{path: "/feeds/loads/" + string(w.load(who)) + "/file", contentType: "text/csv", raw: "start,callee\n2026-11-25T08:00:00Z," + w.number() + "\n"}
		}},
		"endLoad": load("/feeds/loads/%s/end", func(*world) fields { return fields{} }),
	}
}
