package iso20022

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"lanzha"
)

// defaultTenant is whose reports those of the open mode are.
const defaultTenant = "DEFAULT"

// What a report of Tazama looks like; times it took are nanoseconds.
type (
	fetched struct {
		TransactionID string         `json:"transactionID"`
		Transaction   map[string]any `json:"transaction"`
		NetworkMap    networkMap     `json:"networkMap"`
		Report        evaluation     `json:"report"`
		DataCache     *dataCache     `json:"dataCache,omitempty"` // absent when the message is about several transfers
	}
	evaluation struct {
		ID        lanzha.ID  `json:"evaluationID"`
		Status    string     `json:"status"` // ALRT or NALT
		Timestamp time.Time  `json:"timestamp"`
		MetaData  metaData   `json:"metaData"`
		TADP      tadpResult `json:"tadpResult"`
		Verdicts  []verdict  `json:"lanzha"` // what no report of Tazama has: the verdict in words
	}
	metaData struct {
		Preparation int64  `json:"prcgTmDP"` // the message was read and its transfers found
		Direction   int64  `json:"prcgTmED"` // and handed to those who judge
		TraceParent string `json:"traceParent"`
	}
	tadpResult struct {
		ID         string           `json:"id"`
		Cfg        string           `json:"cfg"`
		Took       int64            `json:"prcgTm"`
		Typologies []typologyResult `json:"typologyResult"`
	}
	typologyResult struct {
		ID          string       `json:"id"`
		Cfg         string       `json:"cfg"`
		Result      float64      `json:"result"`
		Review      bool         `json:"review"`
		Took        int64        `json:"prcgTm"`
		TenantID    string       `json:"tenantId"`
		Workflow    workflow     `json:"workflow"`
		RuleResults []ruleResult `json:"ruleResults"`
	}
	ruleResult struct {
		ruleID
		SubRuleRef string  `json:"subRuleRef"`
		Value      float64 `json:"indpdntVarbl"`
		Weight     float64 `json:"wght"`
		Took       int64   `json:"prcgTm"`
		TenantID   string  `json:"tenantId"`
	}
	dataCache struct {
		Debtor          string      `json:"dbtrId"`
		Creditor        string      `json:"cdtrId"`
		DebtorAccount   string      `json:"dbtrAcctId"`
		CreditorAccount string      `json:"cdtrAcctId"`
		At              time.Time   `json:"creDtTm"`
		Instructed      cacheAmount `json:"instdAmt"`
		Settled         cacheAmount `json:"intrBkSttlmAmt"`
		ExchangeRate    json.Number `json:"xchgRate,omitempty"`
	}
	cacheAmount struct {
		Amount   json.Number `json:"amt"`
		Currency string      `json:"ccy"`
	}
	verdict struct {
		EndToEnd string   `json:"endToEndId"`
		Status   string   `json:"txSts"`
		Judged   bool     `json:"evaluated"` // false: no money has moved, so there was nothing to judge
		Score    int      `json:"score"`
		Band     string   `json:"band,omitempty"`
		Action   string   `json:"action,omitempty"`
		Reasons  []Reason `json:"reasons"`
	}
)

// stopwatch tells nanoseconds since it was last asked, 1 at least: a clock
// that stood still between two readings is no reason to say that nothing was
// done.
type stopwatch struct {
	now  func() time.Time
	last time.Time
}

func (s *stopwatch) lap() int64 {
	now := s.now()
	n := now.Sub(s.last).Nanoseconds()
	s.last = now
	return max(n, 1)
}

// judged is a transfer with what a pacs.002 says of it.
type judged struct {
	*kept
	code    string
	outcome Outcome
	fresh   bool // it is settled by this message
}

// report makes the report of a pacs.002. count is asked when there is a map.
func (d *Desk) report(ctx context.Context, tenant string, m *Message, all []*judged, meta metaData, scoring int64, watch *stopwatch, count func(*judged) counter) (*fetched, error) {
	transaction := map[string]any{"TenantId": tenant}
	for k, v := range m.Body {
		transaction[k] = v
	}
	out := &fetched{TransactionID: m.ID, Transaction: transaction}
	out.Report = evaluation{ID: d.IDs.Next(), Status: "NALT", Timestamp: d.Now().UTC(), MetaData: meta, Verdicts: []verdict{}}
	out.Report.TADP.Typologies = []typologyResult{}
	if len(all) == 1 {
		out.DataCache = cacheOf(&all[0].Transfer)
	}
	worst := -1
	for _, j := range all {
		v := verdict{EndToEnd: j.EndToEnd, Status: j.code, Reasons: []Reason{}}
		var typologies []typologyResult
		if s := j.Verdict; s != nil && j.outcome == Settled {
			v.Judged, v.Score, v.Band, v.Action = true, s.Score, s.Band, s.Action
			v.Reasons = append(v.Reasons, s.Reasons...)
			typologies = packResults(s, tenant, scoring)
			if d.Map == nil && s.Band == "high" {
				out.Report.Status = "ALRT"
			}
		}
		if d.Map != nil {
			var err error
			if typologies, err = d.Map.evaluate(ctx, &j.Transfer, j.code, tenant, count(j), watch.lap); err != nil {
				return nil, err
			}
			for _, t := range typologies {
				if t.Review {
					out.Report.Status = "ALRT"
				}
			}
		}
		out.Report.Verdicts = append(out.Report.Verdicts, v)
		if total := sum(typologies); total > worst { // of several transfers the worst is shown
			worst, out.Report.TADP.Typologies = total, typologies
		}
	}
	if out.Report.TADP.Typologies == nil {
		out.Report.TADP.Typologies = []typologyResult{}
	}
	out.NetworkMap = d.network(tenant, out.Report.TADP.Typologies)
	message := out.NetworkMap.Messages[0]
	out.Report.TADP.ID, out.Report.TADP.Cfg, out.Report.TADP.Took = message.ID, message.Cfg, watch.lap()
	return out, nil
}

func sum(typologies []typologyResult) int {
	n := 0
	for _, t := range typologies {
		n += int(t.Result)
	}
	return n
}

// network is the map of Tazama, or one that lists our packs as typologies.
func (d *Desk) network(tenant string, typologies []typologyResult) networkMap {
	if d.Map != nil {
		n := d.Map.network
		n.TenantID, n.Messages = tenant, []mapMessage{d.Map.message}
		return n
	}
	message := mapMessage{ID: "lanzha@1", Cfg: "1", TxTp: "pacs.002.001.12", Typologies: []mapTypology{}}
	for _, t := range typologies {
		listed := mapTypology{ID: t.ID, Cfg: t.Cfg, TenantID: tenant, Rules: []ruleID{}}
		for _, r := range t.RuleResults {
			listed.Rules = append(listed.Rules, r.ruleID)
		}
		message.Typologies = append(message.Typologies, listed)
	}
	return networkMap{Active: true, Name: "lanzha", Cfg: "1", TenantID: tenant, Messages: []mapMessage{message}}
}

// packResults shows our packs as typologies: the result is the sum of the
// weights of the live rules that held, the threshold the score from which the
// pack calls a band high. All rules are evaluated at once, so took is the time
// of all for each.
func packResults(s *Scored, tenant string, took int64) []typologyResult {
	out := []typologyResult{}
	for _, p := range s.Packs {
		id := fmt.Sprintf("%s@%d", p.Name, p.Version)
		t := typologyResult{ID: id, Cfg: id, Took: took, TenantID: tenant, Workflow: workflow{AlertThreshold: float64(p.High)}, RuleResults: []ruleResult{}}
		for _, rule := range p.Rules {
			r := ruleResult{ruleID: ruleID{fmt.Sprintf("%s@%d", rule, p.Version), fmt.Sprint(p.Version)}, SubRuleRef: ".00", Took: took, TenantID: tenant}
			for _, reason := range s.Reasons {
				if reason.Pack == p.Name && reason.Rule == rule && reason.Live {
					r.SubRuleRef, r.Value, r.Weight = ".01", cmp.Or(reason.Value, 1), float64(reason.Weight)
				}
			}
			t.Result += r.Weight
			t.RuleResults = append(t.RuleResults, r)
		}
		t.Review = p.High > 0 && t.Result >= float64(p.High)
		out = append(out, t)
	}
	return out
}

func cacheOf(t *Transfer) *dataCache {
	c := &dataCache{
		Debtor: t.Debtor, Creditor: t.Creditor, DebtorAccount: t.DebtorAccount, CreditorAccount: t.CreditorAccount, At: t.At,
		Instructed: cacheAmount{json.Number(decimal(t.Instructed)), t.InstructedCurrency}, Settled: cacheAmount{json.Number(decimal(t.Amount)), t.Currency},
	}
	if _, ok := rational(t.ExchangeRate); ok {
		c.ExchangeRate = json.Number(t.ExchangeRate)
	}
	return c
}
