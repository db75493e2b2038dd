package city_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanzha"
	"lanzha/gateway/sandbox/city"
	"lanzha/know/number"
	"lanzha/work/feed"
)

// written lives a city and returns its files.
func written(t *testing.T, o city.Options, labels bool) map[string][]byte {
	t.Helper()
	c, err := city.New(o)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if _, err := c.Write(t.Context(), dir, labels); err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, name := range []string{"calls.csv", "messages.csv", "transfers.csv", "registrations.csv", "truth.json"} {
		if out[name], err = os.ReadFile(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func TestSameSeedSameEvents(t *testing.T) {
	o := city.Options{Seed: 11, Days: 3, People: 900}
	a, b := written(t, o, true), written(t, o, true)
	o.Seed = 12
	other := written(t, o, true)
	for name := range a {
		if !bytes.Equal(a[name], b[name]) {
			t.Errorf("%s: the same seed wrote something else", name)
		}
		if bytes.Equal(a[name], other[name]) {
			t.Errorf("%s: another seed wrote the same", name)
		}
	}
}

// rows reads a file of events.
func rows(t *testing.T, text []byte) (header []string, out []map[string]string) {
	t.Helper()
	all, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range all[1:] {
		m := map[string]string{}
		for i, cell := range row {
			m[all[0][i]] = cell
		}
		out = append(out, m)
	}
	return all[0], out
}

var names = map[feed.Kind]string{feed.Call: "calls.csv", feed.Message: "messages.csv", feed.Transfer: "transfers.csv", feed.Registration: "registrations.csv"}

// A feed takes the files as they are: canonical columns, in the order of time,
// nothing refused.
func TestFilesAreCanonical(t *testing.T) {
	for _, labels := range []bool{false, true} {
		files := written(t, city.Options{Seed: 5, Days: 2, People: 700}, labels)
		for kind, name := range names {
			m, err := feed.Canonical(kind, feed.CSV)
			if err != nil {
				t.Fatal(err)
			}
			src, err := feed.Open(bytes.NewReader(files[name]), m)
			if err != nil {
				t.Fatal(err)
			}
			outcome, _ := kind.Field("outcome")
			last, n, confirmed := int64(0), 0, 0
			for b := (feed.Batch{}); ; {
				err := src.Next(&b)
				if errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatal(err)
				}
				if len(b.Refused) > 0 {
					t.Fatalf("%s: row %d is refused: %s %s", name, b.Refused[0].Row, b.Refused[0].Field, b.Refused[0].Reason)
				}
				for i := range b.Events {
					if b.Events[i].Time < last {
						t.Fatalf("%s: row %d lies before the row above it", name, b.Events[i].Row)
					}
					last = b.Events[i].Time
					n++
					confirmed += int(b.Events[i].Num(outcome)) / feed.Confirmed
				}
			}
			src.Close()
			if n == 0 || (confirmed > 0) != labels || confirmed == n {
				t.Errorf("%s (labels %v): %d events, %d of them confirmed", name, labels, n, confirmed)
			}
		}
	}
}

// Parts are the same events as the files hold, as batches in the order of time.
func TestPartsAreTheFiles(t *testing.T) {
	o := city.Options{Seed: 8, Days: 2, People: 700}
	files := written(t, o, false)
	c, err := city.New(o)
	if err != nil {
		t.Fatal(err)
	}
	got := map[feed.Kind][]string{}
	minute := int64(0)
	err = c.Parts(t.Context(), func(p city.Part) error {
		if len(p.Batch.Events) != len(p.Events) || len(p.Batch.Refused) > 0 {
			t.Fatalf("%d events became %d, and %d refused", len(p.Events), len(p.Batch.Events), len(p.Batch.Refused))
		}
		for i := range p.Batch.Events {
			e := &p.Batch.Events[i]
			if e.Time < minute {
				t.Fatal("a minute came back")
			}
			got[p.Kind] = append(got[p.Kind], string(p.Batch.AppendJSON(nil, e)))
			if id := p.Events[i].ID(); !strings.Contains(got[p.Kind][len(got[p.Kind])-1], `"`+id+`"`) {
				t.Fatalf("event %s stands elsewhere in the batch", id)
			}
		}
		minute = max(minute, p.Events[0].At().Truncate(time.Minute).UnixMicro())
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for kind, name := range names {
		m, err := feed.Canonical(kind, feed.CSV)
		if err != nil {
			t.Fatal(err)
		}
		src, err := feed.Open(bytes.NewReader(files[name]), m)
		if err != nil {
			t.Fatal(err)
		}
		want := []string{}
		for b := (feed.Batch{}); src.Next(&b) == nil; {
			for i := range b.Events {
				want = append(want, string(b.AppendJSON(nil, &b.Events[i])))
			}
		}
		src.Close()
		if diff := cmp.Diff(want, got[kind]); diff != "" {
			t.Errorf("%s differ:\n%.2000s", name, diff)
		}
	}
}

func TestDaysHaveARhythm(t *testing.T) {
	for _, seed := range []uint64{1, 77, 1 << 63} {
		files := written(t, city.Options{Seed: seed, Days: 7, People: 800}, false)
		for _, name := range []string{"calls.csv", "messages.csv", "transfers.csv"} {
			header, all := rows(t, files[name])
			var night, day int
			perDay := map[string]int{}
			for _, r := range all {
				at, err := time.Parse(time.RFC3339, r[header[1]])
				if err != nil {
					t.Fatal(err)
				}
				perDay[at.In(city.Zone).Format(time.DateOnly)]++
				switch h := at.In(city.Zone).Hour(); {
				case h >= 2 && h < 6:
					night++
				case h >= 10 && h < 14:
					day++
				}
			}
			if night == 0 || day < 8*night {
				t.Errorf("seed %d, %s: %d events from 2 to 6 at night, %d around noon", seed, name, night, day)
			}
			if len(perDay) != 7 {
				t.Errorf("seed %d, %s: events on %d days of 7", seed, name, len(perDay))
			}
		}
	}
}

type truth struct {
	Cases []struct {
		ID       string    `json:"id"`
		Kind     string    `json:"kind"`
		Subjects []string  `json:"subjects"`
		Began    time.Time `json:"began"`
		Ended    time.Time `json:"ended"`
		Events   []string  `json:"events"`
	} `json:"cases"`
	LookAlikes []struct {
		Kind     string   `json:"kind"`
		Subjects []string `json:"subjects"`
	} `json:"look_alikes"`
}

// What the truth names stands in the events: every event of a case, its
// subjects, its beginning and its end; and every kind is there.
func TestTruthIsInTheEvents(t *testing.T) {
	for _, seed := range []uint64{1, 2, 3, 4242, 999_999_999_999} {
		files := written(t, city.Options{Seed: seed, Days: 7, People: 600}, false)
		at, values := map[string]string{}, map[string]bool{}
		for _, name := range names {
			header, all := rows(t, files[name])
			for _, r := range all {
				if _, twice := at[r["id"]]; twice {
					t.Fatalf("seed %d: %s comes twice", seed, r["id"])
				}
				at[r["id"]] = r[header[1]]
				for _, v := range r {
					values[v] = true
				}
			}
		}
		var tr truth
		if err := json.Unmarshal(files["truth.json"], &tr); err != nil {
			t.Fatal(err)
		}
		kinds, honest := map[string]int{}, map[string]int{}
		for _, k := range tr.Cases {
			if len(k.Events) == 0 {
				t.Errorf("seed %d: nothing happened in case %s", seed, k.ID)
				continue
			}
			kinds[k.Kind]++
			for i, id := range k.Events {
				when, err := time.Parse(time.RFC3339, at[id])
				if err != nil {
					t.Fatalf("seed %d, case %s: there is no event %s", seed, k.ID, id)
				}
				if i == 0 && when.Sub(k.Began).Abs() > time.Millisecond || i == len(k.Events)-1 && when.Sub(k.Ended).Abs() > time.Millisecond {
					t.Errorf("seed %d, case %s: it began %s and ended %s, and event %d is of %s", seed, k.ID, k.Began, k.Ended, i, when)
				}
			}
			found := 0
			for _, s := range k.Subjects {
				_, value, _ := strings.Cut(s, ":")
				if values[value] {
					found++
				}
			}
			if found == 0 {
				t.Errorf("seed %d, case %s: none of its subjects is in an event", seed, k.ID)
			}
		}
		for _, l := range tr.LookAlikes {
			for _, s := range l.Subjects {
				_, value, _ := strings.Cut(s, ":")
				if values[value] {
					honest[l.Kind]++
					break
				}
			}
		}
		for _, kind := range city.Kinds() {
			if kinds[string(kind)] < 3 {
				t.Errorf("seed %d: %d cases of %s", seed, kinds[string(kind)], kind)
			}
		}
		for _, kind := range city.LookAlikes() {
			if honest[kind] == 0 {
				t.Errorf("seed %d: no %s is in the events", seed, kind)
			}
		}
	}
}

// Mobile numbers are of the city, no two people share one, and what comes from
// abroad is told from what does not.
func TestNumbersAreNumbers(t *testing.T) {
	_, all := rows(t, written(t, city.Options{Seed: 3, Days: 1, People: 1500}, false)["calls.csv"])
	holders, local, abroad := map[string]string{}, 0, 0
	for _, r := range all {
		n, err := number.Parse(r["caller"])
		if err != nil {
			t.Fatalf("caller %s: %v", r["caller"], err)
		}
		switch {
		case n.Kind == number.Mobile && r["person"] != "":
			if was := holders[r["caller"]]; was != "" && was != r["person"] {
				t.Fatalf("%s is the number of %s and %s", r["caller"], was, r["person"])
			}
			holders[r["caller"]] = r["person"]
			local++
			if n.Region.Province() != "530000" {
				t.Errorf("%s is of %s", r["caller"], n.Region)
			}
		case strings.HasPrefix(r["caller"], "+"):
			abroad++
		}
	}
	if local < 1000 || abroad == 0 {
		t.Errorf("%d calls of the city's mobiles, %d from abroad", local, abroad)
	}
}

func TestBadOptionsAreRefused(t *testing.T) {
	for _, c := range []struct {
		field string
		o     city.Options
	}{
		{"days", city.Options{People: 1000}}, {"days", city.Options{People: 1000, Days: 366}}, {"people", city.Options{Days: 1, People: 499}},
		{"people", city.Options{Days: 1, People: 500_001}}, {"begin", city.Options{Days: 1, People: 500, Begin: time.Date(2999, 1, 1, 0, 0, 0, 0, time.UTC)}},
	} {
		_, err := city.New(c.o)
		e, ok := errors.AsType[*lanzha.Error](err)
		if !ok || e.Field != c.field {
			t.Errorf("%+v: %v, want a refusal of %s", c.o, err, c.field)
		}
	}
}
