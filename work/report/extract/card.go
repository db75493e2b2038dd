package extract

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"
	"time"

	"lanzha"
)

//go:generate go run ./gen

//go:embed bins.txt
var binsText string

type bin struct {
	bank   string
	length int
}

var bins = sync.OnceValue(func() map[string][]bin {
	out := map[string][]bin{}
	for line := range strings.Lines(binsText) {
		f := strings.Fields(line)
		if f[0] == "#" {
			continue
		}
		for _, entry := range f[1:] {
			prefix, length, _ := strings.Cut(entry, "/")
			n, _ := strconv.Atoi(length) // the generator wrote it: a bad one is 0 and fits no card
			out[prefix] = append(out[prefix], bin{f[0], n})
		}
	}
	return out
})

// issuer finds the bank by the longest prefix of a card number, and whether
// the number has the length of that bank's cards.
func issuer(digits string) (bank string, fits bool) {
	for n := min(10, len(digits)); n >= 5; n-- {
		for _, b := range bins()[digits[:n]] {
			if b.length == len(digits) {
				return b.bank, true
			}
			if bank == "" {
				bank = b.bank
			}
		}
	}
	return bank, false
}

// luhn checks the last digit (ISO/IEC 7812-1, annex B).
func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

const provinces = " 11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83 "

// isID checks a citizen's identity number of 18 characters (GB 11643): region,
// date of birth, check character.
func isID(id string) bool {
	if len(id) != 18 || !strings.Contains(provinces, " "+id[:2]+" ") || !isBirthday(id[6:14]) {
		return false
	}
	sum := 0
	for i, weight := range [...]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += int(id[i]-'0') * weight
	}
	return id[17] == "10x98765432"[sum%11]
}

func isBirthday(yyyymmdd string) bool {
	day, err := time.Parse("20060102", yyyymmdd)
	return err == nil && day.Year() >= 1890 && day.Year() < 2100
}

// maskID hides all but the ends of an ID number. The writing may have held
// blanks, so its length need not be 18.
func maskID(raw string) string { return lanzha.Mask(raw) }
