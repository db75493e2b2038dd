package detect

import (
	"bytes"
	"context"
	"io"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/work/detect/feature"
	"lanzha/work/detect/rule"
	"lanzha/work/feed"
)

// A verdict on an event that happens now: the event is stored, counted and
// judged, in this order, before it is answered. The answer is an advice to the
// caller's own checks and never an order.

// ScoreRequest is one event, or a batch of a kind.
type ScoreRequest struct {
	Kind   string           `json:"kind" enum:"call,message,transfer,registration"`
	Event  map[string]any   `json:"event,omitempty" doc:"with the names of the canonical columns: a transfer has id, time, from, to, amount, currency, channel"`
	Events []map[string]any `json:"events,omitempty" doc:"instead of event; each is judged by itself"`
}

// ScoreReply is the verdict on an event, or those on a batch in its order.
type ScoreReply struct {
	Verdict
	Verdicts []Verdict `json:"verdicts,omitempty" doc:"of a batch"`
}

// Verdict is what the rules say of an event.
type Verdict struct {
	Score    int            `json:"score" doc:"0 to 100"`
	Band     string         `json:"band" enum:"low,medium,high"`
	Action   string         `json:"action" enum:"allow,review,warn,hold" doc:"advice to the caller's own checks"`
	Reasons  []Reason       `json:"reasons" doc:"the rules that hold"`
	Features map[string]any `json:"features" doc:"as they stand with the event; null is absent"`
	Refused  *Refused       `json:"refused,omitempty" doc:"of a batch: the event was not taken, and all else is left out"`
}

// Reason is a rule that holds.
type Reason struct {
	Rule     string `json:"rule"`
	Pack     string `json:"pack"`
	Severity string `json:"severity" enum:"low,medium,high"`
	Weight   int    `json:"weight"`
	ZH       string `json:"zh"`
	EN       string `json:"en"`
}

// Refused is why an event of a batch was not taken.
type Refused struct {
	Field  string `json:"field"`
	Reason string `json:"reason"`
}

// MaxScored is how many events a request may hold.
const MaxScored = 1000

const maxScoreBody = 1 << 20

// request is one request on its way through the log.
type request struct {
	kind    feed.Kind
	batch   *feed.Batch // the builder's; joined to another before the request waits
	count   int         // events taken
	single  bool
	refused []refusal // in the order of the events
	at      int       // of the events, refused ones among them: which is answered next
	reply   []byte
	columns []column
	done    chan error
}

type refusal struct {
	index         int
	field, reason string
}

// column is a feature as an answer has it.
type column struct {
	feature *feature.Feature
	head    string // `"name":`
	quoted  bool
}

// builders make events of JSON, one for each request under way.
var builders [maxKinds]sync.Pool

func builderOf(kind feed.Kind) *feed.Builder {
	if b, ok := builders[kind].Get().(*feed.Builder); ok {
		b.Reset()
		return b
	}
	return feed.NewBuilder(kind)
}

func (d *Detector) mountScore(a *api.API) {
	api.Plain[ScoreRequest, ScoreReply](a, api.Op{
		ID: "scoreEvents", Method: http.MethodPost, Path: "/score", Action: "score.ask", MaxBody: maxScoreBody,
		Summary: "Store an event, or a batch, and answer with the verdict of the rules",
	}, func(w http.ResponseWriter, r *http.Request) {
		actor, _ := auth.ActorFrom(r.Context())
		body, err := io.ReadAll(r.Body)
		if err != nil {
			api.WriteProblem(w, r, lanzha.Invalid("body", "the body could not be read to its end"))
			return
		}
		reply, wait, err := d.Score(r.Context(), actor.Institution, body)
		if err != nil {
			if wait > 0 {
				w.Header().Set("Retry-After", strconv.Itoa(int(wait.Seconds())))
			}
			api.WriteProblem(w, r, err)
			return
		}
		h := w.Header()
		h["Content-Type"], h["Cache-Control"] = contentType, cacheControl
		h["Content-Length"] = []string{strconv.Itoa(len(reply))}
		_, _ = w.Write(reply) // the asker may have gone
	})
}

var contentType, cacheControl = []string{"application/json"}, []string{"no-store"}

// Score answers the JSON of a ScoreRequest with that of a ScoreReply. Codes:
// Invalid, naming the field; TooMany beyond the institution's quota, for as
// long as wait says; Unavailable on a standby and on a full disk.
func (d *Detector) Score(ctx context.Context, of lanzha.ID, body []byte) (reply []byte, wait time.Duration, err error) {
	shape, err := cut(body)
	if err != nil {
		return nil, 0, err
	}
	if wait := d.quotas.take(of, max(1, len(shape.events))); wait > 0 {
		return nil, wait, &lanzha.Error{
			Code: lanzha.CodeTooMany, Message: "the institution's quota of events to be judged is used up",
			Hint: "wait as long as Retry-After says, or have the centre set another quota (detect.scoresPerMinute)",
		}
	}
	b := builderOf(shape.kind)
	defer builders[shape.kind].Put(b)
	r := &request{kind: shape.kind, batch: b.Batch(), single: shape.single, done: make(chan error, 1), reply: make([]byte, 0, 512)}
	for i, object := range shape.events {
		if b.AddJSON(object) {
			r.count++
			continue
		}
		why := r.batch.Refused[len(r.batch.Refused)-1]
		if r.single {
			e := lanzha.Invalid(fieldOf("body.event", why.Field), "%s", why.Reason)
			e.Hint = "nothing of this request was stored"
			return nil, 0, e
		}
		r.refused = append(r.refused, refusal{i, why.Field, why.Reason})
	}
	if !r.single {
		r.reply = append(r.reply, `{"verdicts":[`...)
	}
	if r.count > 0 {
		if err := d.intake.score(ctx, r); err != nil {
			return nil, 0, d.refuse(err)
		}
		select {
		case err := <-r.done:
			if err != nil {
				return nil, 0, d.refuse(err)
			}
		case <-ctx.Done(): // whoever asked has gone; the event goes its way
			return nil, 0, ctx.Err()
		}
	}
	if r.single {
		return append(r.reply, '\n'), 0, nil
	}
	r.skip()
	return append(r.reply, "]}\n"...), 0, nil
}

func fieldOf(path, field string) string {
	if field == "" {
		return path
	}
	return path + "." + field
}

// answer writes the verdict on the request's next event.
func (r *request) answer(v *rule.Verdict) {
	if !r.single {
		r.skip()
		r.comma()
	}
	r.at++
	b := append(r.reply, `{"score":`...)
	b = strconv.AppendInt(b, int64(v.Score), 10)
	b = append(append(append(b, `,"band":"`...), v.Band...), `","action":"`...)
	b = append(append(b, v.Action...), `","reasons":[`...)
	first := true
	for i := range v.Hits {
		h := &v.Hits[i]
		if h.Err != nil || h.Suppressed || h.Rule.Status != rule.Live {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(append(append(b, `{"rule":"`...), h.Rule.ID...), `","pack":"`...)
		b = append(append(append(b, h.Rule.Pack.Name...), `","severity":"`...), h.Rule.Severity...)
		b = strconv.AppendInt(append(b, `","weight":`...), int64(h.Rule.Weight), 10)
		b = appendText(append(b, `,"zh":`...), h.Reasons.ZH)
		b = append(appendText(append(b, `,"en":`...), h.Reasons.EN), '}')
	}
	b = append(b, `],"features":{`...)
	first = true
	for i := range r.columns {
		c := &r.columns[i]
		if c.head == "" {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(b, c.head...)
		switch {
		case v.Values[i] == feature.Absent:
			b = append(b, "null"...)
		case c.quoted:
			b = append(c.feature.Append(append(b, '"'), v.Values[i]), '"')
		default:
			b = c.feature.Append(b, v.Values[i])
		}
	}
	r.reply = append(b, "}}"...)
}

// skip writes the refused events that stand before the next one that was taken.
func (r *request) skip() {
	for len(r.refused) > 0 && r.refused[0].index == r.at {
		r.comma()
		b := appendText(append(r.reply, `{"refused":{"field":`...), r.refused[0].field)
		b = appendText(append(b, `,"reason":`...), r.refused[0].reason)
		r.reply = append(b, "}}"...)
		r.refused = r.refused[1:]
		r.at++
	}
}

func (r *request) comma() {
	if r.at > 0 {
		r.reply = append(r.reply, ',')
	}
}

// columnsOf are the features of a kind as answers have them; hidden ones have no
// head and are left out. Callers hold mu.
func (d *Detector) columnsOf(kind feed.Kind) []column {
	if d.columns[kind] != nil {
		return d.columns[kind]
	}
	out := []column{}
	for _, f := range d.machine.Features(kind) {
		c := column{feature: f, quoted: f.IsTime()}
		if !f.Hidden {
			c.head = `"` + f.Name + `":`
		}
		out = append(out, c)
	}
	d.columns[kind] = out
	return out
}

// appendText appends a text as JSON.
func appendText(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	from := 0
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' {
			b = append(b, s[from:i]...)
			if from = i + 1; c < ' ' {
				b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			} else {
				b = append(b, '\\', c)
			}
		}
	}
	return append(append(b, s[from:]...), '"')
}

// shape is a request's body, its events not yet read.
type shape struct {
	kind   feed.Kind
	single bool
	events [][]byte
}

// cut finds the events of a body. It is written by hand since thousands come in
// a second; what an event is made of is the builder's to check.
func cut(body []byte) (shape, error) {
	var s shape
	in := &scanner{b: body}
	kind, seen := "", map[string]bool{}
	if !in.take('{') {
		return s, lanzha.Invalid("body", "want an object")
	}
	for in.err == nil && !in.take('}') {
		if len(seen) > 0 && !in.take(',') {
			in.bad()
			break
		}
		key := in.word()
		if in.err == nil && !in.take(':') {
			in.bad()
		}
		switch {
		case in.err != nil:
		case seen[key]:
			in.err = lanzha.Invalid("body."+key, "stands twice")
		case key == "kind":
			kind = in.word()
		case key == "event":
			s.single = true
			s.events = append(s.events, in.value())
		case key == "events":
			in.list(func(value []byte) {
				if s.events = append(s.events, value); len(s.events) > MaxScored {
					in.err = lanzha.Invalid("body.events", "want 1 to %d events", MaxScored)
				}
			})
		default:
			in.err = lanzha.Invalid("body", "there is a key that does not belong there; the keys are %v", []string{"kind", "event", "events"})
		}
		seen[key] = true
	}
	if in.space(); in.err == nil && in.at < len(in.b) {
		in.err = lanzha.Invalid("body", "something follows the request at byte %d", in.at)
	}
	if in.err != nil {
		return s, in.err
	}
	var err error
	if s.kind, err = feed.ParseKind(kind); err != nil {
		return s, lanzha.Invalid("body.kind", "the kinds of event are call, message, transfer and registration")
	}
	if seen["event"] == seen["events"] {
		return s, lanzha.Invalid("body.event", "want either event or events")
	}
	if len(s.events) == 0 {
		return s, lanzha.Invalid("body.events", "want 1 to %d events", MaxScored)
	}
	return s, nil
}

// scanner finds the values of JSON without reading them.
type scanner struct {
	b   []byte
	at  int
	err error
}

func (in *scanner) bad() {
	if in.err == nil {
		in.err = lanzha.Invalid("body", "byte %d is not as JSON has it", in.at)
	}
}

func (in *scanner) space() {
	for in.at < len(in.b) && (in.b[in.at] == ' ' || in.b[in.at] == '\n' || in.b[in.at] == '\r' || in.b[in.at] == '\t') {
		in.at++
	}
}

// take takes a character after white space, where it stands there.
func (in *scanner) take(c byte) bool {
	if in.space(); in.err != nil || in.at >= len(in.b) || in.b[in.at] != c {
		return false
	}
	in.at++
	return true
}

// word reads a string without escapes: names and kinds have none.
func (in *scanner) word() string {
	if !in.take('"') {
		in.bad()
		return ""
	}
	n := bytes.IndexByte(in.b[in.at:], '"')
	if n < 0 {
		in.bad()
		return ""
	}
	word := in.b[in.at : in.at+n]
	in.at += n + 1
	return string(word)
}

// value passes over a value and gives its bytes.
func (in *scanner) value() []byte {
	in.space()
	from, depth := in.at, 0
	for in.at < len(in.b) {
		switch in.b[in.at] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return in.b[from:in.at]
			}
			if depth--; depth == 0 {
				in.at++
				return in.b[from:in.at]
			}
		case ',':
			if depth == 0 {
				return in.b[from:in.at]
			}
		case '"':
			for in.at++; in.at < len(in.b) && in.b[in.at] != '"'; in.at++ {
				if in.b[in.at] == '\\' {
					in.at++
				}
			}
		}
		in.at++
	}
	in.at = min(in.at, len(in.b))
	in.bad()
	return nil
}

// list passes over a list and hands each value on.
func (in *scanner) list(each func(value []byte)) {
	if !in.take('[') {
		in.err = lanzha.Invalid("body.events", "want a list")
		return
	}
	for first := true; in.err == nil && !in.take(']'); first = false {
		if !first && !in.take(',') {
			in.bad()
			return
		}
		each(in.value())
	}
}

// quotas count what institutions had judged in this process.
type quotas struct {
	perMinute int64
	now       func() time.Time

	mu     sync.Mutex
	askers map[lanzha.ID]*asker
}

type asker struct {
	tokens float64 // events that may be judged now
	filled time.Time
}

// take takes n events off a quota, or says how long to wait for them. What was
// not used is kept for a minute, and one full request is always possible within
// a quota that is not nothing. A clock that goes back gives nothing.
func (q *quotas) take(of lanzha.ID, n int) (wait time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.now()
	most := float64(max(q.perMinute, MaxScored))
	a := q.askers[of]
	if a == nil {
		if q.askers == nil {
			q.askers = map[lanzha.ID]*asker{}
		}
		a = &asker{most, now}
		q.askers[of] = a
	}
	if passed := now.Sub(a.filled); passed > 0 {
		a.tokens = min(most, a.tokens+passed.Minutes()*float64(q.perMinute))
	}
	a.filled = now
	if q.perMinute <= 0 {
		return time.Hour
	}
	if lack := float64(n) - a.tokens; lack > 0 {
		return time.Duration(math.Ceil(lack/float64(q.perMinute)*60)) * time.Second
	}
	a.tokens -= float64(n)
	return 0
}
