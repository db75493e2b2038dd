import type { ReactNode } from "react"
import type { PackChange } from "../api/types"
import { useWords } from "../app/i18n"
import { Empty, State } from "../parts/view"

const tones = { added: "good", removed: "bad", changed: "soon" } as const

/** Two texts beside each other, row by row: what it was, what it is. */
export function Changes({ changes, row }: { changes: readonly PackChange[]; row?: (id: string) => ReactNode }) {
  const { t, code, lang } = useWords()
  if (changes.length === 0) return <Empty>{t("diff.none")}</Empty>
  return (
    <div className="changes" data-test="changes">
      {changes.map((c) => (
        <article className="card" key={`${c.part} ${c.in} ${c.id} ${c.kind}`} data-test="change" data-id={c.id} data-kind={c.kind}>
          <header>
            <State group="diff" value={c.kind} tone={tones[c.kind]} />
            <span className="dim">{code("diff.part", c.part)}</span>
            <code>{[c.in, c.id].filter(Boolean).join(" / ")}</code>
            <b className="clip">{c.words[lang] === c.id ? "" : c.words[lang]}</b>
            <span className="spring" />
            {row?.(c.id)}
          </header>
          <table className="plain change-fields">
            <colgroup><col className="change-field" /><col /><col /></colgroup>
            <thead className="sr-only">
              <tr><th>{t("diff.changed")}</th><th>{t("version.older")}</th><th>{t("version.newer")}</th></tr>
            </thead>
            <tbody>
              {c.fields.map((f) => (
                <tr key={f.field}>
                  <td className="dim">{code("diff.field", f.field)}</td>
                  <td className={f.old ? "was" : undefined}>{f.old}</td>
                  <td className={f.new ? "is" : undefined}>{f.new}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </article>
      ))}
    </div>
  )
}
