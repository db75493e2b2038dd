package extract

import (
	"strings"
)

// Endings of names that are taken for a domain without a scheme, www or path.
// Those that are also endings of files (py, md, sh, zip, mov) are left out.
var topLevels = func() map[string]bool {
	out := map[string]bool{}
	for t := range strings.FieldsSeq(`com cn net org edu gov mil int info biz name mobi asia xyz top vip club shop store online site website tech space fun live
		icu cyou buzz wang ltd group work life world cloud link click email app dev page pro red ren run rest sbs bond lol wiki bid loan win men date trade party
		review stream download racing science cc tv me io co ai im la ws hk tw mo jp kr sg my th vn ph id in ru ua us uk ca de fr it es nl ch at be se no fi dk eu
		au nz br mx ar za tk ml ga cf gq pw su bz to vu gs lc fm am gl is ly kz mn kh mm pk bd np lk ir tr ae sa il gr pt cz hu ro bg lt lv ee`) {
		out[t] = true
	}
	return out
}()

var schemes = []string{"https", "http", "hxxps", "hxxp", "h**ps", "h**p", "ftp"}

// links finds URLs and domains, also defanged ones, and keeps e-mail and IP
// addresses from being read as something else.
func (s *scan) links() {
	for i := 0; i < len(s.r); {
		if !isWord(s.r[i]) || isWord(s.c(i-1)) {
			i++
			continue
		}
		if end := s.withScheme(i); end > 0 {
			i = end
			continue
		}
		if end := s.bareHost(i); end > 0 {
			i = end
			continue
		}
		// What is no name here is none from its middle either: go past all of it,
		// or a long chain would be read again from every link.
		for i < len(s.r) && (isWord(s.r[i]) || s.r[i] == '-' || s.r[i] == '_' || s.r[i] == '.' && isWord(s.c(i+1))) {
			i++
		}
	}
}

func (s *scan) withScheme(i int) int {
	word, n := s.longest(i, schemes)
	if n == 0 {
		return 0
	}
	j := i + n
	switch {
	case s.has(j, "://"):
		j += 3
	case s.has(j, "[:]//"):
		j += 5
	case s.has(j, "[://]"):
		j += 5
	default:
		return 0
	}
	host, end := s.host(j, true)
	if end == j || !strings.Contains(host, ".") && host != "localhost" {
		return 0
	}
	scheme := strings.NewReplacer("x", "t", "*", "t").Replace(word)
	tail, end := s.tail(end)
	s.add(rankLink, URL, i, end, scheme+"://"+host+tail, "")
	return end
}

// bareHost reads www.abc.com, abc[.]com/path, abc点com; an address of e-mail
// or of IP is only blocked.
func (s *scan) bareHost(i int) int {
	host, end := s.host(i, false)
	if end == i {
		return 0
	}
	labels := strings.Split(host, ".")
	if s.c(i-1) == '@' {
		return end // found from its left, or a handle
	}
	if s.c(end) == '@' {
		if domain, e := s.host(end+1, false); strings.Contains(domain, ".") {
			s.block(i, e)
			return e
		}
		return 0
	}
	if len(labels) < 2 {
		return 0
	}
	if numeric(host) {
		if len(labels) >= 3 {
			if len(labels) == 4 && octets(labels) {
				s.block(i, end)
			}
		}
		return 0
	}
	top := labels[len(labels)-1]
	www := labels[0] == "www" && len(labels) > 2
	path := s.c(end) == '/' && isWord(s.c(end+1))
	if !topLevels[top] && !(www && len(top) >= 2 && !isDigit(rune(top[0]))) || len(labels[len(labels)-2]) < 2 && !www && !path {
		return 0
	}
	if numeric(strings.Join(labels[:len(labels)-1], "")) && len(labels) == 2 && len(labels[0]) < 3 {
		return 0
	}
	if s.c(end) == '-' || s.c(end) == '_' {
		return 0
	}
	if tail, e := s.tail(end); tail != "" && tail != "/" {
		s.add(rankLink, URL, i, e, "http://"+host+tail, "")
		return e
	}
	s.add(rankLink, Domain, i, end, host, "")
	return end
}

// host reads labels and dots, undoing how dots are hidden. With a scheme a
// port and a user part may belong to it.
func (s *scan) host(i int, scheme bool) (string, int) {
	var b strings.Builder
	end := i
	for {
		from := i
		for i-from < 64 && (isWord(s.c(i)) || (s.c(i) == '-' || s.c(i) == '_') && i > from && (isWord(s.c(i+1)) || s.c(i+1) == '-') || scheme && isHan(s.c(i)) && s.c(i) != '点') {
			i++
		}
		if !scheme && (s.c(i) == '+' || s.c(i) == '%') && isWord(s.c(i+1)) { // name+tag@
			return "", end
		}
		if i == from || i-from > 63 || b.Len() > 253 {
			return b.String(), end
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(string(s.r[from:i]))
		end = i
		n := s.dot(i)
		if n == 0 {
			return b.String(), end
		}
		i += n
	}
}

var dots = []string{".", "[.]", "(.)", "{.}", "【.】", "[dot]", "(dot)", " dot ", "点", "。"}

// dot returns the length of a dot at i between two labels, or 0.
func (s *scan) dot(i int) int {
	switch s.c(i) {
	case '.', '[', '(', '{', '【', ' ', '点', '。':
	default:
		return 0
	}
	word, n := s.longest(i, dots)
	if n == 0 || !isWord(s.c(i+n)) {
		return 0
	}
	if word == "点" || word == "。" || word == " dot " { // only between letters, before a known ending
		if !isWord(s.c(i - 1)) {
			return 0
		}
		j := i + n
		for isWord(s.c(j)) {
			j++
		}
		if top := string(s.r[i+n : min(j, i+n+20)]); !topLevels[top] && !s.has(j, word) && s.c(j) != '.' || isDigit(s.c(i+n)) {
			return 0
		}
	}
	return n
}

// tail reads the port, path, query and fragment, without the punctuation that
// ends the sentence. Case is kept.
func (s *scan) tail(i int) (string, int) {
	end := i
	if s.c(end) == ':' && isDigit(s.c(end+1)) {
		for end++; isDigit(s.c(end)); end++ {
		}
	}
	if r := s.c(end); r == '/' || r == '?' || r == '#' {
		for end < len(s.r) && s.r[end] > ' ' && s.r[end] < 0x7f && !strings.ContainsRune("<>\"`{}|\\^", s.r[end]) && s.ascii(end) {
			end++
		}
		for end > i && strings.ContainsRune(".,;:!?)]}'*", s.r[end-1]) {
			end--
		}
	}
	return s.raw(i, end), end
}

// ascii reports whether the code point was ASCII before folding: a full-width
// comma ends a URL.
func (s *scan) ascii(i int) bool { return s.off[i+1]-s.off[i] == 1 }

func numeric(host string) bool {
	return strings.Trim(host, "0123456789.") == ""
}

func octets(labels []string) bool {
	for _, l := range labels {
		if len(l) > 3 || len(l) == 3 && l > "255" {
			return false
		}
	}
	return true
}
