import { expect, test } from "vitest"
import type { PackView } from "../api/types"
import { covers, day, number, turns } from "./days"

test("a period ends before its last day", () => {
  expect(covers({}, "2024-01-01")).toBe(true)
  expect(covers({ from: "2024-12-01" }, "2024-11-30")).toBe(false)
  expect(covers({ from: "2024-12-01", until: "2025-01-01" }, "2024-12-01")).toBe(true)
  expect(covers({ from: "2024-12-01", until: "2025-01-01" }, "2025-01-01")).toBe(false)
  expect(covers({ never: true }, "2024-01-01")).toBe(false)
})

test("the turns of a pack are told once and in order", () => {
  const view = { effective: { from: "2024-12-01" }, parameters: [{ values: [{ effective: { from: "2025-01-01", until: "2026-01-01" } }] }], tables: [{ rows: [{ effective: { from: "2024-12-01" } }] }], obligations: [], silences: [] }
  expect(turns(view as unknown as PackView)).toEqual(["2024-12-01", "2025-01-01", "2026-01-01"])
})

test("days count", () => {
  expect(day(number("2024-02-28") + 1)).toBe("2024-02-29")
  expect(number("1970-01-02")).toBe(1)
})
