package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"lanzha"
	"lanzha/gateway/sandbox/city"
	"lanzha/work/detect/rule"
	"lanzha/work/feed"
)

// BenchCityCmd tries the shipped rules on a simulated city.
type BenchCityCmd struct {
	Days   int    `default:"7" help:"Days of the city's time."`
	Seed   uint64 `default:"1" help:"Another seed is another city."`
	People int    `default:"20000" help:"Inhabitants."`
	Wrong  bool   `help:"Tell on standard error whom the rules named wrongly, and which scams they missed."`
	JSON   bool   `name:"json" help:"Print one line of JSON, which is all there is."`
}

// Help says what is measured.
func (c *BenchCityCmd) Help() string {
	return strings.Join(strings.Fields(`The events of the city of lanzha city go through the shipped rules in the order of time, and what the rules say is compared with
		the truth. recall: the share of scams of a kind that a rule for this kind found, whoever of the scam it named. precision: of the subjects that the rules for this kind
		named, the share that has to do with any scam. detect_s_p50: seconds from the first event of a scam to its alert, the median. look_alikes: honest subjects whose work looks
		like a scam, and how many of them any rule named. These figures prove function, not accuracy in the field. docs/city.md tells more.`), " ")
}

// claims are the kinds of scam that a shipped rule is for.
var claims = map[string][]city.Kind{
	"goip-device":            {city.GOIP},
	"goip-line":              {city.GOIP},
	"goip-line-slow":         {city.GOIP},
	"goip-cell":              {city.GOIP},
	"many-sims":              {city.ManySIMs},
	"many-senders":           {city.ManySIMs},
	"phone-relay":            {city.PhoneRelay},
	"phone-relay-day":        {city.PhoneRelay},
	"blast-calling":          {city.Blast},
	"sequential-dialling":    {city.Sequential},
	"new-sim-burst":          {city.NewSIM},
	"fake-station":           {city.FakeStation},
	"overseas-silence":       {city.OverseasSilence},
	"spell-risky":            {city.Spell},
	"spell-long-call":        {city.Spell},
	"mule-through":           {city.MuleThrough},
	"mule-through-day":       {city.MuleThrough},
	"mule-payers":            {city.MulePayers},
	"mule-dormant":           {city.MuleDormant},
	"line-opening":           {city.LineOpening},
	"line-opening-person":    {city.LineOpening},
	"line-opening-agent":     {city.LineOpening},
	"account-opening":        {city.AccountOpening},
	"account-opening-person": {city.AccountOpening},
	"account-opening-agent":  {city.AccountOpening},
}

// benchedCity is what the command prints.
type benchedCity struct {
	Seed       uint64            `json:"seed"`
	Days       int               `json:"days"`
	People     int               `json:"people"`
	Events     int64             `json:"events"`
	Alerts     int64             `json:"alerts"`
	Kinds      []benchedKind     `json:"kinds"`
	LookAlikes []benchedHonest   `json:"look_alikes"`
	Others     int               `json:"others_alerted"` // subjects that have to do with no scam and are no look-alike
	Rules      []benchedCityRule `json:"rules"`
	Seconds    float64           `json:"seconds"` // making the events, and the rules
	Note       string            `json:"note"`
}

type benchedKind struct {
	Kind      city.Kind      `json:"kind"`
	Cases     int            `json:"cases"`
	Found     int            `json:"found"`
	Recall    float64        `json:"recall"`
	Named     int            `json:"named"`        // subjects that rules for this kind named
	Precision *float64       `json:"precision"`    // null when they named nobody
	DetectS   *float64       `json:"detect_s_p50"` // null when nothing was found
	Missed    map[string]int `json:"missed"`       // by how the scam hides
}

type benchedHonest struct {
	Kind     string         `json:"kind"`
	Subjects int            `json:"subjects"`
	Alerted  int            `json:"alerted"`
	Rules    map[string]int `json:"rules,omitempty"` // that named them
}

type benchedCityRule struct {
	Rule  string `json:"rule"`
	Named int    `json:"named"`
	Right int    `json:"right"`
}

// told is an alert.
type told struct {
	rule    string
	subject city.Subject
	at      time.Time
	of      *city.Case // of the event that raised it
}

// Run measures and prints.
func (c *BenchCityCmd) Run(ctx context.Context, std *Std) error {
	start := std.Now()
	all, err := city.New(city.Options{Seed: c.Seed, Days: c.Days, People: c.People})
	if err != nil {
		return err
	}
	packs, err := rule.Shipped()
	if err != nil {
		return err
	}
	for _, p := range packs {
		for _, r := range p.Rules {
			if len(claims[r.ID]) == 0 {
				return fmt.Errorf("the rule %s is for no kind of scam", r.ID)
			}
		}
	}
	machine, err := rule.NewMachine(packs, rule.Options{Late: 10 * time.Minute})
	if err != nil {
		return err
	}
	out := benchedCity{Seed: c.Seed, Days: c.Days, People: c.People, Note: city.Note}
	var alerts []told
	err = all.Parts(ctx, func(p city.Part) error {
		out.Events += int64(len(p.Events))
		fresh := len(alerts)
		var clues []rule.ListEntry
		machine.Add(p.Kind, p.Batch, rule.AddOptions{}, func(i int, v *rule.Verdict) {
			for _, h := range v.Hits {
				if !h.Raise {
					continue
				}
				alerts = append(alerts, told{h.Rule.ID, city.Subject{Domain: h.Domain, Value: h.Subject}, p.Events[i].At(), p.Events[i].Case()})
				// In a house the alert opens a clue, which stands on the list of clues.
				if h.Rule.Becomes == "clue" {
					clues = append(clues, rule.ListEntry{List: "clues", Domain: domainWords[h.Domain], Value: h.Subject})
				}
			}
		})
		for k := range clues {
			if err := machine.Apply(rule.Change{List: &clues[k]}, lanzha.At(alerts[fresh].at)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	wrong, missed := out.compare(alerts, all.Truth())
	if c.Wrong {
		fmt.Fprintln(std.Err, strings.Join(append(wrong, missed...), "\n"))
	}
	out.Seconds = thousandths(std.Now().Sub(start).Seconds())
	return json.NewEncoder(std.Out).Encode(out)
}

var domainWords = [feed.Domains]string{
	feed.Other: "other", feed.Number: "number", feed.Account: "account", feed.Device: "device", feed.SIM: "sim", feed.Cell: "cell",
	feed.Person: "person", feed.Outlet: "outlet",
}

// compare compares what was said with what is true. It returns who was named
// wrongly and which scams were missed, a line each.
func (out *benchedCity) compare(alerts []told, truth *city.Truth) (whom, missed []string) {
	out.Alerts = int64(len(alerts))
	cases := map[city.Subject][]*city.Case{}
	for _, k := range truth.Cases {
		for _, s := range k.Subjects {
			cases[s] = append(cases[s], k)
		}
	}
	type named struct {
		rule    string
		subject city.Subject
	}
	right := map[named]bool{}
	found := map[*city.Case]time.Time{}
	for _, a := range alerts {
		of := cases[a.subject]
		if a.of != nil {
			of = append(of[:len(of):len(of)], a.of)
		}
		n := named{a.rule, a.subject}
		right[n] = right[n] || len(of) > 0
		for _, k := range of {
			if _, known := found[k]; !known && slices.Contains(claims[a.rule], k.Kind) && k.Began != nil && !a.at.Before(*k.Began) {
				found[k] = a.at
			}
		}
	}
	for _, kind := range city.Kinds() {
		out.Kinds = append(out.Kinds, ofKind(kind, truth.Cases, found))
		x := &out.Kinds[len(out.Kinds)-1]
		good := 0
		for n, ok := range right {
			if slices.Contains(claims[n.rule], kind) {
				x.Named++
				if ok {
					good++
				}
			}
		}
		if x.Named > 0 {
			p := thousandths(float64(good) / float64(x.Named))
			x.Precision = &p
		}
	}
	// Alerts at events that belong to no scam, by whom they name.
	wrong := map[city.Subject]map[string]bool{}
	perRule := map[string]*benchedCityRule{}
	for n, ok := range right {
		if perRule[n.rule] == nil {
			perRule[n.rule] = &benchedCityRule{Rule: n.rule}
		}
		perRule[n.rule].Named++
		if ok {
			perRule[n.rule].Right++
			continue
		}
		if wrong[n.subject] == nil {
			wrong[n.subject] = map[string]bool{}
		}
		wrong[n.subject][n.rule] = true
	}
	for id := range claims {
		if perRule[id] != nil {
			out.Rules = append(out.Rules, *perRule[id])
		}
	}
	slices.SortFunc(out.Rules, func(a, b benchedCityRule) int { return strings.Compare(a.Rule, b.Rule) })
	out.honest(truth, wrong)
	for s, rules := range wrong {
		for id := range rules {
			whom = append(whom, fmt.Sprintf("wrong %s %s:%s", id, domainWords[s.Domain], s.Value))
		}
	}
	for _, k := range truth.Cases {
		if _, ok := found[k]; !ok {
			missed = append(missed, fmt.Sprintf("missed %s %s", k.ID, k.Way))
		}
	}
	slices.Sort(whom)
	return whom, missed
}

// ofKind counts the scams of a kind that were found.
func ofKind(kind city.Kind, cases []*city.Case, found map[*city.Case]time.Time) benchedKind {
	x := benchedKind{Kind: kind, Missed: map[string]int{}}
	var waits []float64
	for _, k := range cases {
		if k.Kind != kind || k.Began == nil {
			continue
		}
		x.Cases++
		at, ok := found[k]
		if !ok {
			x.Missed[k.Way]++
			continue
		}
		x.Found++
		waits = append(waits, at.Sub(*k.Began).Seconds())
	}
	if x.Cases > 0 {
		x.Recall = thousandths(float64(x.Found) / float64(x.Cases))
	}
	if slices.Sort(waits); len(waits) > 0 {
		middle := math.Round(waits[(len(waits)-1)/2])
		x.DetectS = &middle
	}
	return x
}

// honest counts the look-alikes that were named, and the others.
func (out *benchedCity) honest(truth *city.Truth, wrong map[city.Subject]map[string]bool) {
	at := map[string]int{}
	counted := map[city.Subject]bool{}
	for _, l := range truth.LookAlikes {
		i, ok := at[l.Kind]
		if !ok {
			i = len(out.LookAlikes)
			at[l.Kind] = i
			out.LookAlikes = append(out.LookAlikes, benchedHonest{Kind: l.Kind, Rules: map[string]int{}})
		}
		x := &out.LookAlikes[i]
		x.Subjects++
		rules := map[string]bool{}
		for _, s := range l.Subjects {
			for id := range wrong[s] {
				rules[id] = true
				counted[s] = true
			}
		}
		for id := range rules {
			x.Rules[id]++
		}
		if len(rules) > 0 {
			x.Alerted++
		}
	}
	out.Others = len(wrong) - len(counted)
}
