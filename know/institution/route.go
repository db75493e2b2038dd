package institution

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"lanzha"
)

// routes is the directory as routing needs it. It is not changed once made;
// only ported numbers come in over time.
type routes struct {
	byID   map[lanzha.ID]*Institution
	ranges map[Range][]*Institution
	ported map[uint64]lanzha.ID // the digits of an E.164 number
}

func newRoutes(all []Institution) *routes {
	r := &routes{byID: make(map[lanzha.ID]*Institution, len(all)), ranges: map[Range][]*Institution{}, ported: map[uint64]lanzha.ID{}}
	for i := range all {
		in := &all[i]
		r.byID[in.ID] = in
		if in.Disabled {
			continue
		}
		for _, part := range in.Ranges {
			r.ranges[part] = append(r.ranges[part], in)
		}
	}
	return r
}

// find names those who answer for a value. A ported number has left its range
// for good: when who holds it now is disabled, nobody answers. Of several with
// the longest matching prefix those nearest to `near` do.
func (r *routes) find(kind, value string, near lanzha.Region) []Institution {
	if kind == string(Mobile) || kind == string(Fixed) {
		if n, ok := digits(value); ok {
			if in := r.byID[r.ported[n]]; in != nil {
				if in.Disabled {
					return nil
				}
				return []Institution{*in}
			}
		}
	}
	return nearest(r.longest(kind, value), near)
}

func (r *routes) longest(kind, value string) []*Institution {
	if kind == "url" {
		u, err := url.Parse(value)
		if err != nil {
			return nil
		}
		kind, value = string(Domain), strings.ToLower(u.Hostname())
	}
	if kind == string(Domain) {
		for value != "" {
			if found := r.ranges[Range{Domain, value}]; found != nil {
				return found
			}
			_, value, _ = strings.Cut(value, ".")
		}
		return nil
	}
	for n := len(value); n > 0; n-- {
		if found := r.ranges[Range{RangeKind(kind), value[:n]}]; found != nil {
			return found
		}
	}
	return nil
}

// nearest keeps the institutions whose region lies nearest to a place, by code.
func nearest(found []*Institution, near lanzha.Region) []Institution {
	best, out := -1, []Institution{}
	for _, in := range found {
		switch d := closeness(in.Region, near); {
		case d < best:
		case d > best:
			best, out = d, []Institution{*in}
		default:
			out = append(out, *in)
		}
	}
	slices.SortFunc(out, func(a, b Institution) int { return cmp.Compare(a.Code, b.Code) })
	return out
}

// closeness counts the levels that two regions share, and prefers of equals
// the region in which the place lies to one beside it.
func closeness(region, place lanzha.Region) int {
	a, b := region.Levels(), place.Levels()
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	if n *= 2; region.Contains(place) {
		n++
	}
	return n
}

func digits(e164 string) (uint64, bool) {
	number, ok := strings.CutPrefix(e164, "+")
	if !ok || len(number) > 15 {
		return 0, false
	}
	n, err := strconv.ParseUint(number, 10, 64)
	return n, err == nil
}
