// A keyset list as the page holds it: pages that follow one another by cursor,
// while the rows underneath keep moving.

export type Row = { id: string }

/** All rows of the pages, each once. A row that moved between two reads stands where it was first seen. */
export function flatten<T extends Row>(pages: readonly { items: readonly T[] }[]): T[] {
  const seen = new Set<string>()
  const out: T[] = []
  for (const page of pages)
    for (const row of page.items)
      if (!seen.has(row.id)) {
        seen.add(row.id)
        out.push(row)
      }
  return out
}

/**
 * Puts newer readings of known rows in their place, so that nothing jumps
 * under the cursor, and names the rows that are not on the page yet.
 */
export function refresh<T extends Row, P extends { items: readonly T[] }>(pages: readonly P[], fresh: readonly T[]): { pages: P[]; added: string[] } {
  const byID = new Map(fresh.map((r) => [r.id, r]))
  const known = new Set<string>()
  const next = pages.map((p) => ({
    ...p,
    items: p.items.map((r) => {
      known.add(r.id)
      return byID.get(r.id) ?? r
    }),
  }))
  return { pages: next, added: fresh.filter((r) => !known.has(r.id)).map((r) => r.id) }
}

/** The part of a long list that is on the screen, with some rows to spare on both sides. */
export function visible(total: number, rowHeight: number, scrollTop: number, height: number, spare = 12): { from: number; to: number } {
  const from = Math.max(0, Math.min(total, Math.floor(scrollTop / rowHeight) - spare))
  const to = Math.min(total, Math.ceil((scrollTop + height) / rowHeight) + spare)
  return { from, to: Math.max(from, to) }
}

/** Comma-separated values as spreadsheets open them: marked UTF-8, CRLF, and no cell that runs as a formula. */
export function csv(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cell = (v: string) => {
    const safe = /^[=+\-@\t\r]/.test(v) && !/^[+-]?[\d., ]+$/.test(v) ? `'${v}` : v
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
  }
  return "\uFEFF" + [head, ...rows].map((r) => r.map(cell).join(",") + "\r\n").join("")
}
