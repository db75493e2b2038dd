package alert

import (
	"slices"
	"strings"

	"lanzha"
	"lanzha/know/institution"
	"lanzha/know/number"
	"lanzha/work/feed"
)

// domains are the names of what a subject can be, by feed.Domain.
var domains = [...]string{"other", "number", "account", "device", "sim", "cell", "person", "outlet"}

// DomainName is how a domain is written in records and changes: number,
// account, device, sim, cell, person, outlet, other.
func DomainName(d feed.Domain) string {
	if int(d) < len(domains) {
		return domains[d]
	}
	return domains[0]
}

// ParseDomain reads what DomainName writes.
func ParseDomain(name string) (feed.Domain, bool) {
	i := slices.Index(domains[:], name)
	return feed.Domain(max(i, 0)), i >= 0
}

// Subject is whom or what an alert, a suppression or a list entry is about.
type Subject struct {
	Domain feed.Domain
	Value  string // as the events have it
}

// Key is what a subject is known by: a number in its canonical form, anything
// else as it is written.
func (s Subject) Key() string {
	if s.Domain == feed.Number {
		if n, err := number.Parse(s.Value); err == nil {
			return n.Value
		}
	}
	return s.Value
}

// Forms are the ways in which events may write the subject: as it was given,
// and for a number as E.164 and as it is dialled in China.
func (s Subject) Forms() []string {
	forms := []string{s.Value}
	if s.Domain != feed.Number {
		return forms
	}
	n, err := number.Parse(s.Value)
	if err != nil {
		return forms
	}
	add := func(form string) {
		if !slices.Contains(forms, form) {
			forms = append(forms, form)
		}
	}
	add(n.Value)
	if dialled, ok := strings.CutPrefix(n.Value, "+86"); ok {
		if n.Kind == number.Fixed {
			dialled = "0" + dialled // the area code
		}
		add(dialled)
	}
	return forms
}

// Home is where the number plan puts a number; "" is unknown.
func (s Subject) Home() lanzha.Region {
	if s.Domain != feed.Number {
		return ""
	}
	n, err := number.Parse(s.Value)
	if err != nil {
		return ""
	}
	return n.Region
}

// Clueable reports whether somebody can be asked about the subject, so that a
// clue can be opened: a number of a plan, an account, a device.
func (s Subject) Clueable() bool {
	switch s.Domain {
	case feed.Number:
		_, err := number.Parse(s.Value)
		return err == nil
	case feed.Account, feed.Device:
		return s.Value != ""
	}
	return false
}

// ranges are the kinds of ranges of the directory in which the holder of the
// subject is looked for, in this order.
func (s Subject) ranges() []institution.RangeKind {
	switch s.Domain {
	case feed.Account:
		return []institution.RangeKind{institution.Card, institution.Account}
	case feed.Number:
		n, err := number.Parse(s.Value)
		switch {
		case err != nil:
		case n.IsMobile():
			return []institution.RangeKind{institution.Mobile}
		case n.Kind == number.Fixed:
			return []institution.RangeKind{institution.Fixed}
		default:
			return []institution.RangeKind{institution.Service}
		}
	}
	return nil
}
