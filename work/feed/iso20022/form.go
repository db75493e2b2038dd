package iso20022

import (
	"encoding/json"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// form is the form that the JSON of a message must have, as Tazama's service
// demands it: what is required, and of which type. What it does not know it
// leaves out; a value of a near type is converted (the exchange rate is sent as
// a number and kept as a text).
type form struct {
	kind   kind
	fields []member // of an object
	first  *form    // of an array: its first elements; the others may be anything
	count  int      // how many are checked, when they are there
	absent string   // the value when it is not given; "" is none
}

type kind uint8

const (
	object kind = iota
	array
	text
	number
	integer
)

var kindNames = [...]string{"object", "array", "string", "number", "integer"}

type member struct {
	name     string
	required bool
	form     *form
}

func must(name string, f *form) member { return member{name, true, f} }
func can(name string, f *form) member  { return member{name, false, f} }
func of(members ...member) *form       { return &form{kind: object, fields: members} }
func first(f *form) *form              { return &form{kind: array, first: f, count: 1} }

var (
	aText    = &form{kind: text}
	aNumber  = &form{kind: number}
	aInteger = &form{kind: integer}

	anAmount = of(must("Amt", aNumber), must("Ccy", aText))
	amountIn = of(must("Amt", anAmount))
	anAgent  = of(must("FinInstnId", of(must("ClrSysMmbId", of(must("MmbId", aText))))))
	aCharge  = of(must("Amt", anAmount), must("Agt", anAgent))
	anOther  = first(of(must("Id", aText), must("SchmeNm", of(must("Prtry", aText)))))
	aParty   = of(
		must("Nm", aText),
		must("Id", of(must("PrvtId", of(
			must("DtAndPlcOfBirth", of(must("BirthDt", aText), must("CityOfBirth", aText), must("CtryOfBirth", aText))),
			must("Othr", anOther),
		)))),
		must("CtctDtls", of(must("MobNb", aText))),
	)
	anAccount = of(must("Id", of(must("Othr", anOther))), must("Nm", aText))
	aCode     = of(must("Cd", aText))
	aPlace    = of(must("Glctn", of(must("Lat", aText), must("Long", aText))))
	aReport   = of(must("Dtls", of(must("Tp", aText), must("Cd", aText))))
	aPurpose  = of(must("CtgyPurp", of(must("Prtry", aText))))
	aName     = of(must("FrstNm", aText), must("MddlNm", aText), must("LastNm", aText), must("MrchntClssfctnCd", aText))
	aRemark   = of(must("Ustrd", aText))
)

func envelope(doc *form) *form { return of(must("Envlp", of(must("Doc", doc)))) }

// forms are the messages by what their type begins with.
var forms = map[string]*form{
	"pacs.008": message("pacs.008.001.10", "FIToFICstmrCdtTrf", of(
		must("GrpHdr", of(must("MsgId", aText), must("CreDtTm", aText), must("NbOfTxs", aInteger), must("SttlmInf", of(must("SttlmMtd", aText))))),
		must("CdtTrfTxInf", of(
			must("PmtId", of(must("InstrId", aText), must("EndToEndId", aText), can("TxId", aText), can("UETR", aText))),
			must("IntrBkSttlmAmt", amountIn), must("InstdAmt", amountIn), can("XchgRate", aText),
			must("ChrgBr", aText), must("ChrgsInf", aCharge), must("InitgPty", aParty),
			must("Dbtr", aParty), must("DbtrAcct", anAccount), must("DbtrAgt", anAgent),
			must("CdtrAgt", anAgent), must("Cdtr", aParty), must("CdtrAcct", anAccount), must("Purp", aCode),
		)),
		must("RgltryRptg", aReport), must("RmtInf", aRemark),
		must("SplmtryData", envelope(of(must("InitgPty", aPlace), must("Xprtn", aText)))),
	)),
	"pacs.002": message("pacs.002.001.12", "FIToFIPmtSts", of(
		must("GrpHdr", of(must("MsgId", aText), must("CreDtTm", aText))),
		must("TxInfAndSts", of(
			must("OrgnlInstrId", aText), must("OrgnlEndToEndId", aText), can("OrgnlTxId", aText), can("OrgnlUETR", aText), must("TxSts", aText),
			must("ChrgsInf", &form{kind: array, first: aCharge, count: 3}), must("AccptncDtTm", aText),
			must("InstgAgt", anAgent), must("InstdAgt", anAgent),
		)),
	)),
	"pain.001": message("pain.001.001.11", "CstmrCdtTrfInitn", of(
		must("GrpHdr", of(must("MsgId", aText), must("CreDtTm", aText), must("NbOfTxs", aInteger), must("InitgPty", aParty))),
		must("PmtInf", of(
			must("PmtInfId", aText), must("PmtMtd", aText), must("ReqdAdvcTp", of(must("DbtAdvc", of(must("Cd", aText), must("Prtry", aText))))),
			must("ReqdExctnDt", of(must("Dt", aText), must("DtTm", aText))),
			must("Dbtr", aParty), must("DbtrAcct", anAccount), must("DbtrAgt", anAgent),
			must("CdtTrfTxInf", quoted(must("RmtInf", aRemark), must("SplmtryData", envelope(of(
				must("Dbtr", aName), must("Cdtr", aName), must("DbtrFinSvcsPrvdrFees", anAmount), must("Xprtn", aText),
			))))),
		)),
		must("SplmtryData", envelope(of(must("InitgPty", of(must("InitrTp", aText), aPlace.fields[0]))))),
	)),
	"pain.013": message("pain.013.001.09", "CdtrPmtActvtnReq", of(
		must("GrpHdr", of(must("MsgId", aText), must("CreDtTm", aText), must("NbOfTxs", aInteger), must("InitgPty", aParty))),
		must("PmtInf", of(
			must("PmtInfId", aText), must("PmtMtd", aText), must("ReqdAdvcTp", of(must("DbtAdvc", of(must("Cd", aText), must("Prtry", aText))))),
			must("ReqdExctnDt", of(must("DtTm", aText))), must("XpryDt", of(must("DtTm", aText))),
			must("Dbtr", aParty), must("DbtrAcct", anAccount), must("DbtrAgt", anAgent), must("CdtTrfTxInf", quoted(must("SplmtryData", envelope(of(
				must("PyeeRcvAmt", amountIn), must("PyeeFinSvcsPrvdrFee", amountIn), must("PyeeFinSvcsPrvdrComssn", amountIn),
			))))),
		)),
		must("SplmtryData", envelope(of(must("InitgPty", aPlace)))),
	)),
}

func message(kind, root string, body *form) *form {
	return of(must(root, body), can("TxTp", &form{kind: text, absent: kind}))
}

// quoted is the transfer of the messages that ask for a quote.
func quoted(more ...member) *form {
	return of(append([]member{
		must("PmtId", of(must("EndToEndId", aText))), must("PmtTpInf", aPurpose),
		must("Amt", of(must("InstdAmt", amountIn), must("EqvtAmt", of(must("Amt", anAmount), must("CcyOfTrf", aText), can("XchgRate", aText))))),
		must("ChrgBr", aText), must("CdtrAgt", anAgent), must("Cdtr", aParty), must("CdtrAcct", anAccount), must("Purp", aCode), must("RgltryRptg", aReport),
	}, more...)...)
}

// read brings a value into the form. A reason says what is wrong at path.
func (f *form) read(v any, path string) (out any, at, reason string) {
	if list, ok := v.([]any); ok && len(list) == 1 && f.kind != array && f.kind != object {
		v = list[0] // a list of one is as good as the one
	}
	switch f.kind {
	case object:
		given, ok := v.(map[string]any)
		if !ok {
			break
		}
		for _, m := range f.fields { // what is missing is told before what is wrong
			if _, ok := given[m.name]; m.required && !ok {
				return nil, path, "must have required property '" + m.name + "'"
			}
		}
		kept := map[string]any{}
		for _, m := range f.fields {
			x, ok := given[m.name]
			if !ok {
				if m.form.absent != "" {
					kept[m.name] = m.form.absent
				}
				continue
			}
			if kept[m.name], at, reason = m.form.read(x, path+"/"+m.name); reason != "" {
				return nil, at, reason
			}
		}
		return kept, "", ""
	case array:
		list, ok := v.([]any)
		if !ok {
			if _, ok := v.(map[string]any); ok {
				break
			}
			list = []any{v}
		}
		list = slices.Clone(list)
		for i := range min(f.count, len(list)) {
			if list[i], at, reason = f.first.read(list[i], path+"/"+strconv.Itoa(i)); reason != "" {
				return nil, at, reason
			}
		}
		return list, "", ""
	case text:
		switch x := v.(type) {
		case string:
			return x, "", ""
		case json.Number:
			return x.String(), "", ""
		case bool:
			return strconv.FormatBool(x), "", ""
		case nil:
			return "", "", ""
		}
	case number, integer:
		if n, ok := asNumber(v); ok && (f.kind == number || whole(n)) {
			return n, "", ""
		}
	}
	return nil, path, "must be " + kindNames[f.kind]
}

var numeral = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

func asNumber(v any) (json.Number, bool) {
	switch x := v.(type) {
	case json.Number:
		return x, true
	case string:
		x = strings.TrimSpace(x)
		return json.Number(x), numeral.MatchString(x)
	case bool:
		if x {
			return "1", true
		}
		return "0", true
	case nil:
		return "0", true
	}
	return "", false
}

func whole(n json.Number) bool {
	r, ok := rational(n.String())
	return ok && r.IsInt()
}

// rational reads a number that may be converted without harm: an exponent such
// as 1e999999999 would fill the memory.
func rational(s string) (*big.Rat, bool) {
	if len(s) > 40 || !numeral.MatchString(s) {
		return nil, false
	}
	if _, exponent, ok := strings.Cut(strings.ToLower(s), "e"); ok {
		if n, err := strconv.Atoi(exponent); err != nil || n > 30 || n < -30 {
			return nil, false
		}
	}
	return new(big.Rat).SetString(s)
}
