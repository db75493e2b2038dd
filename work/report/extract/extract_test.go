package extract_test

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	gocmp "github.com/google/go-cmp/cmp"

	"lanzha/work/report/extract"
)

var china = time.FixedZone("CST", 8*3600)

// at is a Monday, the instant that the table's reports were taken.
var at = time.Date(2023, 2, 20, 16, 0, 0, 0, china)

func label(f extract.Find) string {
	l := string(f.Kind) + "=" + f.Value
	if f.Note != "" && f.Note != "CNY" && f.Note != "minute" {
		l += "|" + f.Note
	}
	return l
}

// TestTable runs the labelled table: what must be found, and what looks like it
// and must not. Precision and recall are told, and both must be one.
func TestTable(t *testing.T) {
	f, err := os.Open("testdata/cases.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var cases, right, found, wanted int
	for sc := bufio.NewScanner(f); sc.Scan(); {
		line := sc.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		text, expect, ok := strings.Cut(line, " =>")
		if !ok {
			t.Fatalf("no => in %q", line)
		}
		text = strings.ReplaceAll(text, `\n`, "\n")
		var want, got []string
		for w := range strings.SplitSeq(expect, " ; ") {
			if w = strings.TrimSpace(w); w != "" {
				want = append(want, w)
			}
		}
		for _, f := range extract.Extract(text, at, china) {
			got = append(got, label(f))
		}
		cases, found, wanted = cases+1, found+len(got), wanted+len(want)
		for _, g := range got {
			if slices.Contains(want, g) {
				right++
			}
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("%s\n want %q\n  got %q", text, want, got)
		}
	}
	t.Logf("%d cases, precision %.4f, recall %.4f", cases, float64(right)/float64(found), float64(right)/float64(wanted))
	if cases < 150 {
		t.Errorf("%d cases only", cases)
	}
}

func check(t *testing.T, text string, finds []extract.Find) {
	t.Helper()
	runes := []rune(text)
	last := 0
	for _, f := range finds {
		if f.Start < last || f.End <= f.Start || f.End > len(runes) {
			t.Fatalf("span [%d,%d) after %d in %d code points: %q", f.Start, f.End, last, len(runes), text)
		}
		last = f.End
		if f.Value == "" || f.Raw == "" || !utf8.ValidString(f.Value) || !utf8.ValidString(f.Raw) {
			t.Fatalf("empty or broken find %+v", f)
		}
		if f.Kind != extract.ID && f.Raw != string(runes[f.Start:f.End]) {
			t.Fatalf("raw %q is not the span %q", f.Raw, string(runes[f.Start:f.End]))
		}
		if start, end := f.ByteSpan(text); string([]rune(text[start:end])) != string(runes[f.Start:f.End]) {
			t.Fatalf("byte span [%d,%d) of %+v", start, end, f)
		}
		if f.Kind == extract.Time {
			if _, err := time.Parse(time.RFC3339, f.Value); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestIDsAreMaskedEverywhere(t *testing.T) {
	for _, text := range []string{"身份证530102199001011231。", "身份证号 530102 19900101 1231", "id card 53010219900101123１"} {
		finds := extract.Extract(text, at, china)
		if len(finds) != 1 || finds[0].Kind != extract.ID || strings.Contains(finds[0].Raw+finds[0].Value, "19900101") {
			t.Errorf("%q: %+v", text, finds)
		}
	}
}

func TestSpansCountCodePoints(t *testing.T) {
	text := "😀来电１３８８８８１２３４５！"
	got := extract.Extract(text, at, china)
	want := []extract.Find{{Kind: extract.Mobile, Value: "+8613888812345", Raw: "１３８８８８１２３４５", Start: 3, End: 14}}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
	check(t, text, got)
}

func TestBadInput(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "invalid": "电话\xff\xfe13888812345\xc3", "nul": "\x00\x00", "40 digits": strings.Repeat("1", 40),
		"dashes": strings.Repeat("1-", 5000), "quotes": strings.Repeat("《", 5000) + "app", "units": strings.Repeat("万亿", 5000), "year": "30000年2月20日 2023-99-99",
	} {
		t.Run(name, func(t *testing.T) { check(t, text, extract.Extract(text, at, china)) })
	}
	broken := "下载“安\xe6\x80\xff贷”软件"
	check(t, broken, extract.Extract(broken, at, china))
	if got := extract.Extract("电话\xff13888812345", at, china); len(got) != 1 || got[0].Start != 3 {
		t.Errorf("after an invalid byte: %+v", got)
	}
	if got := extract.Extract("昨天下午3点，2023-02-20 14:20", time.Time{}, nil); len(got) != 1 || got[0].Value != "2023-02-20T14:20:00Z" {
		t.Errorf("without an instant only complete dates are told: %+v", got)
	}
}

// TestDialogues reads all sample dialogues where they are at hand: spans must
// be sane, and no dialogue may hold a find of every second word.
func TestDialogues(t *testing.T) {
	f, err := os.Open("../../../../shared/data/call-dialogues/train.csv.gz")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the sample dialogues are not here")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	rows := csv.NewReader(z)
	kinds := map[extract.Kind]int{}
	seen := map[string]int{}
	for n := 0; ; n++ {
		row, err := rows.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		text := row[len(row)-1]
		finds := extract.Extract(text, at, china)
		check(t, text, finds)
		for _, f := range finds {
			kinds[f.Kind]++
			seen[string(f.Kind)+" "+f.Raw+" "+f.Value]++
		}
		if len(finds) > 5+len(text)/30 {
			t.Errorf("dialogue %d has %d finds", n, len(finds))
		}
	}
	t.Log(kinds)
	if path := os.Getenv("EXTRACT_DUMP"); path != "" {
		var lines []string
		for k := range seen {
			lines = append(lines, k)
		}
		slices.SortFunc(lines, func(a, b string) int { return cmp.Compare(a, b) })
		if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func FuzzExtract(f *testing.F) {
	cases, err := os.ReadFile("testdata/cases.txt")
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(cases)) {
		f.Add(line)
	}
	f.Add("\xff\xfe电话\x00")
	f.Fuzz(func(t *testing.T, text string) { check(t, text, extract.Extract(text, at, china)) })
}

func BenchmarkExtract(b *testing.B) {
	cases, err := os.ReadFile("testdata/cases.txt")
	if err != nil {
		b.Fatal(err)
	}
	mega := func(s string) string { return strings.Repeat(s, 1<<20/len(s)+1)[:1<<20] }
	for _, c := range []struct{ name, text string }{
		{"table", mega(string(cases))}, {"digits", mega("1")}, {"groups", mega("1-")}, {"mobiles", mega("13888812345 ")}, {"foreign", mega("+1 415 555 2671,")},
		{"han", mega("一二三四五六七")}, {"dots", mega("a.")}, {"times", mega("今天下午三点")}, {"ascii", mega("the quick brown fox ")}, {"quotes", mega("《》app")},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.text)))
			for b.Loop() {
				extract.Extract(c.text, at, china)
			}
		})
	}
}
