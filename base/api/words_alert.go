package api

// Alerts, suppressions and named lists.
var phrasesOfAlert = []phrase{
	{"the alert is %s; this needs one that is %s", "该告警现为“{1:alert.state}”，须为“{2:alert.state}”才能办理"},
	{"the alert is decided already", "该告警已有决定"},
	{"somebody changed this alert before you", "该告警刚被他人修改"},
	{"must be clue, warning, referral or dismissed", "只能是 clue（转线索）、warning（预警劝阻）、referral（转协作单位）或 dismissed（排除）"},
	{"no clue can be opened about this subject: nobody can be asked about it", "此类对象无单位可核查，不能转为线索"},
	{"clues are about numbers, accounts and devices; choose another way, or dismiss it", "线索只涉及号码、账户和设备；请另选处理方式，或予以排除"},
	{"only a warning or a referral is handed to an institution", "只有预警劝阻和转办才交给协作单位"},
	{"the directory knows nobody who holds this subject", "名录中没有持有该号码或账户的单位"},
	{"the institution has received it already", "该单位已签收"},
	{"a warning goes to the police or the community of the place", "预警劝阻应交当地派出所或社区"},
	{"a referral goes to a bank, a payment firm or a carrier", "转办应交银行、支付机构或运营商"},
	{"must be right, wrong or unsure", "只能是 right（准确）、wrong（误报）或 unsure（无法确定）"},
	{"must be number, account, device, sim, cell, person, outlet or other", "只能是 number（号码）、account（账户）、device（设备）、sim（SIM 卡）、cell（基站小区）、person（人员）、outlet（网点）或 other（其他）"},

	{"say what is left alone", "请填写静默对象"},
	{"a suppression ends after now and within a year", "静默期应晚于现在，且不超过一年"},
	{"the subject is left alone by this rule already", "该对象在此规则下已静默"},
	{"lift the suppression that is there first", "请先解除现有静默"},
	{"somebody changed this suppression before you", "该静默刚被他人修改"},
	{"the suppression is over already", "该静默已结束"},

	{"a list is named in small letters, digits and dashes", "名单名称只用小写字母、数字和短横线"},
	{"the house keeps this list by itself", "该名单由系统自动维护"},
	{"open or close the clue; confirmed dens enter their clues", "请新建或关闭线索；核实为窝点的，其线索自动列入"},
	{"say what is put on the list", "请填写要列入的内容"},
	{"the end lies after now, or is left out", "截止时间应晚于现在，或留空"},
	{"the value is on this list already", "该对象已在名单中"},
	{"change the entry that is there", "请修改现有条目"},
	{"somebody changed this entry before you", "该条目刚被他人修改"},
	{"the entry is over already", "该条目已失效"},
	{"the record changed while the detector was told of it", "通知监测引擎时记录又有变动"},
}
