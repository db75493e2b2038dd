import type { AlertHour } from "../api/types"

const hour = 3_600_000
export const hoursOfAWeek = 168

/** The seven days that end with the hour of the alert, each hour once, those without an event as zeros. */
export function week(hours: readonly AlertHour[], at: string): AlertHour[] {
  const last = Math.floor(Date.parse(at) / hour) * hour
  const known = new Map(hours.map((h) => [Math.floor(Date.parse(h.at) / hour) * hour, h]))
  return Array.from({ length: hoursOfAWeek }, (_, i) => {
    const start = last - (hoursOfAWeek - 1 - i) * hour
    return known.get(start) ?? { at: new Date(start).toISOString(), count: 0, answered: 0, amount: 0 }
  })
}
