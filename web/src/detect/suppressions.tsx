import "./detect.css"
import { Input } from "antd"
import { useState } from "react"
import { Link } from "react-router"
import { api } from "../api/client"
import type { Suppression } from "../api/types"
import { useMay } from "../app/auth"
import { useWords } from "../app/i18n"
import { useFilters } from "../parts/filters"
import { ActionForm, Field } from "../parts/form"
import { exact } from "../parts/format"
import { Table, type Column } from "../parts/table"
import { State, When, type Tone } from "../parts/view"
import { Tabs, useRuleTitles } from "./packs"
import { said } from "./said"
import { DetectorStrip } from "./strip"

export const standingTone: Record<Suppression["standing"], Tone> = { in_force: "good", over: "plain", lifted: "plain" }

/** How something stands that the detector must be told of: in force, or not yet taken by it. */
export function Standing({ of }: { of: Pick<Suppression, "standing" | "told"> }) {
  const { t } = useWords()
  return of.standing === "in_force" && !of.told ? <State group="standing" value="untold" tone="soon" /> : <span title={of.told ? undefined : t("standing.untold.note")}><State group="standing" value={of.standing} tone={standingTone[of.standing]} /></span>
}

/** Who is left alone for a time: by whom, why, until when. */
export function Suppressions() {
  const { t, code, lang } = useWords()
  const titles = useRuleTitles()
  const lifts = useMay("suppression.lift")
  const [f, set] = useFilters("inForce")
  const columns: Column<Suppression>[] = [
    { key: "standing", title: t("standing.title"), width: 92, cell: (s) => <Standing of={s} />, text: (s) => code("standing", s.standing) },
    { key: "domain", title: t("alert.domain"), width: 64, cell: (s) => <span className={`find find-${s.domain}`}>{code("domain", s.domain)}</span>, text: (s) => code("domain", s.domain) },
    { key: "subject", title: t("alert.subject"), width: 180, cell: (s) => <b className="num">{said(s.domain, s.subject)}</b>, text: (s) => s.subject },
    { key: "rule", title: t("suppression.rule"), width: "1.2fr", cell: (s) => (s.rule ? <Link to={`/rules/${s.rule}`} title={s.rule}>{titles.get(s.rule)?.[lang] ?? s.rule}</Link> : t("suppression.rule.all")), text: (s) => s.rule },
    { key: "until", title: t("suppression.until"), width: 104, cell: (s) => <When at={s.until} />, text: (s) => exact(s.until) },
    { key: "why", title: t("suppression.why"), width: "2fr", cell: (s) => <span title={s.why}>{s.why}</span>, text: (s) => s.why },
    { key: "by", title: t("suppression.by"), width: 110, cell: (s) => s.madeByName, text: (s) => s.madeByName },
    { key: "at", title: t("suppression.at"), width: 100, cell: (s) => <When at={s.madeAt} />, text: (s) => exact(s.madeAt) },
    { key: "alert", title: t("alert.one"), width: 84, cell: (s) => s.alert && <Link to={`/alerts/${s.alert}`}>{s.alert.slice(-6)}</Link>, text: (s) => s.alert },
    { key: "lifted", title: t("suppression.lifted"), width: "1.2fr", cell: (s) => s.liftedAt && <span title={s.liftWhy}>{s.liftedByName} · {s.liftWhy}</span>, text: (s) => s.liftWhy },
    { key: "lift", title: "", width: 92, cell: (s) => lifts && s.standing === "in_force" && <span className="row-actions"><LiftForm key={s.version} s={s} refresh={[]} /></span>, text: () => "" },
  ]
  return (
    <Table
      name="suppressions"
      path="/suppressions"
      query={{ inForce: f.inForce }}
      columns={columns}
      live={(e) => e.kind.startsWith("suppression.")}
      empty={t("suppression.empty")}
      filters={
        <>
          <Tabs />
          <button type="button" className={f.inForce ? "toggle on" : "toggle"} aria-pressed={!!f.inForce} onClick={() => set("inForce", f.inForce ? "" : "true")} data-test="filter-inForce">{t("standing.only")}</button>
        </>
      }
      note={<DetectorStrip />}
    />
  )
}

function LiftForm({ s, refresh }: { s: Suppression; refresh: readonly (readonly unknown[])[] }) {
  const { t } = useWords()
  const [reason, setReason] = useState("")
  return (
    <ActionForm
      label={t("suppression.lift")}
      test="lift"
      ready={reason.trim() !== ""}
      send={(key) => api.post(`/suppressions/${s.id}/lift`, { reason: reason.trim() }, { key, version: s.version })}
      refresh={[["list", "/suppressions"], ...refresh]}
      fields={
        <Field label={t("suppression.lift.why")}>
          <Input.TextArea rows={3} value={reason} onChange={(e) => setReason(e.target.value)} data-test="lift-reason" />
        </Field>
      }
    />
  )
}

/** The suppressions of one subject, on the page of its alert. */
export function SuppressionCards({ items, refresh }: { items: readonly Suppression[]; refresh: readonly (readonly unknown[])[] }) {
  const { t, lang } = useWords()
  const titles = useRuleTitles()
  const lifts = useMay("suppression.lift")
  return (
    <>
      {items.map((s) => (
        <article className="card" key={s.id} data-test="suppression">
          <header>
            <Standing of={s} />
            <span title={s.rule}>{s.rule ? (titles.get(s.rule)?.[lang] ?? s.rule) : t("suppression.rule.all")}</span>
            <span className="dim">{t("suppression.until")} <When at={s.until} /> · {s.madeByName}</span>
            <span className="spring" />
            {lifts && s.standing === "in_force" && <LiftForm key={s.version} s={s} refresh={refresh} />}
          </header>
          <p className="said">{s.why}</p>
        </article>
      ))}
    </>
  )
}
