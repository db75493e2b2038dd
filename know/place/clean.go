package place

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// simplified maps the traditional characters that addresses use. It is not a
// converter: names keep what is not here, on both sides alike.
var simplified = func() map[rune]rune {
	pairs := []rune("縣县區区號号樓楼棟栋層层單单門门東东廣广龍龙雲云貢贡陽阳長长華华園园廈厦賓宾館馆場场鄉乡鎮镇莊庄溝沟灣湾島岛興兴寧宁慶庆遼辽蘇苏漢汉濟济靜静貴贵陝陕滬沪瀋沈鄭郑無无張张馬马豐丰麗丽濱滨紅红綠绿開开發发關关學学電电車车鐵铁飯饭廠厂國国際际業业衛卫環环橋桥運运達达機机間间處处臺台條条巖岩濤涛錦锦禮礼義义愛爱榮荣歡欢樂乐會会員员時时萬万億亿兩两陸陆參叁貳贰壹壹銀银錢钱財财寶宝羅罗羣群劉刘陳陈趙赵楊杨吳吴鄧邓許许閘闸浦浦歷历曆历麥麦黃黄飛飞鳳凤鳥鸟鵬鹏鷺鹭鹽盐溫温澤泽潤润渾浑滄沧蕪芜薊蓟諸诸買买賈贾質质購购贛赣贊赞趨趋輝辉農农迴回遠远連连進进遷迁選选邊边鄒邹醫医鑫鑫鋼钢鎢钨閣阁閩闽隊队陰阴隆隆隨随雙双難难靈灵韻韵順顺領领頤颐頭头額额顏颜風风驛驿驗验體体髮发魯鲁魚鱼鮮鲜齊齐龜龟聖圣聯联聲声職职舊旧藍蓝藝艺蘭兰蘆芦衆众裝装裏里裡里見见規规視视觀观訊讯設设話话誠诚語语護护讓让爾尔牆墙獅狮獻献瑪玛瓊琼畫画異异當当疊叠盤盘盧卢瞭了礦矿碼码祿禄禎祯種种積积穩稳窯窑競竞筆笔節节範范築筑籃篮糧粮納纳紀纪約约紡纺組组細细終终結结給给統统絲丝經经維维網网線线緯纬縱纵總总績绩織织繁繁繡绣繼继續续罷罢習习聞闻腦脑與与舉举貝贝貨货貿贸費费資资賞赏賽赛軍军軒轩較较載载輪轮轉转邨村鄰邻釣钓鈴铃鋪铺鋒锋錄录鍋锅鍾钟鐘钟鎖锁鏡镜閉闭隴陇離离雞鸡靜静頂顶項项須须預预頻频顧顾飲饮養养餐餐駐驻駿骏騰腾鬥斗點点齡龄廬庐廳厅彙汇徑径徵征德德恆恒懷怀戶户揚扬損损據据擊击數数斷断書书曉晓暢畅樹树橫横歲岁殺杀氣气決决況况淺浅淨净測测湧涌滿满漁渔潔洁潛潜潭潭澀涩濕湿瀏浏瀾澜煙烟煉炼營营爐炉爭争狀状獎奖獨独環环產产畢毕療疗盡尽監监")
	m := map[rune]rune{'〇': '零'}
	for i := 0; i+1 < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return m
}()

// fold writes one text for all ways to type it: full-width and compatibility
// forms, traditional characters, case, kinds of brackets and dashes. Commas
// and the like become '|'; spaces stay only where they part two Latin letters
// or digits.
func fold(raw string) []rune {
	out := make([]rune, 0, len(raw)/2)
	space := false
	for _, r := range norm.NFKC.String(strings.ToValidUTF8(raw, "|")) {
		switch {
		case unicode.IsSpace(r):
			space = true
			continue
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.M, r):
			continue
		case strings.ContainsRune("[{【〔「『〖<《", r):
			r = '('
		case strings.ContainsRune("]}】〕」』〗>》", r):
			r = ')'
		case strings.ContainsRune("—–―‐‑‒−~～_", r):
			r = '-'
		case strings.ContainsRune(",;:、。·•・!?\"'“”‘’/\\|…", r):
			r = '|'
		case strings.ContainsRune("井", r) && len(out) > 0 && isDigit(out[len(out)-1]):
			r = '#'
		}
		if s, ok := simplified[r]; ok {
			r = s
		}
		r = unicode.ToUpper(r)
		if space && len(out) > 0 && isLatin(out[len(out)-1]) && isLatin(r) {
			out = append(out, ' ')
		}
		space = false
		out = append(out, r)
	}
	return out
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }
func isLatin(r rune) bool { return isDigit(r) || r >= 'A' && r <= 'Z' }

const numerals = "零一二三四五六七八九十百千两廿卅壹贰叁肆伍陆柒捌玖拾"

// counted are the words that make the numeral before them a number.
var counted = strings.Fields("号 栋 幢 座 单元 楼 层 室 房 村民小组 小组 组 社 队 弄 巷 期 区 段 门 梯 户 铺 院 附 之 # -")

// arabic turns Chinese numerals into digits where they count something, and
// leaves them in names: 二百一十三号 is 213号, 五一路 stays.
func arabic(text []rune) []rune {
	var out []rune
	for i := 0; i < len(text); {
		n := i
		for n < len(text) && strings.ContainsRune(numerals, text[n]) {
			n++
		}
		if n == i {
			out = append(out, text[i])
			i++
			continue
		}
		if value, ok := numeral(text[i:n]); ok && counts(out, text[i:n], text[n:]) {
			out = append(out, []rune(value)...)
		} else {
			out = append(out, text[i:n]...)
		}
		i = n
	}
	return out
}

func counts(before, run, after []rune) bool {
	var last rune
	if len(before) > 0 {
		last = before[len(before)-1]
	}
	switch {
	case strings.ContainsRune("附之负第-", last) && last != 0:
		return len(after) == 0 || !isRoadTail(after, 0)
	case hasPrefix(after, "社区"), hasPrefix(after, "区县"), hasPrefix(after, "门口"), hasPrefix(after, "楼下"):
		return false
	case hasPrefix(after, "门") && !strings.ContainsRune("元栋幢座楼号", last):
		return false // 三门, 一门: names more often than doors
	case prefixOf(after, counted) > 0:
		return true
	}
	// 三零六 at the end of a line is a room.
	return len(run) >= 3 && !strings.ContainsAny(string(run), "十百千廿卅拾") && (len(after) == 0 || strings.ContainsRune("|() ", after[0]))
}

// numeral reads a Chinese number below 10,000, by places (二百一十三) or by
// digits (二一三). It reports false for what is neither (百千).
func numeral(run []rune) (string, bool) {
	digit := func(r rune) (int, bool) {
		for _, row := range []string{"零一二三四五六七八九", "零壹贰叁肆伍陆柒捌玖"} {
			if i := slices.Index([]rune(row), r); i >= 0 {
				return i, true
			}
		}
		return 2, r == '两'
	}
	if !strings.ContainsAny(string(run), "十百千廿卅拾") {
		var b strings.Builder
		for _, r := range run {
			d, _ := digit(r)
			b.WriteByte(byte('0' + d))
		}
		return b.String(), true
	}
	total, d, have, place := 0, 0, false, 10000
	for _, r := range run {
		if v, ok := digit(r); ok {
			if have && d != 0 {
				return "", false
			}
			d, have = v, true
			continue
		}
		unit := map[rune]int{'十': 10, '拾': 10, '百': 100, '千': 1000, '廿': 20, '卅': 30}[r]
		if unit >= place || unit >= 100 && !have {
			return "", false
		}
		place = unit
		if unit%10 == 0 && unit > 10 && unit < 100 { // 廿三
			total, place = total+unit, 10
			d, have = 0, false
			continue
		}
		if !have || d == 0 {
			d = 1
		}
		total, d, have = total+d*unit, 0, false
	}
	return strconv.Itoa(total + d), true
}
