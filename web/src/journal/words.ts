export const words = {
  "journal.title": ["日志", "Journal"],
  "journal.at": ["时间", "Time"],
  "journal.kind": ["事项", "What"],
  "journal.actor": ["操作人", "Who"],
  "journal.record": ["记录", "Record"],
  "journal.purpose": ["用途", "Purpose"],
  "journal.seq": ["序号", "No."],
  "journal.find.record": ["记录编号", "record ID"],
  "journal.find.actor": ["操作人编号", "who (ID)"],
  "journal.find.kind": ["事项代码", "kind"],
  "journal.empty": ["没有符合条件的日志。", "Nothing matches."],
} as const satisfies Record<string, readonly [string, string]>
