package iso20022

import (
	"context"
	"encoding/json"
	"time"

	"lanzha"
	"lanzha/base/auth"
	"lanzha/work/feed"
)

// maxAsked is how many events are asked about at once: as many as POST
// /api/v1/score takes.
const maxAsked = 1000

// Asker is a Scorer that asks in the form of POST /api/v1/score.
type Asker struct {
	// Ask answers the body of such a request, for an institution, whose quota
	// it counts against.
	Ask func(ctx context.Context, of lanzha.ID, body []byte) (reply []byte, wait time.Duration, err error)

	// Packs lists the packs with live rules for transfers that are in force.
	Packs func() []Pack
}

// Score asks about every event.
func (a *Asker) Score(ctx context.Context, kind feed.Kind, b *feed.Batch) ([]Scored, error) {
	actor, _ := auth.ActorFrom(ctx)
	out := make([]Scored, 0, len(b.Events))
	packs := a.Packs()
	for from := 0; from < len(b.Events); from += maxAsked {
		events := b.Events[from:min(from+maxAsked, len(b.Events))]
		body := append([]byte(`{"kind":"`), kind.String()...)
		body = append(body, `","events":[`...)
		for i := range events {
			if i > 0 {
				body = append(body, ',')
			}
			body = b.AppendJSON(body, &events[i])
		}
		text, _, err := a.Ask(ctx, actor.Institution, append(body, "]}"...))
		if err != nil {
			return nil, err
		}
		var reply struct {
			Verdicts []struct {
				Score   int      `json:"score"`
				Band    string   `json:"band"`
				Action  string   `json:"action"`
				Reasons []Reason `json:"reasons"`
				Refused *struct {
					Field  string `json:"field"`
					Reason string `json:"reason"`
				} `json:"refused"`
			} `json:"verdicts"`
		}
		if err := json.Unmarshal(text, &reply); err != nil {
			return nil, lanzha.Internal("iso20022.Asker", err)
		}
		for _, v := range reply.Verdicts {
			if v.Refused != nil {
				return nil, invalid(v.Refused.Field, v.Refused.Reason)
			}
			for i := range v.Reasons { // it tells of live rules alone
				v.Reasons[i].Live = true
			}
			out = append(out, Scored{Score: v.Score, Band: v.Band, Action: v.Action, Reasons: v.Reasons, Packs: packs})
		}
	}
	return out, nil
}
