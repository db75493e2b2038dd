package check

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"lanzha"
)

// SweepKind is by what a sweep was noticed.
type SweepKind string

// The kinds of sweeps.
const (
	Volume   SweepKind = "volume"   // far more persons than the institution's own usual
	Sequence SweepKind = "sequence" // numbers that follow one another
)

// Finding is what a leader found out about a sweep.
type Finding string

// The findings. "" is none yet.
const (
	Explained Finding = "explained" // 有正当业务原因
	Misuse    Finding = "misuse"    // 违规查询
)

// Sweep is many checks that look as if somebody went through persons whom the
// institution does not serve. It is noticed, and told to the leaders; nothing
// is stopped by itself, since a bank that opens accounts for a whole factory
// looks the same.
type Sweep struct {
	ID          lanzha.ID
	Version     int64
	Institution lanzha.ID
	Hour        time.Time // the hour's beginning
	Kind        SweepKind
	Persons     int64 // estimated: different persons in that hour who are not listed
	Usual       int64 // the same in an ordinary hour of the institution; 0 is not known yet
	Sequences   int64 // numbers that followed closely upon another
	NoticedAt   time.Time
	Finding     Finding
	Note        string
	AnsweredBy  lanzha.ID
	AnsweredAt  time.Time
}

// Answer notes what a leader found out.
func (s Sweep) Answer(f Finding, note string, by lanzha.ID, now time.Time) (Sweep, error) {
	note = strings.TrimSpace(note)
	switch n := utf8.RuneCountInString(note); {
	case s.Finding != "":
		return s, lanzha.Conflict("the sweep is answered already")
	case f != Explained && f != Misuse:
		return s, lanzha.Invalid("body.finding", "a finding is explained or misuse")
	case n < 1 || n > 1000:
		return s, lanzha.Invalid("body.note", "a note has 1 to 1000 characters")
	}
	s.Version++
	s.Finding, s.Note, s.AnsweredBy, s.AnsweredAt = f, note, by, now
	return s, nil
}

// When checks are a sweep.
const (
	sweepFactor    = 5      // times the usual
	sweepFloor     = 1_000  // persons an hour that are never too many
	sweepUnknown   = 10_000 // persons an hour that are too many where no usual is known
	usualHours     = 24     // hours with checks before a usual is known
	usualSince     = 14 * 24 * time.Hour
	sequenceWithin = 3   // how far apart two residents' numbers are that follow one another, the last character aside
	sequenceWindow = 256 // checks that are looked through at once
	sequenceMany   = 64  // of which so many are too many
)

// usage is what one institution asked in one hour.
type usage struct {
	checks, listed, refused int64
	sequences               int64
	persons                 sketch
}

// sweeps decides whether an hour's checks are a sweep, in which ways. usual is
// the persons of an ordinary hour, 0 where it is not known.
func (u *usage) sweeps(usual int64) (kinds []SweepKind) {
	persons := u.persons.count()
	if usual == 0 && persons > sweepUnknown || usual > 0 && persons > max(sweepFloor, sweepFactor*usual) {
		kinds = append(kinds, Volume)
	}
	if u.sequences >= sequenceMany {
		kinds = append(kinds, Sequence)
	}
	return kinds
}

// usual is the middle of the persons of the hours in which an institution
// asked at all; 0 when there are too few of them.
func usual(hours []int64) int64 {
	if len(hours) < usualHours {
		return 0
	}
	sorted := slices.Sorted(slices.Values(hours))
	return sorted[len(sorted)/2]
}

// window looks for residents' numbers that follow one another. It holds the
// last numbers, in memory only.
type window struct {
	numbers [sequenceWindow]uint64
	n       int
}

// add takes a number; when the window is full it says how many of them follow
// closely upon another, and begins anew. Other papers are passed over.
func (w *window) add(number string) (follow int) {
	if len(number) != 18 {
		return 0
	}
	var v uint64
	for i := range 17 { // the last character follows from the others
		c := number[i]
		if c < '0' || c > '9' {
			return 0
		}
		v = v*10 + uint64(c-'0')
	}
	w.numbers[w.n] = v
	if w.n++; w.n < sequenceWindow {
		return 0
	}
	w.n = 0
	all := w.numbers
	slices.Sort(all[:])
	for i := 1; i < len(all); i++ {
		// The same person twice is no sequence.
		if d := all[i] - all[i-1]; d > 0 && d <= sequenceWithin {
			follow++
		}
	}
	return follow
}

// sketch estimates how many different blind indexes it was given, within about
// three in a hundred (HyperLogLog of 1,024 registers).
type sketch [1024]uint8

func (s *sketch) add(index [16]byte) {
	at := binary.LittleEndian.Uint16(index[8:]) & 1023
	rank := uint8(bits.LeadingZeros64(binary.LittleEndian.Uint64(index[:8]))) + 1
	s[at] = max(s[at], rank)
}

func (s *sketch) merge(other []byte) {
	for i := range min(len(s), len(other)) {
		s[i] = max(s[i], other[i])
	}
}

func (s *sketch) count() int64 {
	const m = float64(len(s))
	sum, empty := 0.0, 0.0
	for _, rank := range s {
		sum += math.Ldexp(1, -int(rank))
		if rank == 0 {
			empty++
		}
	}
	estimate := 0.7213 / (1 + 1.079/m) * m * m / sum
	if estimate <= 2.5*m && empty > 0 { // of few, the free registers tell more
		estimate = m * math.Log(m/empty)
	}
	return int64(estimate + 0.5)
}
