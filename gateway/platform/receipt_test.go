package platform_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/text/encoding/simplifiedchinese"

	"lanzha"
	"lanzha/gateway/platform"
)

var received = time.Date(2026, 3, 1, 2, 5, 0, 0, time.UTC)

func row(n int, key, state, no, reason string) platform.Received {
	return platform.Received{Row: n, Key: key, State: state, PlatformNo: no, At: received, Reason: reason}
}

func TestReceiptForms(t *testing.T) {
	const chinese = "编号,平台编号,状态,时间,原因\nK1,P-1,已接收,2026-03-01 10:05:00,\nK2,P-2,已退回,2026-03-01 10:05:00,账号不存在\n"
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(chinese)
	if err != nil {
		t.Fatal(err)
	}
	want := []platform.Received{row(2, "K1", "acknowledged", "P-1", ""), row(3, "K2", "refused", "P-2", "账号不存在")}
	for name, file := range map[string]string{
		"csv":                 "key,state,platformNo,at,reason\nK1,acknowledged,P-1,2026-03-01T02:05:00Z,\nK2,refused,P-2,2026-03-01T10:05:00+08:00,账号不存在\n",
		"csv, CRLF and BOM":   "\ufeffKey, State ,PlatformNo,AT,reason\r\nK1,acknowledged,P-1,2026-03-01T02:05:00Z,\r\nK2,refused,P-2,2026-03-01T02:05:00Z,账号不存在",
		"csv, more columns":   "x,key,state,y,platformNo,at,reason\n1,K1,acknowledged,2,P-1,2026-03-01T02:05:00Z,\n1,K2,refused,2,P-2,2026-03-01T02:05:00Z,账号不存在\n",
		"csv, Chinese":        chinese,
		"csv, GB18030":        gb,
		"json":                `[{"key":"K1","state":"acknowledged","platformNo":"P-1","at":"2026-03-01T02:05:00Z"},{"key":"K2","state":"refused","platformNo":"P-2","at":"2026-03-01T02:05:00Z","reason":"账号不存在"}]`,
		"json, in an object":  `{"receipts":[{"编号":"K1","状态":"已接收","平台编号":"P-1","时间":"2026-03-01 10:05:00","其他":{"a":[1]}},{"key":"K2","state":"refused","platformNo":"P-2","at":"2026-03-01T02:05:00Z","reason":"账号不存在"}]}`,
		"json, one a line":    "{\"key\":\"K1\",\"state\":\"acknowledged\",\"platformNo\":\"P-1\",\"at\":\"2026-03-01T02:05:00Z\"}\n\n{\"key\":\"K2\",\"state\":\"refused\",\"platformNo\":\"P-2\",\"at\":\"2026-03-01T02:05:00Z\",\"reason\":\"账号不存在\"}\n",
		"json, over the page": "{\n \"key\":\"K1\",\n \"state\":\"acknowledged\",\n \"platformNo\":\"P-1\",\n \"at\":\"2026-03-01T02:05:00Z\"\n}\n{\"key\":\"K2\",\"state\":\"refused\",\"platformNo\":\"P-2\",\"at\":\"2026-03-01T02:05:00Z\",\"reason\":\"账号不存在\"}",
	} {
		good, bad, err := platform.Receipt(strings.NewReader(file))
		if err != nil || len(bad) != 0 {
			t.Errorf("%s: %v, bad %+v", name, err, bad)
		}
		if diff := cmp.Diff(want, good); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Every row that is not taken comes back as it was, and no good row is lost to
// a bad one beside it.
func TestReceiptBadRows(t *testing.T) {
	file := strings.Join([]string{
		"key,state,platformNo,at,reason",
		"K1,done,P-1,2026-03-01T02:05:00Z,",
		`K2,done,"P-2,2026-03-01T02:05:00Z,`, // a quote that is never closed
		"K3,done,P-3,2026-03-01T02:05:00Z,",
		"K4,done,P-4",
		"../etc,done,P-5,2026-03-01T02:05:00Z,",
		"K6,perhaps,P-6,2026-03-01T02:05:00Z,",
		"K7,done,,2026-03-01T02:05:00Z,",
		"K8,done,P-8,30000-01-01T00:00:00Z,",
		"K9,done,P-9,,",
		"K10,refused,P-10,2026-03-01T02:05:00Z,",
		"K11,done,P-11,1970-01-01T00:00:00Z,",
		`K12,refused,P-12,2026-03-01T02:05:00Z,"two`,
		`lines, and a ""quote"""`,
		"K13,done,P-13,2026-03-01T02:05:00Z,",
		"",
	}, "\n")
	good, bad, err := platform.Receipt(strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	want := []platform.Received{
		row(2, "K1", "done", "P-1", ""), row(4, "K3", "done", "P-3", ""),
		row(13, "K12", "refused", "P-12", "two\nlines, and a \"quote\""), row(14, "K13", "done", "P-13", ""),
	}
	if diff := cmp.Diff(want, good); diff != "" {
		t.Errorf("good (-want +got):\n%s", diff)
	}
	wantBad := []platform.Bad{
		{3, `K2,done,"P-2,2026-03-01T02:05:00Z,`, "编号缺失或格式不对"},
		{5, "K4,done,P-4", "编号缺失或格式不对"},
		{6, "../etc,done,P-5,2026-03-01T02:05:00Z,", "编号缺失或格式不对"},
		{7, "K6,perhaps,P-6,2026-03-01T02:05:00Z,", "状态缺失或无法识别"},
		{8, "K7,done,,2026-03-01T02:05:00Z,", "平台编号缺失或过长"},
		{9, "K8,done,P-8,30000-01-01T00:00:00Z,", "时间缺失或格式不对"},
		{10, "K9,done,P-9,,", "时间缺失或格式不对"},
		{11, "K10,refused,P-10,2026-03-01T02:05:00Z,", "退回须有原因"},
		{12, "K11,done,P-11,1970-01-01T00:00:00Z,", "时间不合理"},
	}
	if diff := cmp.Diff(wantBad, bad); diff != "" {
		t.Errorf("bad (-want +got):\n%s", diff)
	}
}

func TestReceiptBadJSON(t *testing.T) {
	const ok = `{"key":"K1","state":"done","platformNo":"P-1","at":"2026-03-01T02:05:00Z"}`
	for name, tt := range map[string]struct {
		file string
		bad  []string
	}{
		"an array that breaks off": {`[` + ok + `,{"key":"K2","st`, []string{`{"key":"K2","st`}},
		"what is no object":        {`[` + ok + `,1,"x",null]`, []string{"1", `"x"`, "null"}},
		"numbers for text":         {`[` + ok + `,{"key":2,"state":"done","platformNo":"P","at":"2026-03-01T02:05:00Z"}]`, []string{`{"key":2,"state":"done","platformNo":"P","at":"2026-03-01T02:05:00Z"}`}},
		"a broken line":            {`{"key":"K2",` + "\n" + ok, []string{`{"key":"K2",`}},
		"a broken last line":       {ok + "\n" + `{"key":`, []string{`{"key":`}},
	} {
		good, bad, err := platform.Receipt(strings.NewReader(tt.file))
		if err != nil || len(good) != 1 || good[0].Key != "K1" {
			t.Errorf("%s: good %+v, %v", name, good, err)
		}
		var raw []string
		for _, b := range bad {
			raw = append(raw, b.Raw)
			if b.Reason == "" || b.Row < 2 {
				t.Errorf("%s: %+v", name, b)
			}
		}
		if diff := cmp.Diff(tt.bad, raw); diff != "" {
			t.Errorf("%s: bad (-want +got):\n%s", name, diff)
		}
	}
}

func TestReceiptNotAFile(t *testing.T) {
	for name, file := range map[string]string{
		"empty": "", "spaces": " \n\t", "no header": "K1,done,P-1,2026-03-01T02:05:00Z,\n", "half a header": "key,at\n", "neither encoding": "\x80\xff\xff",
	} {
		if _, _, err := platform.Receipt(strings.NewReader(file)); lanzha.CodeOf(err) != lanzha.CodeInvalid {
			t.Errorf("%s: %v, want invalid", name, err)
		}
	}
	if _, _, err := platform.Receipt(strings.NewReader(strings.Repeat("x", platform.MaxReceipt+1))); lanzha.CodeOf(err) != lanzha.CodeTooLarge {
		t.Errorf("a huge file: %v", err)
	}
	broken := errors.New("the disk is gone")
	if _, _, err := platform.Receipt(iotestErr{broken}); !errors.Is(err, broken) {
		t.Errorf("a broken reader: %v", err)
	}
}

type iotestErr struct{ err error }

func (e iotestErr) Read([]byte) (int, error) { return 0, e.err }

// A receipt for what was never sent, or for a file that somebody changed, is
// not taken.
func TestReceiptsBelongToEntries(t *testing.T) {
	g, dir := open(t)
	for _, key := range []string{"K1", "K2"} {
		if _, err := g.Ask(t.Context(), question(key)); err != nil {
			t.Fatal(err)
		}
	}
	tamper(t, dir+"/K2.json")
	good, bad, err := g.Receipts(strings.NewReader("key,state,platformNo,at\n,,,\nK1,done,P-1,2026-03-01T02:05:00Z\nK2,done,P-2,2026-03-01T02:05:00Z\nK3,done,P-3,2026-03-01T02:05:00Z\n"))
	if err != nil {
		t.Fatal(err)
	}
	if len(good) != 1 || good[0].Key != "K1" || good[0].Type != "lookup" {
		t.Errorf("good %+v", good)
	}
	var rows []int
	for _, b := range bad {
		rows = append(rows, b.Row)
	}
	if diff := cmp.Diff([]int{2, 4, 5}, rows); diff != "" {
		t.Errorf("bad rows (-want +got):\n%s", diff)
	}
}

func FuzzReceipt(f *testing.F) {
	for _, s := range []string{
		"key,state,platformNo,at,reason\nK1,done,P-1,2026-03-01T02:05:00Z,\n", "编号,状态\nK1,已接收\n\"", "\ufeff[]", `{"receipts":[{}]}`,
		`[{"key":"K1","state":"done","platformNo":"P-1","at":"2026-03-01T02:05:00Z"},`, "{}\n{", "key,state\n\"a\n\nb\",\"", "\x81\x30\x81\x30",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, file string) {
		good, bad, err := platform.Receipt(strings.NewReader(file))
		if err != nil && (good != nil || bad != nil) {
			t.Fatal("rows beside an error")
		}
		var rows []int
		for _, r := range good {
			rows = append(rows, r.Row)
			if r.Key == "" || r.PlatformNo == "" || r.At.IsZero() || !slices.Contains([]string{"acknowledged", "done", "refused"}, r.State) {
				t.Fatalf("taken: %+v", r)
			}
		}
		for _, b := range bad {
			rows = append(rows, b.Row)
			if b.Reason == "" {
				t.Fatalf("no reason: %+v", b)
			}
		}
		slices.Sort(rows)
		if !cmp.Equal(rows, slices.Compact(slices.Clone(rows)), cmpopts.EquateEmpty()) {
			t.Fatalf("a row was told twice: %v", rows)
		}
	})
}
