import { ExclamationCircleOutlined } from "@ant-design/icons"
import type { ReactNode } from "react"
import type { Citation, LawAnswer, Match, Measure, Need, Remark } from "../api/types"
import { useWords, type Key } from "../app/i18n"
import { Person } from "../parts/people"
import { State, When } from "../parts/view"
import { ResultParts } from "../policy/result"
import { partsOf } from "../policy/said"
import { Term } from "./view"

// In the order in which an officer argues. Tables that are not named stand at the end.
const groups = [
  { name: "designate", tables: ["grounds", "beforeLaw", "beforeLawSentenced", "unitSentenced", "listing", "second", "responsible"] },
  { name: "decide", tables: ["approval", "procedure"] },
  { name: "measure", tables: ["basis", "measures", "staysOpen", "keptCard", "internetAccount", "publication"] },
  { name: "term", tables: ["term", "start", "during", "expiry", "run", ""] },
  { name: "notice", tables: ["notice", "served", "objections", "lift"] },
] as const

/** An article with its phrase and how far it was confirmed. */
export function Cited({ citation: c }: { citation: Citation }) {
  const { t, code } = useWords()
  return (
    <span className="cited" data-test="cited">
      <span>
        {c.document}
        {c.number && c.number !== c.document && ` ${c.number}`} {c.article}
      </span>
      {c.inferred && <em className="chip tone-soon">{t("law.article.unchecked")}</em>}
      <em className={`chip ${c.status === "C" ? "tone-good" : c.status === "U" ? "tone-bad" : "tone-plain"}`}>{code("law.status", c.status)}</em>
      {c.phrase && <q>{c.phrase}</q>}
    </span>
  )
}

/** Goes to the place in a form where a fact is entered. */
function goTo(name: string) {
  const at = document.querySelector<HTMLElement>(`[data-fact="${CSS.escape(name)}"]`)
  at?.scrollIntoView({ block: "center" })
  at?.querySelector<HTMLElement>("input,[role=radio],button")?.focus()
}

type Talk = {
  disagreed?: readonly Remark[]
  /** The button by which an officer disagrees with a row. */
  disagree?: (row: string) => ReactNode
}

/**
 * What the law says of the facts: the conclusion, what is missing and why,
 * every row with its phrase, and the questions on which no clause was found.
 */
export function LawSays({ answer, head, blocked, confirmed = [], asks, ...talk }: Talk & {
  answer: LawAnswer
  /** The conclusion in few words. */
  head: ReactNode
  blocked: string
  confirmed?: readonly Remark[]
  /** Whether the form beside it has a place for a fact. */
  asks?: (name: string) => boolean
}) {
  const { t, lang } = useWords()
  const named = groups.flatMap((g): readonly string[] => g.tables)
  const rest = answer.matched.filter((m) => !named.includes(m.table ?? ""))
  return (
    <div className="law" data-test="law">
      {head}
      {blocked && answer.needs.length === 0 && (
        <p className="notice-line tone-soon" data-test="blocked">
          <ExclamationCircleOutlined /> {t("proposal.blocked")}
          {lang === "en" && <span>: {blocked}</span>}
        </p>
      )}
      {answer.needs.length > 0 && (
        <section className="section" data-test="missing">
          <h2>
            {t("proposal.missing")}
            <small>{t("proposal.missing.note")}</small>
          </h2>
          <ul className="strips">
            {answer.needs.map((n) => (
              <Missing key={n.name} need={n} held={confirmed.find((c) => c.row === n.name)} asks={asks?.(n.name) ?? false} />
            ))}
          </ul>
        </section>
      )}
      {groups.map((g) => (
        <Rows key={g.name} title={`law.group.${g.name}`} rows={answer.matched.filter((m) => (g.tables as readonly string[]).includes(m.table ?? ""))} {...talk} />
      ))}
      <details className="section derived" data-test="law-result">
        <summary>{t("law.result")} <small>{partsOf(answer).length}</small></summary>
        <ResultParts answer={answer} />
      </details>
      <Rows title={rest.length === answer.matched.length ? "proposal.answer" : "law.group.other"} rows={rest} {...talk} />
      <Silent silent={answer.silent} {...talk} />
    </div>
  )
}

/** Whether a subject may be listed by the answer, in which class, by whom, and until when. */
export function Conclusion({ answer, level }: { answer: LawAnswer; level: string }) {
  const { t, code, lang } = useWords()
  const r = answer.result
  // The pack says how a value is called; an answer from before packs did is called as the console does.
  const word = (part: string, value: string, group: string) => answer.parts?.find((p) => p.name === part)?.of.find((o) => o.name === value)?.words[lang] || code(group, value)
  const text = (key: string) => (typeof r[key] === "string" ? (r[key] as string) : "")
  const listable = r["listable"] as boolean | null
  const grounds = Array.isArray(r["grounds"]) ? (r["grounds"] as string[]) : []
  const months = typeof r["termMonths"] === "number" ? r["termMonths"] : 0
  const mark = r["excluded"] === true ? "excluded" : listable === true ? "true" : listable === false ? "false" : "open"
  return (
    <section className="conclusion" data-test="conclusion" data-listable={mark}>
      <div>
        <State group="proposal.listable" value={mark === "excluded" ? "false" : mark} tone={mark === "true" ? "action" : mark === "open" ? "soon" : "plain"} />
        {mark === "excluded" && <b>{t("proposal.excluded")}</b>}
        {text("class") && <b title={text("class")}>{word("class", text("class"), "listing.class")}</b>}
        {text("class") !== "none" && grounds.map((g) => <span key={g} title={g}>{word("grounds", g, "listing.ground")}</span>)}
      </div>
      <dl>
        {level && <div><dt>{t("proposal.level")}</dt><dd>{code("proposal.level", level)}</dd></div>}
        {months > 0 && <div><dt>{t("listing.term")}</dt><dd><Term months={months} /></dd></div>}
        {months > 0 && <div><dt>{t("listing.from")}</dt><dd className="num">{text("start") || t("proposal.listable.open")}</dd></div>}
        {months > 0 && <div><dt>{t("listing.until")}</dt><dd className="num">{text("end") || t("proposal.listable.open")}</dd></div>}
      </dl>
    </section>
  )
}

function Missing({ need: n, held, asks }: { need: Need; held: Remark | undefined; asks: boolean }) {
  const { t, code, lang } = useWords()
  const name = code("fact", n.name)
  return (
    <li className="need" data-test="need" data-name={n.name}>
      <em className="chip tone-soon">{code("proposal.need", n.kind)}</em>
      <span>{name !== n.name && !n.why[lang].startsWith(name) && <b>{name} </b>}{n.why[lang]}</span>
      {asks && n.kind === "input" && (
        <button type="button" className="link" onClick={() => goTo(n.name)}>
          {t("proposal.need.go")}
        </button>
      )}
      {held && <Said remark={held} label={t("proposal.confirmed")} />}
    </li>
  )
}

function Rows({ title, rows, disagreed = [], disagree }: Talk & { title: Key; rows: readonly Match[] }) {
  const { t, lang } = useWords()
  if (rows.length === 0) return null
  return (
    <section className="section" data-test="law-rows">
      <h2>{t(title)}</h2>
      <ol className="rows">
        {rows.map((m) => (
          <li key={`${m.table}-${m.row}`} className={m.applied ? undefined : "aside"} data-test="law-row" data-row={m.row}>
            <div className="row-head">
              <code>{m.row}</code>
              <b>{m.words[lang]}</b>
              {!m.applied && <span className="dim">{t("proposal.holds")}</span>}
              <span className="spring" />
              {disagree?.(m.row)}
            </div>
            <Cited citation={m.citation} />
            {disagreed.filter((d) => d.row === m.row).map((d) => <Said key={d.at} remark={d} label={t("proposal.disagreed")} />)}
          </li>
        ))}
      </ol>
    </section>
  )
}

/** What an officer said of a row. */
function Said({ remark: r, label }: { remark: Remark; label: string }) {
  return (
    <p className="remark" data-test="remark">
      <b>{label}</b> {r.reason} <span className="dim"><Person id={r.by} /> <When at={r.at} /></span>
    </p>
  )
}

/** The questions on which no clause was found: nothing is concluded. */
export function Silent({ silent, disagreed = [], disagree }: Talk & { silent: LawAnswer["silent"] }) {
  const { t, lang } = useWords()
  if (silent.length === 0) return null
  return (
    <section className="section" data-test="silent">
      <h2>
        {t("listing.silent")}
        <small>{t("listing.silent.note")}</small>
      </h2>
      <ol className="rows">
        {silent.map((s) => (
          <li key={s.row} data-row={s.row}>
            <div className="row-head">
              <span>{s.words[lang]}</span>
              <span className="spring" />
              {disagree?.(s.row)}
            </div>
            {disagreed.filter((d) => d.row === s.row).map((d) => <Said key={d.at} remark={d} label={t("proposal.disagreed")} />)}
          </li>
        ))}
      </ol>
    </section>
  )
}

/** Measures by kind: what binds, whom, by which article, and what it leaves open. */
export function Measures({ measures }: { measures: readonly Measure[] }) {
  const { t, code, lang } = useWords()
  return (
    <div className="scrolls">
      <table className="plain measures" data-test="measures">
        <thead>
          <tr>
            <th>{t("measure.kind")}</th>
            <th>{t("measure.what")}</th>
            <th>{t("measure.by")}</th>
            <th>{t("listing.keeps")}</th>
            <th>{t("measure.basis")}</th>
          </tr>
        </thead>
        <tbody>
          {measures.map((m, i) => (
            <tr key={m.row} data-test="measure" data-row={m.row}>
              <td>{measures[i - 1]?.kind !== m.kind && <b>{code("measure.kind", m.kind)}</b>}</td>
              <td>{m.words[lang]}</td>
              <td>{code("measure.by", m.institution)}</td>
              <td>{m.keeps ? m.keeps.words[lang] : <span className="dim">{t("listing.keeps.none")}</span>}</td>
              <td title={m.citation.phrase}>
                {m.citation.article || m.citation.document}
                {m.citation.inferred && <em className="chip tone-soon">{t("law.article.unchecked")}</em>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
