import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { words as own } from "../own/words"
import { speaker, words as console } from "./i18n"

// The listed person's page stands beside the console, with words of its own.
const words = { ...console, ...own }

const root = join(import.meta.dirname, "..")
const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((f) => /\.tsx?$/.test(f) && !f.endsWith(".test.ts") && !f.endsWith(".d.ts"))
const entries = Object.entries(words) as [string, readonly [string, string]][]
const holes = (s: string) => [...s.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).toSorted()
const han = /\p{Script=Han}/u

describe("words", () => {
  it.each(entries)("%s has both languages", (_, [zh, en]) => {
    expect(zh.trim()).not.toBe("")
    expect(en.trim()).not.toBe("")
    expect(en).not.toMatch(han)
    expect(holes(zh)).toEqual(holes(en))
  })

  it("has no key twice in different stages", () => {
    const seen = new Map<string, string>()
    for (const file of files.filter((f) => f.endsWith("words.ts")))
      for (const [, key] of readFileSync(join(root, file), "utf8").matchAll(/^\s+"([^"]+)": \[/gm)) {
        expect(seen.get(key!), `${key} in ${file}`).toBeUndefined()
        seen.set(key!, file)
      }
    expect(seen.size).toBe(entries.length)
  })

  it("leaves no Chinese outside the dictionary", () => {
    for (const file of files.filter((f) => !f.endsWith("words.ts"))) {
      const found = readFileSync(join(root, file), "utf8")
        .split("\n")
        .map((line) => line.replace(/^\s*(\/\/|\*|\/\*\*).*/, ""))
        .filter((line) => han.test(line) && !line.includes("// in both languages"))
      // Units of Chinese counting and the language's own name are data.
      expect(found.filter(() => file !== join("parts", "format.ts")), file).toEqual([])
    }
  })
})

// The closed lists of the API: what the server can say must have a word.
const codes: Record<string, string[]> = {
  "report.type": ["report", "tip", "inquiry"],
  "report.channel": ["phone", "110", "online", "counter", "platform"],
  "report.state": ["open", "closed"],
  "clue.kind": ["mobile", "fixed", "service", "international", "card", "account", "url", "domain", "app", "im", "device"],
  "clue.truth": ["unknown", "true", "spoofed", "intermediate"],
  "clue.state": ["open", "verified", "closed"],
  "lookup.state": ["asked", "sent", "answered", "refused", "overdue", "unreadable", "cancelled"],
  "lookup.field": ["subscriber", "outlet", "openedOn", "installAddress", "status", "location"],
  "disposal.kind": ["shutdown", "intercept", "block", "recheck", "restore"],
  "disposal.state": ["requested", "approved", "rejected", "sent", "acknowledged", "done", "refused", "undone"],
  "den.state": ["suspected", "dismissed", "analysed", "approved", "dispatched", "received", "confirmed", "nothing_found"],
  "den.confidence": ["low", "medium", "high"],
  "dossier.state": ["open", "filed", "closed"],
  "dossier.result": ["confirmed", "nothing_found", "dismissed"],
  "den.weight": ["counts", "beside", "supports"],
  "den.document": ["inspection", "search"],
  "den.step": ["suspected", "analysed", "dismissed", "approved", "rejected", "dispatched", "received", "confirmed", "nothing_found"],
  "institution.kind": ["police", "carrier", "bank", "payment", "community", "regulator", "platform"],
  "institution.gateway": ["platform", "manual", "camara", "sandbox"],
  "alert.state": ["new", "taken", "decided"],
  "alert.severity": ["low", "medium", "high"],
  "alert.decision": ["clue", "warning", "referral", "dismissed"],
  "alert.becomes": ["clue", "warning", "referral", "none"],
  "alert.verdict": ["right", "wrong", "unsure"],
  domain: ["other", "number", "account", "device", "sim", "cell", "person", "outlet"],
  standing: ["in_force", "over", "lifted"],
  "rule.status": ["live", "shadow", "off"],
  "rulepack.state": ["draft", "active", "retired", "withdrawn"],
  "rulepack.lint": ["unused", "untested", "words", "unreachable"],
  "detector.state": ["starting", "standby", "active", "failed", "off"],
  "feed.kind": ["call", "message", "transfer", "registration"],
  "feed.channel": ["http", "file", "nats", "iso20022"],
  "load.state": ["open", "done"],
  "letter.state": ["open", "corrected", "discarded"],
  role: ["officer", "analyst", "leader", "unit", "responder", "admin", "auditor"],
  problem: ["invalid", "not_found", "conflict", "precondition", "unauthenticated", "forbidden", "too_many", "too_large", "unavailable", "internal"],
}

describe("codes", () => {
  it.each(Object.entries(codes))("%s has a word for each code", (group, values) => {
    for (const lang of ["zh", "en"] as const)
      for (const v of values) expect((words as Record<string, unknown>)[`${group}.${v}`], `${group}.${v} in ${lang}`).toBeDefined()
  })
  it("shows an unknown code as it is, and nothing for none", () => {
    expect(speaker("zh").code("lookup.state", "lost_in_space")).toBe("lost_in_space")
    expect(speaker("en").code("lookup.state", undefined)).toBe("")
  })
  it("fills in values", () => {
    expect(speaker("zh").t("list.fresh", { n: 12 })).toContain("12")
  })
})
