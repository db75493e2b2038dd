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
	var (
		pos   int
		cands []lanzha.Region // what all names so far may mean together
		used  int
	)
	for pos < len(text) {
		if n := filler(text[pos:], pos > 0); n > 0 {
			pos += n
			if len(cands) > 0 {
				used = pos
			}
			continue
		}
		n, next := a.step(text[pos:], cands, hint)
		if n == 0 {
			break
		}
		pos += n
		used, cands = pos, next
	}
	return reading{code: settle(cands, hint), used: used}
}

// filler counts runes that say nothing between division names.
func filler(text []rune, inside bool) int {
	for _, w := range []string{"中华人民共和国", "中国", " ", "-", "/"} {
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

// step reads one name at the start of text. It returns its length and what
// the names read so far can mean together with it; 0 when there is none.
func (a *atlas) step(text []rune, cands []lanzha.Region, hint lanzha.Region) (int, []lanzha.Region) {
	for n := min(a.longest, len(text)); n >= 2; n-- {
		word := string(text[:n])
		if named := a.names[word]; len(named) > 0 && !isRoadTail(text[n:], 0) {
			if next := join(cands, named); len(next) > 0 {
				return n, next
			}
		}
		bare := a.bare[word]
		if len(bare) == 0 || isRoadTail(text[n:], 1) || isPlaceTail(text[n:]) {
			continue
		}
		if next := join(cands, believable(a, bare, cands, hint)); len(next) > 0 {
			return n, next
		}
	}
	return 0, nil
}

// believable keeps the meanings of a bare stem that the context speaks for: a
// province or city always, a district when its city is known from the text or
// the hint, or when nothing else in the country is called so.
func believable(a *atlas, bare, cands []lanzha.Region, hint lanzha.Region) []lanzha.Region {
	var out []lanzha.Region
	for _, c := range bare {
		inHint := hint.City() != "" && hint.City() == c.City()
		known := slices.ContainsFunc(cands, func(k lanzha.Region) bool { return k.City() != "" && k.City() == c.City() })
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
