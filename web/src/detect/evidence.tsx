import { lazy, Suspense, useMemo, useState } from "react"
import { Link } from "react-router"
import type { AlertPage, Neighbour } from "../api/types"
import { useWords } from "../app/i18n"
import { Chart, type Series } from "../parts/chart"
import { count, exact, money } from "../parts/format"
import { Empty, Section, When } from "../parts/view"
import { serverNow } from "../api/client"
import { week } from "./hours"
import { said } from "./said"

const Graph = lazy(() => import("./graph"))
const day = 86_400_000

/** Whether the collector has been by: until then an alert has neither hours nor neighbours. */
export const bare = (a: AlertPage) => a.evidence.hours.length === 0 && a.evidence.neighbours.length === 0

/** Evidence comes within minutes, and only for alerts of the last days. */
export const collecting = (a: AlertPage) => bare(a) && serverNow() - Date.parse(a.at) < 7 * day

/** What the subject did in the seven days before the alert, by the hour. */
export function LastDays({ alert: a }: { alert: AlertPage }) {
  const { t, lang } = useWords()
  const hours = useMemo(() => week(a.evidence.hours, a.at), [a.evidence.hours, a.at])
  const calls = a.eventKind === "call"
  const sums = a.evidence.hours.reduce((s, h) => ({ count: s.count + h.count, answered: s.answered + h.answered, amount: s.amount + h.amount }), { count: 0, answered: 0, amount: 0 })
  const plotted = useMemo(() => {
    const series: Series[] = calls
      ? [
          { name: t("evidence.answered"), values: hours.map((h) => h.answered), colour: "blue", stack: "all" },
          { name: t("evidence.unanswered"), values: hours.map((h) => h.count - h.answered), colour: "amber", stack: "all" },
        ]
      : [{ name: t("evidence.count"), values: hours.map((h) => h.count), colour: "blue" }]
    if (sums.amount > 0) series.push({ name: t("evidence.amount"), values: hours.map((h) => h.amount), colour: "violet", line: true, right: true })
    return { series, along: hours.map((h) => exact(h.at).slice(5, 13) + t("evidence.oclock")), sayRight: (v: number) => money(v, lang), mark: { at: hours.length - 1, word: t("alert.one") } }
  }, [hours, calls, sums.amount, t, lang])
  if (bare(a)) return <Empty>{t(collecting(a) ? "evidence.collecting" : "evidence.none")}</Empty>
  const active = a.evidence.hours.filter((h) => h.count > 0)
  return (
    <>
      <p data-test="week-sum">
        {t(calls ? "evidence.sum.calls" : "evidence.sum", { n: count(sums.count, lang), answered: count(sums.answered, lang), hours: active.length })}
        {sums.amount > 0 && t("evidence.sum.amount", { amount: money(sums.amount, lang) })}
      </p>
      <Chart label={t("evidence.chart")} height={190} {...plotted} />
      <details className="derived">
        <summary>{t("evidence.table")}</summary>
        <div className="scrolls">
          <table className="plain roomy" data-test="hours">
            <thead>
              <tr><th>{t("evidence.hour")}</th><th className="right">{t("evidence.count")}</th>{calls && <th className="right">{t("evidence.answered")}</th>}{sums.amount > 0 && <th className="right">{t("evidence.amount")}</th>}</tr>
            </thead>
            <tbody>
              {active.toReversed().map((h) => (
                <tr key={h.at}><td className="num">{exact(h.at).slice(0, 16)}</td><td className="right num">{h.count}</td>{calls && <td className="right num">{h.answered}</td>}{sums.amount > 0 && <td className="right num">{money(h.amount, lang)}</td>}</tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </>
  )
}

const fewest = 10
const drawn = 20 // more is a wheel that nobody reads

/** Whom and what the subject dealt with: as a graph, and as a table that says the same. */
export function Neighbours({ alert: a }: { alert: AlertPage }) {
  const { t, code, lang } = useWords()
  const [chosen, setChosen] = useState("")
  const [all, setAll] = useState(false)
  const items = useMemo(() => a.evidence.neighbours.toSorted((x, y) => y.count - x.count), [a.evidence.neighbours])
  const strongest = useMemo(() => items.slice(0, drawn), [items])
  if (items.length === 0) return <Empty>{t(collecting(a) ? "evidence.collecting" : "neighbours.none")}</Empty>
  const key = (n: Neighbour) => `${n.domain} ${n.value}`
  const shown = all ? items : items.filter((n, i) => i < fewest || key(n) === chosen)
  return (
    <div className="neighbours">
      <div className="graph-frame" role="img" aria-label={t("neighbours.graph", { n: strongest.length })} data-test="graph">
        <Suspense fallback={null}>
          <Graph domain={a.domain} value={a.subject} neighbours={strongest} chosen={chosen} choose={setChosen} />
        </Suspense>
      </div>
      <div className="scrolls">
        <table className="plain" data-test="neighbours">
          <thead>
            <tr><th>{t("alert.domain")}</th><th>{t("neighbours.value")}</th><th className="right">{t("neighbours.count")}</th><th>{t("neighbours.first")}</th><th>{t("neighbours.last")}</th></tr>
          </thead>
          <tbody>
            {shown.map((n) => (
              <tr key={key(n)} className={key(n) === chosen ? "at" : undefined} onMouseEnter={() => setChosen(key(n))} data-test="neighbour">
                <td><span className={`find find-${n.domain}`}>{code("domain", n.domain)}</span></td>
                <td className="num">{n.domain === "person" ? n.value : <Link to={`/alerts?q=${encodeURIComponent(n.value)}`} title={t("neighbours.alerts")}>{said(n.domain, n.value)}</Link>}</td>
                <td className="right num">{count(n.count, lang)}</td>
                <td><When at={n.first} /></td>
                <td><When at={n.last} /></td>
              </tr>
            ))}
          </tbody>
        </table>
        {items.length > drawn && <p className="dim small">{t("neighbours.most", { n: drawn })}</p>}
        {items.length > fewest && <button type="button" className="link" onClick={() => setAll(!all)}>{t(all ? "neighbours.fewer" : "neighbours.all", { n: items.length })}</button>}
      </div>
    </div>
  )
}

/** The neighbours as a section, where the viewer is shown any. */
export function NeighbourSection({ alert: a }: { alert: AlertPage }) {
  const { t } = useWords()
  return (
    <Section title={t("neighbours.title")} note={t("neighbours.note")} test="neighbours-section">
      <Neighbours alert={a} />
    </Section>
  )
}
