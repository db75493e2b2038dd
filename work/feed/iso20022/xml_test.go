package iso20022_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/simplifiedchinese"

	"lanzha"
	"lanzha/work/feed"
	"lanzha/work/feed/iso20022"
)

func document(messageName, body string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:` + messageName + `">` + body + `</Document>`
}

func transferXML(end, from, to, amount string) string {
	return `<CdtTrfTxInf><PmtId><InstrId>I</InstrId><EndToEndId>` + end + `</EndToEndId><TxId>T-` + end + `</TxId></PmtId>
<IntrBkSttlmAmt Ccy="CNY">` + amount + `</IntrBkSttlmAmt><ChrgBr>SLEV</ChrgBr>
<Dbtr><Nm>张三</Nm><Id><PrvtId><Othr><Id>530102199001011234</Id><SchmeNm><Cd>NIDN</Cd></SchmeNm></Othr></PrvtId></Id></Dbtr>
<DbtrAcct><Id><Othr><Id>` + from + `</Id></Othr></Id></DbtrAcct><DbtrAgt><FinInstnId><BICFI>ICBKCNBJXXX</BICFI></FinInstnId></DbtrAgt>
<CdtrAgt><FinInstnId><ClrSysMmbId><MmbId>102100099996</MmbId></ClrSysMmbId></FinInstnId></CdtrAgt><Cdtr><Nm>李四</Nm></Cdtr>
<CdtrAcct><Id><IBAN>` + to + `</IBAN></Id></CdtrAcct></CdtTrfTxInf>`
}

func creditTransfer(n int, transfers string) string {
	return document("pacs.008.001.09", fmt.Sprintf(`<FIToFICstmrCdtTrf><GrpHdr><MsgId>M</MsgId><CreDtTm>2026-11-25T09:55:00</CreDtTm><NbOfTxs>%d</NbOfTxs><SttlmInf><SttlmMtd>CLRG</SttlmMtd></SttlmInf></GrpHdr>%s</FIToFICstmrCdtTrf>`, n, transfers))
}

func report(id, body string) string {
	return `<Envelope><AppHdr xmlns="urn:iso:std:iso:20022:tech:xsd:head.001.001.02"><BizMsgIdr>X</BizMsgIdr></AppHdr>` + strings.TrimPrefix(
		document("pacs.002.001.10", `<FIToFIPmtStsRpt><GrpHdr><MsgId>`+id+`</MsgId><CreDtTm>2026-11-25T10:00:00+08:00</CreDtTm></GrpHdr>`+body+`</FIToFIPmtStsRpt>`),
		`<?xml version="1.0" encoding="UTF-8"?>`) + `</Envelope>`
}

// TestXML: a message with several transfers, of which one lacks its account;
// they are settled one by one, by any of their names, or all at once.
func TestXML(t *testing.T) {
	each(t, func(h *house) {
		var refused []feed.Refusal
		h.desk.Refused = func(_ context.Context, r []feed.Refusal) error { refused = append(refused, r...); return nil }
		body := creditTransfer(4, transferXML("E1", "6222020200011234567", "CN01", "35000.005")+transferXML("E2", "", "CN02", "1")+
			transferXML("NOTPROVIDED", "62223", "CN03", "3")+transferXML("NOTPROVIDED", "62224", "CN04", "4"))
		answer := h.send("bank-a", "/v1/evaluate/iso20022/pacs.008.001.09", asXML, body)
		where := "Document/FIToFICstmrCdtTrf/CdtTrfTxInf[2]/DbtrAcct/Id"
		if !strings.Contains(answer, `"refused":[{"path":"`+where+`","reason":"it is missing","row":2}]`) {
			h.Errorf("%s", answer)
		}
		if diff := cmp.Diff([]feed.Refusal{{Row: 2, Field: where, Reason: "it is missing"}}, refused); diff != "" {
			h.Error(diff)
		}
		wrong := func(id, status, want string) {
			h.Helper()
			code, text := h.call("bank-a", http.MethodPost, pacs002, report(id, status), "Content-Type", asXML)
			if code != 400 || !strings.Contains(text, want) {
				h.Errorf("%d %s", code, text)
			}
		}
		h.send("bank-a", "/v1/evaluate/iso20022/pacs.002.001.10", asXML, report("S1", `<TxInfAndSts><OrgnlEndToEndId>E1</OrgnlEndToEndId><TxSts>ACSC</TxSts></TxInfAndSts>`))
		h.send("bank-a", pacs002, asXML, report("S2", `<TxInfAndSts><OrgnlTxId>T-E1</OrgnlTxId><TxSts>ACCC</TxSts></TxInfAndSts>`)) // it is settled already
		wrong("S3", `<TxInfAndSts><OrgnlTxId>T-NOTPROVIDED</OrgnlTxId><TxSts>ACCC</TxSts></TxInfAndSts>`, "several transfers that are under way have this name")
		wrong("S3", `<TxInfAndSts><OrgnlEndToEndId>NOTPROVIDED</OrgnlEndToEndId><TxSts>ACCC</TxSts></TxInfAndSts>`, "no pacs.008 of yours")
		wrong("S3", `<TxInfAndSts><TxSts>ACCC</TxSts></TxInfAndSts>`, "Document/FIToFIPmtStsRpt/TxInfAndSts[1]/OrgnlEndToEndId it is missing")
		wrong("S3", ``, "Document/FIToFIPmtStsRpt/TxInfAndSts it is missing")
		wrong("S3", `<TxInfAndSts><OrgnlTxId>T-E1</OrgnlTxId><TxSts>ACCC</TxSts></TxInfAndSts><TxInfAndSts><OrgnlEndToEndId>E1</OrgnlEndToEndId><TxSts>ACCC</TxSts></TxInfAndSts>`, "speaks of this transfer twice")
		h.send("bank-a", pacs002, asXML, report("S4", `<OrgnlGrpInfAndSts><OrgnlMsgId>M</OrgnlMsgId><OrgnlMsgNmId>pacs.008.001.09</OrgnlMsgNmId><GrpSts>ACCC</GrpSts></OrgnlGrpInfAndSts>`))
		got := h.bench.judged()
		want := []string{
			"E1 6222020200011234567 CN01 3500001 CNY iso20022 530102199001011234 2026-11-25T02:00:00Z",
			"NOTPROVIDED 62224 CN04 400 CNY iso20022 530102199001011234 2026-11-25T02:00:00Z",
			"NOTPROVIDED 62223 CN03 300 CNY iso20022 530102199001011234 2026-11-25T02:00:00Z",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			h.Error(diff)
		}
		if r := h.report("bank-a", "S4").Data.Report; len(r.Lanzha) != 3 || !r.Lanzha[0].Evaluated {
			h.Errorf("%+v", r)
		}
	})
}

// TestDecodeXML: what is required is named by its path when it is missing, and
// times without an offset are the centre's.
func TestDecodeXML(t *testing.T) {
	good := creditTransfer(1, transferXML("E1", "62221", "CN01", "12.5"))
	m, err := iso20022.DecodeXML([]byte(good), shanghai)
	if err != nil {
		t.Fatal(err)
	}
	want := []iso20022.Transfer{{
		EndToEnd: "E1", TxID: "T-E1", InstrID: "I", At: time.Date(2026, 11, 25, 1, 55, 0, 0, time.UTC), From: "62221", To: "CN01", Amount: 1250, Currency: "CNY",
		Person: "530102199001011234", Debtor: "530102199001011234NIDN", DebtorAccount: "62221ICBKCNBJXXX", CreditorAccount: "CN01102100099996", Instructed: 1250, InstructedCurrency: "CNY",
	}}
	if diff := cmp.Diff(want, m.Transfers); diff != "" {
		t.Error(diff)
	}
	chinese, err := simplifiedchinese.GB18030.NewEncoder().String(strings.Replace(good, "UTF-8", "GB18030", 1))
	if err != nil {
		t.Fatal(err)
	}
	if m, err := iso20022.DecodeXML([]byte(chinese), shanghai); err != nil || len(m.Transfers) != 1 {
		t.Errorf("GB18030: %v", err)
	}
	const at = "Document/FIToFICstmrCdtTrf"
	for _, c := range []struct{ old, new, field, message string }{
		{"pacs.008.001.09", "pacs.008.001.13", "", ""},
		{"pacs.008.001.09", "pacs.008.001.99", "Document", "its namespace is of no message that is read here: pacs.008.001.08 to 13, pacs.002.001.08 to 15"},
		{"pacs.008.001.09", "pacs.002.001.10", "Document", "it holds another message than its namespace says"},
		{"<MsgId>M</MsgId>", "", at + "/GrpHdr/MsgId", "it is missing"},
		{"<NbOfTxs>1</NbOfTxs>", "", at + "/GrpHdr/NbOfTxs", "it is missing"},
		{"<NbOfTxs>1", "<NbOfTxs>2", at + "/GrpHdr/NbOfTxs", "it is another number than there are transfers"},
		{"<SttlmMtd>CLRG</SttlmMtd>", "", at + "/GrpHdr/SttlmInf/SttlmMtd", "it is missing"},
		{"<EndToEndId>E1</EndToEndId>", "", at + "/CdtTrfTxInf[1]/PmtId/EndToEndId", "it is missing"},
		{"<ChrgBr>SLEV</ChrgBr>", "", at + "/CdtTrfTxInf[1]/ChrgBr", "it is missing"},
		{"SLEV", "NONE", at + "/CdtTrfTxInf[1]/ChrgBr", "it is DEBT, CRED, SHAR or SLEV"},
		{` Ccy="CNY"`, "", at + "/CdtTrfTxInf[1]/IntrBkSttlmAmt/@Ccy", "a currency has three capital letters"},
		{"12.5", "12,5", at + "/CdtTrfTxInf[1]/IntrBkSttlmAmt", "a decimal amount of 0 or more is wanted"},
		{"12.5", "90000000000000.01", at + "/CdtTrfTxInf[1]/IntrBkSttlmAmt", "the amount is beyond 90 trillion"},
		{"<Cdtr><Nm>李四</Nm></Cdtr>", "", at + "/CdtTrfTxInf[1]/Cdtr", "it is missing"},
		{"<IBAN>CN01</IBAN>", "", at + "/CdtTrfTxInf[1]/CdtrAcct/Id", "it is missing"},
		{"2026-11-25T09:55:00", "2026-11-25", at + "/GrpHdr/CreDtTm", "a date and a time are wanted, as 2026-11-25T10:00:00+08:00"},
		{"</Document>", "", "body", "the body is no XML"},
		{"UTF-8", "EBCDIC", "body", "the body is no XML"},
		{"<Document ", `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><Document `, "", ""}, // declared, never read
		{"<MsgId>M", "<MsgId>&e;", "body", "the body is no XML"},
	} {
		_, err := iso20022.DecodeXML([]byte(strings.Replace(good, c.old, c.new, 1)), shanghai)
		e, _ := err.(*lanzha.Error) //nolint:errorlint // nil is wanted too
		if (err == nil) != (c.field == "") || e != nil && (e.Field != c.field || e.Message != c.message) {
			t.Errorf("%s for %s: %v", c.new, c.old, err)
		}
	}
}

// TestSamples reads the sample messages that stand beside the repository.
func TestSamples(t *testing.T) {
	folder := "../../../../shared/data/iso20022/samples"
	if _, err := os.Stat(folder); err != nil {
		t.Skip("the samples are not here: ../shared/data/iso20022/samples beside the repository")
	}
	for name, want := range map[string]string{
		"pacs.008.max.xml":   "",
		"pacs.008.min.xml":   "Document/FIToFICstmrCdtTrf/CdtTrfTxInf[1]/DbtrAcct", // allowed by the schema; no transfer without it
		"pacs.002.min.xml":   "",
		"valid_pacs_v11.xml": "Document/FIToFIPmtStsRpt/TxInfAndSts",
		"pacs.004.min.xml":   "Document",
	} {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		m, err := iso20022.DecodeXML(text, shanghai)
		e, _ := err.(*lanzha.Error) //nolint:errorlint // nil is wanted too
		if (err == nil) != (want == "") || e != nil && e.Field != want {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && len(m.Transfers)+len(m.Statuses) != 1 {
			t.Errorf("%s: %+v", name, m)
		}
	}
}

// TestAmounts: hundredths of the currency, the third decimal rounded.
func TestAmounts(t *testing.T) {
	for text, want := range map[string]lanzha.Fen{
		"0": 0, "614.03": 61403, "0.005": 1, "0.0049": 0, "1.23456": 123, "6.1403e2": 61403, "90000000000000": 9_000_000_000_000_000, "100": 10000, "0.07": 7,
	} {
		m, err := iso20022.DecodeJSON([]byte(strings.ReplaceAll(transfer("m", "e", "a", "b", 987654), "987654", text)), "pacs.008.001.10", time.UTC)
		if err != nil || m.Transfers[0].Amount != want {
			t.Errorf("%s: %+v %v", text, m, err)
			continue
		}
		b := iso20022.Batch(m.Transfers)
		if len(b.Events) != 1 {
			t.Fatalf("%s: %v", text, b.Refused)
		}
		amount, _ := feed.Transfer.Field("amount")
		if got := b.Events[0].Num(amount); got != int64(want) {
			t.Errorf("%s: the event has %d", text, got)
		}
	}
}

// FuzzXML and FuzzJSON: whatever comes in, a message is refused with its path
// or every transfer of it is one that the feed takes.
func FuzzXML(f *testing.F) {
	f.Add([]byte(creditTransfer(2, transferXML("E1", "1", "2", "3")+transferXML("E2", "1", "2", "3"))))
	f.Add([]byte(report("S", `<TxInfAndSts><OrgnlEndToEndId>E1</OrgnlEndToEndId><TxSts>ACSC</TxSts></TxInfAndSts>`)))
	f.Add([]byte(report("S", `<OrgnlGrpInfAndSts><OrgnlMsgId>M</OrgnlMsgId><GrpSts>ACCC</GrpSts></OrgnlGrpInfAndSts>`)))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := iso20022.DecodeXML(text, shanghai)
		hold(t, m, err)
	})
}

func FuzzJSON(f *testing.F) {
	f.Add([]byte(transfer("m", "e", "a", "b", 614.03)), "pacs.008.001.10")
	f.Add([]byte(status("m", "e", "ACCC", "2026-11-25T02:00:00Z")), "pacs.002.001.12")
	f.Add([]byte(quote("pain.001.001.11", "CstmrCdtTrfInitn")), "pain.001.001.11")
	f.Fuzz(func(t *testing.T, text []byte, messageName string) {
		m, err := iso20022.DecodeJSON(text, messageName, shanghai)
		hold(t, m, err)
	})
}

func hold(t *testing.T, m *iso20022.Message, err error) {
	t.Helper()
	if err != nil {
		if lanzha.CodeOf(err) != lanzha.CodeInvalid {
			t.Fatal(err)
		}
		return
	}
	b := iso20022.Batch(m.Transfers)
	if len(b.Refused) > 0 {
		t.Fatalf("the feed refuses what was read: %s: %s", b.Refused[0].Field, b.Refused[0].Reason)
	}
	if len(b.Events) != len(m.Transfers) {
		t.Fatalf("%d transfers, %d events", len(m.Transfers), len(b.Events))
	}
}
