package intake_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/sqldb"
	"lanzha/base/sqldb/sqltest"
	"lanzha/work/feed/intake"
)

// TestEventsComeInByNATS: a request is answered with what became of it.
func TestEventsComeInByNATS(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		s := serve(t, db)
		bus, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoLog: true, NoSigs: true})
		if err != nil {
			t.Fatal(err)
		}
		bus.Start()
		defer func() { bus.Shutdown(); bus.WaitForShutdown() }()
		if !bus.ReadyForConnections(10 * time.Second) {
			t.Fatal("the NATS server does not start")
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- s.desk.Follow(ctx, intake.Bus{URL: bus.ClientURL()}) }()
		c, err := nats.Connect(bus.ClientURL())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		ask := func(subject, body string, header nats.Header, out any) {
			t.Helper()
			var answer *nats.Msg
			for range 200 { // it may not have subscribed yet
				if answer, err = c.RequestMsg(&nats.Msg{Subject: subject, Data: []byte(body), Header: header}, 5*time.Second); err == nil {
					break
				}
				time.Sleep(20 * time.Millisecond)
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(answer.Data, out); err != nil {
				t.Fatalf("%v: %s", err, answer.Data)
			}
		}
		for body, rows := range map[string]int{
			"[" + one + ",{}]":   2,
			one + "\n{}\n" + two: 2,
			"to,time,from,amount\nb,2026-11-25T08:00:00Z,a,1\nb,?,a,1\n": 3,
		} {
			var got intake.Taken
			ask("lanzha.feed.transfer", body, nil, &got)
			if got.Taken < 1 || got.Count != 1 || got.Refused[0].Row != rows {
				t.Errorf("%s: %+v", body, got)
			}
		}
		if len(s.log.events) != 4 || len(s.letters("analyst", "")) != 3 || s.letters("analyst", "")[0].Channel != intake.NATS {
			t.Errorf("%d events, %d letters", len(s.log.events), len(s.letters("analyst", "")))
		}
		for i := range 2 {
			var got intake.Taken
			ask("lanzha.feed.transfer", one, nats.Header{nats.MsgIdHdr: {"7"}, "Content-Type": {"application/json"}}, &got)
			if got.Taken != 1 || got.Again != (i == 1) {
				t.Errorf("sent for the %d. time: %+v", i+1, got)
			}
		}
		if len(s.log.events) != 5 {
			t.Errorf("%d events", len(s.log.events))
		}
		var wrong api.Problem
		if ask("lanzha.feed.fax", "[]", nil, &wrong); wrong.Code != string(lanzha.CodeInvalid) || !strings.Contains(wrong.Detail, "the kinds of event are") {
			t.Errorf("%+v", wrong)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("it ends with %v", err)
		}
	})
}
