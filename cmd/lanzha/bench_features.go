package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"lanzha/docs/examples"
	"lanzha/work/detect/feature"
	"lanzha/work/feed"
)

// BenchFeaturesCmd measures features over a file.
type BenchFeaturesCmd struct {
	Rows int  `default:"1750000" help:"Payments in the file."`
	Runs int  `default:"5" help:"Runs; the middle one counts."`
	JSON bool `name:"json" help:"Print one line of JSON, which is all there is."`

	Online   bool  `help:"Measure the engine of the detector instead: memory of a subject and cost of an event, by how many subjects there are."`
	Subjects []int `default:"1000000,5000000,20000000" help:"With --online: how many."`
	PerEach  int   `name:"events-per-subject" default:"10" help:"With --online: calls of a subject within the seven days."`
	Memory   int   `default:"8" help:"With --online: GB of state; more subjects than fit are left out."`
}

// Help says what is measured.
func (c *BenchFeaturesCmd) Help() string {
	return strings.Join(strings.Fields(`A generated file of the shape of the classic payment set: 5,000 customers who pay at 10,000 terminals over
		183 days, in the order of time. Each run reads the CSV, computes the twelve features of docs/examples/features/card-payments.yaml and
		writes the CSV. The files lie in TMPDIR and are in the cache of the system. What the last run wrote is compared, row by row,
		with a direct computation that goes through all payments of the customer and of the terminal. With --online calls are drawn
		over seven days, callers and callees at random among the subjects, and go into an engine in memory as the detector has it, on
		one core: ten features of the caller, and ten features of four keys.`), " ")
}

// benchedFeatures is what the command prints.
type benchedFeatures struct {
	PerSecond   float64   `json:"rows_per_second"` // the middle run
	Seconds     float64   `json:"seconds"`         // the middle run
	Min         float64   `json:"min"`             // seconds
	Median      float64   `json:"median"`
	Max         float64   `json:"max"`
	Runs        []float64 `json:"runs"`
	CPU         float64   `json:"cpu_seconds"` // of all cores, the middle run by processor time
	Rows        int       `json:"rows"`
	Features    int       `json:"features"`
	Keys        int64     `json:"keys"`
	BytesPerKey float64   `json:"bytes_per_key"`
	MBIn        float64   `json:"mb_in"`
	MBOut       float64   `json:"mb_out"`
	Cores       int       `json:"cores"`
	Checked     bool      `json:"checked"` // every value of the last run was compared
	Measured    string    `json:"measured"`
}

// Run measures and prints.
func (c *BenchFeaturesCmd) Run(ctx context.Context, std *Std) (err error) {
	if c.Rows < 1 || c.Runs < 1 || c.PerEach < 1 || c.Memory < 1 || slices.Min(c.Subjects) < 1 {
		return errors.New("one row, one run, one subject and one event at least are wanted")
	}
	if c.Online {
		return c.online(ctx, std)
	}
	dir, err := os.MkdirTemp("", "lanzha-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	in, out := filepath.Join(dir, "payments.csv"), filepath.Join(dir, "features.csv")
	payments := drawPayments(c.Rows)
	if err := writePayments(in, payments); err != nil {
		return err
	}
	result := benchedFeatures{Rows: c.Rows, Cores: runtime.GOMAXPROCS(0), Measured: "CSV file to CSV file, twelve features of two keys, on a generated set of the classic shape"}
	var costs []float64
	for range c.Runs {
		runtime.GC() // what the last run left is not this one's
		start, used := time.Now(), cpu()
		sum, err := benchExport(ctx, in, out)
		if err != nil {
			return err
		}
		result.Runs = append(result.Runs, thousandths(time.Since(start).Seconds()))
		costs = append(costs, thousandths((cpu() - used).Seconds()))
		result.Keys, result.BytesPerKey, result.Features = sum.Keys, thousandths(sum.BytesPerKey), sum.Features
		if sum.Events != int64(c.Rows) {
			return fmt.Errorf("%d rows of %d came out", sum.Events, c.Rows)
		}
	}
	if err := checkPayments(out, payments); err != nil {
		return err
	}
	result.Checked = true
	for path, size := range map[string]*float64{in: &result.MBIn, out: &result.MBOut} {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		*size = thousandths(float64(info.Size()) / 1e6)
	}
	sorted := slices.Sorted(slices.Values(result.Runs))
	slices.Sort(costs)
	result.Min, result.Median, result.Max = sorted[0], sorted[len(sorted)/2], sorted[len(sorted)-1]
	result.Seconds, result.CPU = result.Median, costs[len(costs)/2]
	result.PerSecond = float64(int(float64(c.Rows) / result.Median))
	return json.NewEncoder(std.Out).Encode(result)
}

// benchExport is what the features command does.
func benchExport(ctx context.Context, in, out string) (sum feature.Summary, err error) {
	pack, err := feature.Parse("card-payments.yaml", examples.CardPayments)
	if err != nil {
		return sum, err
	}
	mapping, err := feed.ParseMapping("card-payments.yaml", examples.CardPaymentsMap)
	if err != nil {
		return sum, err
	}
	engine, err := pack.Engine(feed.Transfer, runtime.GOMAXPROCS(0))
	if err != nil {
		return sum, err
	}
	r, err := os.Open(in)
	if err != nil {
		return sum, err
	}
	defer r.Close()
	src, err := feed.Open(r, mapping)
	if err != nil {
		return sum, err
	}
	defer src.Close()
	w, err := os.Create(out)
	if err != nil {
		return sum, err
	}
	sum, err = feature.Export(ctx, src, engine, w, feature.Options{})
	return sum, errors.Join(err, w.Close())
}

// payment is one row of the set.
type payment struct {
	second             int // since its beginning
	customer, terminal int
	fen                int64
	fraud              bool
}

const (
	benchCustomers = 5000
	benchTerminals = 10000
	benchDays      = 183
)

// drawPayments draws payments in the order of their time, the same on every
// run. A customer pays at 60 terminals near him; some terminals turn bad for
// four weeks.
func drawPayments(n int) []payment {
	random := rand.New(rand.NewPCG(3, 4))
	out := make([]payment, n)
	span := benchDays * 86400
	for i := range out {
		at := int(float64(i) / float64(n) * float64(span))
		p := payment{second: at, customer: random.IntN(benchCustomers)}
		p.terminal = (p.customer*7 + random.IntN(60)*131) % benchTerminals
		p.fen = 100 + int64(random.ExpFloat64()*5000)
		p.fraud = (p.terminal+at/(28*86400)*97)%500 == 0 || random.IntN(1000) == 0
		out[i] = p
	}
	return out
}

func writePayments(path string, payments []payment) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	begin := time.Date(2018, 4, 1, 0, 0, 0, 0, time.UTC)
	line := []byte("TRANSACTION_ID,TX_DATETIME,CUSTOMER_ID,TERMINAL_ID,TX_AMOUNT,TX_TIME_SECONDS,TX_TIME_DAYS,TX_FRAUD,TX_FRAUD_SCENARIO\n")
	for i, p := range payments {
		if _, err := w.Write(line); err != nil {
			return errors.Join(err, f.Close())
		}
		fraud := 0
		if p.fraud {
			fraud = 1
		}
		line = strconv.AppendInt(line[:0], int64(i), 10)
		line = begin.Add(time.Duration(p.second)*time.Second).AppendFormat(append(line, ','), time.DateTime)
		line = fmt.Appendf(line, ",%d,%d,%d.%02d,%d,%d,%d,%d\n", p.customer, p.terminal, p.fen/100, p.fen%100, p.second, p.second/86400, fraud, fraud)
	}
	_, err = w.Write(line)
	return errors.Join(err, w.Flush(), f.Close())
}

// checkPayments compares what was written with a direct computation.
func checkPayments(path string, payments []payment) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	r := csv.NewReader(bufio.NewReaderSize(f, 1<<20))
	r.ReuseRecord = true
	header, err := r.Read()
	if err != nil {
		return err
	}
	at := map[string]int{}
	for i, name := range header {
		at[name] = i
	}
	customers, terminals := make([][]int, benchCustomers), make([][]int, benchTerminals)
	for i, p := range payments {
		row, err := r.Read()
		if err != nil {
			return fmt.Errorf("row %d: %w", i+2, err)
		}
		customers[p.customer], terminals[p.terminal] = append(customers[p.customer], i), append(terminals[p.terminal], i)
		for _, days := range []int{1, 7, 30} {
			n, fen := 0, int64(0)
			for of, k := customers[p.customer], len(customers[p.customer])-1; k >= 0 && payments[of[k]].second > p.second-days*86400; k-- {
				n, fen = n+1, fen+payments[of[k]].fen
			}
			received, bad := 0, 0
			end := p.second - 7*86400
			for of, k := terminals[p.terminal], len(terminals[p.terminal])-1; k >= 0 && payments[of[k]].second > end-days*86400; k-- {
				if q := payments[of[k]]; q.second <= end {
					received++
					if q.fraud {
						bad++
					}
				}
			}
			for name, want := range map[string]float64{
				"payer_count": float64(n), "payer_mean": float64(fen) / 100 / float64(n), "payee_count": float64(received), "payee_risk": float64(bad) / max(float64(received), 1),
			} {
				name = fmt.Sprintf("%s_%dd", name, days)
				got, err := strconv.ParseFloat(row[at[name]], 64)
				if err != nil || math.Abs(got-want) > 1e-9*max(1, want) {
					return fmt.Errorf("row %d: %s is %q, and a direct computation gives %v", i+2, name, row[at[name]], want)
				}
			}
		}
	}
	if _, err := r.Read(); !errors.Is(err, io.EOF) {
		return errors.New("more rows came out than went in")
	}
	return nil
}

func thousandths(x float64) float64 { return math.Round(x*1000) / 1000 }
