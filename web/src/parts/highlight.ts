// Cutting a text at the places that were found in it.

export type Span = { start: number; end: number }

export type Segment<T> = { text: string; find?: T }

/**
 * Cuts a text into the stretches that were found and those between. Spans count
 * code points, as the server does, while a JavaScript string counts UTF-16
 * units: an emoji before a number would shift every mark behind it. Of spans
 * that overlap, the earlier and then the longer one stands; spans outside the
 * text (it was edited since) are dropped.
 */
export function segments<T extends Span>(text: string, finds: readonly T[]): Segment<T>[] {
  const points = Array.from(text)
  const cut = (from: number, to: number) => points.slice(from, to).join("")
  const ordered = finds
    .filter((f) => f.start >= 0 && f.end > f.start && f.end <= points.length)
    .toSorted((a, b) => a.start - b.start || b.end - a.end)
  const out: Segment<T>[] = []
  let at = 0
  for (const find of ordered) {
    if (find.start < at) continue
    if (find.start > at) out.push({ text: cut(at, find.start) })
    out.push({ text: cut(find.start, find.end), find })
    at = find.end
  }
  if (at < points.length) out.push({ text: cut(at, points.length) })
  return out
}

/**
 * The parts of an address that other addresses have too, in the same order, so
 * that pieces of evidence can be compared by eye: the longest common
 * subsequence with each, runs of one character left out as chance. Compared in
 * NFKC form; the marks are on the raw text.
 */
export function sharedParts(raw: string, others: readonly string[]): Segment<Span>[] {
  const fold = (s: string) => Array.from(s).map((c) => c.normalize("NFKC").toLowerCase().trim())
  const mine = fold(raw)
  const on = Array.from({ length: mine.length }, () => false)
  for (const other of others) {
    const theirs = fold(other).filter((c) => c !== "")
    const common = subsequence(mine, theirs)
    common.forEach((hit, i) => {
      if (hit && (common[i - 1] || common[i + 1])) on[i] = true
    })
  }
  const spans: Span[] = []
  on.forEach((hit, i) => {
    if (!hit) return
    const last = spans.at(-1)
    if (last && last.end === i) last.end = i + 1
    else spans.push({ start: i, end: i + 1 })
  })
  return segments(raw, spans)
}

/** Which characters of a belong to a longest common subsequence with b. */
function subsequence(a: readonly string[], b: readonly string[]): boolean[] {
  const width = b.length + 1
  const best = new Uint16Array((a.length + 1) * width)
  const at = (i: number, j: number) => best[i * width + j] ?? 0
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      best[i * width + j] = a[i] !== "" && a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
  const hit = Array.from({ length: a.length }, () => false)
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] !== "" && a[i] === b[j] && at(i, j) === at(i + 1, j + 1) + 1) {
      hit[i] = true
      i++
      j++
    } else if (at(i + 1, j) >= at(i, j + 1)) i++
    else j++
  }
  return hit
}
