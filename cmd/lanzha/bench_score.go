package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"lanzha"
	"lanzha/app"
	"lanzha/base/auth"
	"lanzha/base/sqldb"
	"lanzha/base/stream"
	"lanzha/know/institution"
	"lanzha/work/detect/rule"
	"lanzha/work/feed"
)

// BenchScoreCmd measures verdicts over HTTP.
type BenchScoreCmd struct {
	Connections int    `default:"8" help:"Connections that have one transfer judged at a time, each as soon as it has its answer; 1 to 1000."`
	Seconds     int    `default:"20" help:"How long the measurement takes."`
	Aggregates  int    `default:"10" help:"Features of each transfer, 1 to 100."`
	Accounts    int    `default:"100000" help:"Accounts that pay and are paid."`
	Profile     string `placeholder:"FILE" help:"Write a CPU profile."`
	JSON        bool   `name:"json" help:"Print one line of JSON, which is all there is."`
}

// Help says what is measured.
func (c *BenchScoreCmd) Help() string {
	return strings.Join(strings.Fields(`Starts the house as shipped on loopback, with a database (SQLite, or a fresh one on the PostgreSQL server that
		--database names) and an event log of its own that go again with it. A bank with an API key has transfers judged over HTTP; the load generator is
		in this process and takes its share of the processor. Each transfer is written to the log and synced, counted into the aggregates and judged by
		five rules before it is answered. Every answer is checked: the count of the payer's transfers must be the number that this generator sent,
		the one in question included. After that, the log is read from its beginning and must hold every transfer that was answered.`), " ")
}

// benchedScore is what the command prints.
type benchedScore struct {
	PerSecond   float64 `json:"per_second"`
	P50         float64 `json:"p50_ms"`
	P99         float64 `json:"p99_ms"`
	Max         float64 `json:"max_ms"`
	CPU         float64 `json:"cpu_ms_per_op"`
	Connections int     `json:"connections"`
	Aggregates  int     `json:"aggregates"`
	Rules       int     `json:"rules"`
	Seconds     float64 `json:"seconds"`
	Scored      int64   `json:"scored"`
	Stored      int64   `json:"stored"` // found in the log
	Database    string  `json:"database"`
	Cores       int     `json:"cores"`
}

// Run measures.
func (c *BenchScoreCmd) Run(ctx context.Context, std *Std, env *Env) (err error) {
	if c.Connections < 1 || c.Connections > 1000 || c.Seconds < 1 || c.Aggregates < 1 || c.Aggregates > 100 || c.Accounts < c.Connections {
		return lanzha.Invalid("connections", "1 to 1000 connections, 1 second or more, 1 to 100 aggregates, and an account at least for each connection")
	}
	pack, err := rule.Parse("score.yaml", scorePack(c.Aggregates))
	if err != nil {
		return err
	}
	cfg, remove, err := scratch(ctx, env.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	cfg.Detect.ScoresPerMinute = 1_000_000_000 // the quota is not what is measured
	l, err := listen(ctx, "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer l.Close()
	house, err := app.New(ctx, cfg, app.Options{Now: std.Now})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, house.Close()) }()
	house.Detector.Options.Packs = []*rule.Pack{pack}
	key, err := scoringBank(ctx, house)
	if err != nil {
		return err
	}
	out := benchedScore{
		Connections: c.Connections, Aggregates: c.Aggregates, Rules: len(pack.Rules), Database: string(house.DB.Dialect), Cores: runtime.GOMAXPROCS(0),
	}
	running, stop := context.WithCancel(ctx)
	defer stop()
	group, running := errgroup.WithContext(running)
	group.Go(func() error { return house.Run(running, l) })
	group.Go(func() error {
		defer stop()
		if err := benchReady(running, house.Detector, pack.SHA256); err != nil {
			return err
		}
		return c.measure(running, l.Addr().String(), key, &out)
	})
	if err := errors.Join(group.Wait(), ctx.Err()); err != nil {
		return err
	}
	if out.Stored, err = storedEvents(ctx, house.Detector.Options.Stream); err != nil {
		return err
	}
	if out.Stored != out.Scored {
		return fmt.Errorf("%d transfers were judged, and the log holds %d", out.Scored, out.Stored)
	}
	return json.NewEncoder(std.Out).Encode(out)
}

// scoringBank makes a bank with an API key.
func scoringBank(ctx context.Context, house *app.App) (key string, err error) {
	system := auth.WithActor(ctx, auth.System())
	first, err := house.Auth.FirstPassword(system, "bank", "")
	if err != nil {
		return "", err
	}
	err = house.DB.Tx(system, func(tx *sqldb.Tx) error {
		in, err := house.Directory.Create(system, tx, "", institution.Institution{Code: "sim-bank", Name: "模拟银行", Kind: institution.Bank, Gateway: institution.ByHand})
		if err != nil {
			return err
		}
		account, err := house.Auth.Create(system, tx, auth.Draft{Login: "bank", Name: "模拟银行", Roles: []auth.Role{auth.Responder}, Institution: in.ID}, first)
		if err != nil {
			return err
		}
		_, key, err = house.Auth.AddKey(system, tx, account.ID, "交易评分", time.Time{})
		return err
	})
	return key, err
}

// storedEvents counts the events in a log.
func storedEvents(ctx context.Context, o stream.Options) (n int64, err error) {
	log, err := stream.Open(ctx, o)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	_, last, err := log.Bounds(ctx)
	if err != nil {
		return 0, err
	}
	var b feed.Batch
	err = log.Read(ctx, 1, last, func(e stream.Entry) error {
		if e.Claim != "" || len(e.Data) == 0 || e.Data[0] > 0x7f {
			return nil // a claim or a change
		}
		if _, _, err := b.Decode(e.Data); err != nil {
			return err
		}
		n += int64(len(b.Events))
		return nil
	})
	return n, err
}

// scorer is one connection, with accounts that it alone uses.
type scorer struct {
	address, key string
	random       *rand.Rand
	from, to     int      // its accounts
	sent         []uint32 // transfers by account
	conn         net.Conn
	in           *bufio.Reader
	text, body   []byte
	took         []time.Duration
}

func (c *BenchScoreCmd) measure(ctx context.Context, address, key string, out *benchedScore) error {
	all := make([]*scorer, c.Connections)
	for i := range all {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		defer conn.Close()
		each := c.Accounts / c.Connections
		all[i] = &scorer{
			address: address, key: key, random: rand.New(rand.NewPCG(7, uint64(i))), from: i * each, to: (i + 1) * each, sent: make([]uint32, each),
			conn: conn, in: bufio.NewReaderSize(conn, 16<<10),
		}
	}
	if _, err := runScorers(ctx, all, time.Second); err != nil { // warm
		return err
	}
	for _, s := range all {
		out.Scored += int64(len(s.took))
		s.took = s.took[:0]
	}
	runtime.GC()
	if c.Profile != "" {
		file, err := os.Create(c.Profile)
		if err != nil {
			return err
		}
		defer file.Close()
		if err := pprof.StartCPUProfile(file); err != nil {
			return err
		}
	}
	used := cpu()
	lasted, err := runScorers(ctx, all, time.Duration(c.Seconds)*time.Second)
	spent := cpu() - used
	pprof.StopCPUProfile()
	if err != nil {
		return err
	}
	took := []time.Duration{}
	for _, s := range all {
		took = append(took, s.took...)
	}
	out.Scored += int64(len(took))
	out.Seconds = thousandths(lasted.Seconds())
	out.PerSecond = float64(int64(float64(len(took)) / lasted.Seconds()))
	out.P50, out.P99, out.Max = quantile(took, 0.5), quantile(took, 0.99), quantile(took, 1)
	out.CPU = float64(spent.Nanoseconds()/int64(max(len(took), 1))) / 1e6
	return nil
}

func runScorers(ctx context.Context, all []*scorer, during time.Duration) (time.Duration, error) {
	var group sync.WaitGroup
	var failed atomic.Pointer[error]
	began := time.Now()
	for _, s := range all {
		group.Go(func() {
			for {
				at := time.Now()
				if at.Sub(began) >= during || failed.Load() != nil || ctx.Err() != nil {
					return
				}
				if err := s.ask(at); err != nil {
					failed.CompareAndSwap(nil, &err)
					return
				}
				s.took = append(s.took, time.Since(at))
			}
		})
	}
	group.Wait()
	if err := failed.Load(); err != nil {
		return 0, *err
	}
	return time.Since(began), ctx.Err()
}

// ask has a transfer judged and checks the answer.
func (s *scorer) ask(at time.Time) error {
	payer := s.random.IntN(s.to - s.from)
	s.sent[payer]++
	b := append(s.body[:0], `{"kind":"transfer","event":{"id":"T`...)
	b = strconv.AppendInt(b, at.UnixNano(), 10)
	b = append(b, `","time":"`...)
	b = at.UTC().AppendFormat(b, "2006-01-02T15:04:05.000000Z")
	b = append(b, `","from":"6222`...)
	b = strconv.AppendInt(b, int64(100_000_000_000+s.from+payer), 10)
	b = append(b, `","to":"6217`...)
	b = strconv.AppendInt(b, int64(200_000_000_000+s.random.IntN(s.to)), 10)
	b = append(b, `","amount":`...)
	b = strconv.AppendInt(b, int64(1+s.random.IntN(50_000)), 10)
	b = append(b, `.50,"currency":"CNY","channel":"mobile"}}`...)
	s.body = b
	s.text = fmt.Appendf(s.text[:0], "POST /api/v1/score HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", s.address, s.key, len(b))
	s.text = append(s.text, b...)
	if _, err := s.conn.Write(s.text); err != nil {
		return err
	}
	status, reply, err := readReply(s.in, &s.body)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("the house answers %d: %s", status, reply)
	}
	_, rest, found := bytes.Cut(reply, []byte(`"payer_count":`))
	n := 0
	for n < len(rest) && rest[n] >= '0' && rest[n] <= '9' {
		n++
	}
	if count, err := strconv.Atoi(string(rest[:n])); !found || err != nil || count != int(s.sent[payer]) {
		return fmt.Errorf("the payer's count is %q, want %d: the answer must know the event itself and all before it", rest[:n], s.sent[payer])
	}
	return nil
}

// readReply reads an answer of HTTP that says how long it is.
func readReply(in *bufio.Reader, buffer *[]byte) (status int, body []byte, err error) {
	length := -1
	for line := 0; ; line++ {
		text, err := in.ReadSlice('\n')
		if err != nil {
			return 0, nil, err
		}
		switch {
		case line == 0 && len(text) > 12:
			status, _ = strconv.Atoi(string(text[9:12]))
		case bytes.HasPrefix(text, []byte("Content-Length: ")):
			length, _ = strconv.Atoi(string(bytes.TrimSpace(text[16:])))
		}
		if len(text) <= 2 {
			break
		}
	}
	if length < 0 {
		return 0, nil, errors.New("the answer does not say how long it is")
	}
	if cap(*buffer) < length {
		*buffer = make([]byte, length)
	}
	body = (*buffer)[:length]
	_, err = io.ReadFull(in, body)
	return status, body, err
}

// scorePack is a pack of some aggregates over transfers, by payer and payee in
// turn, and five rules.
func scorePack(aggregates int) []byte {
	var b strings.Builder
	b.WriteString(`pack: score
version: 1
title: {zh: 压测, en: bench}
zone: Asia/Shanghai
event: transfer
features:
  - {name: payer_count, title: {zh: 付款笔数, en: payments}, key: from, aggregate: count, window: 7d}
`)
	kinds := []string{"sum, of: amount", "mean, of: amount", "max, of: amount", "distinct, of: %s", "count", "stddev, of: amount"}
	windows := []string{"10m", "1h", "1d", "7d"}
	for i := 1; i < aggregates; i++ {
		key, other := "to", "from"
		if i%2 == 0 {
			key, other = other, key
		}
		of := strings.ReplaceAll(kinds[i%len(kinds)], "%s", other)
		fmt.Fprintf(&b, "  - {name: a%d, title: {zh: 指标%d, en: aggregate %d}, key: %s, aggregate: %s, window: %s}\n", i, i, i, key, of, windows[i%len(windows)])
	}
	b.WriteString("bands: {medium: 40, high: 70}\nactions: {low: allow, medium: review, high: hold}\nrules:\n")
	for i, when := range []string{"payer_count >= 1000", "payer_count >= 2000 && amount > 100", "amount > 60000", "payer_count >= 3 && amount > 49900", "payer_count == 0"} {
		fmt.Fprintf(&b, "  - {id: score-%d, title: {zh: 规则%d, en: rule %d}, event: transfer, subject: from, severity: medium, weight: 40, when: '%s', reason: {zh: '{payer_count}笔', en: '{payer_count} payments'}, hold: 24h, becomes: none, status: live}\n", i+1, i+1, i+1, when)
	}
	return []byte(b.String())
}
