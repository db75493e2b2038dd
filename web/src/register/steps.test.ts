import { describe, expect, it } from "vitest"
import { barred, levelOf, verbs } from "./steps"

const p = { state: "proposed", review: false, level: "city", createdBy: "A", blocked: "", steps: [{ step: "proposed", by: "A", name: "", at: "", note: "" }] } as const
const draft = { ...p, steps: [...p.steps] }
const leader = { id: "L", roles: ["leader"], region: "530100" }

describe("levels", () => {
  it.each([["530114", "county"], ["530100", "city"], ["530000", "province"], ["", "ministry"]])("%s is %s", (region, level) => expect(levelOf(region)).toBe(level))
})

describe("verbs", () => {
  it("of a draft are the officer's", () => expect(verbs({ ...draft, state: "draft" }, { id: "O", roles: ["officer"] })).toEqual(["propose", "edit", "evaluate"]))
  it("of a proposal are the leader's", () => {
    expect(verbs(draft, leader)).toEqual(["approve", "return", "refuse", "evaluate"])
    expect(verbs(draft, { id: "O", roles: ["officer"] })).toEqual(["evaluate"])
  })
  it("ask for the province's review before anybody approves", () => expect(verbs({ ...draft, review: true }, leader)[0]).toBe("review"))
  it("end with the decision", () => expect(verbs({ ...draft, state: "approved" }, leader)).toEqual([]))
})

describe("barred", () => {
  it("is who proposed", () => {
    expect(barred(draft, "approve", { ...leader, id: "A" })).toBe("own")
    expect(barred(draft, "approve", leader)).toBeUndefined()
  })
  it("is an organ below the level that the row names, and a county always", () => {
    expect(barred({ ...draft, level: "province" }, "approve", leader)).toBe("level")
    expect(barred({ ...draft, level: "" }, "approve", { ...leader, region: "530114" })).toBe("level")
    expect(barred(draft, "review", leader)).toBe("level")
    expect(barred(draft, "review", { ...leader, region: "530000" })).toBeUndefined()
  })
  it("is who reviewed, from approving", () => {
    const reviewed = { ...draft, state: "reviewed" as const, steps: [...draft.steps, { step: "reviewed", by: "P", name: "", at: "", note: "" }] }
    expect(barred(reviewed, "approve", { id: "P", roles: ["leader"], region: "530000" })).toBe("own")
  })
})
