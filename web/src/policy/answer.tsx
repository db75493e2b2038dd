import type { LawAnswer } from "../api/types"
import { useWords } from "../app/i18n"
import { Section } from "../parts/view"
import { Cited, Silent } from "../register/law"

/** What a pack answers: the result, every row that holds with its phrase, what is missing and why. */
export function AnswerView({ answer: a, labels }: { answer: LawAnswer; labels: ReadonlyMap<string, string> }) {
  const { t, code, lang } = useWords()
  return (
    <div className="law" data-test="answer">
      {!a.inForce && <p className="notice-line tone-soon">{t("try.force")}</p>}
      <Section title={t("try.result")} note={<span className="num">{a.at}</span>} test="answer-result">
        <dl className="facts">
          {Object.entries(a.result).map(([name, value]) => (
            <div key={name} className="wide" data-test="result-part" data-name={name}>
              <dt>{name}</dt>
              <dd>{value === null ? <em className="chip tone-soon">{t("try.open")}</em> : <Value value={value} />}</dd>
            </div>
          ))}
        </dl>
      </Section>
      {a.needs.length > 0 && (
        <Section title={t("try.missing")} note={t("try.missing.note")} test="answer-missing">
          <ul className="strips">
            {a.needs.map((n) => (
              <li key={n.name} data-test="need" data-name={n.name}>
                <em className="chip tone-soon">{code("try.need", n.kind)}</em>
                <span>{n.why[lang] || labels.get(n.name) || n.name}</span>
                <span className="spring" />
                <span className="dim">{t("try.for", { parts: n.for.join(", ") })}</span>
              </li>
            ))}
          </ul>
        </Section>
      )}
      {a.due.length > 0 && (
        <Section title={t("try.due")} test="answer-due">
          <ol className="rows">
            {a.due.map((d) => (
              <li key={d.row} data-row={d.row}>
                <div className="row-head"><code>{d.row}</code><b>{d.words[lang]}</b><span className="spring" /><b className="num">{d.due || t("try.due.open")}</b></div>
                {d.clock?.[lang] && <span className="dim">{d.clock[lang]}</span>}
                {!d.due && d.waits.length > 0 && <span className="dim">{d.waits.map((w) => labels.get(w) ?? w).join(", ")}</span>}
                <Cited citation={d.citation} />
              </li>
            ))}
          </ol>
        </Section>
      )}
      <Section title={t("try.matched")} note={a.matched.length} test="answer-matched">
        {a.matched.length === 0 && <p className="dim">{t("try.matched.none")}</p>}
        <ol className="rows">
          {a.matched.map((m) => (
            <li key={`${m.table}-${m.row}`} className={m.applied ? undefined : "aside"} data-test="matched" data-row={m.row}>
              <div className="row-head"><code>{m.row}</code><b>{m.words[lang]}</b>{!m.applied && <span className="dim">{t("try.beside")}</span>}</div>
              <Cited citation={m.citation} />
            </li>
          ))}
        </ol>
      </Section>
      <Silent silent={a.silent} />
      <p className="dim small">{t("try.sha")} <code className="wrap">{a.pack.sha256}</code></p>
    </div>
  )
}

/** A value of JSON for reading. */
export function Value({ value }: { value: unknown }) {
  const { t } = useWords()
  if (value === null || value === undefined) return <span className="dim">{t("try.open")}</span>
  if (typeof value === "boolean") return <>{t(value ? "yes" : "no")}</>
  if (Array.isArray(value) && value.length > 1 && value.every(isObject)) return <SmallTable rows={value} />
  if (Array.isArray(value))
    return value.length === 0 ? (
      <span className="dim">{t("try.none")}</span>
    ) : (
      <ul className="bare">
        {value.map((v, i) => <li key={i}><Value value={v} /></li>)}
      </ul>
    )
  if (isObject(value))
    return (
      <span className="parts">
        {Object.entries(value).map(([k, v]) => <span key={k}><span className="dim">{k}</span> <Value value={v} /></span>)}
      </span>
    )
  return <span className="num">{String(value)}</span>
}

const isObject = (x: unknown): x is Record<string, unknown> => typeof x === "object" && x !== null && !Array.isArray(x)

/** Objects of one kind, a line each. */
function SmallTable({ rows }: { rows: readonly Record<string, unknown>[] }) {
  const columns = [...new Set(rows.flatMap((r) => Object.keys(r)))]
  return (
    <div className="scrolls">
      <table className="small-table">
        <thead>
          <tr>{columns.map((c) => <th key={c}>{c}</th>)}</tr>
        </thead>
        <tbody>
          {rows.map((r, i) => (
            <tr key={i}>{columns.map((c) => <td key={c}>{c in r && <Value value={r[c]} />}</td>)}</tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
