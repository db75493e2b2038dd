package disposal

import (
	"strings"
	"time"
)

// Notice is what the person concerned is told: reason, remedy and papers needed
// (law article 32 paragraph 3). It is composed once, when the disposal is
// delivered, and stays as it was served.
type Notice struct {
	ZH, EN string
}

// Party names those who appear on a notice.
type Party struct {
	Unit        string // who decided
	Contact     string // its telephone for objections
	Institution string // who carries it out
}

// Compose writes the notice of a disposal; of a restore it says that the
// measure is lifted. It tells nothing of the case.
func Compose(d Disposal, original Kind, p Party, zone *time.Location) Notice {
	day := d.DecidedAt.In(zone)
	if d.Kind == Restore {
		return Notice{
			ZH: lines("解除处置告知书", "编号："+string(d.ID), "",
				"您使用的"+thing(d)+"（"+shown(d.Value)+"）的处置已决定解除。", "",
				"一、办理事项："+lifted[original].ZH,
				"二、决定单位："+p.Unit,
				"三、执行单位："+p.Institution,
				"四、决定时间："+day.Format("2006年1月2日15时04分"),
				"五、解除原因："+categories[d.Category].ZH+"。", "",
				"咨询电话："+p.Contact, p.Unit),
			EN: lines("Notice that a measure is lifted", "No. "+string(d.ID), "",
				shown(d.Value)+" will be "+lifted[original].EN+".", "",
				"1. Decided by: "+p.Unit,
				"2. Carried out by: "+p.Institution,
				"3. Decided at: "+day.Format("2006-01-02 15:04"),
				"4. Why: "+categories[d.Category].EN+".", "",
				"Telephone: "+p.Contact),
		}
	}
	end, endEN := "解除前有效", "until it is lifted"
	switch {
	case d.Kind == Recheck:
		end = "请自收到通信企业通知时起24小时内完成实名核验；逾期未核验或者核验未通过的，暂停电话卡功能；核验通过的，恢复使用"
		endEN = "have your identity verified within 24 hours of the carrier's notice; if you do not, or fail, the card is suspended; once you pass it works again"
	case !d.Until.IsZero():
		end = "至" + d.Until.In(zone).Format("2006年1月2日15时04分") + "自动解除"
		endEN = "until " + d.Until.In(zone).Format("2006-01-02 15:04") + ", when it is lifted by itself"
	}
	way := remedy(p.Unit, p.Contact, p.Institution)
	return Notice{
		ZH: lines("号码、网址处置告知书", "编号："+string(d.ID), "",
			"您使用的"+thing(d)+"（"+shown(d.Value)+"）已被依法处置，现告知如下：", "",
			"一、处置事项："+names[d.Kind].ZH,
			"二、决定单位："+p.Unit,
			"三、执行单位："+p.Institution,
			"四、决定时间："+day.Format("2006年1月2日15时04分"),
			"五、处置原因："+categories[d.Category].ZH+"。"+d.Reason,
			"六、法律依据："+d.LegalBasis,
			"七、期限："+end,
			"八、救济渠道："+way.ZH,
			"九、申诉需要提交的资料："+strings.Join(d.Papers, "；"), "",
			p.Unit),
		EN: lines("Notice of a measure", "No. "+string(d.ID), "",
			"A measure was taken on "+shown(d.Value)+", which you use.", "",
			"1. Measure: "+names[d.Kind].EN,
			"2. Decided by: "+p.Unit,
			"3. Carried out by: "+p.Institution,
			"4. Decided at: "+day.Format("2006-01-02 15:04"),
			"5. Reason: "+categories[d.Category].EN+". "+d.Reason,
			"6. Legal basis: "+d.LegalBasis,
			"7. Term: "+endEN,
			"8. Remedy: "+way.EN,
			"9. Bring with you: "+strings.Join(d.Papers, "; ")),
	}
}

func lines(text ...string) string { return strings.Join(text, "\n") + "\n" }

// thing is what the value is, as a citizen says it.
func thing(d Disposal) string {
	switch d.ValueKind {
	case "domain", "url":
		return "网址"
	case "app":
		return "应用程序"
	case "im":
		return "互联网账号"
	}
	return "电话号码"
}

// shown is a value as its user knows it: a number of the mainland without the
// country code.
func shown(value string) string {
	rest, ok := strings.CutPrefix(value, "+86")
	switch {
	case !ok:
		return value
	case len(rest) == 11 && rest[0] == '1', strings.HasPrefix(rest, "400"), strings.HasPrefix(rest, "800"):
		return rest
	}
	return "0" + rest
}
