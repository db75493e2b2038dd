package number

import "strings"

// The segments below are those of the numbering plan of the ministry (工业和信息
// 化部《电信网编号计划（2017年版）》, 工信部信管〔2017〕168号, and its later
// assignments of 19x, 16x and 174): three digits, or four where a segment is
// divided. They decide the kind and the carrier that a segment was first given
// to, before anybody took the number elsewhere.
const (
	mobileCom  = "中国移动"
	unicom     = "中国联通"
	telecom    = "中国电信"
	broadnet   = "中国广电"
	satellites = "中国电信（卫星）"
)

type segment struct {
	kind    Kind
	carrier string
}

var segments = plan(map[segment]string{
	{Mobile, mobileCom}: "1340 1341 1342 1343 1344 1345 1346 1347 1348 135 136 137 138 139 150 151 152 157 158 159 172 178 182 183 184 187 188 195 197 198",
	{Mobile, unicom}:    "130 131 132 155 156 166 175 176 185 186 196",
	{Mobile, telecom}:   "133 153 173 177 180 181 189 190 191 193 199",
	{Mobile, broadnet}:  "192",
	// 移动转售 (virtual operators): the carrier is the one whose network they resell.
	{Virtual, telecom}:   "162 1700 1701 1702",
	{Virtual, mobileCom}: "165 1703 1705 1706",
	{Virtual, unicom}:    "167 171 1704 1707 1708 1709",
	// Cards for data and things, eleven digits.
	{IoT, unicom}:    "145 146",
	{IoT, mobileCom}: "147 148",
	{IoT, telecom}:   "149",
	// Satellite: 1349 and 1740 to 1745 (Tiantong), 1749.
	{Satellite, satellites}: "1349 1740 1741 1742 1743 1744 1745 1749",
})

// things are the segments of thirteen digits for machines (物联网).
var things = map[string]string{
	"10646": unicom, "10648": mobileCom, "10649": telecom,
	"140": unicom, "141": telecom, "144": mobileCom,
}

// tollfree gives the carrier of 400 and 800 numbers by their first four digits,
// where one carrier holds the whole of it.
var tollfree = map[string]string{
	"4000": unicom, "4006": unicom, "4001": mobileCom, "4007": mobileCom, "4008": telecom, "4009": telecom,
	"8006": unicom, "8007": mobileCom, "8008": telecom,
}

// emergency numbers are answered by the state's rescue services (同一计划, 紧急业务).
var emergency = map[string]string{
	"110": "公安报警", "119": "火警", "120": "医疗急救", "122": "交通事故报警",
	"12110": "公安短信报警", "12395": "水上搜救", "12119": "森林火警",
}

// services names who answers the numbers that scams most often imitate, from
// the ministry's public list of 95 and 123 numbers and the carriers' own.
var services = map[string]string{
	"96110": "反诈预警劝阻专线", "12381": "工业和信息化部反诈预警短信", "12321": "网络不良与垃圾信息举报", "12377": "互联网违法和不良信息举报",
	"12345": "政务服务便民热线", "12300": "电信用户申诉", "12301": "旅游服务", "12305": "邮政业用户申诉", "12306": "铁路客户服务",
	"12309": "检察服务", "12315": "市场监管投诉举报", "12328": "交通运输服务监督", "12329": "住房公积金", "12333": "人力资源和社会保障",
	"12337": "扫黑除恶举报", "12348": "公共法律服务", "12355": "青少年服务", "12363": "金融消费权益保护", "12366": "税务服务",
	"12367": "移民管理服务", "12368": "人民法院诉讼服务", "12378": "银行保险消费者投诉", "12386": "证券期货投诉", "12388": "纪检监察举报",
	"12389": "公安机关和民警违法违纪举报", "12360": "海关", "12380": "组织部门举报", "12338": "妇女维权", "12320": "公共卫生",
	"12356": "心理援助", "12393": "医疗保障", "12123": "交通管理", "12121": "气象",
	"10000": telecom, "10001": telecom, "10010": unicom, "10011": unicom, "10015": "中国联通投诉", "10085": mobileCom, "10086": mobileCom, "10099": broadnet,
	"10050": "中国铁通", "11183": "中国邮政速递", "11185": "中国邮政", "114": "电话查询", "116114": unicom, "118114": telecom, "12580": mobileCom,
	"95588": "中国工商银行", "95533": "中国建设银行", "95599": "中国农业银行", "95566": "中国银行", "95559": "交通银行", "95580": "中国邮政储蓄银行",
	"95555": "招商银行", "95558": "中信银行", "95561": "兴业银行", "95568": "中国民生银行", "95577": "华夏银行", "95595": "中国光大银行",
	"95508": "广发银行", "95511": "中国平安", "95528": "上海浦东发展银行", "95526": "北京银行", "95594": "上海银行", "95527": "浙商银行", "95541": "渤海银行",
	"95516": "中国银联", "95188": "支付宝", "95017": "财付通（微信支付）", "95118": "京东金融",
	"95518": "中国人民保险", "95519": "中国人寿", "95500": "太平洋保险", "95522": "泰康人寿", "95567": "新华保险",
	"95598": "国家电网", "95338": "顺丰速运", "95554": "圆通速递", "95543": "申通快递", "95546": "韵达速递", "95311": "中通快递", "95306": "铁路货运",
}

// plan turns the readable table round: prefix to segment.
func plan(table map[segment]string) map[string]segment {
	out := map[string]segment{}
	for s, prefixes := range table {
		for p := range strings.FieldsSeq(prefixes) {
			out[p] = s
		}
	}
	return out
}
