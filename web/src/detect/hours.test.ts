import { expect, test } from "vitest"
import { hoursOfAWeek, week } from "./hours"

test("a week has every hour once and ends with that of the alert", () => {
  const all = week([{ at: "2026-11-25T07:00:00Z", count: 5, answered: 2, amount: 0 }, { at: "2026-11-18T09:00:00Z", count: 1, answered: 1, amount: 0 }], "2026-11-25T08:59:59Z")
  expect(all).toHaveLength(hoursOfAWeek)
  expect(all.at(-1)).toMatchObject({ at: "2026-11-25T08:00:00.000Z", count: 0 })
  expect(all.at(-2)).toMatchObject({ count: 5, answered: 2 })
  expect(all[0]).toMatchObject({ count: 1 })
})

test("what lies before the week is not in it", () => {
  expect(week([{ at: "2026-11-18T08:00:00Z", count: 9, answered: 0, amount: 0 }], "2026-11-25T08:00:00Z").some((h) => h.count > 0)).toBe(false)
})
