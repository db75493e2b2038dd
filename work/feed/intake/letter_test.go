package intake_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"lanzha/base/sqldb"
	"lanzha/base/sqldb/sqltest"
	"lanzha/work/feed/intake"
)

// TestALetterIsReadMendedAndSent.
func TestALetterIsReadMendedAndSent(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		s := serve(t, db)
		s.send("bank", http.MethodPost, "/feeds/transfer", []byte("to,from,time,amount,id\n6222000011112222,a,2026-11-25T08:00:00Z,1.005,t7\nx,y,?,1\n"), http.StatusOK, nil, "Content-Type", "text/csv")
		open := s.letters("bank", "")
		if len(open) != 2 || open[1].Field != "amount" || open[1].Row != 2 || open[1].Reason != "an amount has two decimals at most" || open[1].Institution != bank || open[1].State != intake.Open {
			t.Fatalf("%+v", open)
		}
		path := "/feeds/letters/" + string(open[1].ID)
		s.do("bank", http.MethodPost, path+"/read", map[string]string{}, http.StatusUnprocessableEntity, nil)
		s.do("officer", http.MethodPost, path+"/read", map[string]string{"purpose": "核对"}, http.StatusForbidden, nil)
		s.do("carrier", http.MethodPost, path+"/read", map[string]string{"purpose": "核对"}, http.StatusNotFound, nil)
		s.do("qujing", http.MethodPost, path+"/read", map[string]string{"purpose": "核对"}, http.StatusNotFound, nil)
		var read intake.RecordBody
		s.do("analyst", http.MethodPost, path+"/read", map[string]string{"purpose": "核对记录"}, http.StatusOK, &read)
		diff(t, "6222000011112222,a,2026-11-25T08:00:00Z,1.005,t7", read.Record)
		diff(t, []string{"to", "from", "time", "amount", "id"}, read.Columns)

		fix := func(record string) map[string]string { return map[string]string{"record": record} }
		s.do("bank", http.MethodPost, path+"/correct", fix("x"), http.StatusPreconditionRequired, nil)
		if text := s.do("bank", http.MethodPost, path+"/correct", fix("6222000011112222,a,2026-11-25T08:00:00Z,1.0051"), http.StatusUnprocessableEntity, nil, "If-Match", `"1"`); !strings.Contains(text, "two decimals") || !strings.Contains(text, "amount") {
			t.Error(text)
		}
		var l intake.LetterBody
		s.do("bank", http.MethodPost, path+"/correct", fix("6222000011112222,a,2026-11-25T08:00:00Z,1.01,t7"), http.StatusOK, &l, "If-Match", `"1"`)
		if l.State != intake.Corrected || l.Version != 2 || l.ClosedBy != people["bank"].ID {
			t.Errorf("%+v", l)
		}
		diff(t, []string{`transfer {"id":"t7","time":"2026-11-25T08:00:00Z","from":"a","to":"6222000011112222","amount":1.01}`}, s.log.events)
		s.do("bank", http.MethodPost, path+"/correct", fix("6222000011112222,a,2026-11-25T08:00:00Z,1.01,t7"), http.StatusConflict, nil, "If-Match", `"2"`)
		s.do("bank", http.MethodPost, path+"/discard", map[string]string{"note": "重复"}, http.StatusConflict, nil, "If-Match", `"1"`)

		s.do("bank", http.MethodPost, "/feeds/letters/"+string(open[0].ID)+"/discard", map[string]string{"note": "测试数据"}, http.StatusOK, &l, "If-Match", `"1"`)
		if l.State != intake.Discarded || l.Note != "测试数据" || len(s.letters("bank", "")) != 0 || len(s.letters("bank", "?state=corrected")) != 1 {
			t.Errorf("%+v", l)
		}

		kinds := []string{}
		rows, err := sqldb.All(t.Context(), db.Read(), func(r sqldb.Scanner) (string, error) {
			var kind, purpose, payload string
			err := r.Scan(&kind, &purpose, &payload)
			if strings.Contains(payload, "6222") {
				t.Errorf("the journal holds an account: %s", payload)
			}
			return kind + " " + purpose, err
		}, `SELECT kind, purpose, payload FROM journal ORDER BY seq`)
		if err != nil {
			t.Fatal(err)
		}
		kinds = append(kinds, rows...)
		diff(t, []string{"letter.read 核对记录", "letter.corrected ", "letter.discarded "}, kinds)
		stored, err := sqldb.All(t.Context(), db.Read(), func(r sqldb.Scanner) (text string, err error) { return text, r.Scan(&text) }, `SELECT record FROM feed_letter`)
		if err != nil || len(stored) != 2 || strings.Contains(strings.Join(stored, " "), "6222000011112222") {
			t.Errorf("records stand in the clear: %v %v", stored, err)
		}

		*s.now = begin.Add(31 * 24 * time.Hour)
		s.send("bank", http.MethodPost, "/feeds/transfer", []byte("{}"), http.StatusOK, nil)
		if err := s.desk.Forget(context.Background()); err != nil {
			t.Fatal(err)
		}
		if len(s.letters("bank", "?state=corrected"))+len(s.letters("bank", "?state=discarded")) != 0 || len(s.letters("bank", "")) != 1 {
			t.Error("letters are kept for 30 days, and no longer")
		}
		s.do("bank", http.MethodPost, "/feeds/letters/"+string(s.letters("bank", "")[0].ID)+"/read", map[string]string{"purpose": "核对"}, http.StatusOK, nil)
	})
}

// TestLettersArePaged, the newest first, however many there are.
func TestLettersArePaged(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		s := serve(t, db)
		s.send("analyst", http.MethodPost, "/feeds/call", []byte("["+strings.Repeat("{},", 230)+"{}]"), http.StatusOK, nil)
		rows, cursor := []string{}, ""
		for {
			var page letters
			s.send("analyst", http.MethodGet, "/feeds/letters?limit=100&cursor="+cursor, nil, http.StatusOK, &page)
			for _, l := range page.Items {
				rows = append(rows, fmt.Sprint(l.Row))
			}
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		if len(rows) != 231 || rows[0] != "231" || rows[230] != "1" {
			t.Errorf("%d letters: %v", len(rows), rows)
		}
	})
}
