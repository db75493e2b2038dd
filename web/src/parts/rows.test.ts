import { describe, expect, it } from "vitest"
import { csv, flatten, refresh, visible } from "./rows"

const page = (...ids: string[]) => ({ items: ids.map((id) => ({ id, v: 1 })), next: ids.at(-1) ?? "" })

describe("flatten", () => {
  it("shows a row once, where it was first seen", () => {
    expect(flatten([page("c", "b"), page("b", "a"), page()]).map((r) => r.id)).toEqual(["c", "b", "a"])
  })
})

describe("refresh", () => {
  const before = [page("c", "b"), page("a")]
  it("changes rows in their places and names the new ones", () => {
    const { pages, added } = refresh(before, [{ id: "d", v: 2 }, { id: "a", v: 2 }, { id: "c", v: 3 }])
    expect(flatten(pages)).toEqual([{ id: "c", v: 3 }, { id: "b", v: 1 }, { id: "a", v: 2 }])
    expect(added).toEqual(["d"])
    expect(pages.map((p) => p.next)).toEqual(["b", "a"])
  })
  it("leaves the pages it was given alone", () => {
    refresh(before, [{ id: "c", v: 9 }])
    expect(before[0]?.items[0]?.v).toBe(1)
  })
})

describe("visible", () => {
  it.each([
    [1000, 0, 320, 0, 22], [1000, 3200, 320, 88, 122], [5, 0, 320, 0, 5], [0, 0, 320, 0, 0], [10, 99_999, 320, 10, 10],
  ])("%d rows at %d", (total, top, height, from, to) => expect(visible(total, 32, top, height)).toEqual({ from, to }))
})

describe("csv", () => {
  it("quotes, marks its encoding and defuses formulas", () => {
    expect(csv(["号码", "说明"], [["+86138", 'a "b", c'], ["=1+1", "-3"], ["@x", "+a"]])).toBe('\uFEFF号码,说明\r\n+86138,"a ""b"", c"\r\n\'=1+1,-3\r\n\'@x,\'+a\r\n')
  })
})
