import { Select } from "antd"
import { Link } from "react-router"
import type { Entry } from "../api/types"
import { useWords, words } from "../app/i18n"
import { Find, useFilters } from "../parts/filters"
import { exact } from "../parts/format"
import { pathOf } from "../parts/paths"
import { Person, usePeople, usePersonNames } from "../parts/people"
import { RegionName } from "../parts/region"
import { Table, type Column } from "../parts/table"

// Every kind of event that has a word can be looked for.
const kinds = Object.keys(words).filter((k) => k.startsWith("event.")).map((k) => k.slice("event.".length))
const search = { optionFilterProp: "label" } as const

/** Everything that happened, as it was written down. */
export function Journal() {
  const { t, code } = useWords()
  const nameOf = usePersonNames()
  const people = usePeople().data ?? []
  const [f, set] = useFilters("kind", "record", "actor")
  const columns: Column<Entry>[] = [
    { key: "seq", title: t("journal.seq"), width: 76, right: true, cell: (e) => <span className="num dim">{e.seq}</span>, text: (e) => String(e.seq) },
    { key: "at", title: t("journal.at"), width: 150, cell: (e) => <span className="num">{exact(e.at)}</span>, text: (e) => e.at },
    { key: "kind", title: t("journal.kind"), width: "1.4fr", cell: (e) => <span title={e.kind}>{code("event", e.kind)}</span>, text: (e) => e.kind },
    { key: "record", title: t("journal.record"), width: "1.6fr", cell: (e) => <RecordLink entry={e} />, text: (e) => e.record },
    { key: "actor", title: t("journal.actor"), width: "1.4fr", cell: (e) => <Person id={e.actor} />, text: (e) => nameOf(e.actor) },
    { key: "purpose", title: t("journal.purpose"), width: "1.4fr", cell: (e) => e.purpose, text: (e) => e.purpose },
    { key: "region", title: t("region"), width: "1fr", cell: (e) => e.region && <RegionName code={e.region} short />, text: (e) => e.region },
  ]
  return (
    <Table
      name="journal"
      path="/journal"
      query={f}
      columns={columns}
      cursor="before"
      id={(e) => String(e.seq)}
      live={() => true}
      empty={t("journal.empty")}
      filters={
        <>
          <h1>{t("journal.title")}</h1>
          <Select size="small" showSearch={search} allowClear value={f.kind || null} onChange={(v) => set("kind", v ?? "")} options={kinds.map((k) => ({ value: k, label: code("event", k) }))} placeholder={t("journal.kind")} aria-label={t("journal.kind")} popupMatchSelectWidth={220} style={{ width: 170 }} data-test="filter-kind" />
          <Find value={f.record} onChange={(v) => set("record", v)} placeholder={t("journal.find.record")} test="filter-record" />
          <Select size="small" showSearch={search} allowClear value={f.actor || null} onChange={(v) => set("actor", v ?? "")} options={people.map((p) => ({ value: p.id, label: p.name }))} placeholder={t("journal.actor")} aria-label={t("journal.actor")} popupMatchSelectWidth={200} style={{ width: 150 }} data-test="filter-actor" />
        </>
      }
    />
  )
}

function RecordLink({ entry }: { entry: Entry }) {
  const path = pathOf(entry.kind.split(".")[0] ?? "", entry.record)
  return path ? <Link to={path}><code>{entry.record}</code></Link> : <code>{entry.record}</code>
}
