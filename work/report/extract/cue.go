package extract

import "strings"

// A cue is a word beside digits that says what they are. Negative cues must
// stand directly before them, save for words such as 是: "订单号是". Positive cues
// may stand some words away in the same sentence.

// notNumbers name what looks like a number or a card and is none.
var notNumbers = []string{
	"单号", "单据号", "编号", "案号", "案件号", "工号", "警号", "证号", "流水号", "交易号", "凭证号", "参考号", "序列号", "系列号", "型号", "批号", "批次", "批次号", "合同号",
	"发票号", "学号", "会员号", "用户号", "房间号", "房号", "门牌号", "座位号", "车牌", "车牌号", "牌照", "保单号", "备案号", "文号", "卷号", "设备号", "航班号", "车次",
	"中奖号", "幸运号", "彩票号", "排队号", "卡尾号", "尾号", "后四位", "后六位", "账单号", "票号", "档案号", "户号", "箱号", "快递号", "包裹号", "商品号", "货号",
	"验证码", "校验码", "确认码", "动态码", "识别码", "取件码", "提货码", "邀请码", "激活码", "兑换码", "序列码", "编码", "代码", "条码", "条形码", "防伪码", "邮编", "口令", "密码",
	"订单", "运单", "版本", "快递", "价格", "身份证后四位",
	"order", "tracking", "waybill", "parcel", "case", "ticket", "invoice", "ref", "reference", "serial", "sku", "code", "pin", "isbn", "flight", "otp",
	"receipt", "policy", "booking", "confirmation", "imei", "imsi", "iccid", "version", "zip", "room", "badge", "employee", "staff", "transaction", "id", "ip",
}

var numberCues = []string{"电话", "手机", "热线", "客服", "拨", "致电", "来电", "号码", "打给", "打了", "打来", "请打", "接到", "短信", "联系", "座机", "固话", "专线", "短号", "投诉", "举报",
	"call", "tel", "phone", "hotline", "dial", "text", "sms", "number", "contact"}

var cardCues = []string{"卡号", "银行卡", "账号", "帐号", "账户", "帐户", "储蓄卡", "信用卡", "借记卡", "农行", "工行", "建行", "中行", "交行", "银行", "户头", "卡里", "这张卡", "转到", "打到", "汇到", "转至", "card", "account", "a/c"}

var idCues = []string{"身份证", "证件", "id card", "identity"}

var callerCues = []string{"来电显示", "来电号码", "来电是", "显示为", "显示是", "显示的是", "号码显示", "显示号码", "caller id"}

// bankCues announce a bank account that need not be a card.
var bankCues = []string{"对公账户", "对公账号", "对公帐号", "银行账号", "银行帐号", "银行账户", "收款账号", "收款账户", "收款帐号", "bank account"}

// back is the text before i in the same sentence, up to n code points, cut
// after the last digit before.
func (s *scan) back(i, n int) string {
	start := i
	for start > 0 && i-start < n {
		r := s.r[start-1]
		if isDigit(r) || r == '\n' || r == '。' || r == ';' || r == '!' || r == '?' {
			break
		}
		start--
	}
	return string(s.r[start:i])
}

// front is the text after i in the same sentence, up to n code points.
func (s *scan) front(i, n int) string {
	end := i
	for end < len(s.r) && end-i < n {
		r := s.r[end]
		if isDigit(r) || r == '\n' || r == '。' || r == ';' || r == '!' || r == '?' || r == ',' {
			break
		}
		end++
	}
	return string(s.r[i:end])
}

func containsAny(text string, words []string) bool {
	for _, w := range words {
		if i := strings.LastIndex(text, w); i >= 0 && !insideWord(text, i, w) {
			return true
		}
	}
	return false
}

// insideWord keeps an English cue from matching inside a longer word.
func insideWord(text string, i int, w string) bool {
	if w[0] >= 0x80 {
		return false
	}
	return i > 0 && isLetter(rune(text[i-1]))
}

// denied reports whether the words directly before i say that the digits there
// are no number, card or account.
func (s *scan) denied(i int) bool {
	before := s.back(i, 16)
	for range 6 {
		before = strings.TrimRight(before, " :=#*\"“'‘([【<,.、-")
		for _, w := range notNumbers {
			if strings.HasSuffix(before, w) && !insideWord(before, len(before)-len(w), w) {
				return true
			}
		}
		cut := before
		for _, filler := range []string{"是", "为", "叫", "就", "码", " is", " no", " number", " num", "，", "：", "的", "了"} {
			if t, ok := strings.CutSuffix(before, filler); ok {
				cut = t
				break
			}
		}
		if cut == before {
			return false
		}
		before = cut
	}
	return false
}
