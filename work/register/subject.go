package register

import (
	"strings"
	"time"
	"unicode/utf8"

	"lanzha"
)

// SubjectKind is what a listed subject is.
type SubjectKind string

// The kinds of subjects.
const (
	Individual SubjectKind = "individual"
	UnitKind   SubjectKind = "unit" // 单位
)

// NumberKind is what identifies a subject.
type NumberKind string

// The kinds of numbers.
const (
	ResidentID NumberKind = "resident_id" // 公民身份号码, GB 11643
	OtherPaper NumberKind = "other"       // passport, permit of residence
	CreditCode NumberKind = "credit_code" // 统一社会信用代码, GB 32100
)

// Subject is who is listed. One row stands for one person or unit, whatever
// the number of listings: what is added up is added up here.
type Subject struct {
	ID         lanzha.ID
	Kind       SubjectKind
	NumberKind NumberKind
	Name       string
	Number     string // canonical: upper case, without spaces
	CreatedAt  time.Time
	ErasedAt   time.Time // name and number are gone
}

// NewSubject checks who is to be listed. The error names the field below body.
func NewSubject(kind SubjectKind, numberKind NumberKind, name, number string) (Subject, error) {
	name = strings.TrimSpace(name)
	number = CanonicalNumber(number)
	if numberKind == "" {
		numberKind = ResidentID
		if kind == UnitKind {
			numberKind = CreditCode
		}
	}
	s := Subject{Kind: kind, NumberKind: numberKind, Name: name, Number: number}
	switch {
	case kind != Individual && kind != UnitKind:
		return s, lanzha.Invalid("body.subject.kind", "a subject is an individual or a unit")
	case name == "" || utf8.RuneCountInString(name) > 100:
		return s, lanzha.Invalid("body.subject.name", "a name has 1 to 100 characters")
	case (kind == UnitKind) != (numberKind == CreditCode):
		return s, lanzha.Invalid("body.subject.numberKind", "a unit is known by its unified social credit code, and only a unit")
	case numberKind == ResidentID && !residentID(number):
		return s, lanzha.Invalid("body.subject.number", "this is no resident identity number: 18 characters, of which the last is computed from the others")
	case numberKind == CreditCode && !creditCode(number):
		return s, lanzha.Invalid("body.subject.number", "this is no unified social credit code: 18 characters, of which the last is computed from the others")
	case numberKind == OtherPaper && !otherPaper(number):
		return s, lanzha.Invalid("body.subject.number", "the number of a paper has 5 to 30 letters and digits")
	}
	return s, nil
}

// CanonicalNumber is a number as it is indexed.
func CanonicalNumber(number string) string {
	return strings.ToUpper(strings.NewReplacer(" ", "", "-", "", "　", "").Replace(strings.TrimSpace(number)))
}

// KnownNumber reports whether a canonical number has the form of one of the
// papers; a slip in a resident's number or a credit code is found by its last
// character.
func KnownNumber(number string) bool {
	if len(number) == 18 && strings.Trim(number[:17], "0123456789") == "" {
		return residentID(number) || creditCode(number)
	}
	return otherPaper(number)
}

func otherPaper(number string) bool {
	return len(number) >= 5 && len(number) <= 30 && strings.Trim(number, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// residentID checks the length, the birthday and the last character (ISO 7064
// MOD 11-2, as GB 11643 has it).
func residentID(s string) bool {
	if len(s) != 18 {
		return false
	}
	sum := 0
	for i, weight := range []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
		sum += weight * int(s[i]-'0')
	}
	_, err := time.Parse("20060102", s[6:14])
	return err == nil && s[17] == "10X98765432"[sum%11]
}

// creditCode checks the length, the alphabet and the last character (GB 32100).
func creditCode(s string) bool {
	const alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY" // 31 characters: I, O, S, V and Z are not used
	if len(s) != 18 {
		return false
	}
	sum, weight := 0, 1
	for i := range 17 {
		v := strings.IndexByte(alphabet, s[i])
		if v < 0 {
			return false
		}
		sum, weight = sum+v*weight, weight*3%31
	}
	return s[17] == alphabet[(31-sum%31)%31]
}

// ageOn is the age in completed years on a day, as a resident identity number
// has it; false where it says nothing.
func (s Subject) ageOn(day Day) (int, bool) {
	if s.NumberKind != ResidentID || day == "" || !residentID(s.Number) {
		return 0, false
	}
	at, err := time.Parse(time.DateOnly, string(day))
	if err != nil {
		return 0, false // ill-typed: the pack refuses it and names it
	}
	born, err := time.Parse("20060102", s.Number[6:14])
	if err != nil || at.Before(born) {
		return 0, false
	}
	age := at.Year() - born.Year()
	if at.Month() < born.Month() || at.Month() == born.Month() && at.Day() < born.Day() {
		age--
	}
	return age, true
}
