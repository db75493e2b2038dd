package extract

import (
	"strings"

	"lanzha/know/number"
)

// messenger is a service on which people have names, and the words for it.
type messenger struct {
	name  string
	words []string
	name1 func(s *scan, i int) (value string, end int)
}

var messengers = []messenger{
	{"wechat", []string{"微信号", "微信id", "微信", "威信", "薇信", "微信账号", "wechat", "weixin", "wx", "vx", "v信"}, (*scan).wechatName},
	{"qq", []string{"qq号", "qq", "qq群", "qq号码", "扣扣", "企鹅号", "q号"}, (*scan).qqName},
	{"telegram", []string{"telegram", "tg", "电报", "纸飞机", "飞机号", "电报号"}, (*scan).telegramName},
	{"whatsapp", []string{"whatsapp"}, (*scan).whatsappName},
}

var alipayWords = []string{"支付宝", "支付宝账号", "支付宝账户", "支付宝帐号", "alipay"}

// fillers may stand between the word for a service and the name on it.
var fillers = []string{"号码", "号", "账号", "账户", "帐号", "帐户", "id", "是", "为", "叫", "名", "名称", "昵称", "群", "群号", ":", " ", "：", "“", "\"", "「", "(", "[", "【", "‘", "'", ",",
	"我的", "加我", "加", "handle", "account", "number", "user", "username", "is", "name", "to", "at", "group", "客服", "*"}

// names finds what is announced by words: contact names, accounts, apps.
func (s *scan) names() {
	for i, r := range s.r {
		if isLetter(r) && isWord(s.c(i-1)) {
			continue
		}
		switch r {
		case '微', '威', '薇', 'w', 'v', 'q', '扣', '企', 't', '电', '纸', '飞':
			s.contact(i)
		case '支', 'a':
			if r == 'a' && s.appWord(i) > 0 {
				s.appBefore(i)
			} else {
				s.account(i)
			}
		case '对', '银', '收', 'b':
			s.bankAccount(i)
		case '软', '平', '应', '客', '小':
			if s.appWord(i) > 0 {
				s.appBefore(i)
			}
		}
		switch r {
		case '下', '安', '名', 'd', 'i', 'a', '软', '平', '应', '客', '小':
			s.appAfter(i)
		}
	}
}

func (s *scan) contact(i int) {
	if s.has(i, "t.me/") || s.has(i, "telegram.me/") {
		return // a link
	}
	for _, m := range messengers {
		if _, n := s.longest(i, m.words); n > 0 {
			if isLetter(s.c(i+n-1)) && isLetter(s.c(i+n)) {
				continue
			}
			j := s.skipFillers(i + n)
			if value, end := m.name1(s, j); end > j {
				s.add(rankIM, IM, j, end, m.name+":"+value, "")
			}
			return
		}
	}
}

func (s *scan) skipFillers(i int) int {
	for range 7 {
		w, n := s.longest(i, fillers)
		if n == 0 || isLetter(rune(w[0])) && isWord(s.c(i+n)) {
			return i
		}
		i += n
	}
	return i
}

// wechatName is a letter and 5 to 19 more letters, digits, - or _; or the
// mobile number that the account is tied to.
func (s *scan) wechatName(i int) (string, int) {
	if n, end := s.mobileAt(i); end > 0 {
		return n, end
	}
	end := s.token(i)
	if !isLetter(s.c(i)) || end-i < 6 || end-i > 20 || s.c(end) == '.' && isWord(s.c(end+1)) || s.c(end) == '@' || s.c(end) == ':' || s.ordinary(i, end) {
		return "", 0
	}
	return string(s.r[i:end]), end
}

// ordinary reports whether a word is plainly a word of English: no digit, - or
// _ in it and another English word behind it.
func (s *scan) ordinary(i, end int) bool {
	switch word := string(s.r[i:end]); word {
	case "account", "transfer", "payment", "number", "message", "messages", "friend", "friends", "contact", "groups", "called", "offering", "please":
		return true
	}
	if strings.ContainsAny(string(s.r[i:end]), "0123456789-_") {
		return false
	}
	before := s.c(i - 1)
	return before == ' ' && s.c(end) == ' ' && isLetter(s.c(end+1)) && !s.announced(i)
}

// announced reports whether a colon or "is" or a quote stands before the name.
func (s *scan) announced(i int) bool {
	before := strings.TrimRight(string(s.r[max(0, i-6):i]), " ")
	return strings.HasSuffix(before, ":") || strings.HasSuffix(before, " is") || strings.HasSuffix(before, "id") || strings.HasSuffix(before, "号") || strings.HasSuffix(before, "是")
}

func (s *scan) qqName(i int) (string, int) {
	end := i
	for isDigit(s.c(end)) {
		end++
	}
	if n := end - i; n < 5 || n > 11 || s.c(i) == '0' || isWord(s.c(end)) || s.c(end) == '@' || strings.ContainsRune("元块万", s.c(end)) && s.c(end) != 0 {
		return "", 0
	}
	return string(s.r[i:end]), end
}

// telegramName is five or more letters, digits or _, after @ or a colon.
func (s *scan) telegramName(i int) (string, int) {
	at := s.c(i) == '@'
	from := i
	if at {
		from++
	}
	end := from
	for isWord(s.c(end)) || s.c(end) == '_' {
		end++
	}
	if n := end - from; n < 5 || n > 32 || !isLetter(s.c(from)) || !at && (s.ordinary(from, end) || !s.announced(from)) || s.c(end) == '.' && isWord(s.c(end+1)) {
		return "", 0
	}
	return string(s.r[from:end]), end
}

func (s *scan) whatsappName(i int) (string, int) {
	if s.c(i) != '+' {
		return "", 0
	}
	end := i + 1
	for isDigit(s.c(end)) || (s.c(end) == ' ' || s.c(end) == '-') && isDigit(s.c(end+1)) {
		if end++; end-i > 24 {
			return "", 0
		}
	}
	n, err := number.Parse(string(s.r[i:end]))
	if err != nil {
		return "", 0
	}
	return n.Value, end
}

func (s *scan) token(i int) int {
	for isWord(s.c(i)) || s.c(i) == '_' || s.c(i) == '-' && isWord(s.c(i+1)) {
		i++
	}
	return i
}

// mobileAt reads a mobile number as an account name: eleven digits, perhaps
// parted by blanks or dashes.
func (s *scan) mobileAt(i int) (string, int) {
	var b strings.Builder
	for b.Len() < 11 {
		switch r := s.c(i); {
		case isDigit(r):
			b.WriteRune(r)
		case (r == ' ' || r == '-') && b.Len() > 0 && isDigit(s.c(i+1)):
		default:
			return "", 0
		}
		i++
	}
	if isWord(s.c(i)) || s.c(i) == '@' || s.c(i) == '-' && isDigit(s.c(i+1)) {
		return "", 0
	}
	if n, ok := number.Domestic(b.String()); !ok || !n.IsMobile() {
		return "", 0
	}
	return b.String(), i
}

// account finds payment accounts: 支付宝 and a mobile number or an e-mail address.
func (s *scan) account(i int) {
	_, n := s.longest(i, alipayWords)
	if n == 0 {
		return
	}
	j := s.skipFillers(i + n)
	if value, end := s.mobileAt(j); end > 0 {
		s.add(rankAccount, Account, j, end, "alipay:"+value, "")
		return
	}
	end := j
	for isWord(s.c(end)) || s.c(end) != 0 && strings.ContainsRune("._-+", s.c(end)) {
		if end++; end-j > 64 {
			return
		}
	}
	if end == j || s.c(end) != '@' {
		return
	}
	if host, e := s.host(end+1, false); strings.Contains(host, ".") {
		s.add(rankLink, Account, j, e, "alipay:"+string(s.r[j:end])+"@"+host, "")
	}
}

// bankAccount finds accounts that are no cards, 8 to 30 digits after the words
// for one.
func (s *scan) bankAccount(i int) {
	_, n := s.longest(i, bankCues)
	if n == 0 {
		return
	}
	j := s.skipFillers(i + n)
	var b strings.Builder
	end := j
	for isDigit(s.c(end)) || (s.c(end) == ' ' || s.c(end) == '-') && b.Len() > 0 && isDigit(s.c(end+1)) {
		if isDigit(s.c(end)) {
			b.WriteRune(s.r[end])
		}
		if end++; b.Len() > 30 {
			return
		}
	}
	if b.Len() < 8 || isWord(s.c(end)) || s.c(end) == '.' && isDigit(s.c(end+1)) {
		return
	}
	if d := b.String(); d[0] == '0' || len(d) != 18 || !isID(d) {
		s.add(rankAccount, Account, j, end, "bank:"+d, "")
	}
}
