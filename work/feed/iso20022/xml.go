package iso20022

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"lanzha"
	"lanzha/work/feed"
)

// maxTransfers is how many transfers or statuses one message may carry.
const maxTransfers = 10_000

// The parts of the schemas that are used. Namespaces differ by version and are
// told apart at the document; elements are found by their local names. A
// pointer that is nil is an element that is not there.
type (
	xmlPacs008 struct {
		Head xmlHead        `xml:"GrpHdr"`
		Tx   []*xmlTransfer `xml:"CdtTrfTxInf"`
	}
	xmlHead struct {
		MsgID    *string `xml:"MsgId"`
		CreDtTm  *string
		NbOfTxs  *string
		SttlmMtd *string `xml:"SttlmInf>SttlmMtd"`
	}
	xmlTransfer struct {
		PmtID    xmlPaymentID `xml:"PmtId"`
		Settled  *xmlAmount   `xml:"IntrBkSttlmAmt"`
		Asked    *xmlAmount   `xml:"InstdAmt"`
		XchgRate string
		ChrgBr   *string
		Dbtr     *xmlParty
		DbtrAcct *xmlAccount
		DbtrAgt  *xmlAgent
		CdtrAgt  *xmlAgent
		Cdtr     *xmlParty
		CdtrAcct *xmlAccount
	}
	xmlPaymentID struct {
		InstrID    string  `xml:"InstrId"`
		EndToEndID *string `xml:"EndToEndId"`
		TxID       string  `xml:"TxId"`
		UETR       string
	}
	xmlAmount struct {
		Currency string `xml:"Ccy,attr"`
		Text     string `xml:",chardata"`
	}
	xmlOther struct {
		ID     string `xml:"Id"`
		Scheme string `xml:"SchmeNm>Prtry"`
		Code   string `xml:"SchmeNm>Cd"`
	}
	xmlParty struct {
		Private      []xmlOther `xml:"Id>PrvtId>Othr"`
		Organisation []xmlOther `xml:"Id>OrgId>Othr"`
		LEI          string     `xml:"Id>OrgId>LEI"`
		BIC          string     `xml:"Id>OrgId>AnyBIC"`
	}
	xmlAccount struct {
		IBAN  string   `xml:"Id>IBAN"`
		Other xmlOther `xml:"Id>Othr"`
	}
	xmlAgent struct {
		BIC    string `xml:"FinInstnId>BICFI"`
		Member string `xml:"FinInstnId>ClrSysMmbId>MmbId"`
	}

	xmlPacs002 struct {
		Head   xmlHead      `xml:"GrpHdr"`
		Groups []*xmlGroup  `xml:"OrgnlGrpInfAndSts"`
		Tx     []*xmlStatus `xml:"TxInfAndSts"`
	}
	xmlGroup struct {
		Message string  `xml:"OrgnlMsgId"`
		Status  *string `xml:"GrpSts"`
	}
	xmlStatus struct {
		Message  string  `xml:"OrgnlGrpInf>OrgnlMsgId"`
		InstrID  string  `xml:"OrgnlInstrId"`
		EndToEnd string  `xml:"OrgnlEndToEndId"`
		TxID     string  `xml:"OrgnlTxId"`
		UETR     string  `xml:"OrgnlUETR"`
		Status   *string `xml:"TxSts"`
	}
)

const namespace = "urn:iso:std:iso:20022:tech:xsd:"

// DecodeXML reads a message as XML: the Document alone, or inside an envelope
// beside its header (head.001). Of a message with several transfers those that
// lack what a transfer needs stand among the refused, with their path. zone is
// that of times that tell none.
func DecodeXML(body []byte, zone *time.Location) (*Message, error) {
	decoder := xml.NewDecoder(bytes.NewReader(body))
	decoder.CharsetReader = func(charset string, in io.Reader) (io.Reader, error) {
		switch strings.ToLower(charset) {
		case "gb18030", "gbk", "gb2312":
			return simplifiedchinese.GB18030.NewDecoder().Reader(in), nil
		}
		return nil, fmt.Errorf("the encoding %.20q is not read here", charset)
	}
	broken := func(err error) error {
		return &lanzha.Error{Code: lanzha.CodeInvalid, Field: "body", Message: "the body is no XML", Err: err}
	}
	var m *Message
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, broken(err)
		}
		start, ok := token.(xml.StartElement)
		switch {
		case !ok:
		case start.Name.Local == "AppHdr":
			if err := decoder.Skip(); err != nil {
				return nil, broken(err)
			}
		case start.Name.Local != "Document": // an envelope, whatever the network calls it
		case m != nil:
			return nil, invalid("Document", twoDocuments)
		default:
			m = &Message{Type: strings.TrimPrefix(start.Name.Space, namespace)}
			if err := m.document(decoder, start, zone); err != nil {
				if _, ok := errors.AsType[*lanzha.Error](err); ok {
					return nil, err
				}
				return nil, broken(err)
			}
		}
	}
	if m == nil {
		return nil, invalid("Document", isMissing)
	}
	return m, nil
}

// document reads a Document to its end.
func (m *Message) document(d *xml.Decoder, start xml.StartElement, zone *time.Location) error {
	var transfers struct {
		Body *xmlPacs008 `xml:"FIToFICstmrCdtTrf"`
	}
	var statuses struct {
		Body *xmlPacs002 `xml:"FIToFIPmtStsRpt"`
	}
	switch family(m.Type) {
	case "pacs.008":
		if err := d.DecodeElement(&transfers, &start); err != nil {
			return err
		}
	case "pacs.002":
		if err := d.DecodeElement(&statuses, &start); err != nil {
			return err
		}
	default:
		return invalid("Document", "its namespace is of no message that is read here: pacs.008.001.08 to 13, pacs.002.001.08 to 15")
	}
	switch {
	case transfers.Body != nil:
		return m.xml008(transfers.Body, zone)
	case statuses.Body != nil:
		return m.xml002(statuses.Body, zone)
	}
	return invalid("Document", "it holds another message than its namespace says")
}

func (m *Message) xmlHead(h xmlHead, path string, zone *time.Location) (err error) {
	if m.ID, err = named(given(h.MsgID), path+"/GrpHdr/MsgId"); err != nil {
		return err
	}
	m.At, err = instant(given(h.CreDtTm), path+"/GrpHdr/CreDtTm", zone)
	return err
}

func given(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (m *Message) xml008(x *xmlPacs008, zone *time.Location) error {
	const path = "Document/FIToFICstmrCdtTrf"
	if err := m.xmlHead(x.Head, path, zone); err != nil {
		return err
	}
	if given(x.Head.SttlmMtd) == "" {
		return invalid(path+"/GrpHdr/SttlmInf/SttlmMtd", isMissing)
	}
	switch n, err := strconv.Atoi(strings.TrimSpace(given(x.Head.NbOfTxs))); {
	case x.Head.NbOfTxs == nil:
		return invalid(path+"/GrpHdr/NbOfTxs", isMissing)
	case len(x.Tx) == 0:
		return invalid(path+"/CdtTrfTxInf", isMissing)
	case len(x.Tx) > maxTransfers:
		return invalid(path+"/CdtTrfTxInf", "a message carries up to 10,000 transfers")
	case err != nil || n != len(x.Tx):
		return invalid(path+"/GrpHdr/NbOfTxs", "it is another number than there are transfers")
	}
	for i, tx := range x.Tx {
		at := fmt.Sprintf("%s/CdtTrfTxInf[%d]", path, i+1)
		t, err := tx.transfer(at)
		if e, ok := errors.AsType[*lanzha.Error](err); ok {
			if len(x.Tx) == 1 {
				return err
			}
			m.Refused = append(m.Refused, feed.Refusal{Row: i + 1, Field: e.Field, Reason: e.Message})
			continue
		}
		t.At = m.At
		m.Transfers = append(m.Transfers, t)
	}
	if len(m.Transfers) == 0 {
		return invalid(m.Refused[0].Field, m.Refused[0].Reason)
	}
	m.Body = map[string]any{"TxTp": m.Type, "FIToFICstmrCdtTrf": map[string]any{
		"GrpHdr": map[string]any{"MsgId": m.ID, "CreDtTm": m.At.Format(time.RFC3339Nano), "NbOfTxs": len(x.Tx)},
	}}
	return nil
}

func (x *xmlTransfer) transfer(path string) (t Transfer, err error) {
	t = Transfer{InstrID: x.PmtID.InstrID, TxID: x.PmtID.TxID, UETR: x.PmtID.UETR, ExchangeRate: x.XchgRate}
	if t.EndToEnd, err = named(given(x.PmtID.EndToEndID), path+"/PmtId/EndToEndId"); err != nil {
		return t, err
	}
	for _, part := range []struct {
		name   string
		absent bool
	}{
		{"IntrBkSttlmAmt", x.Settled == nil}, {"ChrgBr", x.ChrgBr == nil}, {"Dbtr", x.Dbtr == nil}, {"DbtrAgt", x.DbtrAgt == nil},
		{"CdtrAgt", x.CdtrAgt == nil}, {"Cdtr", x.Cdtr == nil},
		{"DbtrAcct", x.DbtrAcct == nil}, {"CdtrAcct", x.CdtrAcct == nil}, // the schema lets them be absent; a transfer is nothing without
	} {
		if part.absent {
			return t, invalid(path+"/"+part.name, isMissing)
		}
	}
	if bearer := strings.TrimSpace(given(x.ChrgBr)); !slices.Contains([]string{"DEBT", "CRED", "SHAR", "SLEV"}, bearer) {
		return t, invalid(path+"/ChrgBr", "it is DEBT, CRED, SHAR or SLEV")
	}
	if t.Amount, t.Currency, err = x.Settled.read(path + "/IntrBkSttlmAmt"); err != nil {
		return t, err
	}
	t.Instructed, t.InstructedCurrency = t.Amount, t.Currency
	if x.Asked != nil {
		if t.Instructed, t.InstructedCurrency, err = x.Asked.read(path + "/InstdAmt"); err != nil {
			return t, err
		}
	}
	if t.From, t.DebtorAccount, err = x.DbtrAcct.id(path+"/DbtrAcct/Id", x.DbtrAgt); err != nil {
		return t, err
	}
	if t.To, t.CreditorAccount, err = x.CdtrAcct.id(path+"/CdtrAcct/Id", x.CdtrAgt); err != nil {
		return t, err
	}
	t.Person, t.Debtor = x.Dbtr.id()
	_, t.Creditor = x.Cdtr.id()
	return t, nil
}

func (x *xmlAmount) read(path string) (lanzha.Fen, string, error) {
	return money(strings.TrimLeft(strings.TrimSpace(x.Text), "+"), x.Currency, path, path+"/@Ccy")
}

// id is an account, and the same with its scheme and its bank behind it.
func (x *xmlAccount) id(path string, bank *xmlAgent) (id, whole string, err error) {
	id = x.IBAN
	if id == "" {
		id = x.Other.ID
	}
	if id, err = named(id, path); err != nil {
		return "", "", err
	}
	member := bank.Member
	if member == "" {
		member = bank.BIC
	}
	return id, id + x.Other.scheme() + member, nil
}

func (x xmlOther) scheme() string { return x.Scheme + x.Code } // a choice: one is given

// id is who a party is, and the same with its scheme behind it; "" is not said.
func (x *xmlParty) id() (id, whole string) {
	for _, o := range append(x.Private, x.Organisation...) {
		if id := strings.TrimSpace(o.ID); id != "" && len(id) <= maxText {
			return id, id + o.scheme()
		}
	}
	if x.LEI != "" {
		return x.LEI, x.LEI + "LEI"
	}
	if x.BIC != "" {
		return x.BIC, x.BIC + "BIC"
	}
	return "", ""
}

func (m *Message) xml002(x *xmlPacs002, zone *time.Location) error {
	const path = "Document/FIToFIPmtStsRpt"
	if err := m.xmlHead(x.Head, path, zone); err != nil {
		return err
	}
	if len(x.Tx) > maxTransfers {
		return invalid(path+"/TxInfAndSts", "a message carries up to 10,000 transfers")
	}
	for i, tx := range x.Tx {
		at := fmt.Sprintf("%s/TxInfAndSts[%d]", path, i+1)
		s := Status{EndToEnd: tx.EndToEnd, UETR: tx.UETR, TxID: tx.TxID, InstrID: tx.InstrID, Message: tx.Message, Path: at + "/OrgnlEndToEndId"}
		if s.EndToEnd == "" && s.UETR == "" && s.TxID == "" && s.InstrID == "" {
			return invalid(s.Path, isMissing)
		}
		var err error
		if s.Code, err = named(given(tx.Status), at+"/TxSts"); err != nil {
			return err
		}
		m.Statuses = append(m.Statuses, s)
	}
	for i, g := range x.Groups { // the whole message at once, where no transfer is told of by itself
		if len(x.Tx) > 0 || g.Status == nil {
			continue
		}
		at := fmt.Sprintf("%s/OrgnlGrpInfAndSts[%d]", path, i+1)
		s := Status{Whole: true, Path: at + "/OrgnlMsgId"}
		var err error
		if s.Message, err = named(g.Message, s.Path); err != nil {
			return err
		}
		if s.Code, err = named(*g.Status, at+"/GrpSts"); err != nil {
			return err
		}
		m.Statuses = append(m.Statuses, s)
	}
	if len(m.Statuses) == 0 {
		return invalid(path+"/TxInfAndSts", isMissing)
	}
	m.Body = map[string]any{"TxTp": m.Type, "FIToFIPmtSts": map[string]any{"GrpHdr": map[string]any{"MsgId": m.ID, "CreDtTm": m.At.Format(time.RFC3339Nano)}}}
	if len(m.Statuses) == 1 {
		s := m.Statuses[0]
		m.Body["FIToFIPmtSts"].(map[string]any)["TxInfAndSts"] = map[string]any{"OrgnlInstrId": s.InstrID, "OrgnlEndToEndId": s.EndToEnd, "TxSts": s.Code}
	}
	return nil
}
