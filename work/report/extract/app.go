package extract

import (
	"strings"
	"unicode"
)

// appWords follow the name of an app.
var appWords = []string{"app", "软件", "平台", "应用", "客户端", "小程序", "apps"}

// openers and closers are the quotes around a name.
var quotes = map[rune]rune{'“': '”', '"': '"', '「': '」', '『': '』', '《': '》', '【': '】', '‘': '’', '\'': '\'', '<': '>'}

func closer(r rune) bool {
	for _, c := range quotes {
		if c == r {
			return true
		}
	}
	return false
}

func opener(close rune) rune {
	for o, c := range quotes {
		if c == close {
			return o
		}
	}
	return 0
}

const maxAppName = 20

// What stands before a name without quotes, and between that and the name; what
// stands before a name in quotes, and between.
var (
	nameBefore   = []string{"下载了", "安装了", "下载", "安装", "名为", "打开了", "打开", "登录了", "登录", "使用", "叫做", "叫", "一款", "一个", "download ", "downloaded ", "install ", "installed ", "the "}
	nameArticles = []string{"了", "一个", "一款", "名为", "叫做", "叫", "该", "the ", "an ", "a "}
	installWords = []string{"下载了", "下载", "安装了", "安装", "downloaded", "installed", "app called", "app named", "app:"}
	betweenWords = []string{"了", "一个", "一款", "名为", "叫做", "叫", "名叫", "手机", "app", "软件", " ", "an ", "the ", ":", "并安装", "安装"}
)

// vague words in a name without quotes tell that it is a description.
var vague = []string{"的", "我们", "你们", "他们", "官方", "您", "这", "那", "或", "手机", "自己"}

// appWord returns the length of a word for an app at i, or 0.
func (s *scan) appWord(i int) int {
	_, n := s.longest(i, appWords)
	if n > 0 && isLetter(s.r[i]) && isWord(s.c(i+n)) {
		return 0
	}
	return n
}

// appBefore finds the name in front of the word at i: 《某某》APP, 下载了某某APP,
// the "X" app.
func (s *scan) appBefore(i int) {
	j := i
	for s.c(j-1) == ' ' || s.c(j-1) == '的' {
		j--
	}
	if closer(s.c(j - 1)) {
		open := opener(s.c(j - 1))
		for k := j - 2; k >= 0 && j-k < maxAppName+3; k-- {
			if s.r[k] == open {
				s.app(k+1, j-1)
				return
			}
		}
		return
	}
	if s.r[i] != 'a' { // without quotes only "APP" is sure to end a name
		return
	}
	for k := j - 1; k >= 0 && j-k <= maxAppName+4; k-- {
		r := s.r[k]
		if !isWord(r) && !isHan(r) && r != '-' && !(r == ' ' && isLetter(s.c(k+1)) && isLetter(s.c(k-1))) {
			return
		}
		for _, w := range nameBefore {
			n := len([]rune(w))
			if !s.has(k, w) || j-k-n < 2 || j-k-n > maxAppName || isLetter(s.r[k]) && isWord(s.c(k-1)) {
				continue
			}
			start := k + n
			for _, more := range nameArticles {
				if s.has(start, more) {
					start += len([]rune(more))
				}
			}
			if j-start >= 2 && !containsAny(string(s.r[start:j]), vague) {
				s.app(start, j)
			}
			return
		}
	}
}

// appAfter finds a quoted name behind 下载了, 名为, "app called", and behind the
// word itself: APP“某某”.
func (s *scan) appAfter(i int) {
	_, n := s.longest(i, installWords)
	if n == 0 {
		n = s.appWord(i)
	}
	if n == 0 {
		return
	}
	j := i + n
	for range 4 {
		_, m := s.longest(j, betweenWords)
		j += m
	}
	close, ok := quotes[s.c(j)]
	if !ok {
		return
	}
	for k := j + 1; k < len(s.r) && k-j <= maxAppName+1; k++ {
		if s.r[k] == close {
			if s.r[j] != '《' || s.appWord(k+1) > 0 { // people download documents too
				s.app(j+1, k)
			}
			return
		}
	}
}

// generic names say which kind of app, not which app.
var generic = map[string]bool{"手机": true, "官方": true, "这个": true, "那个": true, "该": true, "此": true, "你的": true, "我们的": true, "你们的": true, "他们的": true, "对方": true,
	"银行": true, "手机银行": true, "官方的": true, "相关": true, "他们": true, "我们": true, "你们": true, "mobile": true, "official": true, "an": true, "the": true, "this": true, "banking": true, "same": true, "bank": true}

func (s *scan) app(start, end int) {
	name := strings.TrimSpace(s.raw(start, end))
	if name == "" || generic[strings.ToLower(name)] || strings.ContainsAny(name, "，。,;；：\n！？!?“”\"") {
		return
	}
	letters := 0
	for _, r := range name {
		if unicode.IsLetter(r) {
			letters++
		}
	}
	if letters == 0 {
		return
	}
	s.add(rankApp, App, start, end, name, "")
}
