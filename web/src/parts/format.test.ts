import { describe, expect, it } from "vitest"
import { brief, count, duration, exact, fromWall, mask, money, parseMoney, percent, relative, spoken, toWall } from "./format"

describe("counts and money", () => {
  it.each([
    [0, "0", "0"], [9999, "9,999", "9,999"], [10_000, "1万", "10,000"], [689_000, "68.9万", "689,000"], [13_890_000, "1389万", "13,890,000"],
    [328_800_000_000, "3288亿", "328,800,000,000"], [123_456_789, "12345.6789万", "123,456,789"],
  ])("%d", (n, zh, en) => {
    expect(count(n, "zh")).toBe(zh)
    expect(count(n, "en")).toBe(en)
  })
  it.each([
    [3_500_000, "3.5万元", "¥35,000"], [3_500_100, "3.5001万元", "¥35,001"], [1234, "12.34元", "¥12.34"], [-200_000, "-2,000元", "-¥2,000"],
    [1_000_000_050, "10,000,000.5元", "¥10,000,000.50"],
  ])("%d fen", (fen, zh, en) => {
    expect(money(fen, "zh")).toBe(zh)
    expect(money(fen, "en")).toBe(en)
  })
  it.each([
    ["35000", 3_500_000], ["3.5万", 3_500_000], ["¥1,200.50", 120_050], ["2亿元", 20_000_000_000], ["3.5w", 3_500_000], ["３５０００", 3_500_000],
    ["", null], ["abc", null], ["-5", null], ["1e9", null], ["99999999999亿", null],
  ])("reads %s", (text, fen) => expect(parseMoney(text)).toBe(fen))
  it("gives shares", () => {
    expect(percent(0.9876)).toBe("98.8%")
    expect(percent(1)).toBe("100%")
  })
})

describe("durations", () => {
  it.each([
    [41, "41毫秒", "41 ms"], [2013, "2秒", "2 s"], [12_449, "12.4秒", "12.4 s"], [59_949, "59.9秒", "59.9 s"], [59_950, "1分", "1 min"], [185_000, "3分05秒", "3 min 05 s"],
    [7_800_000, "2时10分", "2 h 10 min"], [180_000_000, "2天2时", "2 d 2 h"],
  ])("%d", (ms, zh, en) => {
    expect(duration(ms, "zh")).toBe(zh)
    expect(duration(ms, "en")).toBe(en)
  })
})

describe("instants", () => {
  const now = Date.parse("2026-03-01T10:00:00Z") // 18:00 in Shanghai
  it("shows them in the centre's zone", () => {
    expect(exact("2026-02-28T16:00:05Z")).toBe("2026-03-01 00:00:05")
    expect(exact("never")).toBe("never")
  })
  it("tells no more than is needed", () => {
    expect(brief("2026-02-28T16:00:05Z", now)).toBe("00:00:05")
    expect(brief("2026-02-28T15:59:59Z", now)).toBe("02-28 23:59")
    expect(brief("2025-12-31T15:59:59Z", now)).toBe("2025-12-31")
  })
  it("says how long ago", () => {
    expect(relative("2026-03-01T09:55:00Z", now, "zh")).toBe("5分钟前")
    expect(relative("2026-03-01T12:00:00Z", now, "en")).toBe("in 2 hr.")
  })
  it("goes to the wall clock and back", () => {
    expect(toWall("2026-02-28T16:00:05Z")).toBe("2026-03-01T00:00")
    expect(fromWall("2026-03-01T00:00")).toBe("2026-02-28T16:00:00.000Z")
    expect(fromWall("2026-03-01 00:00:30")).toBe("2026-02-28T16:00:30.000Z")
    for (const bad of ["", "2026-13-01T00:00", "today"]) expect(fromWall(bad)).toBeNull()
  })
})

describe("values", () => {
  it.each([["", ""], ["张三丰", "张**"], ["13888128000", "138****8000"], ["530102199001011234", "5301**********1234"]])("masks %s", (v, want) => expect(mask(v)).toBe(want))
  it.each([
    ["mobile", "+8613888812345", "138 8881 2345"], ["mobile", "+86138****2345", "138 **** 2345"], ["fixed", "+8687163161234", "0871 63161234"],
    ["fixed", "+861063161234", "010 63161234"], ["service", "+8695588", "95588"], ["mobile", "+12025550123", "+12025550123"],
    ["card", "6222021234567890123", "6222 0212 3456 7890 123"], ["domain", "a.example.com", "a.example.com"],
  ])("reads %s %s aloud", (kind, v, want) => expect(spoken(kind, v)).toBe(want))
})
