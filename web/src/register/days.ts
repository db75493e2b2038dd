// Civil days, "2026-11-25". They compare as strings do.
import { exact } from "../parts/format"

/** The civil day of an instant in the centre's zone. */
export const today = (now: number): string => exact(new Date(now).toISOString()).slice(0, 10)

/** How many days lie between a day and one that comes after it. */
export const daysLeft = (until: string, from: string): number => Math.round((Date.parse(until) - Date.parse(from)) / 86_400_000)

export type Bar = { id: string; left: number; width: number }

/**
 * Where listings stand on one line of time, in percent of it: from the first
 * day on which one binds to the last. Those whose days are not known have none.
 */
export function bars(listings: readonly { id: string; from: string; until: string }[]): { first: string; last: string; bars: Bar[] } {
  const dated = listings.filter((l) => l.from && l.until)
  const first = dated.map((l) => l.from).toSorted()[0] ?? ""
  const last = dated.map((l) => l.until).toSorted().at(-1) ?? ""
  const whole = Math.max(1, daysLeft(last, first))
  return { first, last, bars: dated.map((l) => ({ id: l.id, left: (100 * daysLeft(l.from, first)) / whole, width: (100 * daysLeft(l.until, l.from)) / whole })) }
}
