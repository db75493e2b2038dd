import type { Find } from "../api/types"
import { useWords, type Speaker } from "../app/i18n"
import { exact, money, spoken } from "../parts/format"
import { segments } from "../parts/highlight"

/** The text with what was found in it. */
export function Marked({ text, finds }: { text: string; finds: readonly Find[] }) {
  const { code } = useWords()
  return (
    <>
      {segments(text, finds).map((s, i) =>
        s.find ? (
          <mark key={i} className={`find find-${s.find.kind}`} title={code("find", s.find.kind)} data-kind={s.find.kind}>
            {s.text}
          </mark>
        ) : (
          s.text
        ),
      )}
    </>
  )
}

/** A find's value as an officer reads it. */
export function findValue(f: Find, { lang }: Speaker): string {
  if (f.kind === "amount" && /^\d+$/.test(f.value)) return money(Number(f.value), lang)
  if (f.kind === "time" && !Number.isNaN(Date.parse(f.value))) return exact(f.value).slice(0, 16)
  return spoken(f.kind, f.value)
}
