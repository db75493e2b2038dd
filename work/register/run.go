package register

import (
	"cmp"
	"slices"

	"lanzha"
)

// Span is when a listing binds: from From on, and not from Until on any more.
// A term of two years from 1 January 2025 binds to 31 December 2026: its Until
// is 1 January 2027. Both are "" while the start is not known.
type Span struct {
	From   Day
	Until  Day
	Capped bool // the cap on a continuous run cut it short
}

// Binds reports whether a day lies in the span.
func (s Span) Binds(day Day) bool { return s.From != "" && s.From <= day && day < s.Until }

// Spans computes when each of a subject's listings binds, by listing. Terms
// that fall into a running period are added up: the later listing binds from
// its own start, and its term is counted from where the run would have ended.
// A continuous run lasts no longer than the cap; a gap of one day restarts it
// (JP-24; that the later measures bind at once and are not put off is our
// reading). Lifted listings count as if they had never been, those of unknown
// start not yet, and those of an older regime keep the dates that they were
// made with and stand apart: no clause was found on how the two go together.
func Spans(listings []Listing) map[lanzha.ID]Span {
	out := make(map[lanzha.ID]Span, len(listings))
	var counted []Listing
	for _, l := range listings {
		switch {
		case l.Older():
			out[l.ID] = l.Span
		case l.LiftedAt.IsZero() && l.Start != "":
			counted = append(counted, l)
		case l.Start == "":
			out[l.ID] = Span{}
		default: // what it would have been alone, for its record
			out[l.ID] = Span{From: l.Start, Until: l.Start.AddMonths(l.TermMonths)}
		}
	}
	slices.SortFunc(counted, func(a, b Listing) int { return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.ID, b.ID)) })
	var begin, end Day // of the run
	for _, l := range counted {
		if begin == "" || l.Start > end {
			begin, end = l.Start, l.Start
		}
		s := Span{From: l.Start, Until: end.AddMonths(l.TermMonths)}
		if l.CapMonths > 0 {
			if last := begin.AddMonths(l.CapMonths); s.Until > last {
				s.Until, s.Capped = last, true
			}
		}
		// A term of nothing: the run is at its cap already.
		s.Until = max(s.Until, s.From)
		out[l.ID] = s
		end = max(end, s.Until)
	}
	return out
}

// runBegin is the first day of the continuous run in which a listing lies.
func runBegin(listings []Listing, l Listing) Day {
	begin := l.Span.From
	for range listings { // each round may reach one listing further back
		for _, o := range listings {
			if !o.Older() && o.LiftedAt.IsZero() && o.Span.From != "" && o.Span.From < begin && o.Span.Until >= begin {
				begin = o.Span.From
			}
		}
	}
	return begin
}
