// What each role may do, as the server's policies decide it. What a role may
// not do is not shown; the decision itself is always the server's. The test
// holds this table against the access table of the policies.
import type { Role } from "../api/types"

const staff = ["officer", "analyst", "leader"] as const
const everyone = ["officer", "analyst", "leader", "unit", "responder", "admin", "auditor"] as const

export const permits = {
  "account.list": ["admin"],
  "account.read": ["admin"],
  "account.write": ["admin"],
  "backup.create": ["admin"],
  "clue.close": staff,
  "clue.create": staff,
  "clue.list": staff,
  "clue.read": staff,
  "clue.verify": staff,
  "den.analyse": ["analyst", "leader"],
  "den.approve": ["leader"],
  "den.confirm": ["unit"],
  "den.dismiss": ["analyst", "leader"],
  "den.dispatch": staff,
  "den.list": [...staff, "unit"],
  "den.nothing_found": ["unit"],
  "den.read": [...staff, "unit"],
  "den.receive": ["unit"],
  "den.reject": ["leader"],
  "disposal.acknowledge": [...staff, "responder"],
  "disposal.approve": ["officer", "leader"],
  "disposal.done": [...staff, "responder"],
  "disposal.list": [...staff, "responder"],
  "disposal.object": staff,
  "disposal.read": [...staff, "responder"],
  "disposal.refuse": [...staff, "responder"],
  "disposal.reject": ["officer", "leader"],
  "disposal.request": staff,
  "disposal.serve": [...staff, "responder"],
  "disposal.undo": staff,
  "disposal.why": [...staff, "responder"],
  "dossier.file": ["leader"],
  "dossier.list": staff,
  "dossier.read": staff,
  "dossier.write": staff,
  "duty.read": [...staff, "admin"],
  "duty.write": ["leader", "admin"],
  "event.read": [...staff, "unit", "responder"],
  "export": ["analyst", "leader"],
  "figures.read": [...staff, "responder", "auditor"],
  "institution.list": everyone,
  "institution.read": everyone,
  "institution.write": ["admin"],
  "journal.read": ["leader", "auditor"],
  "lead.push": [...staff, "responder"],
  "lookup.answer": [...staff, "responder"],
  "lookup.ask": staff,
  "lookup.cancel": staff,
  "lookup.import": staff,
  "lookup.list": [...staff, "responder"],
  "lookup.location": staff,
  "lookup.read": [...staff, "responder"],
  "lookup.refuse": [...staff, "responder"],
  "me.read": everyone,
  "me.write": everyone,
  "number.read": staff,
  "people.list": [...staff, "unit", "admin", "auditor"],
  "protected.read": staff,
  "protected.write": ["leader"],
  "report.close": staff,
  "report.create": staff,
  "report.extract": staff,
  "report.import": staff,
  "report.list": staff,
  "report.read": staff,
  "reveal": staff,
  "search": staff,
  "system.read": ["admin"],
} as const satisfies Record<string, readonly Role[]>

export type Action = keyof typeof permits

/** Whether any of the roles permits any of the actions. */
export function may(roles: readonly string[], ...actions: Action[]): boolean {
  return actions.some((a) => permits[a].some((r) => roles.includes(r)))
}
