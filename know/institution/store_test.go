package institution_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/base/sqldb/sqltest"
	"lanzha/base/vault"
	"lanzha/know/institution"
)

var schemas = []sqldb.Schema{journal.Schema(), api.Schema(), institution.Schema()}

var at = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// openVault makes a keyset that lasts as long as the test.
func openVault(t testing.TB) *vault.Vault {
	t.Helper()
	v, err := vault.Open(vault.Options{File: filepath.Join(t.TempDir(), "keys.json")})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func open(t testing.TB, db *sqldb.DB, v *vault.Vault) *institution.Directory {
	t.Helper()
	return institution.New(db, journal.New(db, time.Now, nil), v, time.Now, lanzha.NewIDs(time.Now, nil))
}

func sample(code string) institution.Institution {
	return institution.Institution{
		Code: code, Name: "云南移动昆明分公司", NameEn: "Yunnan Mobile, Kunming", Kind: institution.Carrier, Region: "530100",
		Gateway: institution.ByCAMARA, Endpoint: "https://gateway.example/camara", Secret: "open sesame",
		Contacts: []institution.Contact{{Name: "李测试", Role: "值班专员", Phone: "0871-60000000", Email: "duty@carrier.example"}},
		Ranges:   []institution.Range{{Kind: institution.Mobile, Prefix: "+86138888"}, {Kind: institution.Domain, Prefix: "km.example"}}, AnswerTarget: 3 * time.Minute,
	}
}

func create(t testing.TB, db *sqldb.DB, d *institution.Directory, in institution.Institution) institution.Institution {
	t.Helper()
	var out institution.Institution
	if err := db.Tx(t.Context(), func(tx *sqldb.Tx) (err error) {
		out, err = d.Create(t.Context(), tx, "", in)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

func codes(list []institution.Institution) []string {
	out := []string{}
	for _, in := range list {
		out = append(out, in.Code)
	}
	return out
}

func TestARecordReadsBackAndItsPersonalPartIsSealed(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		ctx, d := t.Context(), open(t, db, openVault(t))
		made := create(t, db, d, sample("yn-mobile-km"))
		want := sample("yn-mobile-km")
		want.ID, want.Version = made.ID, 1
		for name, read := range map[string]func() (institution.Institution, error){
			"by ID":   func() (institution.Institution, error) { return d.Get(ctx, db.Read(), made.ID) },
			"by code": func() (institution.Institution, error) { return d.ByCode(ctx, db.Read(), "yn-mobile-km") },
		} {
			got, err := read()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
		stored, err := sqldb.One(ctx, db.Read(), "row", sqldb.Value[string], `SELECT secret || contacts FROM institution`)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(stored, "sesame") || strings.Contains(stored, "60000000") {
			t.Error("the secret or a contact lies in the database in the clear")
		}

		next := made
		next.Name, next.Secret, next.Ranges = "云南移动", "", []institution.Range{{Kind: institution.Mobile, Prefix: "+8613999"}}
		update := func(in institution.Institution) (out institution.Institution, err error) {
			err = db.Tx(ctx, func(tx *sqldb.Tx) error {
				out, err = d.Update(ctx, tx, "", in)
				return err
			})
			return out, err
		}
		got, err := update(next)
		if err != nil {
			t.Fatal(err)
		}
		read, err := d.Get(ctx, db.Read(), made.ID)
		if err != nil || got.Version != 2 {
			t.Fatal(got.Version, err)
		}
		if diff := cmp.Diff(got, read); diff != "" {
			t.Error(diff)
		}
		if _, err := update(next); lanzha.CodeOf(err) != lanzha.CodeConflict {
			t.Errorf("a change of an old version: %v", err)
		}
		got.Code = "other"
		if _, err := update(got); lanzha.CodeOf(err) != lanzha.CodeInvalid {
			t.Errorf("a change of the code: %v", err)
		}
		rows, err := journal.New(db, time.Now, nil).Timeline(ctx, db.Read(), made.ID, 0, 9)
		if err != nil || len(rows) != 2 || rows[0].Kind != "institution.changed" {
			t.Fatalf("timeline: %v, %v", rows, err)
		}
		var p struct{ Fields []string }
		if err := rows[0].Into(&p); err != nil || !slices.Equal(p.Fields, []string{"name", "secret", "ranges"}) {
			t.Errorf("changed fields: %v, %v", p.Fields, err)
		}
	})
}

func TestRoute(t *testing.T) {
	type in = institution.Institution
	rng := func(kind institution.RangeKind, prefix string) []institution.Range {
		return []institution.Range{{Kind: kind, Prefix: prefix}}
	}
	list := []in{
		{Code: "cn", Region: "", Ranges: rng("mobile", "+86138")},
		{Code: "yn", Region: "530000", Ranges: rng("mobile", "+86138888")},
		{Code: "km", Region: "530100", Ranges: rng("mobile", "+86138888")},
		{Code: "ql", Region: "530300", Ranges: rng("mobile", "+86138888")},
		{Code: "off", Region: "530100", Ranges: rng("mobile", "+8613888812"), Disabled: true},
		{Code: "bank", Region: "530000", Ranges: rng("card", "622202")},
		{Code: "top", Ranges: rng("domain", "cn")},
		{Code: "host", Ranges: rng("domain", "bad.example.cn")},
		{Code: "chat", Ranges: rng("im", "wechat:")},
		{Code: "other", Region: "530100", Ranges: rng("fixed", "+86871")},
	}
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		ctx, d := t.Context(), open(t, db, openVault(t))
		made := map[string]in{}
		for _, i := range list {
			i.Name, i.Kind, i.Gateway = i.Code, institution.Carrier, institution.ByHand
			made[i.Code] = create(t, db, d, i)
		}
		if err := db.Tx(ctx, func(tx *sqldb.Tx) error {
			if err := d.Port(ctx, tx, "", made["other"], false, []string{"+8613888812345", "+8613888812346", "+8613888812347"}); err != nil {
				return err
			}
			if err := d.Port(ctx, tx, "", made["off"], false, []string{"+8613888812346"}); err != nil {
				return err
			}
			// The one that another holds by now stays there.
			return d.Port(ctx, tx, "", made["other"], true, []string{"+8613888812347", "+8613888812346"})
		}); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			name, kind, value string
			near              lanzha.Region
			want              []string
		}{
			{"a ported number goes to its holder", "mobile", "+8613888812345", "530100", []string{"other"}},
			{"a ported number of a disabled holder goes to nobody", "mobile", "+8613888812346", "530100", []string{}},
			{"a number that went back goes by its range", "mobile", "+8613888812347", "530100", []string{"km"}},
			{"the district's city is nearest", "mobile", "+8613888899999", "530114", []string{"km"}},
			{"elsewhere in the province the province is nearest", "mobile", "+8613888899999", "530600", []string{"yn"}},
			{"another province knows no nearest", "mobile", "+8613888899999", "440100", []string{"km", "ql", "yn"}},
			{"no place known", "mobile", "+8613888899999", "", []string{"km", "ql", "yn"}},
			{"a shorter prefix", "mobile", "+8613812345678", "530114", []string{"cn"}},
			{"the kind counts", "fixed", "+8613812345678", "530114", []string{}},
			{"a card", "card", "6222021234567890123", "", []string{"bank"}},
			{"nobody", "card", "4111111111111111", "", []string{}},
			{"a domain below another", "domain", "pay.bad.example.cn", "", []string{"host"}},
			{"not half a label", "domain", "verybad.example.cn", "", []string{"top"}},
			{"a URL by its host", "url", "https://Pay.Bad.example.cn:8443/x?y", "", []string{"host"}},
			{"a broken URL", "url", "http://[", "", []string{}},
			{"a name at a messenger", "im", "wechat:abc", "", []string{"chat"}},
			{"nothing", "mobile", "", "", []string{}},
		} {
			got, err := d.Route(ctx, db.Read(), c.kind, c.value, c.near)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, codes(got)); diff != "" {
				t.Errorf("%s: %s", c.name, diff)
			}
		}
	})
}

// Two directories stand for two processes.
func TestAnotherProcessSeesAChangeWithinASecond(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		ctx, v := t.Context(), openVault(t)
		a, b := open(t, db, v), open(t, db, v)
		routed := func(want ...string) {
			t.Helper()
			for deadline := time.Now().Add(time.Second); ; {
				got, err := b.Route(ctx, db.Read(), "mobile", "+8613888812345", "")
				if err != nil {
					t.Fatal(err)
				}
				if slices.Equal(codes(got), want) {
					return
				}
				if time.Now().After(deadline) {
					t.Fatalf("routes %v, want %v", codes(got), want)
				}
			}
		}
		routed()
		first := create(t, db, a, sample("first"))
		routed("first")
		other := sample("second")
		other.Ranges = nil
		other = create(t, db, a, other)
		change := func(fn func(tx *sqldb.Tx) error) {
			t.Helper()
			if err := db.Tx(ctx, fn); err != nil {
				t.Fatal(err)
			}
		}
		change(func(tx *sqldb.Tx) error { return a.Port(ctx, tx, "", other, false, []string{"+8613888812345"}) })
		routed("second")
		change(func(tx *sqldb.Tx) error { return a.Port(ctx, tx, "", other, true, []string{"+8613888812345"}) })
		routed("first")
		first.Disabled = true
		change(func(tx *sqldb.Tx) error { _, err := a.Update(ctx, tx, "", first); return err })
		routed()
	})
}

func TestCheck(t *testing.T) {
	for field, spoil := range map[string]func(*institution.Institution){
		"code":          func(in *institution.Institution) { in.Code = "Kunming Mobile" },
		"name":          func(in *institution.Institution) { in.Name = " " },
		"nameEn":        func(in *institution.Institution) { in.NameEn = "a\nb" },
		"kind":          func(in *institution.Institution) { in.Kind = "shop" },
		"region":        func(in *institution.Institution) { in.Region = "999999" },
		"gateway":       func(in *institution.Institution) { in.Gateway = "fax" },
		"endpoint":      func(in *institution.Institution) { in.Endpoint = "" },
		"secret":        func(in *institution.Institution) { in.Secret = lanzha.Secret(strings.Repeat("x", 4001)) },
		"contacts":      func(in *institution.Institution) { in.Contacts[0].Email = "nobody" },
		"ranges":        func(in *institution.Institution) { in.Ranges[0].Prefix = "138888" },
		"answerTargetS": func(in *institution.Institution) { in.AnswerTarget = 1500 * time.Millisecond },
	} {
		in := sample("good")
		if err := in.Check(); err != nil {
			t.Fatal(err)
		}
		spoil(&in)
		err := in.Check()
		if e, ok := err.(*lanzha.Error); !ok || e.Code != lanzha.CodeInvalid || e.Field != field {
			t.Errorf("a bad %s: %v", field, err)
		}
	}
}

func BenchmarkRoute(b *testing.B) {
	db := sqltest.OpenSQLite(b, schemas...)
	d := open(b, db, openVault(b))
	var in institution.Institution
	for i := range 20 {
		in = sample("carrier-" + string(rune('a'+i)))
		create(b, db, d, in)
	}
	for b.Loop() {
		if _, err := d.Route(context.Background(), db.Read(), "mobile", "+8613888812345", "530114"); err != nil {
			b.Fatal(err)
		}
	}
}
