package den_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanzha"
	"lanzha/base/sqldb"
	"lanzha/base/sqldb/sqltest"
	"lanzha/work/clue"
	"lanzha/work/clue/den"
)

const (
	hotel     = "云南省昆明市呈贡区望湖路88号晚枫听涛酒店"
	hotelWide = "昆明市呈贡县望湖路８８号（晚枫听涛酒店）"
	room      = "昆明市呈贡区望湖路88号晚枫听涛酒店1206房"
	roomFull  = "云南省昆明市呈贡区望湖路八十八号（晚枫听涛酒店）1206室"
	house88   = "昆明市呈贡区望湖路88号"
	house2    = "昆明市呈贡区望湖路2号"
	house20   = "昆明市呈贡区望湖路20号"
)

type sighting struct {
	kind          clue.Kind
	address, role string
}

// What raises a den, and what looks like one and does not.
func TestWhatRaises(t *testing.T) {
	m, f := clue.KindMobile, clue.KindFixed
	cases := []struct {
		name       string
		seen       []sighting
		address    string // of the den; empty: none is raised
		confidence den.Confidence
		reasons    []string
	}{
		{"a mobile and a fixed line of one hotel", []sighting{{m, hotel, "use"}, {f, hotelWide, "installation"}}, hotel, den.Medium,
			[]string{"two_independent_clues", "different_institutions", "fixed_line_installed", "mass_address"}},
		{"the other way round", []sighting{{f, hotel, "installation"}, {m, hotelWide, "installation"}}, hotel, den.Medium,
			[]string{"two_independent_clues", "different_institutions", "fixed_line_installed", "mass_address"}},
		{"one room", []sighting{{m, room, "use"}, {f, roomFull, "installation"}}, "云南省昆明市呈贡区望湖路88号晚枫听涛酒店1206室", den.High,
			[]string{"two_independent_clues", "different_institutions", "same_room", "fixed_line_installed"}},
		{"two mobiles in one room", []sighting{{m, room, "use"}, {m, roomFull, "use"}}, "云南省昆明市呈贡区望湖路88号晚枫听涛酒店1206室", den.Medium,
			[]string{"two_independent_clues", "same_room"}},
		{"two rooms of one house", []sighting{{m, house88 + "3栋1单元201室", "use"}, {m, house88 + "3栋1单元502室", "use"}}, "云南省昆明市呈贡区望湖路88号3栋1单元", den.Low,
			[]string{"two_independent_clues", "same_building_only"}},
		{"nobody said what the address is", []sighting{{m, house88, ""}, {m, house88, "whatever"}}, "云南省昆明市呈贡区望湖路88号", den.Low,
			[]string{"two_independent_clues", "role_unknown"}},
		{"no district", []sighting{{m, "昆明市望湖路88号", "use"}, {m, "望湖路88号", "use"}}, "云南省昆明市望湖路88号", den.Low,
			[]string{"two_independent_clues", "address_vague"}},
		{"three", []sighting{{m, house88, "use"}, {m, house88, "use"}, {m, house88, "use"}}, "云南省昆明市呈贡区望湖路88号", den.Medium, []string{"three_or_more"}},

		{"one alone", []sighting{{f, hotel, "installation"}}, "", "", nil},
		{"2 is not 20", []sighting{{m, house2, "installation"}, {m, house20, "installation"}}, "", "", nil},
		{"2 is not 20, in Chinese digits", []sighting{{f, "昆明市呈贡区望湖路二号", "installation"}, {f, "昆明市呈贡区望湖路二十号", "installation"}}, "", "", nil},
		{"a whole hotel without room or line", []sighting{{m, hotel, "installation"}, {m, hotelWide, "installation"}}, "", "", nil},
		{"a dormitory", []sighting{{m, "昆明市呈贡区望湖路8号远帆集体宿舍", "mass"}, {m, "昆明市呈贡区望湖路8号远帆集体宿舍", "mass"}}, "", "", nil},
		{"a hotel of unknown role beside a line", []sighting{{m, hotel, ""}, {f, hotel, "installation"}}, "", "", nil},
		{"a whole estate", []sighting{{m, "昆明市呈贡区望湖路9号阳光花园", "use"}, {m, "昆明市呈贡区望湖路9号阳光花园", "use"}}, "", "", nil},
		{"an outlet", []sighting{{m, house88, "outlet"}, {m, house88, "outlet"}}, "", "", nil},
		{"an outlet and a line", []sighting{{m, house88, "outlet"}, {f, house88, "installation"}}, "", "", nil},
		{"the address on two IDs", []sighting{{m, house88, "id"}, {m, house88, "id"}}, "", "", nil},
		{"an ID and a line", []sighting{{m, house88, "id"}, {f, house88, "installation"}}, "", "", nil},
		{"the ID of a fixed line", []sighting{{f, house88, "id"}, {f, house88, "id"}}, "", "", nil},
		{"a road alone", []sighting{{f, "昆明市呈贡区望湖路", "installation"}, {f, "昆明市呈贡区望湖路", "installation"}}, "", "", nil},
		{"next to it", []sighting{{f, house88 + "旁", "installation"}, {f, house88, "installation"}}, "", "", nil},
		{"two cities", []sighting{{f, house88, "installation"}, {f, "曲靖市麒麟区望湖路88号", "installation"}}, "", "", nil},
		{"two buildings", []sighting{{f, house88 + "3栋", "installation"}, {f, house88 + "4栋", "installation"}}, "", "", nil},
	}
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		// One house for all: what one case left behind must not disturb the
		// next, so each has a road of its own.
		h := open(t, db)
		raised := 0
		for i, c := range cases {
			own := func(address string) string { return strings.ReplaceAll(address, "望湖路", roads[i]) }
			for _, s := range c.seen {
				h.sight(s.kind, strings.ReplaceAll(own(s.address), "晚枫", roads[i][:6]), s.role)
			}
			dens := h.all()
			if c.address == "" {
				if len(dens) != raised {
					t.Errorf("%s: raised %s %v", c.name, dens[0].Address(), dens[0].Reasons)
					raised = len(dens)
				}
				continue
			}
			if raised++; len(dens) != raised {
				t.Errorf("%s: not raised", c.name)
				raised = len(dens)
				continue
			}
			d := dens[0]
			if want := strings.ReplaceAll(own(c.address), "晚枫", roads[i][:6]); d.Address() != want {
				t.Errorf("%s: at %s, want %s", c.name, d.Address(), want)
			}
			codes := []string{}
			for _, r := range d.Reasons {
				codes = append(codes, r.Code)
				if r.Zh() == "" || r.En() == "" || strings.ContainsAny(r.Zh()+r.En(), "{}") {
					t.Errorf("%s: the reason %s is not rendered: %q %q", c.name, r.Code, r.Zh(), r.En())
				}
			}
			if diff := cmp.Diff(c.reasons, codes); diff != "" || d.Confidence != c.confidence {
				t.Errorf("%s: %s, want %s: %s", c.name, d.Confidence, c.confidence, diff)
			}
		}
	})
}

// Who stands by himself. Every line is told of as stated, and then answered at
// one house.
func TestIndependence(t *testing.T) {
	cases := []struct {
		name   string
		tell   func(h *house) []clue.Clue
		raised bool
	}{
		{"two reports", func(h *house) []clue.Clue {
			return []clue.Clue{h.tell(clue.KindFixed, h.value(clue.KindFixed), h.ids.Next(), ""), h.tell(clue.KindFixed, h.value(clue.KindFixed), h.ids.Next(), "")}
		}, true},
		{"one report", func(h *house) []clue.Clue {
			one := h.ids.Next()
			return []clue.Clue{h.tell(clue.KindFixed, h.value(clue.KindFixed), one, ""), h.tell(clue.KindFixed, h.value(clue.KindFixed), one, "")}
		}, false},
		{"one report, and another of one of them", func(h *house) []clue.Clue {
			one := h.ids.Next()
			a := h.tell(clue.KindFixed, h.value(clue.KindFixed), one, "")
			h.tell(clue.KindFixed, a.Value, h.ids.Next(), "")
			return []clue.Clue{a, h.tell(clue.KindFixed, h.value(clue.KindFixed), one, "")}
		}, true},
		{"found through the other", func(h *house) []clue.Clue {
			a := h.tell(clue.KindFixed, h.value(clue.KindFixed), h.ids.Next(), "")
			return []clue.Clue{a, h.tell(clue.KindFixed, h.value(clue.KindFixed), h.ids.Next(), a.ID)}
		}, false},
		{"found through the other by a third", func(h *house) []clue.Clue {
			a := h.tell(clue.KindFixed, h.value(clue.KindFixed), h.ids.Next(), "")
			between := h.tell(clue.KindDomain, "a"+string(h.ids.Next())+".example", h.ids.Next(), a.ID)
			return []clue.Clue{h.tell(clue.KindFixed, h.value(clue.KindFixed), h.ids.Next(), between.ID), a}
		}, false},
		{"both found through a third", func(h *house) []clue.Clue {
			third := h.tell(clue.KindDomain, "b"+string(h.ids.Next())+".example", h.ids.Next(), "")
			return []clue.Clue{h.tell(clue.KindFixed, h.value(clue.KindFixed), h.ids.Next(), third.ID), h.tell(clue.KindFixed, h.value(clue.KindFixed), h.ids.Next(), third.ID)}
		}, true},
		{"found through the other, and from one report", func(h *house) []clue.Clue {
			one := h.ids.Next()
			a := h.tell(clue.KindFixed, h.value(clue.KindFixed), one, "")
			return []clue.Clue{a, h.tell(clue.KindFixed, h.value(clue.KindFixed), one, a.ID)}
		}, false},
		{"one value, told and answered twice", func(h *house) []clue.Clue {
			a := h.tell(clue.KindFixed, h.value(clue.KindFixed), h.ids.Next(), "")
			return []clue.Clue{a, h.tell(clue.KindFixed, a.Value, h.ids.Next(), "")}
		}, false},
		{"a spoofed number", func(h *house) []clue.Clue {
			a := h.tell(clue.KindFixed, h.value(clue.KindFixed), h.ids.Next(), "")
			h.judge(a, clue.TruthSpoofed)
			return []clue.Clue{a, h.tell(clue.KindFixed, h.value(clue.KindFixed), h.ids.Next(), "")}
		}, false},
	}
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		h := open(t, db)
		raised := 0
		for i, c := range cases {
			for _, one := range c.tell(h) {
				h.reply(one, "昆明市呈贡区"+roads[i]+"5号", "installation")
			}
			got := len(h.all())
			if (got == raised+1) != c.raised || got > raised+1 {
				t.Errorf("%s: %d raised, want %v", c.name, got-raised, c.raised)
			}
			raised = got
		}
	})
}

// Two numbers of one report stand by themselves from the day on which somebody
// else tells of one of them.
func TestAnotherReportLater(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		h := open(t, db)
		one := h.ids.Next()
		a, b := h.tell(clue.KindFixed, h.value(clue.KindFixed), one, ""), h.tell(clue.KindFixed, h.value(clue.KindFixed), one, "")
		for _, address := range []string{house88, house20, house88} { // moved, and moved back
			h.reply(a, address, "installation")
			h.reply(b, address, "installation")
		}
		if n := len(h.all()); n != 0 {
			t.Fatalf("%d raised from one report", n)
		}
		other := h.ids.Next()
		h.tell(clue.KindFixed, b.Value, other, "")
		dens := h.all()
		if len(dens) != 2 {
			t.Fatalf("%d raised after another report, of two places", len(dens))
		}
		if dens[0].Address() != "云南省昆明市呈贡区望湖路88号" {
			slices.Reverse(dens)
		}
		facts := h.facts(dens[0].ID, "den.suspected")
		slices.Sort(facts.Clues)
		if diff := cmp.Diff(den.Facts{Address: "云南省昆明市呈贡区望湖路88号", Clues: []lanzha.ID{a.ID, b.ID}, Reports: []lanzha.ID{one, other}}, facts, sorted); diff != "" {
			t.Error(diff)
		}
		// A third report of a clue of the den is told to the dossier too.
		third := h.ids.Next()
		h.tell(clue.KindFixed, b.Value, third, "")
		h.follow()
		if facts := h.facts(dens[0].ID, "den.evidence_added"); !slices.Contains(facts.Reports, third) {
			t.Errorf("the new report is not told: %v", facts)
		}
		if diff := cmp.Diff([]string{"den.suspected", "den.evidence_added"}, h.kinds(dens[0].ID)); diff != "" {
			t.Errorf("one report is told once: %s", diff)
		}
	})
}

func TestWindow(t *testing.T) {
	for _, c := range []struct {
		name   string
		apart  time.Duration
		raised bool
		old    bool
	}{{"within", 719 * time.Hour, true, true}, {"a week", 6 * 24 * time.Hour, true, false}, {"beyond", 721 * time.Hour, false, false}} {
		t.Run(c.name, func(t *testing.T) {
			sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
				h := open(t, db)
				h.sight(clue.KindFixed, house88, "installation")
				h.pass(c.apart)
				h.sight(clue.KindFixed, house88, "installation")
				dens := h.all()
				if (len(dens) == 1) != c.raised {
					t.Fatalf("%d raised", len(dens))
				}
				if c.raised && slices.ContainsFunc(dens[0].Reasons, func(r den.Reason) bool { return r.Code == "old_answer" }) != c.old {
					t.Errorf("reasons: %v", dens[0].Reasons)
				}
			})
		})
	}
}

// Later clues are evidence of the den that is there, whatever way they write
// its address; a repeated answer is nothing new.
func TestEvidenceAdded(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		h := open(t, db)
		h.sight(clue.KindFixed, house88, "installation")
		h.sight(clue.KindFixed, room, "installation")
		first := h.all()[0]
		if first.Address() != hotel || first.Clues != 2 {
			t.Fatalf("raised at %s with %d clues", first.Address(), first.Clues)
		}
		byName := h.sight(clue.KindMobile, "昆明市呈贡区晚枫听涛酒店1206室", "use")
		h.sight(clue.KindMobile, house88, "outlet")
		dens := h.all()
		if len(dens) != 1 || dens[0].Clues != 4 || dens[0].Version != 3 {
			t.Fatalf("%d dens, the first with %d clues in version %d", len(dens), dens[0].Clues, dens[0].Version)
		}
		if r := dens[0].Reasons[0]; r.Code != "three_or_more" || r.N != 3 {
			t.Errorf("the outlet counted, or the third did not: %v", dens[0].Reasons)
		}
		if diff := cmp.Diff([]string{"den.suspected", "den.evidence_added", "den.evidence_added"}, h.kinds(first.ID)); diff != "" {
			t.Error(diff)
		}
		if !slices.Contains(h.kinds(byName.ID), "den.evidence_added") {
			t.Error("the clue's timeline does not show the den")
		}

		// All rows again, as after a crash between effect and cursor.
		h.seq = 0
		if again := h.all(); len(again) != 1 || again[0].Clues != 4 || len(h.evidence(first.ID)) != 4 {
			t.Errorf("a repeat changed the den: %d dens, %d clues", len(again), again[0].Clues)
		}

		// Judged a stranger's number, a clue speaks no more.
		h.judge(byName, clue.TruthSpoofed)
		if d := h.all()[0]; d.Reasons[0].Code != "two_independent_clues" || d.Clues != 4 {
			t.Errorf("after judging: %v", d.Reasons)
		}
	})
}

// One door with two names is one den: the police go to the door.
func TestOneDoorTwoNames(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		h := open(t, db)
		for range 2 {
			h.sight(clue.KindFixed, house88+"晚枫听涛酒店", "installation")
		}
		for range 2 {
			h.sight(clue.KindFixed, house88+"银河宾馆", "installation")
		}
		dens := h.all()
		if len(dens) != 1 || len(h.evidence(dens[0].ID)) != 4 {
			t.Fatalf("%d dens", len(dens))
		}
		if !slices.ContainsFunc(dens[0].Reasons, func(r den.Reason) bool { return r.Code == "door_only" }) {
			t.Errorf("reasons: %v", dens[0].Reasons)
		}
	})
}

// Where a person is registered raises nothing, and nothing of it is kept in
// the clear.
func TestAHomeAddressIsNotKept(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		h := open(t, db)
		h.sight(clue.KindMobile, house88, "id")
		h.all()
		n, err := sqldb.One(t.Context(), db.Read(), "count", sqldb.Value[int64], `SELECT count(*) FROM sighting`)
		if err != nil || n != 0 {
			t.Errorf("%d sightings, %v", n, err)
		}
	})
}
