package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/base/sqldb/sqltest"
	"lanzha/base/vault"
	"lanzha/work/feed"
	"lanzha/work/feed/intake"
)

// kept is an event log in memory that remembers the IDs of calls.
type kept struct {
	mu    sync.Mutex
	ids   []string
	taken map[string]int64
	parts int
	cut   func(part int) error // when the part is written
}

func (k *kept) Append(_ context.Context, kind feed.Kind, b *feed.Batch, h feed.Header) (bool, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if h.Number <= k.taken[h.Source] {
		return false, nil
	}
	k.taken[h.Source] = h.Number
	id, _ := kind.Field("id")
	for i := range b.Events {
		k.ids = append(k.ids, string(b.Text(&b.Events[i], id)))
	}
	if k.parts++; k.cut != nil {
		return true, k.cut(k.parts)
	}
	return true, nil
}

func (k *kept) Taken(source string) int64 { return k.taken[source] }

// loads serves the intake to one API key.
func loads(t *testing.T, db *sqldb.DB, log feed.Log) string {
	t.Helper()
	v, err := vault.Open(vault.Options{File: filepath.Join(t.TempDir(), "keys.json")})
	if err != nil {
		t.Fatal(err)
	}
	desk := &intake.Desk{DB: db, Vault: v, Journal: journal.New(db, time.Now, nil), IDs: lanzha.NewIDs(time.Now, nil), Now: time.Now, Log: log, Region: "530100"}
	may := auth.NewDecider()
	a := api.New("test", may.Gate)
	desk.Mount(a, may)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer secret" {
			r = r.WithContext(auth.WithActor(r.Context(), auth.Actor{ID: "01KB00000000000000000000A4", Roles: []auth.Role{auth.Responder}, Institution: "01KB00000000000000000000B1"}))
		}
		a.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// loadFile gives the command and returns its status and what it said.
func loadFile(ctx context.Context, file, server string, more ...string) (status int, out, said string) {
	var o, e bytes.Buffer
	status = run(ctx, append([]string{"load", file, "--server", server, "--key", "secret"}, more...), &Std{In: strings.NewReader(""), Out: &o, Err: &e, Now: time.Now})
	return status, o.String(), e.String()
}

// TestALoadThatIsCutOff goes on where it was: the command is ended in the
// middle, given again, loses its answers on the way, and in the end every record
// of the file was taken once.
func TestALoadThatIsCutOff(t *testing.T) {
	const rows = 60_000
	var text bytes.Buffer
	z := gzip.NewWriter(&text)
	fmt.Fprintln(z, "Nr|When|A|B")
	for i := range rows {
		when := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC).Add(time.Duration(i) * time.Second).Format("2006-01-02 15:04:05")
		if i%5000 == 4999 {
			when = "gestern"
		}
		fmt.Fprintf(z, "%d|%s|13800000000|139%08d\n", i, when, i)
	}
	z.Close()
	folder := t.TempDir()
	file, mapping := filepath.Join(folder, "calls.psv.gz"), filepath.Join(folder, "calls.yaml")
	for name, text := range map[string][]byte{file: text.Bytes(), mapping: []byte("kind: call\nseparator: \"|\"\nfields: {id: Nr, start: {column: When, layout: \"yyyy-MM-dd HH:mm:ss\", zone: Asia/Shanghai}, caller: A, callee: B}\n")} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	sqltest.Run(t, []sqldb.Schema{journal.Schema(), api.Schema(), intake.Schema()}, func(t *testing.T, db *sqldb.DB) {
		log := &kept{taken: map[string]int64{}}
		server := loads(t, db, log)
		ctx, cancel := context.WithCancel(t.Context())
		log.cut = func(part int) error {
			if part == 3 {
				cancel() // the command ends with a part written and no answer read
			}
			return nil
		}
		if status, out, _ := loadFile(ctx, file, server, "--map", mapping); status == 0 {
			t.Fatalf("cut off, it says %s", out)
		}
		if n := len(log.ids); n == 0 || n >= rows/2 {
			t.Fatalf("%d rows were taken before the end of the first", n)
		}
		log.cut = func(part int) error {
			if part == 5 { // written, and the answer is an error
				return &lanzha.Error{Code: lanzha.CodeUnavailable, Message: "the detector is starting"}
			}
			return nil
		}
		status, out, said := loadFile(t.Context(), file, server, "--map", mapping, "--json")
		var got intake.LoadBody
		if err := json.Unmarshal([]byte(out), &got); err != nil || status != 0 || !strings.Contains(said, "goes on behind row") {
			t.Fatalf("status %d, %v: %s%s", status, err, out, said)
		}
		if got.State != intake.Loaded || got.Taken != rows-12 || got.Refused != 12 || got.LastRow != rows+1 {
			t.Errorf("%+v", got)
		}
		slices.SortFunc(log.ids, func(a, b string) int { return len(a)*100 - len(b)*100 + strings.Compare(a, b) })
		if len(log.ids) != rows-12 || len(slices.Compact(log.ids)) != rows-12 {
			t.Errorf("%d rows in the log, want %d, each once", len(log.ids), rows-12)
		}
		letters, err := sqldb.All(t.Context(), db.Read(), func(r sqldb.Scanner) (text string, err error) {
			var row int64
			err = r.Scan(&row, &text)
			return fmt.Sprint(row, " ", text), err
		}, `SELECT row_number, field FROM feed_letter ORDER BY row_number`)
		if err != nil || len(letters) != 12 || letters[0] != "5001 When" || letters[11] != "60001 When" {
			t.Errorf("%v %v", letters, err)
		}
		if status, out, said := loadFile(t.Context(), file, server, "--map", mapping); status != 0 || !strings.Contains(out, "is loaded already") || !strings.Contains(said, "--again") || len(log.ids) != rows-12 {
			t.Errorf("given once more: %d %s%s", status, out, said)
		}
		if status, out, said := loadFile(t.Context(), file, server, "--map", mapping, "--again"); status != 0 || len(log.ids) != 2*(rows-12) || !strings.Contains(said, "and 7 more") || !strings.Contains(out, "59988 events loaded, 12 records refused") {
			t.Errorf("given with --again: %d %s%s, %d rows", status, out, said, len(log.ids))
		}
	})
}

// TestALoadSaysWhatIsWrong before anything is sent, and what the server says.
func TestALoadSaysWhatIsWrong(t *testing.T) {
	file := filepath.Join(t.TempDir(), "calls.csv")
	if err := os.WriteFile(file, []byte("id,start,callee\n1,2026-11-25T00:00:00Z,139\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	sqltest.Run(t, []sqldb.Schema{journal.Schema(), api.Schema(), intake.Schema()}, func(t *testing.T, db *sqldb.DB) {
		server := loads(t, db, &kept{taken: map[string]int64{}})
		for _, x := range []struct {
			args []string
			want string
		}{
			{[]string{file, server}, "say it with --kind"},
			{[]string{file, server, "--kind", "transfer"}, "start: a transfer has no such field"},
			{[]string{file, "127.0.0.1", "--kind", "call"}, "this is no address of a server"},
			{[]string{file + ".gz", server, "--kind", "call"}, "the file cannot be read"},
			{[]string{"-", server, "--kind", "call"}, "a file is wanted"},
			{[]string{file, server, "--kind", "call", "--key", "wrong"}, "sign in"},
		} {
			if status, _, said := loadFile(t.Context(), x.args[0], x.args[1], x.args[2:]...); status == 0 || !strings.Contains(said, x.want) {
				t.Errorf("%v: status %d, %s", x.args, status, said)
			}
		}
	})
}
