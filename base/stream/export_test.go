package stream

import (
	"time"

	"lanzha"
)

// Messages is how many messages of JetStream lie up to a place.
func Messages(s Seq) uint64 { return message(s) }

// set makes a test's own value of something fixed; the function that it returns
// sets it back.
func set[T any](p *T, v T) (back func()) {
	was := *p
	*p = v
	return func() { *p = was }
}

// SetBeat sets after how long an idle writer claims again.
func SetBeat(d time.Duration) (back func()) { return set(&beat, d) }

// SetDiskReserve sets what is left free on the disk.
func SetDiskReserve(n uint64) (back func()) { return set(&diskReserve, n) }

// SetWindow sets what a reader asks for at once.
func SetWindow(messages uint64, bytes int) (back func()) {
	m, b := set(&windowMessages, messages), set(&windowBytes, bytes)
	return func() { m(); b() }
}

// ParseFrame reads the entries of a message.
func ParseFrame(message uint64, data []byte) ([]Entry, error) { return entries(nil, message, data) }

// Frame makes a message of a claim and data.
func Frame(writer, number uint64, at int64, claim string, data ...[]byte) []byte {
	out := mark{writer, number, lanzha.Micros(at)}.appendTo(nil)
	out = appendEntry(out, kindClaim, []byte(claim))
	for _, d := range data {
		out = appendEntry(out, kindData, d)
	}
	return out
}
