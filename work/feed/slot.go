package feed

// Slot is where the values of a field stand in the events of its kind: what
// asks many events one question asks by it, since a Field is copied word by word
// wherever it goes.
type Slot struct {
	bit uint16
	at  int16 // among the texts or the numbers; -1 is the time
}

// Slot is the field's place.
func (f Field) Slot() Slot {
	if f.index == timeField {
		return Slot{1 << f.index, -1}
	}
	return Slot{1 << f.index, int16(f.at)}
}

// Given reports whether the field is given, as Has does.
func (e *Event) Given(s Slot) bool { return e.given&s.bit != 0 }

// NumAt is the field's number, as Num is.
func (e *Event) NumAt(s Slot) int64 {
	if s.at < 0 {
		return e.Time
	}
	return e.nums[s.at]
}

// TextAt is the field's text, as Text is.
func (b *Batch) TextAt(e *Event, s Slot) []byte {
	t := e.texts[s.at]
	return b.data[t.From:t.To]
}
