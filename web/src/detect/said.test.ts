import { describe, expect, it } from "vitest"
import { said, spanSaid, valueSaid } from "./said"

describe("a subject", () => {
  it.each([
    ["number", "13800001234", "138 0000 1234"],
    ["number", "+8613800001234", "138 0000 1234"],
    ["account", "6222021001112223334", "6222 0210 0111 2223 334"],
    ["device", "867777000011112", "867777000011112"],
    ["person", "5321**********4321", "5321**********4321"],
  ])("%s %s", (domain, value, want) => expect(said(domain, value)).toBe(want))
})

describe("a value that fired", () => {
  it.each([
    ["0.164", true, "16.4%"],
    ["101400", false, "101,400"],
    ["2026-11-25T09:00:00Z", false, "2026-11-25 17:00:00"],
    ["", false, "-"],
  ])("%s", (text, share, want) => expect(valueSaid(text, share)).toBe(want))
})

it("a span of a rule has the largest unit that fits", () => {
  expect([90, 1800, 43_200, 259_200].map((s) => spanSaid(s, "en"))).toEqual(["90 s", "30 min", "12 h", "3 d"])
})
