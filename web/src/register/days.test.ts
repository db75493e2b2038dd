import { expect, test } from "vitest"
import { bars, daysLeft, today } from "./days"

test("a day is the centre's, wherever the browser stands", () => {
  expect(today(Date.parse("2026-11-25T15:59:59Z"))).toBe("2026-11-25")
  expect(today(Date.parse("2026-11-25T16:00:00Z"))).toBe("2026-11-26")
})

test("days are counted over leap days", () => {
  expect(daysLeft("2028-03-01", "2028-02-28")).toBe(2)
  expect(daysLeft("2026-11-25", "2026-11-25")).toBe(0)
})

test("listings lie on one line of time, those without days on none", () => {
  const line = bars([
    { id: "b", from: "2026-01-11", until: "2026-01-21" },
    { id: "a", from: "2026-01-01", until: "2026-01-11" },
    { id: "c", from: "", until: "" },
  ])
  expect(line).toEqual({ first: "2026-01-01", last: "2026-01-21", bars: [{ id: "b", left: 50, width: 50 }, { id: "a", left: 0, width: 50 }] })
  expect(bars([]).bars).toEqual([])
})
