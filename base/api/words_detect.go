package api

// Detection: the detector, its verdicts, questions and packs of rules.
var phrasesOfDetect = []phrase{
	{"this house runs no detector", "本系统未启用实时监测"},
	{"turn it on by detect.on", "请在配置中用 detect.on 启用"},
	{"the detector is starting", "监测引擎正在启动"},
	{"the detector is stopping", "监测引擎正在停止"},
	{"another process has taken the detector over", "监测引擎已由另一进程接管"},
	{"this process stands by; another one is active", "本进程为备用，另一进程正在运行监测"},
	{"ask the active one", "请向主用进程请求"},
	{"ask the active one at %s", "请向主用进程 {1} 请求"},
	{"the institution's quota of events to be judged is used up", "本单位的研判配额已用完"},
	{"wait as long as Retry-After says, or have the centre set another quota (detect.scoresPerMinute)", "请按 Retry-After 等待，或请反诈中心调整配额（detect.scoresPerMinute）"},
	{"nothing of this request was stored", "本次请求的内容均未入库"},
	{"want an object", "应为 JSON 对象"},
	{"want a list", "应为列表"},
	{"want 1 to %d events", "一次应有 1 至 {1} 条事件"},
	{"want either event or events", "event 与 events 只能填一个"},
	{"the kinds of event are call, message, transfer and registration", "事件类型只有 call（通话）、message（短信）、transfer（转账）、registration（开户入网）"},
	{"a case of the pack does not hold: %s", "规则包的用例未通过：{1}"},
	{"the pack is %s already", "该规则包已是 {1} 状态"},
	{"somebody decided on this pack before you", "该规则包刚被他人处理"},
	{"the change is larger than an entry of the event log", "变更内容超过事件日志的单条上限"},
	{"packs together have up to 1 MB", "全部规则包合计不超过 1 MB"},
}
