import { describe, expect, it } from "vitest"
import { columnsOf, partsOf, said } from "./said"

const words = (zh: string, en: string) => ({ zh, en })
const column = (name: string) => ({ name, type: "string", words: words(name, name), of: [] })

describe("the words of a result", () => {
  const parts = [{ name: "way", words: words("认定途径", "how"), of: [] }, { name: "class", words: words("类别", "class"), of: [{ name: "A", words: words("第一类", "class A"), of: [] }] }]
  it("stand in the pack's order", () => expect(partsOf({ result: { class: "A", way: null }, parts }).map((p) => p.name)).toEqual(["way", "class"]))
  it("are the names where an older answer has none", () => expect(partsOf({ result: { class: "A" } })).toEqual([{ name: "class", words: words("", ""), of: [] }]))
  it("are those of a value in the reader's language", () => {
    expect(said(parts[1]!.of, "A", "zh")).toBe("第一类")
    expect(said(parts[1]!.of, "A", "en")).toBe("class A")
  })
  it("are the value itself where the pack does not say", () => {
    expect(said(parts[1]!.of, "C", "zh")).toBe("C")
    expect(said([{ name: "A", words: words("第一类", "") }], "A", "en")).toBe("A")
  })
})

describe("the columns of rows", () => {
  it("stand as in the pack, and what it does not know behind", () => expect(columnsOf([{ b: 1, z: 1 }, { a: 1 }], [column("a"), column("b"), column("c")])).toEqual(["a", "b", "z"]))
})
