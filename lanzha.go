// Package lanzha is the vocabulary of the house: identifiers, instants, money,
// scopes, and errors. Every other package speaks these types. It imports the
// standard library only and performs no I/O: time, randomness and identifiers
// are always passed in.
package lanzha

import (
	"crypto/rand"
	"encoding/binary"
	"io"
	"strings"
	"sync"
	"time"
)

// ID names one record. It is a ULID: 26 characters of Crockford base32 that
// sort by the time of creation. Example: "01KB3V6N0Q8V4Y2ZC5T7R9WXHD".
// The empty ID names nothing.
type ID string

const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// NewID makes an ID from an instant and 10 bytes of randomness.
func NewID(at time.Time, random [10]byte) ID {
	var b [16]byte
	ms := uint64(at.UnixMilli())
	b[0], b[1], b[2] = byte(ms>>40), byte(ms>>32), byte(ms>>24)
	b[3], b[4], b[5] = byte(ms>>16), byte(ms>>8), byte(ms)
	copy(b[6:], random[:])
	hi, lo := binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
	var out [26]byte
	for i := 25; i >= 0; i-- { // 130 bits: the two topmost are zero
		out[i] = crockford[lo&31]
		lo = lo>>5 | hi<<59
		hi >>= 5
	}
	return ID(out[:])
}

// ParseID reads an ID and refuses what is not a ULID, with code Invalid.
func ParseID(s string) (ID, error) {
	if len(s) != 26 || s[0] > '7' {
		return "", Invalid("id", "an ID has 26 characters of Crockford base32")
	}
	for i := range len(s) {
		if strings.IndexByte(crockford, s[i]) < 0 {
			return "", Invalid("id", "an ID has 26 characters of Crockford base32")
		}
	}
	return ID(s), nil
}

// IDs hands out identifiers. One process owns one; Next may be called from
// many goroutines. Within one millisecond IDs still ascend, so that records
// made in order sort in order.
type IDs struct {
	mu     sync.Mutex
	now    func() time.Time
	random io.Reader
	lastMS int64
	last   [10]byte
}

// NewIDs makes a source from a clock and a source of randomness; a nil random
// is crypto/rand.
func NewIDs(now func() time.Time, random io.Reader) *IDs {
	if random == nil {
		random = rand.Reader
	}
	return &IDs{now: now, random: random}
}

// Next returns a new ID. It panics when the source of randomness fails, since
// nothing can be recorded then.
func (g *IDs) Next() ID {
	g.mu.Lock()
	defer g.mu.Unlock()
	at := g.now()
	if ms := at.UnixMilli(); ms > g.lastMS {
		g.lastMS = ms
		if _, err := io.ReadFull(g.random, g.last[:]); err != nil {
			panic("lanzha: no randomness for an ID: " + err.Error())
		}
		g.last[0] &= 0x7f // room to count up within the millisecond
	} else {
		for i := len(g.last) - 1; i >= 0; i-- {
			g.last[i]++
			if g.last[i] != 0 {
				break
			}
		}
	}
	return NewID(time.UnixMilli(g.lastMS), g.last)
}

// Fen is an amount of money in hundredths of a yuan. 35,000 yuan is
// Fen(3_500_000). It is never a float.
type Fen int64

// Micros is an instant as microseconds since 1970 UTC, the form in which SQL
// keeps it. 0 means "not set".
type Micros int64

// At converts an instant; the zero time becomes 0.
func At(t time.Time) Micros {
	if t.IsZero() {
		return 0
	}
	return Micros(t.UnixMicro())
}

// Time converts back, in UTC; 0 becomes the zero time.
func (m Micros) Time() time.Time {
	if m == 0 {
		return time.Time{}
	}
	return time.UnixMicro(int64(m)).UTC()
}

// Region is an administrative division code of GB/T 2260: six digits, of
// which the first two name the province, the first four the city, all six the
// district. "530000" is Yunnan, "530100" Kunming, "530114" Chenggong. "" is
// unknown as the region of a record, and the whole country as a scope.
type Region string

// Valid reports whether r is six digits that name a province at least.
func (r Region) Valid() bool {
	if len(r) != 6 || r[:2] == "00" {
		return false
	}
	for i := range len(r) {
		if r[i] < '0' || r[i] > '9' {
			return false
		}
	}
	return true
}

// Province is the province level of r, or "" when r is not valid. City and
// District are "" for a level that r does not reach: Region("530100").District()
// is "".
func (r Region) Province() Region {
	if !r.Valid() {
		return ""
	}
	return r[:2] + "0000"
}

// City is the city level of r, or "" when r is a province.
func (r Region) City() Region {
	if !r.Valid() || r[2:4] == "00" {
		return ""
	}
	return r[:4] + "00"
}

// District is r itself when it reaches district level, or "".
func (r Region) District() Region {
	if !r.Valid() || r[4:] == "00" {
		return ""
	}
	return r
}

// Levels lists r and all that contain it, the province first.
func (r Region) Levels() []Region {
	var out []Region
	for _, l := range []Region{r.Province(), r.City(), r.District()} {
		if l != "" {
			out = append(out, l)
		}
	}
	return out
}

// Prefix is what the codes of r and of all within it begin with: two digits of
// a province, four of a city, all six of a district. "" is every code.
func (r Region) Prefix() string {
	switch {
	case !r.Valid():
		return string(r)
	case r.District() != "":
		return string(r)
	case r.City() != "":
		return string(r[:4])
	}
	return string(r[:2])
}

// Contains reports whether other lies in r. The empty region, the country,
// contains everything, records of unknown region among them.
func (r Region) Contains(other Region) bool {
	switch {
	case r == "":
		return true
	case r == other:
		return true
	case r.District() != "":
		return false
	case r.City() != "":
		return r.City() == other.City()
	}
	return r.Province() != "" && r.Province() == other.Province()
}
