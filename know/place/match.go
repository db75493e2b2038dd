package place

import (
	"slices"

	"lanzha"
)

// reading is what readRegion understood of the beginning of a text.
type reading struct {
	code lanzha.Region // the deepest division that the text names without doubt; "" is none
	used int           // runes that belong to division names
}

// readRegion reads division names from the beginning of text: any order,
// repeats, missing levels, with or without suffix. A name that several
// divisions bear is settled by the other names, then by hint.
func readRegion(text []rune, hint lanzha.Region) reading {
	a := theAtlas()
	used, cands := a.read(text, nil, hint, 0)
	return reading{code: settle(cands, hint), used: used}
}

// read tries every name that can stand first and keeps the way that explains
// most of the text: 青岛市南区 is 青岛 and 市南区.
func (a *atlas) read(text []rune, cands []lanzha.Region, hint lanzha.Region, depth int) (int, []lanzha.Region) {
	const deepest = 12 // names; more is no address
	skip := 0
	for n := filler(text, depth > 0); n > 0; n = filler(text[skip:], depth > 0) {
		skip += n
	}
	if depth == deepest || skip >= len(text) {
		return 0, cands
	}
	best, found := 0, cands
	for n := min(a.longest, len(text)-skip); n >= 2; n-- {
		next := a.name(text[skip:], n, cands, hint)
		if len(next) == 0 {
			continue
		}
		more, all := a.read(text[skip+n:], next, hint, depth+1)
		if skip+n+more > best {
			best, found = skip+n+more, all
		}
	}
	return best, found
}

// filler counts runes that say nothing between division names.
func filler(text []rune, inside bool) int {
	for _, w := range []string{"中华人民共和国", "中国", " ", "|", "-"} {
		if hasPrefix(text, w) && (w != "-" || inside) {
			return len([]rune(w))
		}
	}
	if inside && !isRoadTail(text, 2) {
		for _, w := range []string{"市区", "市辖区", "境内", "辖区"} {
			if hasPrefix(text, w) {
				return len([]rune(w))
			}
		}
	}
	return 0
}

// name reads the first n runes of text as one name and returns what it and
// the names before it can mean together: nothing when it is no name here.
func (a *atlas) name(text []rune, n int, cands []lanzha.Region, hint lanzha.Region) []lanzha.Region {
	word, after := string(text[:n]), text[n:]
	if named := a.names[word]; len(named) > 0 {
		if next := join(cands, named); len(next) > 0 && (!isRoadTail(after, 0) || a.goesOn(after, next)) {
			return next
		}
	}
	bare := a.bare[word]
	if len(bare) == 0 {
		return nil
	}
	next := join(cands, believable(a, bare, cands, hint))
	if (isRoadTail(after, 1) || isPlaceTail(after)) && !a.goesOn(after, next) {
		return nil
	}
	return next
}

// goesOn reports whether text begins with the full name of a division in one
// of cands: 呼和浩特|新城区.
func (a *atlas) goesOn(text []rune, cands []lanzha.Region) bool {
	for n := min(a.longest, len(text)); n >= 3; n-- {
		if named := a.names[string(text[:n])]; len(named) > 0 && !isRoadTail(text[n:], 0) && len(join(cands, named)) > 0 && len(cands) > 0 {
			return true
		}
	}
	return false
}

// believable keeps the meanings of a bare stem that the context speaks for: a
// province or city always, a district when its city is known from the text or
// the hint, or when nothing else in the country is called so.
func believable(a *atlas, bare, cands []lanzha.Region, hint lanzha.Region) []lanzha.Region {
	var out []lanzha.Region
	for _, c := range bare {
		inHint := cityOf(hint) != "" && cityOf(hint) == cityOf(c)
		known := slices.ContainsFunc(cands, func(k lanzha.Region) bool { return cityOf(k) != "" && cityOf(k) == cityOf(c) })
		if a.byCode[c].Level < District || inHint || known || len(bare) == 1 && len(cands) <= 1 {
			out = append(out, c)
		}
	}
	return out
}

// join keeps the pairs of which one contains the other, as the deeper.
func join(cands, next []lanzha.Region) []lanzha.Region {
	if len(cands) == 0 {
		return next
	}
	var out []lanzha.Region
	for _, c := range cands {
		for _, n := range next {
			deeper := n
			switch {
			case within(n, c):
			case within(c, n):
				deeper = c
			default:
				continue
			}
			if !slices.Contains(out, deeper) {
				out = append(out, deeper)
			}
		}
	}
	return out
}

// within reports whether inner is outer or lies in it.
func within(inner, outer lanzha.Region) bool { return outer != "" && outer.Contains(inner) }

// settle picks one meaning: the one inside or around hint, else the only one,
// else the highest when the others lie in it (吉林 is the province).
func settle(cands []lanzha.Region, hint lanzha.Region) lanzha.Region {
	if len(cands) == 1 {
		return cands[0]
	}
	for _, h := range slices.Backward(hint.Levels()) {
		var in []lanzha.Region
		for _, c := range cands {
			if within(c, h) {
				in = append(in, c)
			}
		}
		if len(in) == 1 {
			return in[0]
		}
	}
	for _, c := range cands {
		if !slices.ContainsFunc(cands, func(o lanzha.Region) bool { return !within(o, c) }) {
			return c
		}
	}
	return ""
}
