import { describe, expect, it } from "vitest"
import { backoff, concerns, reader, type Event } from "./events"

const text = 'id: 7\nevent: clue.opened\ndata: {"a":1}\n\n: alive\n\nid:8\r\ndata: x\r\ndata: y\r\n\r\ndata\n\n'
const want: Event[] = [{ id: "7", event: "clue.opened", data: '{"a":1}' }, { id: "8", data: "x\ny" }, { data: "" }]

const all = (chunks: string[]) => {
  const out: Event[] = []
  const read = reader((e) => out.push(e))
  for (const c of chunks) read(c)
  return out
}

describe("reader", () => {
  it("reads events however they are cut", () => {
    for (let size = 1; size <= text.length; size++) {
      const chunks: string[] = []
      for (let i = 0; i < text.length; i += size) chunks.push(text.slice(i, i + size))
      expect(all(chunks), `pieces of ${size}`).toEqual(want)
    }
  })
  it("gives nothing for an event that has not ended", () => {
    expect(all(["id: 1\ndata: {", '"a"'])).toEqual([])
  })
  it("gives nothing for a bare id", () => {
    expect(all(["id: 9\n\n"])).toEqual([])
  })
})

describe("backoff", () => {
  it("grows to a bound and is spread", () => {
    expect(backoff(0, 0.5)).toBe(500)
    expect(backoff(3, 0.5)).toBe(4000)
    expect(backoff(99, 1)).toBe(18_750)
    expect(backoff(99, 0)).toBe(11_250)
  })
})

describe("concerns", () => {
  const entry = { seq: 1, at: "", actor: "", kind: "lookup.sent", record: "L1", payload: { clue: "C1", dens: ["D1"] } }
  it.each([["L1", true], ["C1", true], ["D1", true], ["C2", false]])("%s: %s", (id, want) => expect(concerns(entry, id)).toBe(want))
})
