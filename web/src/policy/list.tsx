import { NavLink, useNavigate } from "react-router"
import type { PackDraftSummary, PackPeriod, PackSummary } from "../api/types"
import { useMay } from "../app/auth"
import { useWords, type Speaker } from "../app/i18n"
import { Choice, useFilters } from "../parts/filters"
import { Person } from "../parts/people"
import { RegionName } from "../parts/region"
import { Table, type Column } from "../parts/table"
import { State, When } from "../parts/view"
import { DraftForm } from "./forms"

/** A period as an officer reads it. */
export function period(p: PackPeriod, { t }: Speaker): string {
  if (p.never) return t("pack.effective.never")
  if (p.until) return t("pack.effective.until", { from: p.from ?? "", until: p.until })
  return p.from ? t("pack.effective.from", { from: p.from }) : ""
}

/** The name of a jurisdiction: the nation, or a division by its short code. */
export function PlaceName({ place }: { place: string }) {
  const { t } = useWords()
  return place === "nation" ? <>{t("pack.nation")}</> : <RegionName code={place.padEnd(6, "0")} />
}

function Tabs() {
  const { t } = useWords()
  return (
    <nav className="tabs" aria-label={t("pack.title")}>
      <NavLink to="/packs" end>{t("pack.title")}</NavLink>
      <NavLink to="/drafts" data-test="to-drafts">{t("draft.title")}</NavLink>
    </nav>
  )
}

export function Packs() {
  const words = useWords()
  const { t, lang, code } = words
  const go = useNavigate()
  const drafts = useMay("policy.draft")
  const columns: Column<PackSummary>[] = [
    { key: "title", title: t("pack.one"), width: "3fr", cell: (p) => <b>{p.title[lang]}</b>, text: (p) => p.title[lang] },
    { key: "name", title: t("pack.name"), width: "1.6fr", cell: (p) => <code className="dim clip">{p.name}</code>, text: (p) => p.name },
    { key: "state", title: t("draft.state"), width: 88, cell: (p) => <State group="pack.state" value={String(p.inForce)} tone={p.inForce ? "good" : "plain"} />, text: (p) => code("pack.state", String(p.inForce)) },
    { key: "version", title: t("pack.version"), width: 56, right: true, cell: (p) => <span className="num">{p.version}</span>, text: (p) => String(p.version) },
    { key: "effective", title: t("pack.effective"), width: 150, cell: (p) => <span className="num">{period(p.effective, words)}</span>, text: (p) => period(p.effective, words) },
    { key: "place", title: t("pack.jurisdiction"), width: "1.2fr", cell: (p) => <span className="clip">{[p.jurisdiction, ...p.places.filter((x) => x !== p.jurisdiction)].map((x, i) => <span key={x} className={x === p.jurisdiction ? undefined : "dim"}>{i > 0 && " · "}<PlaceName place={x} /></span>)}</span>, text: (p) => p.places.join(" ") },
    { key: "rows", title: t("pack.rows"), width: 60, right: true, cell: (p) => <span className="num">{Object.values(p.rows).reduce((a, b) => a + b, 0)}</span>, text: (p) => String(Object.values(p.rows).reduce((a, b) => a + b, 0)) },
    { key: "unset", title: t("pack.unset"), width: 72, right: true, cell: (p) => p.unset > 0 && <span className="num chip tone-soon">{p.unset}</span>, text: (p) => String(p.unset) },
    { key: "drafts", title: t("pack.drafts"), width: 64, right: true, cell: (p) => p.drafts > 0 && <span className="num chip tone-action">{p.drafts}</span>, text: (p) => String(p.drafts) },
    { key: "origin", title: t("pack.origin"), width: 110, cell: (p) => <span className="dim">{code("pack.origin", p.origin)}</span>, text: (p) => code("pack.origin", p.origin) },
    { key: "activated", title: t("pack.activatedAt"), width: 100, extra: true, cell: (p) => <When at={p.activatedAt} />, text: (p) => p.activatedAt },
  ]
  return (
    <Table
      name="packs"
      path="/policy/packs"
      columns={columns}
      id={(p) => p.name}
      to={(p) => `/packs/${p.name}`}
      live={(e) => e.kind.startsWith("policy.")}
      empty={t("pack.empty")}
      filters={<Tabs />}
      tools={drafts && <DraftForm label={t("draft.new")} done={(d) => void go(`/drafts/${d.id}`)} />}
    />
  )
}

const states = ["open", "activated", "withdrawn"] as const

export function draftColumns({ t, code }: Speaker): Column<PackDraftSummary>[] {
  return [
    { key: "pack", title: t("pack.one"), width: "2fr", cell: (d) => <b className="clip">{d.pack}</b>, text: (d) => d.pack },
    { key: "place", title: t("pack.jurisdiction"), width: "1.2fr", cell: (d) => <span className="clip"><PlaceName place={d.place} /></span>, text: (d) => d.place },
    { key: "state", title: t("draft.state"), width: 96, cell: (d) => <State group="draft.state" value={d.state} tone={d.state === "open" ? "action" : d.state === "activated" ? "good" : "plain"} />, text: (d) => code("draft.state", d.state) },
    { key: "problems", title: t("draft.problems"), width: 64, right: true, cell: (d) => d.problems > 0 && <span className="chip tone-bad num">{d.problems}</span>, text: (d) => String(d.problems) },
    { key: "comments", title: t("draft.comments"), width: 110, right: true, cell: (d) => d.openComments > 0 && <span className="num">{t("draft.comments.open", { n: d.openComments })}</span>, text: (d) => String(d.openComments) },
    { key: "note", title: t("draft.note"), width: "2fr", cell: (d) => <span className="clip">{d.note}</span>, text: (d) => d.note },
    { key: "by", title: t("version.proposedBy"), width: 110, cell: (d) => (d.proposedBy ? <Person id={d.proposedBy} /> : <span className="dim">{t("pack.origin.release")}</span>), text: (d) => d.proposedBy },
    { key: "at", title: t("draft.proposed"), width: 100, cell: (d) => <When at={d.proposedAt} />, text: (d) => d.proposedAt },
  ]
}

export function Drafts() {
  const words = useWords()
  const { t } = words
  const [f, set] = useFilters("state", "pack")
  return (
    <Table
      name="drafts"
      path="/policy/drafts"
      query={{ state: f.state, pack: f.pack }}
      columns={draftColumns(words)}
      to={(d) => `/drafts/${d.id}`}
      live={(e) => e.kind.startsWith("policy.")}
      empty={t("draft.empty")}
      filters={
        <>
          <Tabs />
          <Choice value={f.state} onChange={(v) => set("state", v)} group="draft.state" options={states} label={t("draft.state")} test="filter-state" />
          {f.pack && <button type="button" className="link" onClick={() => set("pack", "")}>{f.pack} ×</button>}
        </>
      }
    />
  )
}
