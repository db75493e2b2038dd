import type { Dossier } from "../api/types"
import { useWords } from "../app/i18n"
import { Choice, useFilters } from "../parts/filters"
import { exact } from "../parts/format"
import { RegionName } from "../parts/region"
import { Table, type Column } from "../parts/table"
import { State, When } from "../parts/view"

export function Dossiers() {
  const { t, code } = useWords()
  const [f, set] = useFilters("state")
  const columns: Column<Dossier>[] = [
    { key: "state", title: t("clue.state"), width: 100, cell: (d) => <State group="dossier.state" value={d.state} />, text: (d) => code("dossier.state", d.state) },
    { key: "title", title: t("dossier.name"), width: "3fr", cell: (d) => <b>{d.title || d.id.slice(-8)}</b>, text: (d) => d.title ?? d.id },
    { key: "region", title: t("region"), width: "1fr", cell: (d) => <RegionName code={d.region} short />, text: (d) => d.region ?? "" },
    { key: "documentNo", title: t("dossier.document"), width: "1.5fr", cell: (d) => d.documentNo, text: (d) => d.documentNo ?? "" },
    { key: "filedOn", title: t("dossier.date"), width: 104, cell: (d) => d.filedOn, text: (d) => d.filedOn ?? "" },
    { key: "openedAt", title: t("dossier.opened"), width: 104, cell: (d) => <When at={d.openedAt} />, text: (d) => exact(d.openedAt) },
  ]
  return (
    <Table
      name="dossiers"
      path="/dossiers"
      query={f}
      columns={columns}
      to={(d) => `/dossiers/${d.id}`}
      live={(e) => e.kind.startsWith("dossier.")}
      empty={t("dossier.empty")}
      filters={
        <>
          <h1>{t("dossier.title")}</h1>
          <Choice value={f.state} onChange={(v) => set("state", v)} group="dossier.state" options={["open", "filed"]} test="filter-state" />
        </>
      }
    />
  )
}
