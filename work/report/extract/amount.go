package extract

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Units of money, as they follow a number, and the symbols that precede one.
var (
	unitsAfter = map[string]string{
		"元": "CNY", "元人民币": "CNY", "人民币": "CNY", "块": "CNY", "块钱": "CNY", "圆": "CNY", "rmb": "CNY", "cny": "CNY", "yuan": "CNY",
		"美元": "USD", "美金": "USD", "美刀": "USD", "usd": "USD", "dollars": "USD", "dollar": "USD", "港币": "HKD", "港元": "HKD", "港纸": "HKD", "hkd": "HKD",
		"欧元": "EUR", "欧": "EUR", "eur": "EUR", "euros": "EUR", "euro": "EUR", "英镑": "GBP", "gbp": "GBP", "pounds": "GBP", "日元": "JPY", "jpy": "JPY", "韩元": "KRW", "krw": "KRW",
		"泰铢": "THB", "thb": "THB", "台币": "TWD", "新台币": "TWD", "澳门元": "MOP", "澳门币": "MOP", "新币": "SGD", "新加坡元": "SGD", "马币": "MYR", "令吉": "MYR",
		"usdt": "USDT", "泰达币": "USDT", "u币": "USDT",
	}
	unitsBefore = map[string]string{"¥": "CNY", "rmb": "CNY", "cny": "CNY", "人民币": "CNY", "$": "USD", "us$": "USD", "usd": "USD", "hk$": "HKD", "hkd": "HKD", "港币": "HKD", "美元": "USD", "美金": "USD", "€": "EUR", "eur": "EUR", "£": "GBP", "gbp": "GBP", "usdt": "USDT"}
	afterWords  = keys(unitsAfter)
	beforeWords = keys(unitsBefore)
)

func keys(m map[string]string) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	return out
}

// moneyCues let a number such as 五万 stand for money without a unit.
var moneyCues = []string{"转账", "转了", "转给", "转走", "转出", "转", "汇款", "汇", "骗", "损失", "付", "交了", "缴", "充值", "充了", "投资", "投了", "投入", "借", "贷", "存", "取现", "打款", "打了", "金额", "扣了", "扣款", "消费", "共计", "总计", "一共", "提现", "刷了", "押金", "赎金", "奖金", "本金", "要我"}

// amounts finds sums of money. Value is in hundredths of the currency.
func (s *scan) amounts() {
	for i := 0; i < len(s.r); {
		if cur, n := s.longestUnit(i, beforeWords); n > 0 && !(isLetter(s.c(i)) && isWord(s.c(i-1))) {
			from := s.spaces(i + n)
			if s.c(from) == ':' {
				from = s.spaces(from + 1)
			}
			if v, ok := s.quantity(from); ok {
				end := v.end
				if word, m := s.longestUnit(s.spaces(end), afterWords); m > 0 && !s.glued(s.spaces(end), m) {
					end, cur = s.spaces(end)+m, pick(unitsBefore[cur], unitsAfter[word])
				} else {
					cur = unitsBefore[cur]
				}
				if s.sum(i, end, v.hundredths, cur) {
					i = end
					continue
				}
			}
		}
		if !s.numeralAt(i) || s.numeralAt(i-1) || isLetter(s.c(i-1)) || s.c(i-1) == '第' || s.c(i-1) == '.' || s.c(i-1) == '_' {
			i++
			continue
		}
		v, ok := s.quantity(i)
		if !ok {
			i++
			continue
		}
		s.unit(i, v)
		i = max(i+1, v.end)
	}
}

// pick prefers the unit behind the sum, unless it is the plain 元 or 块 of
// "港币 3000 元".
func pick(before, after string) string {
	if after == "CNY" {
		return before
	}
	return after
}

func (s *scan) longestUnit(i int, words []string) (string, int) {
	switch r := s.c(i); { // almost every code point stops here
	case isHan(r) && !strings.ContainsRune("元块圆人美港欧英日韩泰台新澳马令", r), r == ' ', r == 0, isDigit(r):
		return "", 0
	}
	return s.longest(i, words)
}

// glued reports whether a unit in letters goes on as another word.
func (s *scan) glued(i, n int) bool {
	return isLetter(s.c(i+n-1)) && isWord(s.c(i+n))
}

// unit looks behind a number for what makes it money.
func (s *scan) unit(start int, v quantity) {
	i := s.spaces(v.end)
	word, n := s.longestUnit(i, afterWords)
	if n == 0 || s.glued(i, n) {
		if i == v.end && (v.big && s.moneyByContext(start, i) || s.paid(start, v)) {
			s.sum(start, v.end, v.hundredths, "CNY")
		}
		return
	}
	end := i + n
	next := s.c(end)
	switch word {
	case "元":
		if next != 0 && strings.ContainsRune("素旦宵件老帅朝代凶气首组二", next) && !(next == '二' && !s.has(end, "二次")) {
			return
		}
	case "欧":
		if isHan(next) {
			return
		}
	case "块", "圆":
		if !s.blockIsMoney(v, end) {
			return
		}
	}
	total := v.hundredths
	if word == "元" || word == "块" || word == "圆" || word == "块钱" {
		end, total = s.change(end, total, word == "块")
	}
	s.sum(start, end, total, unitsAfter[word])
}

// blockIsMoney tells 两千块 and 五块钱 from 两块手表 and 一块去.
func (s *scan) blockIsMoney(v quantity, end int) bool {
	next := s.c(end)
	if !isHan(next) {
		return v.hundredths > 100 || !v.han
	}
	if number := numeral(next); number > 0 && number < 10 {
		return true
	}
	if v.hundredths < 1000 {
		return strings.ContainsRune("了左多的", next) && v.hundredths > 100
	}
	return !strings.ContainsRune("手电地硬屏砖石板表面蛋糖田玉布显肉豆", next)
}

// change adds 角 and 分: 三元五角, 三块五.
func (s *scan) change(end int, total int64, loose bool) (int, int64) {
	d := numeral(s.c(end))
	if d <= 0 || d > 9 {
		return end, total
	}
	switch r := s.c(end + 1); {
	case r == '角' || r == '毛':
		total += int64(d) * 10
		end += 2
		if f := numeral(s.c(end)); f > 0 && f <= 9 && s.c(end+1) == '分' && s.c(end+2) != '钟' {
			total += int64(f)
			end += 2
		}
	case r == '分' && s.c(end+2) != '钟':
		total += int64(d)
		end += 2
	case loose && !isHan(r) && !isDigit(r):
		total += int64(d) * 10
		end++
	}
	return end, total
}

func (s *scan) moneyByContext(start, end int) bool {
	if next := s.c(end); isWord(next) || next == '%' || next == '.' || next == '-' || isHan(next) && !strings.ContainsRune("了给到过左现走出进余和以才就是过去,", next) {
		return false
	}
	return containsAny(s.back(start, 8), moneyCues)
}

// paidWords stand directly before a sum that has no unit: 转了500. Only a sum that
// ends its clause is one: 转了3次 and 转了2手 are none.
var paidWords = []string{"转了", "转账", "转账了", "汇了", "汇款", "汇款了", "付了", "支付了", "充值", "充值了", "充了", "垫付", "垫付了", "投了", "返现", "返利", "提现", "借了", "被骗", "骗了", "损失"}

// paid reports whether digits of a plausible sum follow a word of paying.
func (s *scan) paid(start int, v quantity) bool {
	if next := s.c(v.end); next != 0 && !strings.ContainsRune(",。;!?\n、", next) || v.han || v.hundredths < 10*100 || v.hundredths >= 10_000_000*100 {
		return false
	}
	before := string(s.r[max(0, start-4):start])
	for _, w := range paidWords {
		if strings.HasSuffix(before, w) {
			return true
		}
	}
	return false
}

func (s *scan) sum(start, end int, hundredths int64, currency string) bool {
	if hundredths <= 0 {
		return false
	}
	s.add(rankAmount, Amount, start, end, strconv.FormatInt(hundredths, 10), currency)
	return true
}

// numeral is the value of one character of a number: a digit, or 十 (10), 百,
// 千, 万, 亿; -1 for anything else.
func numeral(r rune) int {
	switch r {
	case '零', '〇':
		return 0
	case '一', '壹':
		return 1
	case '二', '贰', '两':
		return 2
	case '三', '叁':
		return 3
	case '四', '肆':
		return 4
	case '五', '伍':
		return 5
	case '六', '陆':
		return 6
	case '七', '柒':
		return 7
	case '八', '捌':
		return 8
	case '九', '玖':
		return 9
	case '十', '拾':
		return 10
	case '百', '佰':
		return 100
	case '千', '仟':
		return 1000
	case '万', '萬':
		return 10_000
	case '亿':
		return 100_000_000
	}
	if isDigit(r) {
		return int(r - '0')
	}
	return -1
}

func (s *scan) numeralAt(i int) bool { return numeral(s.c(i)) >= 0 }

// quantity is a number in the text: 35,000, 3.5万, 五万八, 12万余.
type quantity struct {
	end        int
	hundredths int64
	big        bool // it has 千 or more in words, so it is not a count of rooms
	han        bool // no ASCII digit in it
}

// quantity reads the number at i. Sums above 90 trillion are no sums.
func (s *scan) quantity(i int) (quantity, bool) {
	if n := numeral(s.c(i)); n < 0 || n >= 100 {
		return quantity{}, false
	}
	var total, section, cur float64 // exact: far below 2^53 hundredths
	var unit float64                // of the last 十百千万亿 read
	pending, zero := false, false
	q := quantity{han: true}
	begin := i
loop:
	for i < len(s.r) && i-begin < 40 {
		r := s.r[i]
		n := numeral(r)
		switch {
		case isDigit(r):
			if pending {
				break loop
			}
			v, next, ok := s.decimal(i)
			if !ok {
				return quantity{end: next}, false
			}
			cur, pending, i, q.han = v, true, next, false
			continue
		case n >= 0 && n < 10:
			if pending {
				if unit != 0 || !q.han {
					break loop
				}
				cur = cur*10 + float64(n) // 二零二三, digit by digit
			} else if n == 0 && unit != 0 {
				zero = true
			} else {
				cur, pending = float64(n), true
			}
		case n == 10 || n == 100 || n == 1000:
			if !pending {
				if n != 10 {
					break loop
				}
				cur = 1
			}
			section += cur * float64(n)
			cur, pending, zero, unit = 0, false, false, float64(n)
			q.big = q.big || n == 1000
		case n >= 10_000 || r == 'w' && pending && !q.han && !isLetter(s.c(i+1)):
			if n < 0 {
				n = 10_000
			}
			part := section + cur
			if part == 0 && (total == 0 || n != 100_000_000) {
				break loop
			}
			if n == 100_000_000 {
				total = (total + part) * 1e8
			} else {
				total += part * 1e4
			}
			section, cur, pending, zero, unit, q.big = 0, 0, false, false, float64(n), true
		case r == 'k' && pending && !q.han && !isLetter(s.c(i+1)):
			cur, q.big = cur*1000, true
			i++
			break loop
		case r == '点' && pending && q.han && cur < 10 && numeral(s.c(i+1)) >= 0 && numeral(s.c(i+1)) < 10: // 三点五万
			scale := 0.1
			for i++; numeral(s.c(i)) >= 0 && numeral(s.c(i)) < 10; i++ {
				cur += float64(numeral(s.c(i))) * scale
				scale /= 10
			}
			continue
		case (r == '余' || r == '多' || r == '来') && i > begin && (numeral(s.c(i+1)) >= 100 || strings.ContainsRune("元块美港欧", s.c(i+1)) && s.c(i+1) != 0 || q.big && r != '来'):
		case r == ' ' && pending && !q.han && (numeral(s.c(i+1)) >= 1000 || s.has(i+1, "million") || s.has(i+1, "thousand")):
		case pending && !q.han && s.has(i, "million") && !isLetter(s.c(i+7)):
			cur, q.big, i = cur*1e6, true, i+7
			break loop
		case pending && !q.han && s.has(i, "thousand") && !isLetter(s.c(i+8)):
			cur, q.big, i = cur*1e3, true, i+8
			break loop
		default:
			break loop
		}
		i++
	}
	if i == begin {
		return quantity{}, false
	}
	if pending && unit >= 100 && !zero && cur < 10 && cur == math.Trunc(cur) && numeral(s.c(i-1)) == int(cur) {
		cur *= unit / 10 // 五万八 is 58,000, 两千五 is 2,500
	}
	v := (total + section + cur) * 100
	if v > 9e15 {
		return quantity{end: i}, false
	}
	q.end, q.hundredths = i, int64(math.Round(v))
	return q, true
}

// decimal reads 35000, 35,000 and 35,000.50 in ASCII digits.
func (s *scan) decimal(i int) (v float64, end int, ok bool) {
	var b strings.Builder
	digits := func() int {
		n := 0
		for isDigit(s.c(i)) {
			if b.Len() < 32 {
				b.WriteRune(s.r[i])
			}
			i++
			n++
		}
		return n
	}
	first := digits()
	if first <= 3 {
		for s.c(i) == ',' && isDigit(s.c(i+1)) && isDigit(s.c(i+2)) && isDigit(s.c(i+3)) && !isDigit(s.c(i+4)) {
			i++
			digits()
		}
	}
	if s.c(i) == '.' && isDigit(s.c(i+1)) {
		b.WriteByte('.')
		i++
		digits()
		if s.c(i) == '.' && isDigit(s.c(i+1)) { // a version or an IP address
			return 0, i, false
		}
	}
	v, err := strconv.ParseFloat(b.String(), 64)
	return v, i, err == nil && utf8.RuneCountInString(b.String()) < 20
}
