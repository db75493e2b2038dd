// Which rows are in force on a day. Days are civil dates, "2024-12-01", which
// sort as texts.
import type { PackPeriod, PackView } from "../api/types"

/** Whether a period holds a day. */
export function covers(p: PackPeriod, day: string): boolean {
  return !p.never && (!p.from || p.from <= day) && (!p.until || day < p.until)
}

/** The days on which something of the pack begins or ends, in order. */
export function turns(v: PackView): string[] {
  const periods = [v.effective, ...v.parameters.flatMap((p) => p.values.map((x) => x.effective)), ...v.tables.flatMap((t) => t.rows.map((r) => r.effective)), ...v.obligations.map((o) => o.effective), ...v.silences.map((s) => s.effective)]
  return [...new Set(periods.flatMap((p) => [p.from, p.until]).filter((d): d is string => !!d))].toSorted()
}

const dayMs = 86_400_000

/** A day as a number, and back. */
export const number = (day: string): number => Math.round(Date.parse(`${day}T00:00:00Z`) / dayMs)
export const day = (n: number): string => new Date(n * dayMs).toISOString().slice(0, 10)
