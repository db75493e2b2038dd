package sandbox

import (
	"fmt"
	"strings"
)

// Person is somebody in the city. Nobody is called so: the given name is a
// numeral, and the division code in the ID number (..99) was never given out.
type Person struct {
	Name     string
	IDNumber string // 18 characters, its check digit is right
	Woman    bool
}

var surnames = strings.Split("赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦许何吕施张孔曹严华金魏陶姜", "")

// Person is the i-th person of the city.
func (c *City) Person(i uint64) Person {
	i %= 9_000_000
	woman := c.chance("woman", i, 480)
	order := 1 + c.pick("order", i, 499)*2
	if woman {
		order++
	}
	id := fmt.Sprintf("%s99%04d%02d%02d%03d", c.region[:4],
		1950+c.pick("year", i, 55), 1+c.pick("month", i, 12), 1+c.pick("day", i, 28), order)
	return Person{
		Name:     choose(c, "surname", i, surnames) + numeral(11+c.pick("given", i, 989)),
		IDNumber: id + string(checkDigit(id)),
		Woman:    woman,
	}
}

// checkDigit is the 18th character of an ID number, by GB 11643 (ISO 7064
// MOD 11-2).
func checkDigit(id17 string) byte {
	sum := 0
	for i := range 17 {
		sum = (sum + int(id17[i]-'0')) * 2 % 11
	}
	return "10X98765432"[sum%11]
}
