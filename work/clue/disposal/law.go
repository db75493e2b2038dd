package disposal

import (
	"slices"

	"lanzha/work/clue"
)

// Category is why, in the few words that may be told to any caller. The reason
// itself is written for the institution and the person concerned.
type Category string

// The categories.
const (
	Suspected Category = "suspected" // reported as used in fraud
	InCase    Category = "case"      // appears in a case
	Abnormal  Category = "abnormal"  // an abnormal card that must be verified again
	Spoofed   Category = "spoofed"   // presents a false caller number
	Passed    Category = "passed"    // of a restore: the user was verified
	Objected  Category = "objection" // of a restore: an objection was accepted
	Ended     Category = "ended"     // of a restore: the end that was set
	Mistaken  Category = "mistaken"  // of a restore: it should not have been done
)

// Words are a text in both languages.
type Words struct {
	ZH string `json:"zh"`
	EN string `json:"en"`
}

var categories = map[Category]struct {
	Words
	restores bool
}{
	Suspected: {Words{"涉嫌被用于电信网络诈骗", "suspected of being used for telecom fraud"}, false},
	InCase:    {Words{"在电信网络诈骗案件中出现", "appears in a case of telecom fraud"}, false},
	Abnormal:  {Words{"涉诈异常电话卡，须重新进行实名核验", "an abnormal card whose user must be verified again"}, false},
	Spoofed:   {Words{"改号或虚假主叫", "presents a changed or false caller number"}, false},
	Passed:    {Words{"用户已通过实名核验", "the user was verified"}, true},
	Objected:  {Words{"申诉成立", "an objection was accepted"}, true},
	Ended:     {Words{"处置期限届满", "the end that was set has come"}, true},
	Mistaken:  {Words{"经复核应予解除", "lifted after review"}, true},
}

func usual(k Kind) Category {
	switch k {
	case Recheck:
		return Abnormal
	case Restore:
		return Mistaken
	}
	return Suspected
}

func (c Category) fits(k Kind) bool {
	known, ok := categories[c]
	return ok && known.restores == (k == Restore)
}

// names are what a kind is called, to an officer and to the person concerned.
var names = map[Kind]Words{
	Shutdown:  {"关停", "shut down"},
	Intercept: {"拦截", "intercepted"},
	Block:     {"封堵", "blocked"},
	Recheck:   {"二次实名核验", "second real-name check"},
	Restore:   {"复机（解除处置）", "restored"},
}

// lifted is what undoing a kind is called.
var lifted = map[Kind]Words{
	Shutdown:  {"复机", "restored"},
	Intercept: {"解除拦截", "no longer intercepted"},
	Block:     {"解除封堵", "no longer blocked"},
	Recheck:   {"复机", "restored"},
}

// Basis is a provision that a kind may rest on, as an officer may choose it.
type Basis struct {
	Citation string `json:"citation"`
	What     string `json:"what"`
}

const (
	law    = "《中华人民共和国反电信网络诈骗法》"
	notice = "《工业和信息化部 公安部关于依法清理整治涉诈电话卡、物联网卡以及关联互联网账号的通告》（2021年6月2日）第四项"
)

// bases are suggestions: provisions whose text was read. What a unit rests a
// disposal on is its own decision.
var bases = map[Kind][]Basis{
	Shutdown: {
		{law + "第十一条", "涉诈异常电话卡重新实名核验；未按规定核验或者核验未通过的，可以限制、暂停有关电话卡功能"},
		{law + "第十二条", "物联网卡异常使用的，暂停服务、重新核验身份和使用场景"},
		{law + "第十四条", "非法设备、软件的阻断"},
	},
	Intercept: {
		{law + "第十三条", "改号电话、虚假主叫的封堵拦截和溯源核查"},
		{law + "第十四条", "非法设备、软件的阻断"},
	},
	Block: {
		{law + "第二十二条", "涉诈异常互联网账号的核验、限制、暂停、关闭"},
		{law + "第二十四条", "域名解析、域名跳转、网址链接转换服务的核验与溯源"},
		{law + "第十四条", "非法设备、软件的阻断"},
	},
	Recheck: {
		{law + "第十一条", "涉诈异常电话卡用户重新进行实名核验"},
		{notice, "提醒用户在24小时内实名核验；未核验或者核验未通过的，暂停电话卡功能；有异议的可以投诉反映，经核验通过的恢复功能"},
	},
	Restore: {
		{law + "第三十二条第三款", "申诉核查通过的，应当即时解除有关措施"},
	},
}

// usualPapers is what a person is asked to bring to object. The law says that
// they must be told and names none: a unit may state others.
func usualPapers(vk clue.Kind) []string {
	switch vk {
	case clue.KindMobile:
		return []string{"机主本人有效身份证件", "该号码的电话卡", "号码用途的情况说明"}
	case clue.KindDomain, clue.KindURL, clue.KindApp:
		return []string{"主办者有效身份证件或者营业执照", "网站备案或者应用登记的证明", "业务情况说明"}
	}
	return []string{"本人有效身份证件；单位办理的，营业执照和授权委托书", "使用情况说明"}
}

// remedy is the way to object: law article 32 paragraph 3, and article 48 for
// what is a penalty or a compulsory measure. The law sets no number of days,
// so neither does the text.
func remedy(unit, contact, institution string) Words {
	return Words{
		ZH: "对处置有异议的，可以向作出决定的" + unit + "提出申诉（电话 " + contact + "），也可以向执行单位" + institution + "反映。" +
			"受理单位应当及时受理并核查，核查通过的，即时解除处置。属于行政处罚、行政强制措施的，可以依法申请行政复议或者提起行政诉讼。",
		EN: "You may object to " + unit + ", which decided (telephone " + contact + "), or turn to " + institution + ", which carried it out. " +
			"The objection is accepted and verified in time; if it holds, the measure is lifted at once. " +
			"Against a penalty or a compulsory measure you may also apply for administrative reconsideration or go to court.",
	}
}

// Category words for the API, in a fixed order.
var categoryOrder = []Category{Suspected, InCase, Abnormal, Spoofed, Passed, Objected, Ended, Mistaken}

func categoriesOf(k Kind) []Category {
	return slices.DeleteFunc(slices.Clone(categoryOrder), func(c Category) bool { return !c.fits(k) })
}
