package rule

import (
	"fmt"
	"slices"

	"lanzha"
	"lanzha/work/detect/feature"
)

// Change is a change of what the machine says. It stands in the event log among
// the events, so that every machine makes it at the same place.
type Change struct {
	List     *ListEntry   `json:"list,omitempty"`
	Suppress *Suppression `json:"suppress,omitempty"`
	Packs    []string     `json:"packs,omitempty"` // the texts of all packs from now on; state of what stays is kept
	By       lanzha.ID    `json:"by,omitempty"`    // who; empty: the house
	Why      string       `json:"why,omitempty"`
}

// ListEntry puts a value on a list, or takes it off.
type ListEntry struct {
	List   string        `json:"list"`
	Domain string        `json:"domain"` // number, account, device, sim, cell, person or outlet
	Value  string        `json:"value"`  // as events write it
	Until  lanzha.Micros `json:"until,omitempty"`
	Remove bool          `json:"remove,omitempty"`
}

// Suppression leaves a subject alone until an instant, or no longer.
type Suppression struct {
	Rule   string        `json:"rule,omitempty"` // its id; "" is every rule
	Domain string        `json:"domain"`
	Value  string        `json:"value"`
	Until  lanzha.Micros `json:"until,omitempty"` // 0: without an end
	Lift   bool          `json:"lift,omitempty"`
}

// Apply makes a change; at is when it was put into the log. A change that
// cannot be made is refused with code Invalid and changes nothing; a repeat
// changes nothing either.
func (m *Machine) Apply(c Change, at lanzha.Micros) error {
	if c.Packs != nil {
		packs := []*Pack{}
		for i, text := range c.Packs {
			p, err := Parse(fmt.Sprintf("packs[%d]", i+1), []byte(text))
			if err != nil {
				return err
			}
			packs = append(packs, p)
		}
		if err := m.load(packs); err != nil {
			return err
		}
	}
	if e := c.List; e != nil {
		of, err := parseDomain(e.Domain)
		if err != nil {
			return err
		}
		if !goodID.MatchString(e.List) || e.Value == "" {
			return lanzha.Invalid("list", "the name of a list and a value are wanted")
		}
		if m.lists[e.List] == nil {
			m.lists[e.List] = &list{}
		}
		if e.Remove {
			delete(m.lists[e.List].of[of], e.Value)
		} else {
			m.lists[e.List].put(of, e.Value, int64(e.Until))
		}
		m.unsorted = true
	}
	if s := c.Suppress; s != nil {
		of, err := parseDomain(s.Domain)
		if err != nil {
			return err
		}
		if s.Value == "" {
			return lanzha.Invalid("value", "a value is wanted")
		}
		if m.left[s.Rule] == nil {
			m.left[s.Rule] = &list{}
		}
		if s.Lift {
			delete(m.left[s.Rule].of[of], s.Value)
		} else {
			m.left[s.Rule].put(of, s.Value, int64(s.Until))
		}
	}
	return nil
}

// question is a signal over the values of the machine.
type question struct {
	*Signal
	when     *condition
	features []int // of the engine's
}

func (b *binder) questions() (map[string]*question, error) {
	out := map[string]*question{}
	for _, p := range b.packs {
		for _, s := range p.Signals {
			if out[s.ID] != nil {
				return nil, &lanzha.Error{Code: lanzha.CodeInvalid, Field: s.at.String(), Message: fmt.Sprintf("another pack has a signal %s too", s.ID), Hint: "give one of them another id"}
			}
			q := &question{Signal: s}
			places := make([]int, len(p.Features.Features))
			for i, of := range s.when.features {
				places[of] = i
				q.features = append(q.features, b.engine.Index(p.Name, p.Features.Features[of].Name))
			}
			var err error
			if q.when, err = s.when.bind(places, nil); err != nil {
				return nil, s.at.refused(s.ID, err)
			}
			out[s.ID] = q
		}
	}
	return out, nil
}

// Signal answers a question of another institution about a value as it stands
// at an instant: yes, no, or unknown when no event has named the value or its
// numbers are not known. It changes nothing. An id that no pack has is
// NotFound.
func (m *Machine) Signal(id, value string, now lanzha.Micros) (answer string, err error) {
	q := m.asked[id]
	if q == nil {
		return "", lanzha.NotFound("signal")
	}
	values := make([]feature.Value, len(q.features))
	if !m.engine.Peek(q.features, []string{value}, int64(now), values) {
		return "unknown", nil
	}
	switch q.when.decide(&moment{values: values}) {
	case yes:
		return "yes", nil
	case no:
		return "no", nil
	}
	return "unknown", nil
}

// Signals are the questions that can be asked, in the order of the packs.
func (m *Machine) Signals() []*Signal {
	out := []*Signal{}
	for _, p := range m.packs {
		out = append(out, slices.Clone(p.Signals)...)
	}
	return out
}
