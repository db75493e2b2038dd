import { describe, expect, it } from "vitest"
import { nextOffset, span, urgency } from "./deadline"

const t0 = Date.parse("2026-03-01T00:00:00Z")
const at = (s: number) => new Date(t0 + s * 1000).toISOString()

describe("urgency", () => {
  it.each([
    [0, "calm"], [89, "calm"], [90, "half"], [161, "half"], [162, "last"], [179.9, "last"], [180, "late"], [9999, "late"],
  ])("after %d of 180 seconds is %s", (s, want) => {
    expect(urgency({ from: at(0), due: at(180) }, t0 + s * 1000)).toBe(want)
  })
  it("takes the usual length for a bare due time", () => {
    expect(urgency({ due: at(180) }, t0 + 60_000)).toBe("calm")
    expect(urgency({ due: at(180) }, t0 + 100_000)).toBe("half")
    expect(urgency({ due: at(86_400) }, t0)).toBe("calm")
  })
  it("is late or calm, never stuck, when the deadline has no length", () => {
    expect(urgency({ from: at(10), due: at(10) }, t0 + 10_000)).toBe("late")
    expect(urgency({ from: at(20), due: at(10) }, t0)).toBe("calm")
  })
})

describe("span", () => {
  it.each([
    [0, "0:00"], [999, "0:00"], [7000, "0:07"], [-7000, "0:07"], [760_000, "12:40"], [3_599_999, "59:59"], [3_600_000, "1h00"],
    [11_100_000, "3h05"], [86_400_000, "1d00"], [187_200_000, "2d04"],
  ])("%d ms is %s", (ms, want) => expect(span(ms)).toBe(want))
})

describe("nextOffset", () => {
  it("takes the first sample, then ignores what lies within its error", () => {
    const first = nextOffset(undefined, new Date(t0).toUTCString(), t0 - 3000, t0 - 2900)
    expect(first).toBe(3450)
    expect(nextOffset(first, new Date(t0 + 1000).toUTCString(), t0 - 2100, t0 - 2000)).toBe(3450)
  })
  it("follows a real change", () => {
    expect(nextOffset(0, new Date(t0).toUTCString(), t0 - 60_000, t0 - 60_000)).toBe(60_500)
  })
  it("keeps what it had when there is no readable date", () => {
    expect(nextOffset(7, "soon", 0, 0)).toBe(7)
    expect(nextOffset(undefined, "", 0, 0)).toBeUndefined()
  })
})
