import type { ProposalPage } from "../api/types"
import { may } from "../app/permits"

export type Verb = "edit" | "propose" | "review" | "approve" | "return" | "refuse" | "evaluate"

export type Level = "county" | "city" | "province" | "ministry"

/** How high the organ of a division stands: six digits, the last zeros open. */
export function levelOf(region: string): Level {
  if (!region) return "ministry"
  if (!region.endsWith("00")) return "county"
  return region.endsWith("0000") ? "province" : "city"
}

const heights: Level[] = ["county", "city", "province", "ministry"]
const reaches = (region: string, level: string) => heights.indexOf(levelOf(region)) >= Math.max(1, heights.indexOf(level as Level))

type Person = { id: string; roles: readonly string[]; region?: string | undefined }
type Of = Pick<ProposalPage, "state" | "review" | "level" | "createdBy" | "steps" | "blocked">

/** What may be done next with a proposal; the first is what is expected. */
export function verbs(p: Of, me: Person): Verb[] {
  const can = (action: "change" | "propose" | "review" | "approve" | "return" | "refuse" | "evaluate") => may(me.roles, `proposal.${action}`)
  switch (p.state) {
    case "draft":
      return [...(can("propose") ? (["propose"] as const) : []), ...(can("change") ? (["edit"] as const) : []), ...(can("evaluate") ? (["evaluate"] as const) : [])]
    case "proposed":
    case "reviewed":
      return [
        ...(can("review") && p.review ? (["review"] as const) : []),
        ...(can("approve") && !p.review ? (["approve"] as const) : []),
        ...(can("return") ? (["return"] as const) : []),
        ...(can("refuse") ? (["refuse"] as const) : []),
        ...(can("evaluate") ? (["evaluate"] as const) : []),
      ]
    default:
      return []
  }
}

/** Why this person, of all who hold the role, cannot take the step: they had a hand in it, or their organ is not high enough. */
export function barred(p: Of, verb: Verb, me: Person): "own" | "level" | undefined {
  if (verb !== "review" && verb !== "approve" && verb !== "refuse") return undefined
  const hands = p.steps.filter((s) => s.step === "proposed" || (verb === "approve" && s.step === "reviewed")).map((s) => s.by)
  if (p.createdBy === me.id || hands.includes(me.id)) return "own"
  if (verb === "review" && !reaches(me.region ?? "", "province")) return "level"
  if (verb === "approve" && !reaches(me.region ?? "", p.level)) return "level"
  return undefined
}
