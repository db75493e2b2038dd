package policy

// missing: first form, without the search: every name that a part depends on.
func (f *frame) missing(parts []outcome, a *Answer) {
	var all nameSet
	for i := range parts {
		all.join(&parts[i].deps)
	}
	for _, n := range all.all() {
		u := f.nameOf(n)
		need := Need{Name: u.name, Kind: u.kind, Why: u.why, For: []string{}}
		for i := range parts {
			if parts[i].deps.has(n) {
				need.For = append(need.For, f.program.results[i].name)
			}
		}
		a.Missing = append(a.Missing, u.name)
		a.Needs = append(a.Needs, need)
	}
}
