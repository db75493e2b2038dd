import { describe, expect, it } from "vitest"
import { around, compared, lineOf } from "./lines"

const marks = { same: " ", out: "-", in: "+" }
const shown = (older: string, newer: string) => compared(older, newer).map((l) => `${marks[l.how]}${l.at} ${l.text}`)

describe("a text compared with an older one", () => {
  it("keeps what is the same", () => expect(shown("a\nb\n", "a\nb\n")).toEqual([" 1 a", " 2 b"]))
  it("tells what went out and what came in", () => expect(shown("a\nb\nc\nd", "a\nx\nc\ny\nd")).toEqual([" 1 a", "-2 b", "+2 x", " 3 c", "+4 y", " 5 d"]))
  it("tells a text that is all new", () => expect(shown("", "a")).toEqual(["-1 ", "+1 a"]))
  it("leaves out what is far from a change", () => {
    const older = Array.from({ length: 20 }, (_, i) => `l${i}`)
    const some = around(compared(older.join("\n"), older.with(10, "new").join("\n")), 1)
    expect(some.map((l) => l?.text)).toEqual([undefined, "l9", "l10", "new", "l11", undefined])
  })
})

describe("where an error is", () => {
  it.each([
    ["body.text:13: rules[1] r: when: character 11", { of: "text", line: 13, where: "rules[1] r: when: character 11" }],
    ["body.cases:4", { of: "cases", line: 4, where: "" }],
    ["body.text: features", { of: "text", line: 0, where: "features" }],
  ])("%s", (location, want) => expect(lineOf(location)).toEqual(want))
  it("is nowhere in the texts", () => expect(lineOf("body.note")).toBeUndefined())
})
