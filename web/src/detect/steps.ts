import type { Alert } from "../api/types"
import { may } from "../app/permits"

export type Verb = "take" | "decide" | "hand" | "receive" | "judge"

type Standing = Pick<Alert, "state" | "decision" | "institution" | "receivedAt" | "checkedAt">

/** A warning or a referral is handed to somebody; a clue and a dismissal are not. */
export const handed = (a: Pick<Alert, "decision">) => a.decision === "warning" || a.decision === "referral"

/** What may be done with an alert now and by whom; `first` is the one thing to do next. */
export function verbs(a: Standing, roles: readonly string[], institution: string | undefined): { first: Verb | undefined; rest: Verb[] } {
  const judges = may(roles, "alert.judge")
  if (institution) {
    if (a.institution !== institution) return { first: undefined, rest: [] }
    if (!a.receivedAt && may(roles, "alert.receive")) return { first: "receive", rest: judges ? ["judge"] : [] }
    if (!judges) return { first: undefined, rest: [] }
    return a.checkedAt ? { first: undefined, rest: ["judge"] } : { first: "judge", rest: [] }
  }
  const all: Verb[] = []
  let first: Verb | undefined
  if (a.state === "new" && may(roles, "alert.take")) first = "take"
  if (a.state === "taken" && may(roles, "alert.decide")) first = "decide"
  if (a.state === "new" && may(roles, "alert.decide")) all.push("decide")
  if (a.state === "decided" && handed(a) && !a.receivedAt && may(roles, "alert.hand")) {
    if (a.institution) all.push("hand")
    else first = "hand"
  }
  if (judges) all.push("judge")
  return { first, rest: all }
}

/** What an officer may decide: a clue only where somebody can be asked about the subject. */
export function choices(clueable: boolean): Exclude<Alert["decision"], "">[] {
  return clueable ? ["clue", "warning", "referral", "dismissed"] : ["warning", "referral", "dismissed"]
}

/** The decision that a form begins with: what the rule wanted, if it can be. */
export function proposed(becomes: string, clueable: boolean): Exclude<Alert["decision"], ""> {
  return choices(clueable).find((d) => d === becomes) ?? "dismissed"
}
