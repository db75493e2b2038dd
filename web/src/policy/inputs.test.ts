import { expect, test } from "vitest"
import type { PackInput } from "../api/types"
import { fromInstant, given, groups, put, toInstant } from "./inputs"

test("a dotted name is a place in the facts", () => {
  const facts = put(put({}, "person.ageMonths", 30), "highSeason", false)
  expect(facts).toEqual({ person: { ageMonths: 30 }, highSeason: false })
  expect(given(facts, "person.ageMonths")).toBe(30)
  expect(given(facts, "person.ill")).toBeUndefined()
  expect(given(facts, "highSeason.deep")).toBeUndefined()
})

test("what is taken out leaves nothing empty behind", () => {
  const facts = put(put({}, "a.b.c", 1), "d", "x")
  expect(put(facts, "a.b.c", undefined)).toEqual({ d: "x" })
  expect(facts).toEqual({ a: { b: { c: 1 } }, d: "x" })
})

test("inputs stand together by the first part of their names", () => {
  const inputs = ["who", "person.age", "when", "person.ill"].map((name) => ({ name, type: "bool", words: { zh: name, en: name }, of: [] }) as PackInput)
  expect(groups(inputs).map((g) => [g.name, g.inputs.map((i) => i.name)])).toEqual([["", ["who", "when"]], ["person", ["person.age", "person.ill"]]])
})

test("an instant keeps the centre's wall clock", () => {
  expect(toInstant("2024-12-01T10:00")).toBe("2024-12-01T10:00:00+08:00")
  expect(fromInstant("2024-12-01T02:00:00Z")).toBe("2024-12-01T10:00")
  expect(fromInstant(undefined)).toBe("")
})
