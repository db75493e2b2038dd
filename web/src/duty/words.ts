export const words = {
  "duty.title": ["值班备勤", "Duty"],
  "duty.now": ["当前值班", "On duty now"],
  "duty.nobody": ["无人值班", "nobody"],
  "duty.list": ["值班表", "Duty list"],
  "duty.who": ["人员", "Who"],
  "duty.role": ["岗位", "Post"],
  "duty.phone": ["电话", "Phone"],
  "duty.from": ["起", "From"],
  "duty.to": ["止", "To"],
  "duty.add": ["排班", "Add a turn"],
  "duty.remove": ["移除", "Remove"],
  "duty.empty": ["值班表为空。核查逾期会上报当班领导，请先排班。", "The list is empty. Late lookups go to the leader on duty: enter one."],
} as const satisfies Record<string, readonly [string, string]>
