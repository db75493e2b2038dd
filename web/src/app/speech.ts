import type { Language } from "../parts/format"

/** Phrases in Chinese and English, side by side. */
export type Phrases = Readonly<Record<string, readonly [string, string]>>
type Params = Record<string, string | number>

function say(pair: readonly [string, string], lang: Language, params?: Params): string {
  const phrase = pair[lang === "zh" ? 0 : 1]
  return params ? phrase.replaceAll(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole)) : phrase
}

/** The phrases of one language. */
export function speakerOf<P extends Phrases>(phrases: P, lang: Language) {
  return {
    lang,
    t: (key: keyof P, params?: Params) => say(phrases[key]!, lang, params),
    /** The word for a code of the API: code("lookup.state", "sent"). A code that has none is shown as it is. */
    code: (group: string, value: string | undefined) => {
      if (!value) return ""
      const pair = (phrases as Phrases)[`${group}.${value}`]
      return pair ? say(pair, lang) : value
    },
  }
}
