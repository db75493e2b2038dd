import "./detect.css"
import { useQueryClient, type InfiniteData } from "@tanstack/react-query"
import { App, Input, Select } from "antd"
import { useState } from "react"
import { api, newKey } from "../api/client"
import type { Alert, Page } from "../api/types"
import { useMay, useMe } from "../app/auth"
import { useWords } from "../app/i18n"
import { Choice, Find, Pick, useFilters } from "../parts/filters"
import { ActionForm, Field } from "../parts/form"
import { exact } from "../parts/format"
import { RegionName } from "../parts/region"
import { Table, type Column } from "../parts/table"
import { State, When } from "../parts/view"
import { useRuleTitles } from "./packs"
import { said } from "./said"
import { DetectorStrip } from "./strip"

export const states = ["new", "taken", "decided"] as const
export const severities = ["high", "medium", "low"] as const
export const domains = ["number", "account", "device", "sim", "cell", "person", "outlet", "other"] as const
const decisions = ["clue", "warning", "referral", "dismissed"] as const

/** The alerts of the models: what is new comes quietly, and the oldest that waits is told. */
export function Alerts() {
  const { t, lang } = useWords()
  const me = useMe()
  const takes = useMay("alert.take")
  const [f, set] = useFilters("state", "severity", "rule", "domain", "decision", "waiting", "unhanded", "q", "region")
  const [ids, setIDs] = useState<Set<string>>(new Set())
  const queries = useQueryClient()
  // What is ticked stands on the pages that the list has read.
  const chosen = () =>
    queries
      .getQueriesData<InfiniteData<Page<Alert>>>({ queryKey: ["list", "/alerts"] })
      .flatMap(([, list]) => list?.pages.flatMap((p) => p.items) ?? [])
      .filter((a, i, all) => ids.has(a.id) && all.findIndex((x) => x.id === a.id) === i)
  const titles = useRuleTitles()
  const flag = (key: "waiting" | "unhanded") => (
    <button type="button" className={f[key] ? "toggle on" : "toggle"} aria-pressed={!!f[key]} onClick={() => set(key, f[key] ? "" : "true")} data-test={`filter-${key}`}>
      {t(`alert.${key}`)}
    </button>
  )
  return (
    <Table
      name="alerts"
      path="/alerts"
      query={f}
      columns={useAlertColumns()}
      to={(a) => `/alerts/${a.id}`}
      live={(e) => e.kind.startsWith("alert.")}
      mark={(a) => (a.state === "new" && a.severity === "high" ? "urgent" : undefined)}
      empty={me.institution ? t("alert.empty.mine") : t("alert.empty")}
      {...(takes && { select: { ids, change: setIDs } })}
      filters={
        <>
          <h1>{t("alert.title")}</h1>
          <Choice value={f.state} onChange={(v) => set("state", v)} group="alert.state" options={states} label={t("alert.state")} test="filter-state" />
          <Choice value={f.severity} onChange={(v) => set("severity", v)} group="alert.severity" options={severities} label={t("alert.severity")} test="filter-severity" />
          {titles.size > 0 && (
            <Select
              size="small" showSearch={{ optionFilterProp: "label" }} allowClear value={f.rule || null} onChange={(v) => set("rule", v ?? "")} placeholder={t("alert.rule")} aria-label={t("alert.rule")}
              options={[...titles].map(([id, title]) => ({ value: id, label: title[lang] }))} style={{ width: 190 }} popupMatchSelectWidth={false} data-test="filter-rule"
            />
          )}
          <Pick value={f.domain} onChange={(v) => set("domain", v)} group="domain" options={domains} placeholder={t("alert.domain")} test="filter-domain" width={96} />
          <Pick value={f.decision} onChange={(v) => set("decision", v)} group="alert.decision" options={decisions} placeholder={t("alert.decision")} test="filter-decision" width={96} />
          {flag("waiting")}
          {!me.institution && flag("unhanded")}
          <Find value={f.q} onChange={(v) => set("q", v)} placeholder={t("alert.find")} test="filter-q" />
        </>
      }
      tools={takes && ids.size > 0 && <Several chosen={chosen} n={ids.size} done={() => setIDs(new Set())} />}
      note={<DetectorStrip />}
    />
  )
}

/** An alert in one line, here and on the pages that show some. */
export function useAlertColumns(): Column<Alert>[] {
  const { t, code, lang } = useWords()
  return [
    { key: "severity", title: t("alert.severity"), width: 68, cell: (a) => <State group="alert.severity" value={a.severity} />, text: (a) => code("alert.severity", a.severity) },
    { key: "state", title: t("alert.state"), width: 116, cell: (a) => (a.decision ? <><State group="alert.decision" value={a.decision} tone={a.decision === "dismissed" ? "plain" : "good"} />{a.atOnce && <span className="dim"> {t("alert.auto")}</span>}</> : <State group="alert.state" value={a.state} />), text: (a) => code("alert.state", a.state) },
    { key: "raised", title: t("alert.raised"), width: 84, cell: (a) => <When at={a.raisedAt} />, text: (a) => exact(a.raisedAt) },
    { key: "domain", title: t("alert.domain"), width: 56, cell: (a) => <span className={`find find-${a.domain}`}>{code("domain", a.domain)}</span>, text: (a) => code("domain", a.domain) },
    { key: "subject", title: t("alert.subject"), width: 184, cell: (a) => <b className="num">{said(a.domain, a.subject)}</b>, text: (a) => a.subject },
    { key: "rule", title: t("alert.rule"), width: "1.7fr", cell: (a) => <span title={`${a.title[lang]} · ${a.rule}`}>{a.title[lang]}</span>, text: (a) => a.title[lang] },
    { key: "score", title: t("alert.score"), width: 44, right: true, cell: (a) => <span className="num">{a.score}</span>, text: (a) => String(a.score) },
    { key: "reasons", title: t("alert.reasons"), width: "3fr", cell: (a) => <span title={a.reasons[lang]}>{a.reasons[lang]}</span>, text: (a) => a.reasons[lang] },
    { key: "decision", title: t("alert.decision"), width: 108, extra: true, cell: (a) => code("alert.decision", a.decision), text: (a) => code("alert.decision", a.decision) },
    { key: "who", title: t("alert.who"), width: "0.8fr", cell: (a) => a.institutionName || a.takenByName, text: (a) => a.institutionName || a.takenByName },
    { key: "verdict", title: t("alert.verdict"), width: 66, extra: true, cell: (a) => <State group="alert.verdict" value={a.verdict} />, text: (a) => code("alert.verdict", a.verdict) },
    { key: "region", title: t("region"), width: 120, extra: true, cell: (a) => a.regionName || <RegionName code={a.region} short />, text: (a) => a.regionName },
    { key: "at", title: t("alert.at"), width: 92, extra: true, cell: (a) => <When at={a.at} />, text: (a) => exact(a.at) },
    { key: "id", title: "ID", width: 230, extra: true, cell: (a) => <code>{a.id}</code>, text: (a) => a.id },
  ]
}

/** Takes or dismisses what is ticked, one after the other: each is a decision of its own in the journal. */
function Several({ chosen, n, done }: { chosen: () => Alert[]; n: number; done: () => void }) {
  const { t } = useWords()
  const { message } = App.useApp()
  const [note, setNote] = useState("")
  const each = async (of: Alert[], one: (a: Alert) => Promise<unknown>) => {
    let failed: Error | undefined
    let held = 0
    for (const a of of)
      try {
        await one(a)
        held++
      } catch (e) {
        failed = e as Error // somebody else was quicker, most often: the others go on
      }
    if (held === 0 && failed) throw failed
    return { held, left: of.length - held }
  }
  const told = ({ held, left }: { held: number; left: number }) => {
    done()
    if (left > 0) void message.warning(t("alert.several.partly", { n: held, left }))
  }
  const refresh = [["list", "/alerts"]]
  return (
    <span className="batch-actions">
      <ActionForm
        label={t("alert.take.n", { n })}
        test="take-several"
        send={() => each(chosen().filter((a) => a.state === "new"), (a) => api.post(`/alerts/${a.id}/take`, undefined, { key: newKey(), version: a.version }))}
        done={told}
        refresh={refresh}
        fields={<p>{t("alert.take.n.note", { n: chosen().filter((a) => a.state === "new").length })}</p>}
      />
      <ActionForm
        label={t("alert.dismiss.n", { n })}
        test="dismiss-several"
        danger
        ready={note.trim() !== ""}
        send={() => each(chosen().filter((a) => a.state !== "decided"), (a) => api.post(`/alerts/${a.id}/decide`, { decision: "dismissed", note }, { key: newKey(), version: a.version }))}
        done={told}
        refresh={refresh}
        fields={
          <Field label={t("alert.note.why")}>
            <Input.TextArea rows={3} value={note} onChange={(e) => setNote(e.target.value)} data-test="dismiss-note" />
          </Field>
        }
      />
    </span>
  )
}
