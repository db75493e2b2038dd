export type Line = { how: "same" | "out" | "in"; text: string; /** Number in the text that has it; of what is the same, in the newer. */ at: number }

/** What became of a text line by line: the longest common part stays, the rest went out or came in. */
export function compared(older: string, newer: string): Line[] {
  const a = older.replace(/\n$/, "").split("\n")
  const b = newer.replace(/\n$/, "").split("\n")
  let head = 0
  while (head < a.length && head < b.length && a[head] === b[head]) head++
  let tail = 0
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++
  const x = a.slice(head, a.length - tail)
  const y = b.slice(head, b.length - tail)
  // longest[i][j] is how many lines x from i and y from j have in common.
  const longest = Array.from({ length: x.length + 1 }, () => new Uint16Array(y.length + 1))
  for (let i = x.length - 1; i >= 0; i--) for (let j = y.length - 1; j >= 0; j--) longest[i]![j] = x[i] === y[j] ? longest[i + 1]![j + 1]! + 1 : Math.max(longest[i + 1]![j]!, longest[i]![j + 1]!)
  const out: Line[] = b.slice(0, head).map((text, i) => ({ how: "same", text, at: i + 1 }))
  for (let i = 0, j = 0; i < x.length || j < y.length; ) {
    if (i < x.length && j < y.length && x[i] === y[j]) {
      out.push({ how: "same", text: y[j]!, at: head + ++j })
      i++
    } else if (i < x.length && (j === y.length || longest[i + 1]![j]! >= longest[i]![j + 1]!)) out.push({ how: "out", text: x[i]!, at: head + ++i })
    else out.push({ how: "in", text: y[j]!, at: head + ++j })
  }
  return out.concat(b.slice(b.length - tail).map((text, i) => ({ how: "same", text, at: b.length - tail + i + 1 })))
}

/** The changes with a few lines around them; undefined stands for what is left out. */
export function around(lines: readonly Line[], spare = 3): (Line | undefined)[] {
  const near = lines.map((_, i) => lines.slice(Math.max(0, i - spare), i + spare + 1).some((l) => l.how !== "same"))
  const out: (Line | undefined)[] = []
  lines.forEach((l, i) => {
    if (near[i]) out.push(l)
    else if (out.length === 0 || out.at(-1) !== undefined) out.push(undefined)
  })
  return out
}

/** Which line of which text an error is about: "body.text:13: rules[1]" is line 13 of the text. */
export function lineOf(location: string | undefined): { of: "text" | "cases"; line: number; where: string } | undefined {
  const m = /^(?:body\.)?(text|cases)(?:\.yaml)?(?::(\d+))?(?::\s*(.*))?$/s.exec(location ?? "")
  if (!m) return undefined
  return { of: m[1] as "text" | "cases", line: Number(m[2] ?? 0), where: m[3] ?? "" }
}
