import { exact, percent, spoken, type Language } from "../parts/format"

/** A subject as it is read aloud: numbers and accounts in groups. */
export function said(domain: string, value: string): string {
  if (domain === "number") return /^1[\d*]{10}$/.test(value) ? spoken("mobile", `+86${value}`) : spoken("mobile", value)
  if (domain === "account") return spoken("card", value)
  return value
}

/** A value that fired, as the detector writes it: a time, a share, or a number whose unit its title says. */
export function valueSaid(text: string, share: boolean): string {
  if (text === "") return "-"
  if (share && !Number.isNaN(Number(text))) return percent(Number(text))
  if (/^\d{4}-\d\d-\d\dT/.test(text)) return exact(text)
  const n = Number(text)
  return Number.isNaN(n) ? text : n.toLocaleString("en-US", { maximumFractionDigits: 4 })
}

/** A number of seconds as a span of a rule: 30 min, 6 h, 3 d. */
export function spanSaid(seconds: number, lang: Language): string {
  const [d, h, min, s] = lang === "zh" ? ["天", "小时", "分钟", "秒"] : [" d", " h", " min", " s"] // in both languages
  if (seconds >= 86_400 && seconds % 86_400 === 0) return `${seconds / 86_400}${d}`
  if (seconds >= 3600 && seconds % 3600 === 0) return `${seconds / 3600}${h}`
  if (seconds >= 60 && seconds % 60 === 0) return `${seconds / 60}${min}`
  return `${seconds}${s}`
}
