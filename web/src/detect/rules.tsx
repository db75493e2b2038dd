import "./detect.css"
import { useEffect, useState } from "react"
import { Link, useNavigate, useParams } from "react-router"
import type { DetectionRule, RulePackView } from "../api/types"
import { useWords } from "../app/i18n"
import { Chart } from "../parts/chart"
import { Choice, Find, Pick, useFilters } from "../parts/filters"
import { count, duration, percent } from "../parts/format"
import { useKeys } from "../parts/keys"
import { Broken } from "../parts/problem"
import { Table } from "../parts/table"
import { Empty, Facts, Head, Section, Skeleton, State, type Tone } from "../parts/view"
import { severities, useAlertColumns } from "./alerts"
import { Tabs, useRules, type RuleRow } from "./packs"
import { spanSaid } from "./said"
import { DetectorStrip } from "./strip"

const statuses = ["live", "shadow", "off"] as const
export const statusTone: Record<DetectionRule["status"], Tone> = { live: "good", shadow: "soon", off: "plain" }

/** Every rule in force in one line: what it asks for, and how it did. */
export function Rules() {
  const { t, lang, code } = useWords()
  const go = useNavigate()
  const { packs, rows } = useRules()
  const [f, set] = useFilters("pack", "status", "severity", "q")
  const [at, setAt] = useState(-1)
  const q = f.q.toLowerCase()
  const shown = rows.filter((r) => (!f.pack || r.pack.name === f.pack) && (!f.status || r.rule.status === f.status) && (!f.severity || r.rule.severity === f.severity) && (!q || `${r.id} ${r.rule.title.zh} ${r.rule.title.en} ${r.rule.when}`.toLowerCase().includes(q)))
  const open = (r: RuleRow | undefined) => r && void go(`/rules/${r.id}`)
  const chosen = shown[at]?.id
  useEffect(() => {
    if (chosen) document.querySelector(`[data-test=rule][data-id="${chosen}"]`)?.scrollIntoView({ block: "nearest" })
  }, [chosen])
  useKeys({ j: () => setAt((i) => Math.min(shown.length - 1, i + 1)), k: () => setAt((i) => Math.max(0, i - 1)), Enter: () => open(shown[at]) })
  return (
    <div className="page" data-test="rules-page">
      <div className="list-bar">
        <div className="filters">
          <Tabs />
          <Choice value={f.pack} onChange={(v) => set("pack", v)} group="rulepack.name" options={(packs.data ?? []).map((p) => p.name)} label={t("rulepack.one")} test="filter-pack" />
          <Choice value={f.status} onChange={(v) => set("status", v)} group="rule.status" options={statuses} label={t("rule.status")} test="filter-status" />
          <Pick value={f.severity} onChange={(v) => set("severity", v)} group="alert.severity" options={severities} placeholder={t("alert.severity")} test="filter-severity" width={90} />
          <Find value={f.q} onChange={(v) => set("q", v)} placeholder={t("rule.find")} test="filter-q" />
        </div>
      </div>
      <DetectorStrip />
      <p className="simulated" data-test="no-law">{t("rule.law")}</p>
      {packs.isPending ? <Skeleton /> : packs.isError ? <Broken error={packs.error} retry={() => void packs.refetch()} /> : shown.length === 0 ? <Empty>{t("rule.empty")}</Empty> : (
        <div className="scrolls rules-scroll">
          <table className="plain rules" data-test="rules">
            <colgroup><col className="rule-title" /><col className="rule-when" /><col className="rule-mark" /><col className="rule-mark" /><col className="rule-mark" />{Array.from({ length: 5 }, (_, i) => <col key={i} className="rule-number" />)}<col className="rule-number" /><col className="rule-time" /></colgroup>
            <thead>
              <tr>
                <th>{t("rule.one")}</th><th>{t("rule.when")}</th><th>{t("alert.severity")}</th><th className="right">{t("rule.weight")}</th><th>{t("rule.status")}</th>
                <th className="right" title={t("rule.hits.note")}>{t("rule.hits")}</th><th className="right">{t("rule.raised")}</th><th className="right" title={t("rule.held.note")}>{t("rule.held")}</th><th className="right" title={t("rule.suppressed.note")}>{t("rule.suppressed")}</th><th className="right">{t("rule.errors")}</th>
                <th className="right" title={t("rule.precision.note")}>{t("rule.precision")}</th><th className="right" title={t("rule.decision.note")}>{t("rule.decision")}</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((r, i) => (
                <tr key={r.id} className={["opens", i === at && "at", r.rule.status === "off" && "off"].filter(Boolean).join(" ")} onClick={(e) => !(e.target as HTMLElement).closest("a,button") && getSelection()?.isCollapsed !== false && open(r)} data-test="rule" data-id={r.id}>
                  <td><Link to={`/rules/${r.id}`}>{r.rule.title[lang]}</Link><p className="dim small">{code("rulepack.name", r.pack.name)} · <code>{r.id}</code></p></td>
                  <td><code className="when" title={r.rule.when}>{r.rule.when}</code></td>
                  <td><State group="alert.severity" value={r.rule.severity} /></td>
                  <td className="right num">{r.rule.weight}</td>
                  <td><State group="rule.status" value={r.rule.status} tone={statusTone[r.rule.status]} /></td>
                  <Numbers r={r} />
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  )
}

function Numbers({ r }: { r: RuleRow }) {
  const { lang } = useWords()
  const f = r.figures
  const n = r.numbers
  const cell = (v: number | undefined) => <td className={v ? "right num" : "right num dim"}>{v === undefined ? "-" : count(v, lang)}</td>
  return (
    <>
      {cell(f?.hits)}
      {cell(f?.raised)}
      {cell(f?.held)}
      {cell(f?.suppressed)}
      <td className={f?.errors ? "right num tone-bad" : "right num dim"} title={f?.last_error}>{f ? count(f.errors, lang) : "-"}</td>
      <td className="right num">{n?.precision === undefined ? <span className="dim">-</span> : <span title={`${n.right} / ${n.right + n.wrong}`}>{percent(n.precision)}</span>}</td>
      <td className="right num">{n?.p50Seconds === undefined ? <span className="dim">-</span> : duration(n.p50Seconds * 1000, lang)}</td>
    </>
  )
}

/** The names of features that a text of a rule reads. */
function read(text: string, view: RulePackView | undefined) {
  const names = new Set(text.match(/[A-Za-z][A-Za-z0-9_]*/g) ?? [])
  return (view?.features ?? []).filter((x) => names.has(x.name))
}

export function RulePage() {
  const { id = "" } = useParams()
  const { t, lang, code } = useWords()
  const { packs, rows } = useRules()
  const columns = useAlertColumns().filter((c) => c.key !== "rule")
  if (packs.isPending) return <Skeleton />
  if (packs.isError) return <Broken error={packs.error} retry={() => void packs.refetch()} />
  const r = rows.find((x) => x.id === id)
  if (!r) return <div className="page"><Empty>{t("rule.gone")}</Empty></div>
  const { rule, pack, figures: f, numbers: n } = r
  const reads = read(`${rule.when} ${rule.reason.zh}`, pack.view)
  const days = n?.days ?? []
  return (
    <div className="record" data-test="rule-page">
      <Head
        back={{ to: "/rules", label: t("rule.title") }}
        kind={code("rulepack.name", pack.name)}
        title={rule.title[lang]}
        state={<><State group="rule.status" value={rule.status} tone={statusTone[rule.status]} /><State group="alert.severity" value={rule.severity} /></>}
        more={<Link className="button-link tall" to={`/rulepacks/${pack.id}`} data-test="to-pack">{t("rule.pack")}</Link>}
      />
      <div className="record-body whole">
        <main>
          <Section title={t("rule.when")} note={<code>{rule.id}</code>}>
            <pre className="raw">{rule.when}</pre>
            {reads.length > 0 && (
              <table className="plain values" data-test="reads">
                <tbody>{reads.map((x) => <tr key={x.name}><th scope="row"><code>{x.name}</code></th><td>{x.title[lang]}</td></tr>)}</tbody>
              </table>
            )}
          </Section>
          <Facts
            facts={[
              { label: t("rule.event"), value: code("feed.kind", rule.event) },
              { label: t("rule.subject"), value: <>{code("domain", rule.domain)} <code className="dim">{rule.subject}</code></> },
              { label: t("rule.weight"), value: <>{rule.weight} <span className="dim">{t("rule.weight.note")}</span></> },
              { label: t("rule.hold"), value: rule.holdSeconds > 0 ? t("rule.hold.note", { span: spanSaid(rule.holdSeconds, lang) }) : t("rule.hold.none") },
              { label: t("alert.becomes"), value: code("alert.becomes", rule.becomes) },
              { label: t("rulepack.one"), value: <Link to={`/rulepacks/${pack.id}`}>{pack.view?.title[lang]} <span className="num">{t("rulepack.number", { n: pack.number })}</span></Link> },
              { label: t("rule.reason"), value: rule.reason[lang], wide: true },
            ]}
          />
          <Section title={t("rule.counted")} note={t("rule.counted.note")} test="rule-counted">
            <div className="figures">
              {([["rule.hits", f?.hits], ["rule.raised", f?.raised], ["rule.held", f?.held], ["rule.suppressed", f?.suppressed], ["rule.errors", f?.errors]] as const).map(([label, v]) => (
                <div key={label}><b className={label === "rule.errors" && v ? "num tone-bad" : "num"}>{v === undefined ? "-" : count(v, lang)}</b><span>{t(label)}</span></div>
              ))}
              {f && f.ns > 0 && <div><b className="num">{Math.round(f.ns)}</b><span>{t("rule.ns")}</span></div>}
            </div>
            {f?.last_error && <p className="tone-bad" data-test="rule-error">{t("rule.error", { error: f.last_error })}</p>}
          </Section>
          {n && (
            <Section title={t("rule.became")} note={t("rule.became.note")} test="rule-became">
              <div className="figures">
                {([["alert.figure.raised", n.raised], ["alert.decision.clue", n.clues], ["alert.decision.warning", n.warnings], ["alert.decision.referral", n.referrals], ["alert.decision.dismissed", n.dismissed], ["alert.verdict.right", n.right], ["alert.verdict.wrong", n.wrong], ["alert.verdict.unsure", n.unsure]] as const).map(([label, v]) => (
                  <div key={label}><b className="num">{count(v, lang)}</b><span>{t(label)}</span></div>
                ))}
                <div title={t("rule.precision.note")}><b className="num">{n.precision === undefined ? "-" : percent(n.precision)}</b><span>{t("rule.precision")}</span></div>
                <div title={t("rule.decision.note")}><b className="num">{n.p50Seconds === undefined ? "-" : duration(n.p50Seconds * 1000, lang)}</b><span>{t("rule.decision")}</span></div>
              </div>
              {days.length > 1 && <Chart label={t("rule.days")} height={140} along={days.map((d) => d.day.slice(5))} series={[{ name: t("rule.raised"), values: days.map((d) => d.count), colour: "blue" }]} />}
            </Section>
          )}
          <Section title={t("rule.alerts")} test="rule-alerts">
            <div className="framed-list">
              <Table name="rule-alerts" path="/alerts" query={{ rule: rule.id }} columns={columns} to={(a) => `/alerts/${a.id}`} live={(e) => e.kind.startsWith("alert.")} empty={t("rule.alerts.none")} />
            </div>
          </Section>
        </main>
      </div>
    </div>
  )
}
