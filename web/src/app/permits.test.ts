import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { may, permits } from "./permits"

// The access table is what the policies decide for every action and role; the
// server's own tests keep it current.
test("the console shows to each role what the policies permit", () => {
  const [head = "", ...lines] = readFileSync(new URL("../../../base/auth/testdata/access.txt", import.meta.url), "utf8").split("\n")
  const roles = head.trim().split(/\s+/).slice(1)
  const decided: Record<string, string[]> = {}
  for (const line of lines) {
    const [action, ...cells] = line.trim().split(/\s+/)
    if (action && cells.length === roles.length) decided[action] = roles.filter((_, i) => cells[i] !== ".")
  }
  expect(permits).toEqual(decided)
})

test("one of several roles is enough, none is not", () => {
  expect(may(["auditor", "leader"], "den.approve")).toBe(true)
  expect(may(["officer"], "den.approve", "disposal.approve")).toBe(true)
  expect(may(["responder"], "people.list")).toBe(false)
  expect(may([], "me.read")).toBe(false)
})
