package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/base/sqldb/sqltest"
)

var monday = time.Date(2023, 2, 20, 1, 0, 0, 0, time.UTC)

// TestOnce hands in one creation from many sides at once.
func TestOnce(t *testing.T) {
	sqltest.Run(t, []sqldb.Schema{api.Schema()}, func(t *testing.T, db *sqldb.DB) {
		ctx := t.Context()
		ids := lanzha.NewIDs(func() time.Time { return monday }, nil)
		create := func(key string, request any) (lanzha.ID, error) {
			return api.Once(ctx, db, "caller", key, request, monday, func(*sqldb.Tx) (lanzha.ID, error) { return ids.Next(), nil })
		}
		var group sync.WaitGroup
		made, failed := make([]lanzha.ID, 16), make([]error, 16)
		for i := range made {
			group.Go(func() { made[i], failed[i] = create("k", "a report") })
		}
		group.Wait()
		if err := errors.Join(failed...); err != nil {
			t.Fatal(err)
		}
		if len(slices.Compact(slices.Clone(made))) != 1 || made[0] == "" {
			t.Errorf("sixteen repeats made %v, want one record", made)
		}
		if _, err := create("k", "another report"); lanzha.CodeOf(err) != lanzha.CodeConflict {
			t.Errorf("a different request under a known key: %v, want a conflict", err)
		}
		if other, err := create("k2", "a report"); err != nil || other == made[0] {
			t.Errorf("a new key gives %v, %v, want a new record", other, err)
		}
		// What failed may be tried again.
		broken := errors.New("broken")
		if _, err := api.Once(ctx, db, "caller", "k3", 1, monday, func(*sqldb.Tx) (int, error) { return 0, broken }); !errors.Is(err, broken) {
			t.Errorf("got %v, want the failure", err)
		}
		if n, err := api.Once(ctx, db, "caller", "k3", 1, monday, func(*sqldb.Tx) (int, error) { return 7, nil }); n != 7 || err != nil {
			t.Errorf("the second try gives %d, %v", n, err)
		}
		// After seven days a key is forgotten.
		if err := api.Forget(ctx, db, monday.AddDate(0, 0, 8)); err != nil {
			t.Fatal(err)
		}
		if again, err := create("k", "a report"); err != nil || again == made[0] {
			t.Errorf("after it was forgotten the key gives %v, %v", again, err)
		}
	})
}

func imported(t *testing.T, file string) (api.Imported, []string) {
	t.Helper()
	rows := []string{}
	out, err := api.ImportCSV(strings.NewReader(file), []string{"value"}, []string{"value", "note"}, func(r api.CSVRow) error {
		if r.Get("value") == "bad" {
			return lanzha.Invalid("value", "is bad")
		}
		rows = append(rows, fmt.Sprintf("%d|%s|%s", r.N, r.Get("value"), r.Get("note")))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out, rows
}

// TestImportCSV takes good rows of a bad file and gives the bad ones back, to
// be mended and sent again.
func TestImportCSV(t *testing.T) {
	out, rows := imported(t, "\ufeffvalue,note\r\n1,\"with, comma\"\r\n\r\nbad,mine\n2\n3,4,5\n6,\x00\n7,\"two\nlines\"\n8,\"never closed\n9,last\n")
	if diff := cmp.Diff([]string{"2|1|with, comma", "4|2|", "7|7|two\nlines", "9|9|last"}, rows); diff != "" {
		t.Errorf("taken (-want +got)\n%s", diff)
	}
	if out.Taken != 4 || out.Count != 4 || len(out.Refused) != 4 {
		t.Errorf("%d taken, %d refused, %d told: want 4 of each", out.Taken, out.Count, len(out.Refused))
	}
	want := []api.Detail{
		{Row: 3, Location: "value", Message: "is bad"}, {Row: 5, Message: "the row has 3 fields, the header 2"},
		{Row: 6, Message: "the row holds a zero byte"}, {Row: 8, Message: "a quote is opened and never closed"},
	}
	if diff := cmp.Diff(want, out.Refused); diff != "" {
		t.Errorf("refused (-want +got)\n%s", diff)
	}
	if !strings.HasPrefix(out.File, "value,note,reason\nbad,mine,value: is bad\n") {
		t.Errorf("the file that comes back: %q", out.File)
	}
	mended, rows := imported(t, strings.Replace("value,note,reason\nbad,mine,value: is bad\n", "bad,", "good,", 1))
	if mended.Taken != 1 || mended.Count != 0 || rows[0] != "2|good|mine" {
		t.Errorf("the mended file: %+v %v", mended, rows)
	}
	for file, field := range map[string]string{"": "body", "note\n1\n": "value", "value,colour\n1,red\n": "colour"} {
		_, err := api.ImportCSV(strings.NewReader(file), []string{"value"}, []string{"value", "note"}, func(api.CSVRow) error { return nil })
		if e, ok := errors.AsType[*lanzha.Error](err); !ok || e.Code != lanzha.CodeInvalid || e.Field != field {
			t.Errorf("the file %q: %v, want field %s", file, err, field)
		}
	}
	// Chinese spreadsheets save GB18030; a file that is broken loses the broken row.
	for file, want := range map[string][]string{
		"value,note\n1,\xd6\xd0\xce\xc4\n":                             {"2|1|中文"},
		"value,note\n1,\xff\xfe\n2,mine\n3,\xe4\xb8\xad\xe6\x96\x87\n": {"3|2|mine", "4|3|中文"},
	} {
		if _, rows := imported(t, file); !slices.Equal(rows, want) {
			t.Errorf("%q: took %q, want %q", file, rows, want)
		}
	}
	// A failure of ours ends the import: it is not the row's.
	if _, err := api.ImportCSV(strings.NewReader("value\n1\n"), nil, []string{"value"}, func(api.CSVRow) error { return lanzha.Internal("x", io.EOF) }); lanzha.CodeOf(err) != lanzha.CodeInternal {
		t.Errorf("a failure of ours: %v", err)
	}
}

// FuzzImportCSV wants every row of any file either taken or refused.
func FuzzImportCSV(f *testing.F) {
	f.Add("value,note\n1,2\n")
	f.Add("value\n\"a\nb\n\"\"\n")
	f.Add("\ufeffvalue,reason\r\nx,y\r\n")
	f.Fuzz(func(t *testing.T, file string) {
		taken := 0
		out, err := api.ImportCSV(strings.NewReader(file), []string{"value"}, []string{"value", "note"}, func(r api.CSVRow) error {
			if strings.ContainsRune(r.Get("value")+r.Get("note"), 0) {
				t.Errorf("row %d holds a zero byte", r.N)
			}
			taken++
			return nil
		})
		if err == nil && out.Taken != taken {
			t.Errorf("%d rows said to be taken, %d were", out.Taken, taken)
		}
		if err != nil && lanzha.CodeOf(err) == lanzha.CodeInternal {
			t.Errorf("a bad file is not our failure: %v", err)
		}
		if out.Count > 0 && out.File == "" {
			t.Error("rows were refused and none came back")
		}
	})
}

// FuzzCursors wants any text to be a cursor or an error, never a panic.
func FuzzCursors(f *testing.F) {
	f.Add("1.0.42")
	f.Add("WzEsMl0")
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := journal.ParseCursor(text); err == nil && text != "" {
			if again, err := journal.ParseCursor(c.String()); err != nil || again != c {
				t.Errorf("%q reads as %v and back as %v, %v", text, c, again, err)
			}
		}
		var key struct {
			At int64
			ID lanzha.ID
		}
		if _, err := (api.Page{Cursor: text}).After(&key); err != nil && lanzha.CodeOf(err) != lanzha.CodeInvalid {
			t.Errorf("the cursor %q: %v", text, err)
		}
	})
}

// kit is an API of one change and one list that everybody may do.
func kit() *api.API {
	a := api.New("test", func(context.Context, string) error { return nil })
	type changeIn struct {
		api.Change
		Body struct {
			Text string `json:"text" maxLength:"10"`
		}
	}
	type changeOut = api.One[struct {
		Version int64 `json:"version"`
	}]
	api.Register(a, api.Op{ID: "change", Method: http.MethodPut, Path: "/thing", Action: "thing.write", MaxBody: 64, Summary: "Change the thing"},
		func(_ context.Context, in *changeIn) (*changeOut, error) {
			v, err := in.Version()
			if err == nil && v != 3 {
				err = lanzha.Conflict("somebody was before you")
			}
			out := api.NewOne(v+1, struct {
				Version int64 `json:"version"`
			}{v + 1})
			return out, err
		})
	type listIn struct{ api.Page }
	type listOut struct{ Body api.List[int] }
	api.Register(a, api.Op{ID: "list", Method: http.MethodGet, Path: "/things", Action: "thing.list", Summary: "List numbers"},
		func(_ context.Context, in *listIn) (*listOut, error) {
			after := -1
			if _, err := in.After(&after); err != nil {
				return nil, err
			}
			rows := []int{}
			for n := after + 1; n < 7 && len(rows) <= in.Limit; n++ {
				rows = append(rows, n)
			}
			return &listOut{api.NewList(rows, in.Limit, func(n int) any { return n })}, nil
		})
	return a
}

func TestRequests(t *testing.T) {
	a := kit()
	for _, c := range []struct {
		name, method, path, body, match string
		status                          int
		says                            string
	}{
		{"a good change", "PUT", "/thing", `{"text":"x"}`, `"3"`, 200, `"version":4`},
		{"no If-Match", "PUT", "/thing", `{"text":"x"}`, ``, 428, `"location":"header.If-Match"`},
		{"an If-Match that is no version", "PUT", "/thing", `{"text":"x"}`, `"abc"`, 422, `"location":"header.If-Match"`},
		{"an old version", "PUT", "/thing", `{"text":"x"}`, `"2"`, 409, `"code":"conflict"`},
		{"too long a text", "PUT", "/thing", `{"text":"01234567890"}`, `"3"`, 422, `"location":"body.text"`},
		{"a missing property", "PUT", "/thing", `{}`, `"3"`, 422, `"location":"body.text","message":"is required"`},
		{"no JSON", "PUT", "/thing", `{"text":`, `"3"`, 400, `"code":"invalid"`},
		{"too large a body", "PUT", "/thing", `{"text":"` + strings.Repeat("x", 100) + `"}`, `"3"`, 413, `"code":"too_large"`},
		{"no UTF-8", "PUT", "/thing", "{\"text\":\n\"\xff\"}", `"3"`, 422, `"row":2`},
		{"garbage for a cursor", "GET", "/things?cursor=!!", "", "", 422, `"location":"query.cursor"`},
		{"a cursor of another list", "GET", "/things?cursor=eyJhIjoxfQ", "", "", 422, `"location":"query.cursor"`},
		{"too large a page", "GET", "/things?limit=501", "", "", 422, `"location":"query.limit"`},
	} {
		request := httptest.NewRequestWithContext(t.Context(), c.method, api.Prefix+c.path, strings.NewReader(c.body))
		request.Header.Set("Content-Type", "application/json")
		if c.match != "" {
			request.Header.Set("If-Match", c.match)
		}
		got := httptest.NewRecorder()
		a.ServeHTTP(got, request)
		if got.Code != c.status || !strings.Contains(got.Body.String(), c.says) {
			t.Errorf("%s: %d %s, want %d and %s", c.name, got.Code, got.Body, c.status, c.says)
		}
		if c.status >= 400 && got.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: the error comes as %s", c.name, got.Header().Get("Content-Type"))
		}
	}
}

// TestPages walks a list to its end: every row once, in order.
func TestPages(t *testing.T) {
	a, seen, cursor := kit(), []int{}, ""
	for range 4 {
		got := httptest.NewRecorder()
		a.ServeHTTP(got, httptest.NewRequestWithContext(t.Context(), http.MethodGet, api.Prefix+"/things?limit=3&cursor="+cursor, nil))
		var page api.List[int]
		decode(t, got.Body.String(), &page)
		seen = append(seen, page.Items...)
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if diff := cmp.Diff([]int{0, 1, 2, 3, 4, 5, 6}, seen); diff != "" || cursor != "" {
		t.Errorf("pages give (-want +got) %s, then %q", diff, cursor)
	}
}

// TestResume breaks the live events off again and again while rows are
// appended: a reader that comes back with its cursor misses nothing and reads
// nothing twice.
func TestResume(t *testing.T) {
	sqltest.Run(t, []sqldb.Schema{journal.Schema()}, func(t *testing.T, db *sqldb.DB) {
		ctx := t.Context()
		j := journal.New(db, time.Now, nil)
		a := api.New("test", func(context.Context, string) error { return nil })
		api.Live(a, db, j, func(context.Context) func(journal.Row) bool {
			return func(r journal.Row) bool { return r.Kind != "thing.hidden" }
		})
		server := httptest.NewServer(a)
		t.Cleanup(server.Close)
		t.Cleanup(a.EndStreams)
		const rows = 60
		wrote := make(chan error, 1)
		go func() {
			wrote <- func() error {
				for n := range rows {
					kind := "thing.seen"
					if n%3 == 2 {
						kind = "thing.hidden"
					}
					if err := db.Tx(ctx, func(tx *sqldb.Tx) error {
						return j.Append(ctx, tx, time.Now(), journal.Entry{Kind: kind, Record: lanzha.ID(fmt.Sprint(n))})
					}); err != nil {
						return err
					}
				}
				return nil
			}()
		}()
		cursor, seen := "0.0.0", []string{}
		for len(seen) < rows/3*2 {
			cursor = readSome(t, server.URL, cursor, 5, &seen)
		}
		if err := <-wrote; err != nil {
			t.Fatal(err)
		}
		want := []string{}
		for n := range rows {
			if n%3 != 2 {
				want = append(want, fmt.Sprint(n))
			}
		}
		if diff := cmp.Diff(want, seen); diff != "" {
			t.Errorf("the resumed stream (-want +got)\n%s", diff)
		}
		for _, bad := range []string{"abc", "1.2", "1.2.-3", "1.2.99999999999999999999"} {
			got, err := http.Get(server.URL + api.Prefix + "/events?cursor=" + bad) //nolint:noctx // ends at once
			if err != nil {
				t.Fatal(err)
			}
			if got.Body.Close(); got.StatusCode != http.StatusUnprocessableEntity {
				t.Errorf("the cursor %q: %d, want 422", bad, got.StatusCode)
			}
		}
	})
}

// readSome reads up to n events behind a cursor, breaks off, and returns where.
func readSome(t *testing.T, base, cursor string, n int, seen *[]string) string {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+api.Prefix+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Last-Event-ID", cursor)
	got, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	id := ""
	for lines := bufio.NewScanner(got.Body); n > 0 && len(*seen) < 40 && lines.Scan(); {
		if v, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
			id = v
		}
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok && data != "{}" {
			var e api.Event
			decode(t, data, &e)
			*seen = append(*seen, string(e.Record))
			cursor = id
			n--
		}
	}
	return cursor
}

func decode(t *testing.T, text string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
}
