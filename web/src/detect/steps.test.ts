import { describe, expect, it } from "vitest"
import { choices, proposed, verbs } from "./steps"

type A = Parameters<typeof verbs>[0]
const fresh: A = { state: "new", decision: "", institution: "" }
const referral: A = { state: "decided", decision: "referral", institution: "B1" }

describe("verbs", () => {
  it.each<[string, A, string[], string | undefined, string]>([
    ["an officer takes what is new, or decides at once", fresh, ["officer"], undefined, "take | decide judge"],
    ["who has taken it decides", { ...fresh, state: "taken" }, ["analyst"], undefined, "decide | judge"],
    ["a warning that nobody has is handed over", { state: "decided", decision: "warning", institution: "" }, ["leader"], undefined, "hand | judge"],
    ["a referral may be handed to another until it is received", referral, ["officer"], undefined, " | hand judge"],
    ["then no more", { ...referral, receivedAt: "2026-11-25T08:00:00Z" }, ["officer"], undefined, " | judge"],
    ["a clue needs nothing here", { state: "decided", decision: "clue", institution: "" }, ["officer"], undefined, " | judge"],
    ["the bank receives what was handed to it", referral, ["responder"], "B1", "receive | judge"],
    ["and says what it found", { ...referral, receivedAt: "2026-11-25T08:00:00Z" }, ["responder"], "B1", "judge | "],
    ["another bank does nothing", referral, ["responder"], "B2", " | "],
    ["an auditor looks", fresh, ["auditor"], undefined, " | "],
  ])("%s", (_, a, roles, institution, want) => {
    const { first, rest } = verbs(a, roles, institution)
    expect(`${first ?? ""} | ${rest.join(" ")}`).toBe(want)
  })
})

describe("a decision", () => {
  it("opens no clue about what nobody can be asked about", () => expect(choices(false)).not.toContain("clue"))
  it("begins with what the rule wanted", () => expect(proposed("referral", true)).toBe("referral"))
  it("never begins with a clue that cannot be", () => expect(proposed("clue", false)).toBe("dismissed"))
})
