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

type Token = { form: string; start: number; end: number }

const digits = "零一二三四五六七八九" // in both languages
const places: Record<string, number> = { 十: 10, 百: 100, 千: 1000 } // in both languages

/** The value of a numeral as it is written in an address: 312, ３１２, 三百一十二, 三一二. */
function numeral(text: string): string {
  if (/^\d+$/.test(text)) return text.replace(/^0+(?=\d)/, "")
  const chars = Array.from(text.replaceAll("〇", "零").replaceAll("两", "二")) // in both languages
  if (!chars.some((c) => places[c])) return chars.map((c) => digits.indexOf(c)).join("").replace(/^0+(?=\d)/, "")
  let sum = 0
  let last = -1
  for (const c of chars) {
    const place = places[c]
    if (place === undefined) last = digits.indexOf(c)
    else {
      sum += (last < 0 ? 1 : last) * place
      last = -1
    }
  }
  return String(sum + Math.max(last, 0))
}

/** An address as what can be compared: a numeral is one token whatever its script, everything else a character each. */
function tokens(raw: string): Token[] {
  const chars = Array.from(raw).map((c) => c.normalize("NFKC").toLowerCase())
  const script = (c: string | undefined) => (c === undefined ? "" : /^\d$/.test(c) ? "d" : /^[〇零一二两三四五六七八九十百千]$/.test(c) ? "n" : "") // in both languages
  const out: Token[] = []
  for (let i = 0; i < chars.length; ) {
    const kind = script(chars[i])
    let end = i + 1
    if (kind) while (script(chars[end]) === kind) end++
    const text = chars.slice(i, end).join("").trim()
    if (text) out.push({ form: kind ? numeral(text) : text, start: i, end })
    i = end
  }
  return out
}

/**
 * The parts of an address that other addresses have too, in the same order, so
 * that pieces of evidence can be compared by eye: the longest common
 * subsequence with each, single characters left out as chance. The marks are on
 * the raw text.
 */
export function sharedParts(raw: string, others: readonly string[]): Segment<Span>[] {
  const mine = tokens(raw)
  const on = Array.from({ length: mine.length }, () => false)
  for (const other of others) {
    const common = subsequence(mine.map((t) => t.form), tokens(other).map((t) => t.form))
    common.forEach((hit, i) => {
      // A numeral names a door by itself; a character alone may be chance.
      if (hit && (common[i - 1] || common[i + 1] || /^\d+$/.test(mine[i]?.form ?? ""))) on[i] = true
    })
  }
  const spans: Span[] = []
  mine.forEach((token, i) => {
    if (!on[i]) return
    const last = spans.at(-1)
    if (last && on[i - 1]) last.end = token.end
    else spans.push({ start: token.start, end: token.end })
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
