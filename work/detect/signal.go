package detect

import (
	"context"
	"net/http"
	"strings"
	"time"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/work/detect/alert"
	"lanzha/work/detect/rule"
)

// A signal is a question of one institution that another's events answer: is
// this customer on, or just off, a call with a risky number? The answer is yes,
// no or unknown, and nothing more. Every question stands in the journal with
// who asked, why, and the blind index of what was asked about.

// SignalRequest is a question. Who asks is known by the key or certificate.
type SignalRequest struct {
	Value     string `json:"value" minLength:"1" maxLength:"64" doc:"the number, account or device that is asked about"`
	Purpose   string `json:"purpose" minLength:"1" maxLength:"100" doc:"why; it stands in the journal"`
	Officer   string `json:"officer" minLength:"1" maxLength:"40" pattern:"^[A-Za-z0-9._/-]+$" doc:"the staff number of who asks, never a name; a system has a number too"`
	Reference string `json:"reference" minLength:"1" maxLength:"64" pattern:"^[A-Za-z0-9._/-]+$" doc:"the asker's own number of the business"`
}

// SignalReply is all that is told.
type SignalReply struct {
	Answer string `json:"answer" enum:"yes,no,unknown"`
}

func (d *Detector) mountSignals(a *api.API, may *auth.Decider) {
	type in struct {
		ID   string `path:"id" maxLength:"64"`
		Body SignalRequest
	}
	type out struct{ Body SignalReply }
	api.Register(a, api.Op{
		ID: "askSignal", Method: http.MethodPost, Path: "/signals/{id}", Action: "signal.ask",
		Summary: "Ask yes or no about a number, an account or a device",
	}, func(ctx context.Context, in *in) (*out, error) {
		actor, _ := auth.ActorFrom(ctx)
		purpose := strings.TrimSpace(in.Body.Purpose)
		if err := may.May(ctx, "signal.ask", auth.Resource{Type: "signal", Institution: actor.Institution, Purpose: purpose}); err != nil {
			return nil, err
		}
		if wait := d.quotas.take(actor.Institution, 1); wait > 0 {
			return nil, &lanzha.Error{
				Code: lanzha.CodeTooMany, Message: "the institution's quota of events to be judged is used up",
				Hint: "wait as long as Retry-After says, or have the centre set another quota (detect.scoresPerMinute)",
			}
		}
		answer, err := d.Signal(in.ID, strings.TrimSpace(in.Body.Value), d.Now())
		if err != nil {
			return nil, err
		}
		return &out{SignalReply{answer}}, d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
			return d.Journal.Append(ctx, tx, d.Now(), journal.Entry{
				Kind: "signal.asked", Record: d.IDs.Next(), Actor: actor.ID, Purpose: purpose, Region: d.Options.Region, Institution: actor.Institution,
				Payload: map[string]any{
					"signal": in.ID, "answer": answer, "index": d.Vault.Index(strings.TrimSpace(in.Body.Value))[0],
					"officer": in.Body.Officer, "reference": in.Body.Reference,
				},
			})
		})
	})
}

// Signal answers a question as things stand at a moment: yes when it holds for
// any form in which events write the value. Only the active process answers:
// another one may not have seen the last call.
func (d *Detector) Signal(id, value string, at time.Time) (answer string, err error) {
	if err := d.intake.taking(); err != nil {
		return "", d.refuse(err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	var of *rule.Signal
	for _, s := range d.machine.Signals() {
		if s.ID == id {
			of = s
		}
	}
	if of == nil {
		return "", lanzha.NotFound("signal")
	}
	answer = "unknown"
	for _, form := range (alert.Subject{Domain: of.Key.Domain, Value: value}).Forms() {
		switch said, err := d.machine.Signal(id, form, lanzha.At(at)); {
		case err != nil:
			return "", err
		case said == "yes":
			return said, nil
		case said == "no":
			answer = said
		}
	}
	return answer, nil
}

// taking says why nothing is taken; nil is that all is.
func (in *intake) taking() error {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.w == nil {
		return in.why
	}
	return nil
}
