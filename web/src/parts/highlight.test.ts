import { describe, expect, it } from "vitest"
import { segments, sharedParts } from "./highlight"

const show = (s: { text: string; find?: unknown }[]) => s.map((x) => (x.find ? `[${x.text}]` : x.text)).join("")

describe("segments", () => {
  it("marks what was found and loses nothing", () => {
    const text = "有人用13888812345打给我，转了3.5万元"
    expect(show(segments(text, [{ start: 20, end: 25 }, { start: 3, end: 14 }]))).toBe("有人用[13888812345]打给我，转了[3.5万元]")
  })
  it("counts code points, not UTF-16 units", () => {
    expect(show(segments("😭😭𠮷138", [{ start: 3, end: 6 }]))).toBe("😭😭𠮷[138]")
  })
  it("keeps the earlier and longer of two that overlap", () => {
    expect(show(segments("abcdef", [{ start: 1, end: 3 }, { start: 1, end: 4 }, { start: 3, end: 6 }]))).toBe("a[bcd]ef")
  })
  it("drops spans that no longer fit", () => {
    expect(show(segments("abc", [{ start: 2, end: 9 }, { start: -1, end: 2 }, { start: 2, end: 2 }]))).toBe("abc")
    expect(segments("", [{ start: 0, end: 1 }])).toEqual([])
  })
  it("always gives the text back", () => {
    const text = "a😭b中c"
    for (let s = -1; s < 7; s++)
      for (let e = -1; e < 7; e++)
        expect(segments(text, [{ start: s, end: e }, { start: 1, end: 3 }]).map((x) => x.text).join("")).toBe(text)
  })
})

describe("sharedParts", () => {
  it("marks what two addresses share, whatever the width of the digits", () => {
    expect(show(sharedParts("云南省昆明市呈贡区彩云南路８８号", ["昆明呈贡区彩云南路88号1203室"]))).toBe("云南省[昆明]市[呈贡区彩云南路８８号]")
  })
  it("takes a numeral for what it says, in either script", () => {
    const a = "盘龙区落霞路312号悦栖(第3店)1栋823室"
    const b = "盘龙区落霞路三百一十二号悦栖（第三店）一栋八百二十三室"
    expect(show(sharedParts(a, [b]))).toBe(`[${a}]`)
    expect(show(sharedParts(b, [a]))).toBe(`[${b}]`)
    expect(show(sharedParts("落霞路20号", ["落霞路二号"]))).toBe("[落霞路]20号")
    expect(show(sharedParts("一二〇三室", ["1203室"]))).toBe("[一二〇三室]")
  })
  it("does not mark single characters", () => {
    expect(show(sharedParts("北京市", ["上海市"]))).toBe("北京市")
  })
  it("marks nothing when there is nothing to compare with", () => {
    expect(show(sharedParts("彩云南路88号", []))).toBe("彩云南路88号")
  })
})
