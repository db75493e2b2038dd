// Values as text. Chinese counts in 万 and 亿, English in thousands; every
// instant is shown in the centre's zone, wherever the browser stands.

export type Language = "zh" | "en"

export const zone = "Asia/Shanghai"

/** A count: 13890000 is "1389万" in Chinese and "13,890,000" in English. */
export function count(n: number, lang: Language): string {
  if (lang === "en") return n.toLocaleString("en-US", { maximumFractionDigits: 2 })
  return scaled(n)
}

/** Money in fen: 3500000 is "3.5万元" or "¥35,000". */
export function money(fen: number, lang: Language): string {
  if (lang === "en") {
    const whole = fen % 100 === 0
    const digits = Math.abs(fen / 100).toLocaleString("en-US", { minimumFractionDigits: whole ? 0 : 2, maximumFractionDigits: 2 })
    return `${fen < 0 ? "-" : ""}¥${digits}`
  }
  return scaled(fen / 100) + "元"
}

// A shortened figure keeps all its digits when they are few, or an officer
// would read 3.5万 for 35,001; so it is shortened only where nothing is lost.
function scaled(n: number): string {
  for (const [unit, size] of [["亿", 1e8], ["万", 1e4]] as const) {
    if (Math.abs(n) < size) continue
    const v = n / size
    if (Math.abs(v - Math.round(v * 1e4) / 1e4) > 1e-9) continue
    return v.toLocaleString("en-US", { maximumFractionDigits: 4, useGrouping: false }) + unit
  }
  return n.toLocaleString("en-US", { maximumFractionDigits: 2 })
}

/**
 * What an officer types as an amount, in fen: "35000", "3.5万", "¥1,200.50",
 * "2亿". Null when it is no amount.
 */
export function parseMoney(text: string): number | null {
  const s = text.normalize("NFKC").replaceAll(/[\s,¥元]/g, "")
  const m = /^(\d+(?:\.\d{1,6})?)(万|亿|w)?$/i.exec(s)
  if (!m) return null
  const scale = m[2] === "亿" ? 1e8 : m[2] ? 1e4 : 1
  const fen = Math.round(Number(m[1]) * scale * 100)
  return Number.isSafeInteger(fen) ? fen : null
}

/** A short length of time: 850 ms, 12.4 s, 3 min 05 s, 2 h 10 min. */
export function duration(ms: number, lang: Language): string {
  const [msU, s, min, h, d] = lang === "zh" ? ["毫秒", "秒", "分", "时", "天"] : [" ms", " s", " min ", " h ", " d "]
  if (ms < 1000) return `${Math.round(ms)}${msU}`
  if (ms < 59_950) return `${(Math.round(ms / 100) / 10).toString()}${s}`
  const sec = Math.round(ms / 1000)
  if (sec < 3600) return `${Math.floor(sec / 60)}${min}${sec % 60 === 0 ? "" : `${String(sec % 60).padStart(2, "0")}${s}`}`.trimEnd()
  if (sec < 86_400) return `${Math.floor(sec / 3600)}${h}${String(Math.floor((sec % 3600) / 60)).padStart(2, "0")}${min}`.trimEnd()
  return `${Math.floor(sec / 86_400)}${d}${Math.floor((sec % 86_400) / 3600)}${h}`.trimEnd()
}

export function percent(share: number): string {
  return `${(Math.round(share * 1000) / 10).toString()}%`
}

const parts = new Intl.DateTimeFormat("en-CA", {
  timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
})

function civil(at: number) {
  const p = Object.fromEntries(parts.formatToParts(at).map((x) => [x.type, x.value])) as Record<string, string>
  return { day: `${p["year"]}-${p["month"]}-${p["day"]}`, time: `${p["hour"]}:${p["minute"]}:${p["second"]}` }
}

/** The exact instant, "2026-03-01 08:00:00". */
export function exact(iso: string): string {
  const at = Date.parse(iso)
  if (Number.isNaN(at)) return iso
  const { day, time } = civil(at)
  return `${day} ${time}`
}

/** An instant as short as it can be told from now: time today, day and time this year, the day before that. */
export function brief(iso: string, now: number): string {
  const at = Date.parse(iso)
  if (Number.isNaN(at)) return iso
  const then = civil(at)
  const today = civil(now)
  if (then.day === today.day) return then.time
  if (then.day.slice(0, 4) === today.day.slice(0, 4)) return `${then.day.slice(5)} ${then.time.slice(0, 5)}`
  return then.day
}

/** "5 分钟前", "in 3 min": for prose and hover, never for a deadline. */
export function relative(iso: string, now: number, lang: Language): string {
  const s = (Date.parse(iso) - now) / 1000
  if (Number.isNaN(s)) return iso
  const f = new Intl.RelativeTimeFormat(lang === "zh" ? "zh-CN" : "en", { numeric: "auto", style: "short" })
  const a = Math.abs(s)
  if (a < 60) return f.format(Math.round(s), "second")
  if (a < 3600) return f.format(Math.round(s / 60), "minute")
  if (a < 86_400) return f.format(Math.round(s / 3600), "hour")
  return f.format(Math.round(s / 86_400), "day")
}

/** The centre's wall clock, "2026-03-01T08:00", as an instant; the zone has no summer time. */
export function fromWall(wall: string): string | null {
  if (!/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?$/.test(wall)) return null
  const at = Date.parse(wall.replace(" ", "T") + "+08:00")
  return Number.isNaN(at) ? null : new Date(at).toISOString()
}

/** An instant on the centre's wall clock to the minute, "2026-03-01T08:00": the value of a datetime-local input. */
export function toWall(iso: string): string {
  const at = Date.parse(iso)
  if (Number.isNaN(at)) return ""
  const { day, time } = civil(at)
  return `${day}T${time.slice(0, 5)}`
}

/** Hides the middle of a value, by the same rule as the server: 138****8000, 张**. */
export function mask(value: string): string {
  const r = Array.from(value)
  const n = r.length
  if (n === 0) return ""
  if (n < 7) return r[0] + "*".repeat(n - 1)
  const [head, tail] = n < 15 ? [3, 4] : [4, 4]
  return r.slice(0, head).join("") + "*".repeat(n - head - tail) + r.slice(n - tail).join("")
}

/** A canonical number in groups as it is read aloud: "+8613888812345" is "138 8881 2345". */
export function spoken(kind: string, value: string): string {
  if ((kind === "mobile" || kind === "fixed" || kind === "service") && value.startsWith("+86")) {
    const n = value.slice(3)
    if (/^1[\d*]{10}$/.test(n)) return `${n.slice(0, 3)} ${n.slice(3, 7)} ${n.slice(7)}`
    if (/^(10|2\d)[\d*]{8}$/.test(n)) return `0${n.slice(0, 2)} ${n.slice(2)}`
    if (kind === "fixed" && /^[3-9]\d{2}[\d*]{7,8}$/.test(n)) return `0${n.slice(0, 3)} ${n.slice(3)}`
    return n
  }
  if (kind === "card" && /^[\d*]{12,19}$/.test(value)) return value.replaceAll(/(.{4})(?=.)/g, "$1 ")
  return value
}
