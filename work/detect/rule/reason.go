package rule

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"lanzha/work/detect/feature"
	"lanzha/work/feed"
)

// A reason is a sentence with holes for numbers: {calls_1h}, {answered_share_1h%},
// {duration_s:duration}, {sum_1h:money}, {first_call:time}. Texts of the event
// have no place in it: a reason names nobody, the alert does.

// template is a sentence, cut at its holes.
type template []piece

// piece is a text or a hole.
type piece struct {
	text string
	as   form
	of   operand
}

// form is how a number is written in a hole.
type form uint8

const (
	asText     form = iota // no hole
	asNumber               // 12, 0.35
	asPercent              // 35%
	asDuration             // 3分20秒
	asMoney                // 35,000.50元
	asTime                 // 3月1日 14:05
)

var forms = map[string]form{"": asNumber, "duration": asDuration, "money": asMoney, "time": asTime}

// NamedValue is a number that a rule read when it held.
type NamedValue struct {
	Name  string        `json:"name"`
	Title feature.Words `json:"title"`
	Value string        `json:"value"` // a decimal, or a time as RFC 3339; "" is absent
}

// template cuts a sentence.
func (s *scope) template(text string) (template, error) {
	out := template{}
	plain := ""
	for rest := text; rest != ""; {
		i := strings.IndexAny(rest, "{}")
		switch {
		case i < 0:
			plain, rest = plain+rest, ""
			continue
		case i+1 < len(rest) && rest[i+1] == rest[i]: // {{ is a brace
			plain, rest = plain+rest[:i+1], rest[i+2:]
			continue
		case rest[i] == '}':
			return nil, refuse("a closing brace has no opening one; a brace itself is written twice")
		}
		inside, after, ok := strings.Cut(rest[i+1:], "}")
		if !ok || strings.Contains(inside, "{") {
			return nil, refuse("a brace is opened and never closed; a brace itself is written twice")
		}
		hole, err := s.hole(inside)
		if err != nil {
			return nil, err
		}
		out = append(out, piece{text: plain + rest[:i]}, hole)
		plain, rest = "", after
	}
	return append(out, piece{text: plain}), nil
}

func (s *scope) hole(inside string) (piece, error) {
	called, word, _ := strings.Cut(inside, ":")
	called, percent := strings.CutSuffix(called, "%")
	as, ok := forms[word]
	if !ok || percent && word != "" {
		return piece{}, refuse("a value is written as %s", "{name}, {name%}, {name:duration}, {name:money}, {name:time}")
	}
	if percent {
		as = asPercent
	}
	if i, ok := s.features[called]; ok {
		instant := s.pack.Features.Features[i].IsTime()
		if as == asNumber && instant {
			as = asTime
		}
		if (as == asTime) != instant {
			return piece{}, refuse("%s cannot be written so: a time is written as a time, a number as a number", called)
		}
		return piece{as: as, of: operand{feature: i}}, nil
	}
	f, ok := s.kind.Field(called)
	switch {
	case !ok || celType(f) == nil:
		return piece{}, s.unknown(called)
	case f.Type == feed.Instant && (as == asNumber || as == asTime):
		return piece{as: asTime, of: operand{-1, f.Name}}, nil
	case as != asTime && (f.Type == feed.Integer || f.Type == feed.Amount):
		return piece{as: as, of: operand{-1, f.Name}}, nil
	}
	return piece{}, refuse("%s is no number: a reason names nobody, the alert names the subject", called)
}

// language of a reason.
type tongue int

const (
	zh tongue = iota
	en
)

// fill writes a sentence with the values of a moment.
func (t template) fill(dst []byte, r *Rule, x *moment, in tongue) []byte {
	for _, p := range t {
		if p.as == asText {
			dst = append(dst, p.text...)
			continue
		}
		v, ok := r.float(p.of, x)
		if !ok {
			dst = append(dst, [...]string{"无", "none"}[in]...)
			continue
		}
		switch p.as {
		case asPercent:
			dst = append(appendShort(dst, v*100, 1), '%')
		case asDuration:
			dst = appendDuration(dst, v, in)
		case asMoney:
			dst = append(appendMoney(dst, v), [...]string{"元", " yuan"}[in]...)
		case asTime:
			at := time.UnixMicro(int64(math.Round(v * 1e6))).In(r.Pack.zone)
			dst = at.AppendFormat(dst, [...]string{"1月2日 15:04", "2 Jan 15:04"}[in])
		default:
			dst = appendShort(dst, v, 2)
		}
	}
	return dst
}

// float is what a name is at a moment, as people read it.
func (r *Rule) float(n operand, x *moment) (float64, bool) {
	if n.feature >= 0 {
		return r.Pack.Features.Features[n.feature].Float(x.values[x.places[n.feature]])
	}
	f, _ := r.Event.Field(n.field)
	if f.Type == feed.Instant {
		return float64(x.event.Num(f)) / 1e6, true
	}
	return float64(x.event.Num(f)) / float64(fieldScale(f)), x.event.Has(f)
}

// named are the values that a rule reads.
func (r *Rule) named(x *moment) []NamedValue {
	out := make([]NamedValue, 0, len(r.shown))
	for _, n := range r.shown {
		if n.feature >= 0 {
			f := r.Pack.Features.Features[n.feature]
			out = append(out, NamedValue{f.Name, f.Title, string(f.Append(nil, x.values[x.places[n.feature]]))})
			continue
		}
		v := NamedValue{Name: n.field}
		if f, _ := r.Event.Field(n.field); f.Type == feed.Instant {
			v.Value = time.UnixMicro(x.event.Num(f)).UTC().Format(time.RFC3339Nano)
		} else if x, ok := r.float(n, x); ok {
			v.Value = string(appendShort(nil, x, 2))
		}
		out = append(out, v)
	}
	return out
}

// appendShort appends a number with so many decimals, or more when it would be
// zero, and no zeros at the end.
func appendShort(dst []byte, v float64, places int) []byte {
	for v != 0 && places < 6 && math.Abs(v)*math.Pow10(places) < 1 {
		places++
	}
	from := len(dst)
	dst = strconv.AppendFloat(dst, v, 'f', places, 64)
	for dst[len(dst)-1] == '0' {
		dst = dst[:len(dst)-1]
	}
	if dst[len(dst)-1] == '.' {
		dst = dst[:len(dst)-1]
	}
	if string(dst[from:]) == "-0" {
		dst = append(dst[:from], '0')
	}
	return dst
}

// appendMoney appends yuan with commas, and fen when there are some.
func appendMoney(dst []byte, yuan float64) []byte {
	fen := int64(math.Round(yuan * 100))
	if fen < 0 {
		dst, fen = append(dst, '-'), -fen
	}
	digits := strconv.FormatInt(fen/100, 10)
	for i := range len(digits) {
		if i > 0 && (len(digits)-i)%3 == 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, digits[i])
	}
	if fen%100 != 0 {
		dst = fmt.Appendf(dst, ".%02d", fen%100)
	}
	return dst
}

var durations = [...]struct {
	seconds int64
	words   [2]string
}{{86400, [2]string{"天", " d"}}, {3600, [2]string{"小时", " h"}}, {60, [2]string{"分", " min"}}, {1, [2]string{"秒", " s"}}}

// appendDuration appends the two greatest units of a time: 3分20秒, 2 h 5 min.
func appendDuration(dst []byte, v float64, in tongue) []byte {
	left := int64(math.Round(v))
	if left < 0 {
		dst, left = append(dst, '-'), -left
	}
	units := 0
	for i, d := range durations {
		n := left / d.seconds
		left %= d.seconds
		if n == 0 && (units > 0 || i < len(durations)-1) {
			if units > 0 {
				break
			}
			continue
		}
		if units > 0 && in == en {
			dst = append(dst, ' ')
		}
		dst = append(strconv.AppendInt(dst, n, 10), d.words[in]...)
		if units++; units == 2 {
			break
		}
	}
	return dst
}
