import { createContext, use, useEffect, useMemo, type ReactNode } from "react"
import { useSetting } from "./settings"
import { speakerOf } from "./speech"
import type { Language } from "../parts/format"
import { words as account } from "../account/words"
import { words as cases } from "../cases/words"
import { words as clue } from "../clue/words"
import { words as den } from "../den/words"
import { words as detect } from "../detect/words"
import { words as disposal } from "../disposal/words"
import { words as duty } from "../duty/words"
import { words as institution } from "../institution/words"
import { words as journal } from "../journal/words"
import { words as parts } from "../parts/words"
import { words as register } from "../register/words"
import { words as policy } from "../policy/words"
import { words as check } from "../register/check/words"
import { words as penalty } from "../register/penalty/words"
import { words as report } from "../report/words"
import { words as app } from "./words"

/** Every phrase of the console, Chinese and English side by side. */
export const words = { ...app, ...parts, ...report, ...clue, ...disposal, ...den, ...cases, ...register, ...penalty, ...check, ...institution, ...account, ...journal, ...duty, ...policy, ...detect }

export type Key = keyof typeof words

/** The words of one language. */
export const speaker = (lang: Language) => speakerOf(words, lang)

export type Speaker = ReturnType<typeof speaker>

const Words = createContext<Speaker>(speaker("zh"))

export const useWords = () => use(Words)

export function WordsProvider({ children }: { children: ReactNode }) {
  const [lang] = useSetting("language")
  useEffect(() => {
    document.documentElement.lang = lang === "zh" ? "zh-CN" : "en"
  }, [lang])
  const value = useMemo(() => speaker(lang), [lang])
  return <Words value={value}>{children}</Words>
}
