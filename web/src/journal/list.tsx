import { Link } from "react-router"
import type { Entry } from "../api/types"
import { useWords } from "../app/i18n"
import { Find, useFilters } from "../parts/filters"
import { exact } from "../parts/format"
import { pathOf } from "../parts/paths"
import { RegionName } from "../parts/region"
import { Table, type Column } from "../parts/table"

/** Everything that happened, as it was written down. */
export function Journal() {
  const { t, code } = useWords()
  const [f, set] = useFilters("kind", "record", "actor")
  const columns: Column<Entry & { id: string }>[] = [
    { key: "seq", title: t("journal.seq"), width: 76, right: true, cell: (e) => <span className="num dim">{e.seq}</span>, text: (e) => String(e.seq) },
    { key: "at", title: t("journal.at"), width: 150, cell: (e) => <span className="num">{exact(e.at)}</span>, text: (e) => e.at },
    { key: "kind", title: t("journal.kind"), width: "1.4fr", cell: (e) => <span title={e.kind}>{code("event", e.kind)}</span>, text: (e) => e.kind },
    { key: "record", title: t("journal.record"), width: "1.6fr", cell: (e) => <RecordLink entry={e} />, text: (e) => e.record },
    { key: "actor", title: t("journal.actor"), width: "1.4fr", cell: (e) => (e.actor ? <code>{e.actor}</code> : <span className="dim">{t("timeline.system")}</span>), text: (e) => e.actor },
    { key: "purpose", title: t("journal.purpose"), width: "1.4fr", cell: (e) => e.purpose, text: (e) => e.purpose ?? "" },
    { key: "region", title: t("region"), width: "1fr", cell: (e) => e.region && <RegionName code={e.region} short />, text: (e) => e.region ?? "" },
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
          <Find value={f.kind} onChange={(v) => set("kind", v)} placeholder={t("journal.find.kind")} test="filter-kind" />
          <Find value={f.record} onChange={(v) => set("record", v)} placeholder={t("journal.find.record")} test="filter-record" />
          <Find value={f.actor} onChange={(v) => set("actor", v)} placeholder={t("journal.find.actor")} test="filter-actor" />
        </>
      }
    />
  )
}

function RecordLink({ entry }: { entry: Entry }) {
  const path = pathOf(entry.kind.split(".")[0] ?? "", entry.record)
  return path ? <Link to={path}><code>{entry.record}</code></Link> : <code>{entry.record}</code>
}
