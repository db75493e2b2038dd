// Deadlines as the officer sees them. Pure: every function takes its instant.

export type Urgency = "calm" | "half" | "last" | "late"

export type Stretch = {
  /** When the deadline was set; unknown for a bare due time. */
  from?: string | undefined
  due: string
}

// A bare due time has no length; the directory's usual answer target stands in for it.
const usualLength = 180_000

/** How urgent a deadline is: amber from half time, red in the last tenth, late from the instant itself. */
export function urgency({ from, due }: Stretch, now: number): Urgency {
  const end = Date.parse(due)
  const start = from === undefined ? end - usualLength : Date.parse(from)
  const length = Math.max(end - start, 0)
  const left = end - now
  if (left <= 0) return "late"
  if (left <= length / 10) return "last"
  if (left <= length / 2) return "half"
  return "calm"
}

/** A span of time in at most two units: "0:07", "12:40", "3h05", "2d04". Seconds are cut, never rounded up. */
export function span(ms: number): string {
  const s = Math.floor(Math.abs(ms) / 1000)
  const two = (n: number) => String(n).padStart(2, "0")
  if (s < 3600) return `${Math.floor(s / 60)}:${two(s % 60)}`
  if (s < 86_400) return `${Math.floor(s / 3600)}h${two(Math.floor((s % 3600) / 60))}`
  return `${Math.floor(s / 86_400)}d${two(Math.floor((s % 86_400) / 3600))}`
}

/**
 * The server's clock minus the browser's, in milliseconds, from one response's
 * Date header, which has whole seconds: so one answer is right to half a second
 * and half the round trip. A sample within that error leaves the offset alone,
 * or all clocks on the page would tremble with every answer.
 */
export function nextOffset(current: number | undefined, date: string, sent: number, received: number): number | undefined {
  const at = Date.parse(date)
  if (Number.isNaN(at)) return current
  const sample = at + 500 - (sent + received) / 2
  const error = 500 + (received - sent) / 2
  if (current !== undefined && Math.abs(sample - current) <= error) return current
  return sample
}
