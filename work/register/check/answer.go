package check

import (
	"lanzha"
	"lanzha/base/vault"
)

// found is what was read of one subject.
type found struct {
	result   Result
	bound    []bound
	until    []int32 // of each bound
	free     []byte  // what the text says of the service, where it stays open
	listings []lanzha.ID
}

// find reads what binds a person on a day as an institution asks. The names are asked
// for only where the number is listed. Callers hold x.mu for reading.
func (x *Index) find(numbers []vault.Sum, names func() []vault.Sum, to ask, on int32) found {
	f := found{result: NotListed}
	for _, n := range numbers {
		x.each(n.Bits, func(e *entry) bool {
			s := x.shapes[e.shape]
			if e.from > on || on >= e.until || !s.kinds[to.kind] {
				return true
			}
			if !e.named(names()) {
				f = found{result: NameDiffers, listings: []lanzha.ID{unpacked(e.listing)}}
				return false
			}
			f.result = Listed
			f.listings = append(f.listings, unpacked(e.listing))
			f.free = s.free[to.service]
			for _, b := range s.bound[to] {
				f.add(b, e.until)
			}
			return true
		})
		if f.result != NotListed {
			break
		}
	}
	return f
}

// add adds a measure; of one that two listings bring, the later end counts.
func (f *found) add(b bound, until int32) {
	for i := range f.bound {
		if f.bound[i].row == b.row {
			if until > f.until[i] {
				f.bound[i], f.until[i] = b, until
			}
			return
		}
	}
	f.bound, f.until = append(f.bound, b), append(f.until, until)
}

// named reports whether the listing is of this name, or of none that is known.
func (e *entry) named(names []vault.Sum) bool {
	if e.name == ([8]byte{}) {
		return true
	}
	for _, n := range names {
		if [8]byte(n.Bits[:8]) == e.name {
			return true
		}
	}
	return false
}
