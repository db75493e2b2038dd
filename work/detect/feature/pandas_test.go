package feature_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"lanzha/docs/examples"
	"lanzha/work/detect/feature"
	"lanzha/work/feed"
)

const days = int64(24 * time.Hour / time.Microsecond)

// rolling is DataFrame.rolling of a number of days over rows in the order of
// time, closed on the right, as pandas computes it: the window of row i ends
// with row i, whatever else has its time, and begins with the first row whose
// time is later than a window before.
func rolling(times []int64, of []float64, window int64) (sum, count []float64) {
	start := 0
	for i := range times {
		for times[start] <= times[i]-window {
			start++
		}
		total := 0.0
		for _, x := range of[start : i+1] {
			total += x
		}
		sum, count = append(sum, total), append(count, float64(i+1-start))
	}
	return sum, count
}

// TestCardPaymentsAsInPandas: the features of the classic payment set are those
// of the published computation: of the payer rolling windows over his rows in
// the order of time; of the payee the window that is delay longer less the delay
// itself, and a risk of 0 where nothing is. Many payments have one time, and
// many are whole days apart.
func TestCardPaymentsAsInPandas(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 3))
	type payment struct {
		at                 int64
		customer, terminal int
		fen                int64
		fraud              int
	}
	payments := []payment{}
	for range 4000 {
		p := payment{at: int64(random.IntN(80*8)) * days / 8, customer: random.IntN(12), terminal: random.IntN(9), fen: int64(random.IntN(100_000)), fraud: random.IntN(8) / 7}
		if random.IntN(3) == 0 {
			p.at += int64(random.IntN(3)-1) * 1_000_000
		}
		payments = append(payments, p)
	}
	slices.SortStableFunc(payments, func(a, b payment) int { return int((a.at - b.at) / 1_000_000) })
	begin := time.Date(2018, 4, 2, 0, 0, 0, 0, time.UTC)
	var file strings.Builder
	file.WriteString("TRANSACTION_ID,TX_DATETIME,CUSTOMER_ID,TERMINAL_ID,TX_AMOUNT,TX_TIME_SECONDS,TX_TIME_DAYS,TX_FRAUD,TX_FRAUD_SCENARIO\n")
	for i, p := range payments {
		at := begin.Add(time.Duration(p.at) * time.Microsecond).Format(time.DateTime)
		fmt.Fprintf(&file, "%d,%s,%d,%d,%d.%02d,%d,%d,%d,%d\n", i, at, p.customer, p.terminal, p.fen/100, p.fen%100, p.at/1_000_000, p.at/days, p.fraud, p.fraud)
	}
	want := make([]map[string]float64, len(payments))
	for i := range want {
		want[i] = map[string]float64{}
	}
	each := func(of func(payment) int, n int, do func(rows []int, times []int64)) {
		for k := range n {
			rows, times := []int{}, []int64{}
			for i, p := range payments {
				if of(p) == k {
					rows, times = append(rows, i), append(times, p.at)
				}
			}
			do(rows, times)
		}
	}
	each(func(p payment) int { return p.customer }, 12, func(rows []int, times []int64) {
		amounts := []float64{}
		for _, i := range rows {
			amounts = append(amounts, float64(payments[i].fen)/100)
		}
		for _, w := range []int64{1, 7, 30} {
			sum, count := rolling(times, amounts, w*days)
			for k, i := range rows {
				want[i][fmt.Sprintf("payer_count_%dd", w)], want[i][fmt.Sprintf("payer_mean_%dd", w)] = count[k], sum[k]/count[k]
			}
		}
	})
	each(func(p payment) int { return p.terminal }, 9, func(rows []int, times []int64) {
		fraud := []float64{}
		for _, i := range rows {
			fraud = append(fraud, float64(payments[i].fraud))
		}
		bad, all := rolling(times, fraud, 7*days)
		for _, w := range []int64{1, 7, 30} {
			badLonger, allLonger := rolling(times, fraud, (7+w)*days)
			for k, i := range rows {
				n := allLonger[k] - all[k]
				risk := (badLonger[k] - bad[k]) / n
				if math.IsNaN(risk) {
					risk = 0
				}
				want[i][fmt.Sprintf("payee_count_%dd", w)], want[i][fmt.Sprintf("payee_risk_%dd", w)] = n, risk
			}
		}
	})

	p := parsed(t, string(examples.CardPayments))
	g, err := p.Engine(feed.Transfer, 2)
	if err != nil {
		t.Fatal(err)
	}
	m, err := feed.ParseMapping("card-payments.yaml", examples.CardPaymentsMap)
	if err != nil {
		t.Fatal(err)
	}
	src, err := feed.Open(strings.NewReader(file.String()), m)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var out bytes.Buffer
	if _, err := feature.Export(t.Context(), src, g, &out, feature.Options{}); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil || len(rows) != len(payments)+1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	ties := 0
	for i, row := range rows[1:] {
		if i > 0 && payments[i].at == payments[i-1].at {
			ties++
		}
		for k, name := range rows[0] {
			x, ok := want[i][name]
			if !ok {
				continue
			}
			if got, err := strconv.ParseFloat(row[k], 64); err != nil || math.Abs(got-x) > 1e-9*max(1, x) {
				t.Fatalf("row %d: %s is %q, pandas has %v", i+2, name, row[k], x)
			}
			delete(want[i], name)
		}
		if len(want[i]) > 0 {
			t.Fatalf("row %d lacks %v", i+2, want[i])
		}
	}
	if ties < 1000 {
		t.Fatalf("%d payments have the time of the one before: that proves little", ties)
	}
}
