import { describe, expect, it } from "vitest"
import { asks, given, groups, items, listed, put, putItems, shown, type Facts } from "./facts"

const names = (facts: Facts, missing: string[] = []) => groups.flatMap((g) => shown(g, facts, missing).map((f) => f.name))

describe("facts", () => {
  it("are the pack's input: nested by their dotted names", () => {
    const f = put(put(put({}, "ground", "designated"), "conduct.kind", "rent"), "conduct.occasions", 0)
    expect(f).toEqual({ ground: "designated", conduct: { kind: "rent", occasions: 0 } })
    expect(given(f, "conduct.occasions")).toBe(0)
    expect(given(f, "conduct.lastOn")).toBeUndefined()
  })
  it("keep a no apart from what is not known", () => {
    const f = put({}, "conduct.necessary", false)
    expect(f).toEqual({ conduct: { necessary: false } })
    expect(put(f, "conduct.necessary", undefined)).toEqual({})
  })
  it("take away an emptied list", () => {
    const f = putItems({ ground: "designated" }, [{ kind: "phone_card", count: 3 }])
    expect(items(f)).toEqual([{ kind: "phone_card", count: 3 }])
    expect(putItems(f, [])).toEqual({ ground: "designated" })
  })
  it("are told in the order of the form, with what the register added", () => {
    expect(listed({ decision: { on: "2026-11-25" }, conduct: { occasions: 4, kind: "rent" }, ground: "designated" }).map((x) => x.name)).toEqual(["ground", "conduct.kind", "conduct.occasions", "decision.on"])
  })
})

describe("what is asked", () => {
  it("begins with the ground alone", () => expect(names({})).toEqual(["ground"]))
  it("of a designation is the conduct, of a sentence the judgment", () => {
    expect(names({ ground: "designated" })).toContain("conduct.counterparties")
    expect(names({ ground: "designated" })).not.toContain("sentence.kind")
    expect(names({ ground: "sentenced" })).toContain("sentence.effectiveOn")
    expect(names({ ground: "sentenced" })).not.toContain("sentence.releasedOn")
    expect(names({ ground: "sentenced", sentence: { kind: "fixed_term" } })).toContain("sentence.releasedOn")
  })
  it("splits the counts of conduct over the first day of the law, and only then", () => {
    const over = (firstOn: string, lastOn: string) => names({ ground: "designated", conduct: { firstOn, lastOn } }).includes("before.items")
    expect(over("2022-11-30", "2022-12-01")).toBe(true)
    expect(over("2022-12-01", "2022-12-02")).toBe(false)
    expect(over("2022-11-01", "2022-11-30")).toBe(false)
  })
  it("shows what the answer waits for", () => {
    expect(names({}, ["conduct.necessary", "ground"])).toEqual(["ground"])
    expect(names({ ground: "designated" })).not.toContain("conduct.necessary")
    expect(names({ ground: "designated" }, ["conduct.necessary"])).toContain("conduct.necessary")
    expect(asks("conduct.necessary", { ground: "designated" }, ["conduct.necessary"])).toBe(true)
    expect(asks("conduct.necessary", {}, ["conduct.necessary"])).toBe(false)
    expect(asks("objects", { ground: "designated" }, [])).toBe(true)
    expect(asks("objects", {}, [])).toBe(false)
    expect(asks("designation.provincialReview", { ground: "designated" }, ["designation.provincialReview"])).toBe(false)
  })
})
