package iso20022

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"lanzha"
)

const (
	maxText = 140                   // characters of an identifier: the longest that the schemas have
	maxFen  = 9_000_000_000_000_000 // as the feed takes: 90 trillion
)

// messageType is "pacs.008.001.10": what the message is, and its version.
var messageType = regexp.MustCompile(`^(pacs\.008|pacs\.002|pain\.001|pain\.013)\.001\.([0-9]{2})$`)

// versions are those that are read of each message: the parts that are used
// here are the same in all.
var versions = map[string][2]int{"pacs.008": {8, 13}, "pacs.002": {8, 15}, "pain.001": {9, 13}, "pain.013": {7, 12}}

// family is "pacs.008" of "pacs.008.001.10"; "" is a message, or a version of
// one, that is not read here.
func family(messageName string) string {
	parts := messageType.FindStringSubmatch(messageName)
	if parts == nil {
		return ""
	}
	version, err := strconv.Atoi(parts[2])
	if known := versions[parts[1]]; err != nil || version < known[0] || version > known[1] {
		return ""
	}
	return parts[1]
}

// invalid is what is wrong with a message, and where: Field is the path.
func invalid(path, reason string) error {
	return &lanzha.Error{Code: lanzha.CodeInvalid, Field: path, Message: reason}
}

// Reasons for which a message is not taken, besides those of the form. They
// never quote it.
const (
	isMissing    = "it is missing"
	isLong       = "it is longer than the standard has it"
	noTime       = "a date and a time are wanted, as 2026-11-25T10:00:00+08:00"
	noAmount     = "a decimal amount of 0 or more is wanted"
	bigAmount    = "the amount is beyond 90 trillion"
	noCurrency   = "a currency has three capital letters"
	noRoot       = "this is another message than the address says"
	noJSON       = "the body is no JSON"
	noUTF8       = "the text is not UTF-8"
	twoDocuments = "one message is wanted, and more follows it"
)

// DecodeJSON reads a message of the type as JSON. zone is that of times that
// tell none.
func DecodeJSON(body []byte, messageName string, zone *time.Location) (*Message, error) {
	of := family(messageName)
	if of == "" {
		return nil, invalid("", noRoot)
	}
	if !utf8.Valid(body) {
		return nil, invalid("body", noUTF8)
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var given any
	if err := decoder.Decode(&given); err != nil {
		return nil, &lanzha.Error{Code: lanzha.CodeInvalid, Field: "body", Message: noJSON, Err: err}
	}
	if err := decoder.Decode(new(any)); !errors.Is(err, io.EOF) {
		return nil, invalid("body", twoDocuments)
	}
	if m, ok := given.(map[string]any); ok {
		if _, ok := m["TenantId"]; ok { // who sends is known by the key, never by the body
			return nil, invalid("body", "must NOT be valid")
		}
	}
	read, at, reason := forms[of].read(given, "body")
	if reason != "" {
		return nil, invalid(at, reason)
	}
	m := &Message{Type: messageName, Body: read.(map[string]any)}
	j := tree{m.Body, "body"}
	var err error
	switch of {
	case "pacs.008":
		err = m.pacs008(j.at("FIToFICstmrCdtTrf"), zone)
	case "pacs.002":
		err = m.pacs002(j.at("FIToFIPmtSts"), zone)
	case "pain.001":
		err = m.head(j.at("CstmrCdtTrfInitn", "GrpHdr"), zone)
	default:
		err = m.head(j.at("CdtrPmtActvtnReq", "GrpHdr"), zone)
	}
	if err != nil {
		return nil, err
	}
	return m, nil
}

// tree is a part of a message in its form, and where it stands.
type tree struct {
	value any
	path  string
}

// at goes down by names; "0" is the first of an array. What is not there is
// nil.
func (t tree) at(names ...string) tree {
	for _, name := range names {
		var next any
		switch v := t.value.(type) {
		case map[string]any:
			next = v[name]
		case []any:
			if i, err := strconv.Atoi(name); err == nil && i < len(v) {
				next = v[i]
			}
		}
		t = tree{next, t.path + "/" + name}
	}
	return t
}

// text is a text, "" when it is absent.
func (t tree) text() string {
	switch v := t.value.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

// name is a text that names something: it must be there, and be short.
func (t tree) name() (string, error) { return named(t.text(), t.path) }

func named(s, path string) (string, error) {
	switch s = strings.TrimSpace(s); {
	case s == "":
		return "", invalid(path, isMissing)
	case utf8.RuneCountInString(s) > maxText:
		return "", invalid(path, isLong)
	}
	return s, nil
}

func (m *Message) head(h tree, zone *time.Location) (err error) {
	if m.ID, err = h.at("MsgId").name(); err != nil {
		return err
	}
	m.At, err = instant(h.at("CreDtTm").text(), h.at("CreDtTm").path, zone)
	return err
}

func (m *Message) pacs008(body tree, zone *time.Location) error {
	if err := m.head(body.at("GrpHdr"), zone); err != nil {
		return err
	}
	tx := body.at("CdtTrfTxInf")
	t := Transfer{
		At: m.At, InstrID: tx.at("PmtId", "InstrId").text(), TxID: tx.at("PmtId", "TxId").text(), UETR: tx.at("PmtId", "UETR").text(),
		ExchangeRate: tx.at("XchgRate").text(),
	}
	for _, part := range []struct {
		at   []string
		into *string
	}{
		{[]string{"PmtId", "EndToEndId"}, &t.EndToEnd},
		{[]string{"DbtrAcct", "Id", "Othr", "0", "Id"}, &t.From}, {[]string{"CdtrAcct", "Id", "Othr", "0", "Id"}, &t.To},
		{[]string{"Dbtr", "Id", "PrvtId", "Othr", "0", "Id"}, &t.Person}, {[]string{"Cdtr", "Id", "PrvtId", "Othr", "0", "Id"}, &t.Creditor},
	} {
		var err error
		if *part.into, err = tx.at(part.at...).name(); err != nil {
			return err
		}
	}
	var err error
	if t.Amount, t.Currency, err = tx.at("IntrBkSttlmAmt", "Amt").amount(); err != nil {
		return err
	}
	if t.Instructed, t.InstructedCurrency, err = tx.at("InstdAmt", "Amt").amount(); err != nil {
		return err
	}
	scheme := func(of tree) string { return of.at("Othr", "0", "SchmeNm", "Prtry").text() }
	bank := func(of tree) string { return of.at("FinInstnId", "ClrSysMmbId", "MmbId").text() }
	t.Debtor = t.Person + scheme(tx.at("Dbtr", "Id", "PrvtId"))
	t.Creditor += scheme(tx.at("Cdtr", "Id", "PrvtId"))
	t.DebtorAccount = t.From + scheme(tx.at("DbtrAcct", "Id")) + bank(tx.at("DbtrAgt"))
	t.CreditorAccount = t.To + scheme(tx.at("CdtrAcct", "Id")) + bank(tx.at("CdtrAgt"))
	m.Transfers = []Transfer{t}
	return nil
}

func (m *Message) pacs002(body tree, zone *time.Location) error {
	if err := m.head(body.at("GrpHdr"), zone); err != nil {
		return err
	}
	tx := body.at("TxInfAndSts")
	s := Status{
		InstrID: tx.at("OrgnlInstrId").text(), TxID: tx.at("OrgnlTxId").text(), UETR: tx.at("OrgnlUETR").text(), Path: tx.path + "/OrgnlEndToEndId",
	}
	var err error
	if s.EndToEnd, err = tx.at("OrgnlEndToEndId").name(); err != nil {
		return err
	}
	if s.Code, err = tx.at("TxSts").name(); err != nil {
		return err
	}
	m.Statuses = []Status{s}
	return nil
}

// amount reads {"Amt": 614.03, "Ccy": "XTS"}.
func (t tree) amount() (lanzha.Fen, string, error) {
	return money(t.at("Amt").text(), t.at("Ccy").text(), t.path+"/Amt", t.path+"/Ccy")
}

var currency = regexp.MustCompile(`^[A-Z]{3}$`)

// money reads an amount into hundredths of its currency, whatever its smallest
// coin is; further decimals are rounded half away from zero, since a schema
// allows five and a number in JSON as many as it likes.
func money(amount, of, amountPath, ofPath string) (lanzha.Fen, string, error) {
	r, ok := rational(strings.TrimSpace(amount))
	if !ok || r.Sign() < 0 {
		return 0, "", invalid(amountPath, noAmount)
	}
	if !currency.MatchString(of) {
		return 0, "", invalid(ofPath, noCurrency)
	}
	r.Mul(r, big.NewRat(100, 1)).Add(r, big.NewRat(1, 2))
	n := new(big.Int).Quo(r.Num(), r.Denom())
	if !n.IsInt64() || n.Int64() > maxFen {
		return 0, "", invalid(amountPath, bigAmount)
	}
	return lanzha.Fen(n.Int64()), of, nil
}

// decimal writes hundredths as a decimal amount.
func decimal(n lanzha.Fen) string {
	s := strconv.FormatInt(int64(n), 10)
	if len(s) < 3 {
		s = strings.Repeat("0", 3-len(s)) + s
	}
	return s[:len(s)-2] + "." + s[len(s)-2:]
}

// instant reads an ISODateTime. Without an offset it is the zone's.
func instant(s, path string, zone *time.Location) (time.Time, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return time.Time{}, invalid(path, isMissing)
	}
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		at, err = time.ParseInLocation("2006-01-02T15:04:05.999999999", s, zone)
	}
	if err != nil || at.Year() < 1900 || at.Year() > 2999 {
		return time.Time{}, invalid(path, noTime)
	}
	return at.UTC(), nil
}
