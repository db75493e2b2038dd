import { describe, expect, it } from "vitest"
import type { DenState } from "../api/types"
import { marks, verbs } from "./steps"

describe("marks", () => {
  it.each<[DenState, string]>([
    ["suspected", "done now ahead ahead ahead ahead"],
    ["dismissed", "done ended ahead ahead ahead ahead"],
    ["analysed", "done done now ahead ahead ahead"],
    ["received", "done done done done done now"],
    ["confirmed", "done done done done done done"],
    ["nothing_found", "done done done done done done"],
  ])("%s", (state, want) => expect(marks(state).join(" ")).toBe(want))
})

describe("verbs", () => {
  it.each<[DenState, string[], string]>([
    ["suspected", ["analyst"], "analyse dismiss"],
    ["suspected", ["officer"], ""],
    ["analysed", ["leader"], "approve reject"],
    ["analysed", ["analyst"], ""],
    ["approved", ["officer"], "dispatch"],
    ["dispatched", ["unit"], "receive"],
    ["received", ["unit"], "confirm nothing-found"],
    ["confirmed", ["leader", "analyst", "unit"], ""],
  ])("%s for %s", (state, roles, want) => expect(verbs({ state, unit: "U1" }, roles, "U1").join(" ")).toBe(want))
  it("leaves a den to the unit that it was sent to", () => {
    expect(verbs({ state: "dispatched", unit: "U1" }, ["unit"], "U2")).toEqual([])
  })
})
