package intake

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"lanzha"
	"lanzha/work/feed"
)

// rates counts what came in since the start of this process.
type rates struct {
	mu    sync.Mutex
	since time.Time
	of    map[counted]*counts
}

// counted is what is counted apart.
type counted struct {
	channel     Channel
	institution lanzha.ID
	kind        feed.Kind
}

const (
	slots    = 13 // of which the last is still filling: a minute
	slotSpan = 5 * time.Second
)

type counts struct {
	taken, refused int64
	last           time.Time
	slots          [slots]int64 // taken, by the number of the slot
	numbers        [slots]int64
}

// Count notes what came in, also by others who append to the log themselves.
func (d *Desk) Count(channel Channel, institution lanzha.ID, kind feed.Kind, taken, refused int64) {
	now := d.Now()
	d.rates.mu.Lock()
	defer d.rates.mu.Unlock()
	if d.rates.of == nil {
		d.rates.of, d.rates.since = map[counted]*counts{}, now
	}
	key := counted{channel, institution, kind}
	c := d.rates.of[key]
	if c == nil {
		c = &counts{}
		d.rates.of[key] = c
	}
	c.taken, c.refused, c.last = c.taken+taken, c.refused+refused, now
	number := now.UnixNano() / int64(slotSpan)
	at := number % slots
	if c.numbers[at] != number {
		c.numbers[at], c.slots[at] = number, 0
	}
	c.slots[at] += taken
}

// Rate is what came in on one way, of one kind, since this process started.
type Rate struct {
	Channel     Channel   `json:"channel" enum:"http,file,nats,iso20022"`
	Institution lanzha.ID `json:"institution" doc:"who sends; empty is the centre itself"`
	Kind        string    `json:"kind" enum:"call,message,transfer,registration"`
	Taken       int64     `json:"taken"`
	Refused     int64     `json:"refused"`
	LastMinute  int64     `json:"lastMinute" doc:"records taken within the last full minute, in steps of five seconds"`
	LastAt      time.Time `json:"lastAt"`
}

// Rates are the figures of those that may be seen.
func (d *Desk) Rates(visible func(institution lanzha.ID) bool) []Rate {
	number := d.Now().UnixNano() / int64(slotSpan)
	d.rates.mu.Lock()
	defer d.rates.mu.Unlock()
	out := []Rate{}
	for key, c := range d.rates.of {
		if !visible(key.institution) {
			continue
		}
		r := Rate{Channel: key.channel, Institution: key.institution, Kind: key.kind.String(), Taken: c.taken, Refused: c.refused, LastAt: c.last}
		for i, n := range c.numbers {
			if n < number && n >= number-(slots-1) {
				r.LastMinute += c.slots[i]
			}
		}
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b Rate) int {
		return cmp.Or(cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.Institution, b.Institution), cmp.Compare(a.Kind, b.Kind))
	})
	return out
}
