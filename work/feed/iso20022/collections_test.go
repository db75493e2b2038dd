package iso20022_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"lanzha/work/feed/iso20022"
)

// TestPublishedCollections sends what Tazama's published end-to-end
// collections send and asserts what they assert of the answers of its
// transaction monitoring and administration services, in the order of their
// requests. What they ask of other services (its database through Hasura, the
// relay over NATS) is not spoken here.
func TestPublishedCollections(t *testing.T) {
	each(t, func(h *house) {
		m, err := iso20022.LoadMap(iso20022.PublicMap)
		if err != nil {
			h.Fatal(err)
		}
		h.desk.Open, h.desk.Map = true, m

		for _, path := range []string{"/", "/health"} {
			if code, text := h.call("", http.MethodGet, path, "", "Accept", "*/*"); code != 200 || strings.TrimSpace(text) != `{"status":"UP"}` {
				h.Fatalf("%s: %d %q", path, code, text)
			}
		}
		for i, want := range []struct {
			code, status, ref string
			count, result     float64
			review            bool
		}{
			{"ACCC", "NALT", ".01", 1, 100, false},
			{"ACCC", "ALRT", ".02", 2, 200, true}, // the relay part of the collection: an investigation
			{"ACCC", "ALRT", ".03", 3, 400, true}, // and an interdiction
			{"RJCT", "NALT", ".x00", 0, 100, false},
		} {
			end := fmt.Sprintf("end-%d", i)
			var taken struct {
				Message string
				Data    map[string]any
			}
			answer := h.send("", pacs008, asJSON, transfer("m008-"+end, end, "debtor", fmt.Sprintf("creditor-%d", i), 614.03))
			if err := json.Unmarshal([]byte(answer), &taken); err != nil {
				h.Fatal(err)
			}
			if taken.Data["TxTp"] != "pacs.008.001.10" || taken.Data["FIToFICstmrCdtTrf"].(map[string]any)["GrpHdr"].(map[string]any)["MsgId"] != "m008-"+end || taken.Data["DataCache"] != nil {
				h.Fatalf("the message is not repeated: %s", answer)
			}
			h.send("", pacs002, asJSON, status("m002-"+end, end, want.code, fmt.Sprintf("2026-11-25T02:0%d:00.000Z", i)))

			// The collections send an unset variable as token, and a body with GET.
			code, text := h.call("", http.MethodGet, fetch+"m002-"+end, `{"query":"FOR doc IN transactions RETURN doc"}`, "Authorization", "Bearer {{arangoToken}}", "Content-Type", asJSON)
			var f fetched
			if err := json.Unmarshal([]byte(text), &f); err != nil || code != 200 {
				h.Fatalf("%d %s", code, text)
			}
			r := f.Data.Report
			if f.Message != "Report was found" || f.Data.TransactionID != "m002-"+end || r.Status != want.status || r.EvaluationID == "" {
				h.Errorf("%s: %s", end, text)
			}
			if r.MetaData.PrcgTmDP <= 0 || r.MetaData.PrcgTmED <= 0 || r.TadpResult.PrcgTm <= 0 || r.TadpResult.ID != "004@1.0.0" {
				h.Errorf("times: %s", text)
			}
			if len(r.TadpResult.TypologyResult) != 1 {
				h.Fatalf("%d typologies", len(r.TadpResult.TypologyResult))
			}
			typology := r.TadpResult.TypologyResult[0]
			rules := slices.SortedFunc(slices.Values(typology.RuleResults), func(a, b map[string]any) int { return strings.Compare(a["id"].(string), b["id"].(string)) })
			if len(rules) != 2 || rules[0]["id"] != "901@1.0.0" || rules[1]["id"] != "EFRuP@1.0.0" {
				h.Fatalf("rules: %v", rules)
			}
			sum := 0.0
			for _, rule := range rules {
				sum += rule["wght"].(float64)
				for _, name := range []string{"reason", "desc"} {
					if _, ok := rule[name]; ok {
						h.Errorf("%s is told", name)
					}
				}
				if rule["prcgTm"].(float64) <= 0 || rule["tenantId"] != "DEFAULT" {
					h.Errorf("%v", rule)
				}
			}
			if rules[0]["subRuleRef"] != want.ref || rules[0]["indpdntVarbl"] != want.count || rules[1]["subRuleRef"] != "none" || rules[1]["indpdntVarbl"] != 0.0 {
				h.Errorf("%s: rules %v", end, rules)
			}
			if typology.Cfg != "999-901@1.0.0" || typology.Result != want.result || typology.Result != sum || typology.Review != want.review || typology.PrcgTm <= 0 ||
				typology.Review != (typology.Result >= typology.Workflow["alertThreshold"].(float64)) || typology.Workflow["interdictionThreshold"].(float64) <= 0 {
				h.Errorf("%s: %+v", end, typology)
			}
			cache := f.Data.DataCache
			if cache["dbtrId"] != "person-debtorTAZAMA_EID" || cache["dbtrAcctId"] != "debtorMSISDNfsp001" || cache["cdtrAcctId"] != fmt.Sprintf("creditor-%dMSISDNfsp002", i) {
				h.Errorf("%s: data cache %v", end, cache)
			}
			if f.Data.Transaction["TxTp"] != "pacs.002.001.12" || f.Data.Transaction["TenantId"] != "DEFAULT" {
				h.Errorf("transaction %v", f.Data.Transaction)
			}
			network := f.Data.NetworkMap["messages"].([]any)[0].(map[string]any)
			if network["txTp"] != "pacs.002.001.12" || len(network["typologies"].([]any)) != 1 {
				h.Errorf("network map %v", f.Data.NetworkMap)
			}
		}
		if got := len(h.bench.judged()); got != 3 {
			h.Errorf("the scorer saw %d transfers: a map changes nothing of what it is given", got)
		}
	})
}

// TestQuotes: the quoting messages are read and answered; nothing is kept.
func TestQuotes(t *testing.T) {
	each(t, func(h *house) {
		for messageName, root := range map[string]string{"pain.001.001.11": "CstmrCdtTrfInitn", "pain.013.001.09": "CdtrPmtActvtnReq"} {
			answer := h.send("bank-a", "/v1/evaluate/iso20022/"+messageName, asJSON, quote(messageName, root))
			if !strings.Contains(answer, `"TxTp":"`+messageName+`"`) {
				h.Errorf("%s", answer)
			}
			code, text := h.call("bank-a", http.MethodPost, "/v1/evaluate/iso20022/"+messageName, strings.Replace(quote(messageName, root), `"PmtMtd"`, `"X"`, 1), "Content-Type", asJSON)
			if code != 400 || !strings.Contains(text, "body/"+root+"/PmtInf must have required property 'PmtMtd'") {
				h.Errorf("%d %s", code, text)
			}
		}
		if got := h.bench.judged(); len(got) != 0 {
			h.Errorf("a quote was judged: %v", got)
		}
	})
}

// quote makes a quoting message of the parts of a pacs.008.
func quote(messageName, root string) string {
	type o = map[string]any
	var pacs o
	_ = json.Unmarshal([]byte(transfer("m", "e", "a", "b", 10)), &pacs)
	body := pacs["FIToFICstmrCdtTrf"].(o)
	tx := body["CdtTrfTxInf"].(o)
	amount := o{"Amt": o{"Amt": 0.5, "Ccy": "XTS"}}
	name := o{"FrstNm": "A", "MddlNm": "B", "LastNm": "C", "MrchntClssfctnCd": "BLANK"}
	text, _ := json.Marshal(o{root: o{
		"GrpHdr": o{"MsgId": "q-" + messageName, "CreDtTm": "2026-11-25T01:55:00.000Z", "NbOfTxs": 1, "InitgPty": tx["InitgPty"]},
		"PmtInf": o{
			"PmtInfId": "1", "PmtMtd": "TRA", "ReqdAdvcTp": o{"DbtAdvc": o{"Cd": "ADWD", "Prtry": "Advice"}},
			"ReqdExctnDt": o{"Dt": "2026-11-25", "DtTm": "2026-11-25T01:55:00.000Z"}, "XpryDt": o{"DtTm": "2026-11-26T01:55:00.000Z"},
			"Dbtr": tx["Dbtr"], "DbtrAcct": tx["DbtrAcct"], "DbtrAgt": tx["DbtrAgt"],
			"CdtTrfTxInf": o{
				"PmtId": o{"EndToEndId": "e"}, "PmtTpInf": o{"CtgyPurp": o{"Prtry": "TRANSFER"}},
				"Amt":    o{"InstdAmt": tx["InstdAmt"], "EqvtAmt": o{"Amt": o{"Amt": 1, "Ccy": "XTS"}, "CcyOfTrf": "XTS"}},
				"ChrgBr": "DEBT", "CdtrAgt": tx["CdtrAgt"], "Cdtr": tx["Cdtr"], "CdtrAcct": tx["CdtrAcct"], "Purp": tx["Purp"],
				"RgltryRptg": body["RgltryRptg"], "RmtInf": body["RmtInf"],
				"SplmtryData": o{"Envlp": o{"Doc": o{
					"Dbtr": name, "Cdtr": name, "DbtrFinSvcsPrvdrFees": o{"Amt": 0, "Ccy": "XTS"}, "Xprtn": "2026-11-26T01:55:00.000Z",
					"PyeeRcvAmt": amount, "PyeeFinSvcsPrvdrFee": amount, "PyeeFinSvcsPrvdrComssn": amount,
				}}},
			},
		},
		"SplmtryData": o{"Envlp": o{"Doc": o{"InitgPty": o{"InitrTp": "CONSUMER", "Glctn": o{"Lat": "-3.1", "Long": "38.3"}}}}},
	}})
	return string(text)
}
