package den_test

import (
	"fmt"
	"testing"
	"time"

	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/base/sqldb/sqltest"
	"lanzha/know/place"
	"lanzha/work/clue"
	"lanzha/work/clue/den"
)

// What the tail does with one answer, the commit included, while so many
// sightings lie in the table, a tenth of them at one outlet: an answer that
// meets nobody, and one that raises a den.
func BenchmarkAnswer(b *testing.B) {
	for _, kept := range []int{1_000, 100_000} {
		for name, open := range map[string]func(testing.TB, ...sqldb.Schema) *sqldb.DB{"sqlite": sqltest.OpenSQLite, "postgres": sqltest.OpenPostgres} {
			b.Run(fmt.Sprintf("%s/kept=%d", name, kept), func(b *testing.B) { benchmark(b, open(b, schemas...), kept) })
		}
	}
}

func benchmark(b *testing.B, db *sqldb.DB, kept int) {
	h := open(b, db)
	outlet := place.Parse("昆明市五华区青槐路1号", "")
	at := h.now().Add(-time.Hour)
	for from := 0; from < kept; from += 1000 {
		h.tx(func(tx *sqldb.Tx) error {
			for i := from; i < from+1000; i++ {
				s := den.Sighting{
					ID: h.ids.Next(), Clue: h.ids.Next(), Source: "lookup", Origin: h.ids.Next(), Institution: h.mobile.ID, Role: den.RoleUse,
					Address: place.Address{Region: "530114", Stated: "530114", Road: roads[i%len(roads)], Number: fmt.Sprint(100 + i)},
					Weight:  den.Counts, At: at.Add(time.Duration(i) * time.Microsecond),
				}
				if i%10 == 0 {
					s.Address, s.Role, s.Weight = outlet, den.RoleOutlet, den.Supports
				}
				if _, err := h.dens.Store.InsertSighting(b.Context(), tx, s, place.Keys(s.Address)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	answer := func(address string) journal.Row { return answerAs(h, clue.KindFixed, address, "installation") }
	follow := func(row journal.Row) {
		if err := db.Tx(b.Context(), func(tx *sqldb.Tx) error { return h.dens.Follow(b.Context(), tx, row) }); err != nil {
			b.Fatal(err)
		}
	}
	house := 0
	b.Run("alone", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			house++
			row := answer(fmt.Sprintf("昆明市呈贡区秋月路%d号", house))
			b.StartTimer()
			follow(row)
		}
	})
	b.Run("batch", func(b *testing.B) { // as the tail takes them: 64 answers in one transaction; ns/op is of one
		for range b.N / 64 {
			b.StopTimer()
			rows := []journal.Row{}
			for range 64 {
				house++
				rows = append(rows, answer(fmt.Sprintf("昆明市呈贡区秋月路%d号", house)))
			}
			b.StartTimer()
			h.tx(func(tx *sqldb.Tx) error {
				for _, row := range rows {
					if err := h.dens.Follow(b.Context(), tx, row); err != nil {
						return err
					}
				}
				return nil
			})
		}
	})
	b.Run("raises", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			house++
			address := fmt.Sprintf("昆明市呈贡区春风路%d号", house)
			follow(answer(address))
			row := answer(address)
			b.StartTimer()
			follow(row)
		}
		b.StopTimer()
		if n, err := sqldb.One(b.Context(), db.Read(), "count", sqldb.Value[int64], `SELECT count(*) FROM den`); err != nil || n == 0 {
			b.Fatalf("%d raised, %v", n, err)
		}
	})
}

// answerAs has a new line of a kind answered, and returns the row of it.
func answerAs(h *house, kind clue.Kind, address, role string) journal.Row {
	h.t.Helper()
	h.sight(kind, address, role)
	rows, err := h.journal.Search(h.t.Context(), h.db.Read(), journal.Filter{Kind: "lookup.answered", Limit: 1})
	if err != nil {
		h.t.Fatal(err)
	}
	return rows[0]
}
