package sandbox

import (
	"fmt"
	"strings"
)

// bankBINs are the prefixes of the two banks' cards: real ones of debit cards
// with 19 digits, so that a reader of texts takes the numbers for cards.
var bankBINs = [2]string{"622848", "622700"}

// Account is what a bank knows of a card.
type Account struct {
	Card   string
	Bank   int // 0 or 1
	Owner  Person
	Branch string
	Age    int    // days since it was opened
	Status string // active | suspended | closed
}

// Card is card i of a bank, 19 digits with a right check digit.
func (c *City) Card(bank, i int) string {
	s := fmt.Sprintf("%s%04d%08d", bankBINs[bank], c.pick("branch", uint64(bank), block), (i*7001+13)%100_000_000)
	return s + string(luhn(s))
}

// luhn is the check digit that completes s.
func luhn(s string) byte {
	sum := 0
	for i := range len(s) {
		d := int(s[len(s)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return byte('0' + (10-sum%10)%10)
}

// Account looks a card up; false is a card that is not of the city's banks.
func (c *City) Account(card string) (Account, bool) {
	if len(card) != 19 || !digits(card) || luhn(card[:18]) != card[18] {
		return Account{}, false
	}
	for bank, bin := range bankBINs {
		if !strings.HasPrefix(card, bin) {
			continue
		}
		n := c.hash(card, 1)
		return Account{
			Card: card, Bank: bank, Owner: c.Person(n), Age: 20 + c.pick("cardage", n, 3000),
			Branch: c.bankName(bank) + "第" + numeral(1+c.pick("cardbranch", n, 30)) + "支行", Status: "active",
		}, true
	}
	return Account{}, false
}
