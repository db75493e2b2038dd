package api

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
)

// Errors are written in English where they arise, and said in the language of
// who reads them here, when the answer goes out. The catalogue has for every
// English format its Chinese form; what a message was rendered to is matched
// against the formats, so that no call site knows of languages.

// phrase is a sentence in both languages. en is the format as its call site
// has it, with the verbs of fmt; a text joined by + has %s for each part that
// is no literal. In zh {1} is what the first verb gave, {1:den.state} its word
// in that group of names, {1:text} a sentence of the catalogue itself, {1:fen}
// an amount in fen said in yuan.
type phrase struct{ en, zh string }

// pattern is a phrase with verbs, ready to be matched.
type pattern struct {
	phrase
	begin, end string // before the first verb and behind the last: most texts differ there
	match      *regexp.Regexp
	literal    int // bytes that are not verbs
}

type catalogue struct {
	exact    map[string]string
	patterns []pattern // the longest literal first: the closest wins
}

var (
	verb = regexp.MustCompile(`%[-+# 0]*\d*(?:\.\d+)?([a-zA-Z])`)
	hole = regexp.MustCompile(`\{(\d)(?::([\w.]+))?\}`)
)

// phrases is the whole catalogue.
func phrases() []phrase {
	return slices.Concat(phrasesOfHuma, phrasesOfBase, phrasesOfStream, phrasesOfKnow, phrasesOfPacks, phrasesOfWork, phrasesOfFeed, phrasesOfDetect, phrasesOfRules, phrasesOfAlert, phrasesOfRegister)
}

var catalog = sync.OnceValue(func() catalogue {
	c := catalogue{exact: map[string]string{}}
	for _, p := range phrases() {
		if !verb.MatchString(p.en) {
			c.exact[p.en] = p.zh
			continue
		}
		var expr strings.Builder
		at, literal := 0, 0
		for _, v := range verb.FindAllStringSubmatchIndex(p.en, -1) {
			expr.WriteString(regexp.QuoteMeta(p.en[at:v[0]]))
			literal += v[0] - at
			switch p.en[v[2]:v[3]] {
			case "d":
				expr.WriteString(`(-?\d+)`)
			case "q":
				expr.WriteString(`"(.*?)"`)
			default:
				expr.WriteString(`(.*?)`)
			}
			at = v[1]
		}
		expr.WriteString(regexp.QuoteMeta(p.en[at:]))
		literal += len(p.en) - at
		begin := p.en[:verb.FindStringIndex(p.en)[0]]
		c.patterns = append(c.patterns, pattern{p, begin, p.en[at:], regexp.MustCompile(`(?s)\A` + expr.String() + `\z`), literal})
	}
	slices.SortStableFunc(c.patterns, func(a, b pattern) int { return cmp.Compare(b.literal, a.literal) })
	return c
})

// Chinese says a message or a hint of an error in Chinese. What the catalogue
// does not know stays as it is.
func Chinese(text string) string {
	if text == "" {
		return ""
	}
	c := catalog()
	if zh, ok := c.exact[text]; ok {
		return zh
	}
	for _, p := range c.patterns {
		if !strings.HasPrefix(text, p.begin) || !strings.HasSuffix(text, p.end) {
			continue
		}
		if found := p.match.FindStringSubmatch(text); found != nil {
			return fill(p.zh, found[1:])
		}
	}
	return text
}

// fill puts what the verbs gave into the holes of a Chinese form.
func fill(zh string, values []string) string {
	return hole.ReplaceAllStringFunc(zh, func(h string) string {
		m := hole.FindStringSubmatch(h)
		n, _ := strconv.Atoi(m[1]) // one digit
		if n < 1 || n > len(values) {
			return h
		}
		value := values[n-1]
		switch group := m[2]; group {
		case "":
			return value
		case "text":
			return Chinese(value)
		case "fen":
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				return value
			}
			return strings.TrimSuffix(fmt.Sprintf("%d.%02d", n/100, n%100), ".00")
		default:
			// A list is a list of names.
			parts := strings.Split(value, ", ")
			for i, part := range parts {
				parts[i] = cmp.Or(names[group][part], part)
			}
			return strings.Join(parts, "、")
		}
	})
}

// Told is a body with sentences of errors in it. InChinese is the same body
// with its sentences in Chinese; the body itself does not change.
type Told interface{ InChinese() any }

// InChinese is for the reader who asked for it.
func (p *Problem) InChinese() any {
	told := *p
	told.Detail, told.Hint = Chinese(p.Detail), Chinese(p.Hint)
	told.Errors = slices.Clone(p.Errors)
	for i := range told.Errors {
		told.Errors[i].Message = Chinese(told.Errors[i].Message)
	}
	return &told
}

// InChinese says why rows were refused, in the list and in the file.
func (m Imported) InChinese() any {
	m.Refused = slices.Clone(m.Refused)
	for i := range m.Refused {
		m.Refused[i].Message = Chinese(m.Refused[i].Message)
	}
	if m.File == "" {
		return m
	}
	rows, err := csv.NewReader(strings.NewReader(m.File)).ReadAll()
	if err != nil {
		return m // we wrote it: it is never so
	}
	said := map[string]string{} // a hundred thousand rows have few reasons
	for _, row := range rows[1:] {
		reason := &row[len(row)-1]
		zh, ok := said[*reason]
		if !ok {
			zh = Chinese(*reason)
			if column, message, found := strings.Cut(*reason, ": "); found && !strings.Contains(column, " ") {
				zh = column + "：" + Chinese(message)
			}
			said[*reason] = zh
		}
		*reason = zh
	}
	var back strings.Builder
	_ = csv.NewWriter(&back).WriteAll(rows) // a Builder does not fail
	m.File = back.String()
	return m
}

// wantsChinese reads Accept-Language: Chinese where a tag of it is wanted no
// less than what stands behind it and more than what stands before; without
// the header it is English, which programs read.
func wantsChinese(header string) bool {
	best, chinese := 0.0, false
	for part := range strings.SplitSeq(header, ",") {
		tag, weight, weighed := strings.Cut(strings.ReplaceAll(part, " ", ""), ";q=")
		q := 1.0
		if weighed {
			var err error
			if q, err = strconv.ParseFloat(weight, 64); err != nil {
				q = 0
			}
		}
		if q > best {
			tag = strings.ToLower(tag)
			best, chinese = q, tag == "zh" || strings.HasPrefix(tag, "zh-")
		}
	}
	return chinese
}

// speak is the last thing that happens to an answer of huma's: it says the
// sentences of errors in the reader's language.
func speak(ctx huma.Context, _ string, body any) (any, error) {
	told, ok := body.(Told)
	if !ok {
		return body, nil
	}
	ctx.AppendHeader("Vary", "Accept-Language")
	if !wantsChinese(ctx.Header("Accept-Language")) {
		return body, nil
	}
	ctx.SetHeader("Content-Language", "zh-CN")
	return told.InChinese(), nil
}
