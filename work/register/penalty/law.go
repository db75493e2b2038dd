package penalty

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"lanzha"
	"lanzha/know/policy"
	"lanzha/work/register"
)

// Pack is by what penalties are found.
const Pack = "anti-fraud-law-2022"

// Conduct is what was done; the words are the pack's.
type Conduct string

// Conducts that the police punish. Those of operators are the regulators'.
const (
	FraudActivity    Conduct = "fraud_activity"
	IllegalDevice    Conduct = "illegal_device"
	PersonalDataSale Conduct = "personal_data_sale"
	CryptoLaundering Conduct = "crypto_laundering"
	OtherSupport     Conduct = "other_support"
	TradeRentLend    Conduct = "trade_rent_lend"
	VerificationHelp Conduct = "verification_help"
	FalseOpening     Conduct = "false_opening"
)

// Conducts lists them in the order of the articles.
var Conducts = []Conduct{FraudActivity, IllegalDevice, PersonalDataSale, CryptoLaundering, OtherSupport, TradeRentLend, VerificationHelp, FalseOpening}

// Facts are what the article and the bands follow from. What is not known is
// nil, and the law may not need it.
type Facts struct {
	Conduct  Conduct      `json:"conduct" enum:"fraud_activity,illegal_device,personal_data_sale,crypto_laundering,other_support,trade_rent_lend,verification_help,false_opening"`
	EndedOn  register.Day `json:"endedOn" format:"date" doc:"the day on which the conduct ended, by which the law is read"`
	Crime    *bool        `json:"crime,omitempty" doc:"whether the act is a crime"`
	GainsFen *lanzha.Fen  `json:"gainsFen,omitempty" minimum:"0" maximum:"100000000000000" doc:"illegal gains in fen; 0 where there are none; absent: not known"`
	Grave    *bool        `json:"grave,omitempty" doc:"whether the circumstances are grave"`
	AgeYears *int         `json:"ageYears,omitempty" minimum:"0" maximum:"130" doc:"age at the time of the act"`
}

// input is the facts as the pack takes them.
func (f Facts) input(kind register.SubjectKind) map[string]any {
	subject := map[string]any{"kind": string(kind)}
	in := map[string]any{"question": "penalty", "asOf": string(f.EndedOn), "conduct": string(f.Conduct), "subject": subject}
	if f.Crime != nil {
		in["crime"] = *f.Crime
	}
	if f.GainsFen != nil {
		in["gainsFen"] = int64(*f.GainsFen)
	}
	if f.Grave != nil {
		in["grave"] = *f.Grave
	}
	if f.AgeYears != nil {
		subject["ageYears"] = *f.AgeYears
	}
	return in
}

// Band is what the law allows on some facts.
type Band struct {
	Article          string     `json:"article"`
	Authority        string     `json:"authority" doc:"police, or police_or_regulator"`
	ConfiscateFen    lanzha.Fen `json:"confiscateFen" doc:"illegal gains, which are confiscated whole"`
	FineMinFen       lanzha.Fen `json:"fineMinFen" doc:"0: the article states no lower bound"`
	FineMaxFen       lanzha.Fen `json:"fineMaxFen"`
	DetentionMinDays int        `json:"detentionMinDays" doc:"0: the article states no lower bound, or has no detention"`
	DetentionMaxDays int        `json:"detentionMaxDays" doc:"0: the article has no detention on these facts"`
}

// answerForm is the result of the pack, as far as it is read.
type answerForm struct {
	Article          *string     `json:"article"`
	Track            *string     `json:"track"`
	Authority        *string     `json:"authority"`
	ConfiscateFen    *lanzha.Fen `json:"confiscateFen"`
	FineMinFen       *lanzha.Fen `json:"fineMinFen"`
	FineMaxFen       *lanzha.Fen `json:"fineMaxFen"`
	Detention        *bool       `json:"detention"`
	DetentionMinDays *int        `json:"detentionMinDays"`
	DetentionMaxDays *int        `json:"detentionMaxDays"`
}

// bandOf reads an answer. A band that does not follow from the facts alone is
// CodeInvalid and names what is missing; a crime, and what is not the police's
// to punish, is CodeConflict.
func bandOf(a policy.Answer) (Band, error) {
	text, err := json.Marshal(a.Result)
	var form answerForm
	if err == nil {
		err = json.Unmarshal(text, &form)
	}
	if err != nil {
		return Band{}, lanzha.Internal("penalty.bandOf", err)
	}
	switch {
	case !a.InForce:
		return Band{}, lanzha.Invalid("body.facts.endedOn", "the law was not in force when the conduct ended")
	case form.Track != nil && *form.Track == "criminal":
		e := lanzha.Conflict("the act is a crime: there is criminal liability and no penalty by this law")
		e.Field, e.Hint = "body.facts.crime", "file the case"
		return Band{}, e
	case form.Authority != nil && !strings.HasPrefix(*form.Authority, "police"):
		e := lanzha.Conflict("this is not the police's to punish")
		e.Field = "body.facts.conduct"
		return Band{}, e
	case form.Article == nil, form.Authority == nil, form.FineMaxFen == nil, form.FineMinFen == nil, form.ConfiscateFen == nil, form.Detention == nil:
		e := lanzha.Invalid("body.facts", "what follows is not determined; missing: %s", strings.Join(a.Missing, ", "))
		if len(a.Missing) > 0 {
			e.Field += "." + a.Missing[0]
		}
		e.Hint = "establish what is missing; nothing is assumed"
		return Band{}, e
	}
	b := Band{Article: *form.Article, Authority: *form.Authority, ConfiscateFen: *form.ConfiscateFen, FineMinFen: *form.FineMinFen, FineMaxFen: *form.FineMaxFen}
	if *form.Detention {
		if form.DetentionMinDays == nil || form.DetentionMaxDays == nil {
			return Band{}, lanzha.Internal("penalty.bandOf", fmt.Errorf("%s answers a detention without days", a.Pack.Name))
		}
		b.DetentionMinDays, b.DetentionMaxDays = *form.DetentionMinDays, *form.DetentionMaxDays
	}
	return b, nil
}

// holds refuses what lies outside the band. Nobody can detain a unit.
func (b Band) holds(m Measure, kind register.SubjectKind) error {
	switch {
	case m.FineFen < b.FineMinFen || m.FineFen > b.FineMaxFen:
		return lanzha.Invalid("body.fineFen", "by %s the fine is %d to %d fen", b.Article, b.FineMinFen, b.FineMaxFen)
	case kind == register.UnitKind && m.DetentionDays != 0:
		return lanzha.Invalid("body.detentionDays", "a unit is not detained")
	case kind == register.UnitKind:
		return nil
	case b.DetentionMaxDays == 0 && m.DetentionDays != 0:
		return lanzha.Invalid("body.detentionDays", "by %s there is no detention on these facts", b.Article)
	case m.DetentionDays < b.DetentionMinDays || m.DetentionDays > b.DetentionMaxDays:
		return lanzha.Invalid("body.detentionDays", "by %s detention is %d to %d days", b.Article, b.DetentionMinDays, b.DetentionMaxDays)
	}
	return nil
}

// checkFacts refuses facts that no penalty of the police follows from.
func checkFacts(f Facts, today register.Day) (Facts, error) {
	on, err := register.ParseDay("body.facts.endedOn", string(f.EndedOn))
	switch {
	case err != nil:
		return f, err
	case !slices.Contains(Conducts, f.Conduct):
		return f, lanzha.Invalid("body.facts.conduct", "there is no such conduct")
	case on == "" || on > today:
		return f, lanzha.Invalid("body.facts.endedOn", "the conduct ended on a day that is not in the future")
	case f.GainsFen != nil && (*f.GainsFen < 0 || *f.GainsFen > 100_000_000_000_000):
		return f, lanzha.Invalid("body.facts.gainsFen", "gains are 0 to 100,000,000,000,000 fen")
	}
	f.EndedOn = on
	return f, nil
}
