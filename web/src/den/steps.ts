import type { Den, DenState } from "../api/types"
import { may } from "../app/permits"

export const way = ["suspected", "analysed", "approved", "dispatched", "received", "outcome"] as const
export type Step = (typeof way)[number]
export type Mark = "done" | "now" | "ahead" | "ended"

const reached: Record<DenState, { at: number; ended?: true }> = {
  suspected: { at: 0 },
  dismissed: { at: 1, ended: true },
  analysed: { at: 1 },
  approved: { at: 2 },
  dispatched: { at: 3 },
  received: { at: 4 },
  confirmed: { at: 5 },
  nothing_found: { at: 5 },
}

/** How far a den has come. "Nothing found" is an outcome, not a failure; a dismissal ends the way where it happened. */
export function marks(state: DenState): Mark[] {
  const { at, ended } = reached[state] ?? { at: 0 }
  const over = state === "confirmed" || state === "nothing_found"
  return way.map((_, i) => {
    if (ended) return i < at ? "done" : i === at ? "ended" : "ahead"
    if (i <= at) return "done"
    return i === at + 1 && !over ? "now" : "ahead"
  })
}

export type Verb = "analyse" | "dismiss" | "approve" | "reject" | "dispatch" | "receive" | "confirm" | "nothing-found"

/** What may be done next with a den, and by whom; the first is the primary action. */
export function verbs(den: Pick<Den, "state" | "unit">, roles: readonly string[], institution: string | undefined): Verb[] {
  const unit = may(roles, "den.receive") && (!den.unit || den.unit === institution)
  switch (den.state) {
    case "suspected":
      return may(roles, "den.analyse") ? ["analyse", "dismiss"] : []
    case "analysed":
      return may(roles, "den.approve") ? ["approve", "reject"] : []
    case "approved":
      return may(roles, "den.dispatch") ? ["dispatch"] : []
    case "dispatched":
      return unit ? ["receive"] : []
    case "received":
      return unit ? ["confirm", "nothing-found"] : []
    default:
      return []
  }
}
