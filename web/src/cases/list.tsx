import type { DossierSummary } from "../api/types"
import { useWords } from "../app/i18n"
import { Choice, useFilters } from "../parts/filters"
import { exact } from "../parts/format"
import { RegionName } from "../parts/region"
import { Table, type Column } from "../parts/table"
import { State, When } from "../parts/view"

export function Dossiers() {
  const { t, code } = useWords()
  const [f, set] = useFilters("state")
  const columns: Column<DossierSummary>[] = [
    { key: "state", title: t("clue.state"), width: 100, cell: (d) => <State group="dossier.state" value={d.state} />, text: (d) => code("dossier.state", d.state) },
    { key: "no", title: t("dossier.no"), width: 170, cell: (d) => d.no, text: (d) => d.no },
    { key: "title", title: t("dossier.name"), width: "3fr", cell: (d) => <b>{d.title}</b>, text: (d) => d.title },
    { key: "region", title: t("region"), width: "1fr", cell: (d) => <RegionName code={d.region} short />, text: (d) => d.region },
    { key: "result", title: t("dossier.result"), width: 110, cell: (d) => code("dossier.result", d.result), text: (d) => code("dossier.result", d.result) },
    { key: "people", title: t("dossier.people"), width: 60, right: true, cell: (d) => d.people || "", text: (d) => String(d.people) },
    { key: "caseNo", title: t("dossier.caseNo"), width: "1.2fr", cell: (d) => d.caseNo, text: (d) => d.caseNo },
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
          <Choice value={f.state} onChange={(v) => set("state", v)} group="dossier.state" options={["open", "filed", "closed"]} test="filter-state" />
        </>
      }
    />
  )
}
