import "./policy.css"
import type { LawAnswer, PackInput } from "../api/types"
import { useWords } from "../app/i18n"
import { columnsOf, partsOf, said } from "./said"

/** The parts of an answer's result in words; the names that programs use stand in the titles. */
export function ResultParts({ answer: a }: { answer: Pick<LawAnswer, "result" | "parts" | "matched"> }) {
  const { t, lang } = useWords()
  const rows = new Map(a.matched.map((m) => [m.row, m.words[lang]]))
  return (
    <dl className="facts result-parts">
      {partsOf(a).map((p) => {
        const value = a.result[p.name] ?? null
        return (
          <div key={p.name} className="wide" data-test="result-part" data-name={p.name}>
            <dt title={p.name}>
              {p.words[lang] || p.name}
              {p.note && <p className="dim small">{p.note[lang]}</p>}
            </dt>
            <dd>{value === null ? <em className="chip tone-soon">{t("try.open")}</em> : <Value value={value} of={p.of} rows={rows} />}</dd>
          </div>
        )
      })}
    </dl>
  )
}

const none: readonly PackInput[] = []

type Said = {
  /** The words of its values; of rows, their columns. */
  of?: readonly PackInput[]
  /** What the rows are called that an id names. */
  rows?: ReadonlyMap<string, string>
}

/** A value of JSON for reading. */
export function Value({ value, of = none, rows }: Said & { value: unknown }) {
  const { t, lang } = useWords()
  if (value === null || value === undefined) return <span className="dim">{t("try.open")}</span>
  if (typeof value === "boolean") return <>{t(value ? "yes" : "no")}</>
  if (Array.isArray(value) && value.length > 0 && value.every(isObject)) return <SmallTable lines={value} of={of} rows={rows} />
  if (Array.isArray(value))
    return value.length === 0 ? (
      <span className="dim">{t("try.none")}</span>
    ) : (
      <ul className="bare">
        {value.map((v, i) => <li key={i}><Value value={v} of={of} /></li>)}
      </ul>
    )
  if (isObject(value))
    return (
      <span className="parts">
        {columnsOf([value], of).map((k) => <span key={k}><span className="dim" title={k}>{said(of, k, lang)}</span> <Value value={value[k]} of={of.find((o) => o.name === k)?.of ?? none} /></span>)}
      </span>
    )
  const text = String(value)
  const words = said(of, text, lang)
  return words === text ? <span className="num">{text}</span> : <span title={text} data-value={text}>{words}</span>
}

const isObject = (x: unknown): x is Record<string, unknown> => typeof x === "object" && x !== null && !Array.isArray(x)

/** Objects of one kind, a line each. */
function SmallTable({ lines, of = none, rows }: { lines: readonly Record<string, unknown>[]; of?: readonly PackInput[]; rows: ReadonlyMap<string, string> | undefined }) {
  const { lang } = useWords()
  const columns = columnsOf(lines, of)
  return (
    <div className="scrolls">
      <table className="small-table">
        <thead>
          <tr>{columns.map((c) => <th key={c} title={c}>{said(of, c, lang)}</th>)}</tr>
        </thead>
        <tbody>
          {lines.map((r, i) => (
            <tr key={i}>
              {columns.map((c) => (
                <td key={c}>{c === "id" ? <code title={rows?.get(String(r[c]))}>{String(r[c])}</code> : c in r && <Value value={r[c]} of={of.find((o) => o.name === c)?.of ?? none} />}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
