package rule

import (
	"slices"

	"lanzha"
	"lanzha/work/feed"
)

var domainNames = [feed.Domains]string{"other", "number", "account", "device", "sim", "cell", "person", "outlet"}

// parseDomain reads what a value names.
func parseDomain(name string) (feed.Domain, error) {
	i := slices.Index(domainNames[:], name)
	if i < 0 {
		return 0, lanzha.Invalid("domain", "a value names a number, account, device, sim, cell, person or outlet")
	}
	return feed.Domain(i), nil
}

// list is a set of values, each until an instant.
type list struct {
	of [feed.Domains]map[string]int64 // value -> until, in microseconds since 1970; 0 is without an end
}

// has reports whether a value stands in the list at an instant.
func (l *list) has(of feed.Domain, value []byte, at int64) bool {
	values := l.of[of]
	if len(values) == 0 {
		return false
	}
	until, ok := values[string(value)]
	return ok && (until == 0 || at < until)
}

func (l *list) put(of feed.Domain, value string, until int64) {
	if l.of[of] == nil {
		l.of[of] = map[string]int64{}
	}
	l.of[of][value] = until
}

// suppressions are the subjects that are left alone: by rule, "" being all.
type suppressions map[string]*list

// has reports whether a subject is left alone by a rule at an instant.
func (s suppressions) has(rule string, of feed.Domain, value []byte, at int64) bool {
	if all := s[""]; all != nil && all.has(of, value, at) {
		return true
	}
	own := s[rule]
	return own != nil && own.has(of, value, at)
}

// history is what a rule has done, and to whom it is silent.
type history struct {
	figures figures
	raised  map[string]int64 // subject -> when its alert was raised, while that holds others back
	swept   int              // how many were left when those that hold nothing back were last taken out
}

type figures struct {
	Hits       int64  `json:"hits"`
	Raised     int64  `json:"raised"`
	Held       int64  `json:"held"`
	Suppressed int64  `json:"suppressed"`
	Errors     int64  `json:"errors"`
	LastError  string `json:"last_error,omitempty"`
}

// holds reports whether an alert of a subject holds back another at an instant.
func (h *history) holds(subject []byte, at, hold int64) bool {
	last, ok := h.raised[string(subject)]
	return ok && at < last+hold && last < at+hold
}

const sweepAt = 1024 // subjects

// raise notes an alert. Subjects whose alerts hold nothing back any more, not
// even what comes late, are forgotten from time to time.
func (h *history) raise(subject string, at, hold, oldest int64) {
	if hold == 0 {
		return
	}
	h.raised[subject] = at
	if len(h.raised) < sweepAt || len(h.raised) < 2*h.swept {
		return
	}
	for s, last := range h.raised {
		if last+hold <= oldest {
			delete(h.raised, s)
		}
	}
	h.swept = len(h.raised)
}
