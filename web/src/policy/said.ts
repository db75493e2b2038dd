import type { LawAnswer, PackInput } from "../api/types"

export type Part = NonNullable<LawAnswer["parts"]>[number]

/** The parts of a result in the pack's order. Of an answer that was kept before packs had words, the names alone. */
export function partsOf(a: Pick<LawAnswer, "result" | "parts">): readonly Part[] {
  return a.parts ?? Object.keys(a.result).map((name) => ({ name, words: { zh: "", en: "" }, of: [] }))
}

/** What a pack calls something in a language; the name itself where it does not say. */
export function said(of: readonly Pick<PackInput, "name" | "words">[], name: string, lang: "zh" | "en"): string {
  return of.find((o) => o.name === name)?.words[lang] || name
}

/** The columns of rows in the order of the pack; those that it has no words for stand behind. */
export function columnsOf(rows: readonly Record<string, unknown>[], of: readonly PackInput[]): string[] {
  const there = new Set(rows.flatMap((r) => Object.keys(r)))
  const known = of.map((o) => o.name).filter((n) => there.has(n))
  return [...known, ...[...there].filter((n) => !known.includes(n))]
}
