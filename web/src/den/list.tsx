import type { Den, DenState } from "../api/types"
import { useWords } from "../app/i18n"
import { Clock } from "../parts/clock"
import { Choice, useFilters } from "../parts/filters"
import { exact } from "../parts/format"
import { InstitutionName, useInstitutionNames } from "../parts/names"
import { RegionName } from "../parts/region"
import { Table, type Column } from "../parts/table"
import { State, When } from "../parts/view"

const states: DenState[] = ["suspected", "analysed", "approved", "dispatched", "received", "confirmed", "nothing_found"]

export function Dens() {
  const { t, code } = useWords()
  const institution = useInstitutionNames()
  const [f, set] = useFilters("state", "region")
  const columns: Column<Den>[] = [
    { key: "clock", title: t("den.clock"), width: 112, cell: (d) => <Clock due={d.dueAt} from={d.suspectedAt} />, text: (d) => (d.dueAt ? exact(d.dueAt) : "") },
    { key: "state", title: t("clue.state"), width: 104, cell: (d) => <State group="den.state" value={d.state} />, text: (d) => code("den.state", d.state) },
    { key: "place", title: t("den.place"), width: "3fr", cell: (d) => <b>{d.place}</b>, text: (d) => d.place },
    { key: "confidence", title: t("den.confidence"), width: 84, cell: (d) => <State group="den.confidence" value={d.confidence} />, text: (d) => code("den.confidence", d.confidence) },
    { key: "clues", title: t("den.clues"), width: 76, right: true, cell: (d) => d.clues ?? d.evidence?.length ?? "", text: (d) => String(d.clues ?? "") },
    { key: "region", title: t("region"), width: "1fr", cell: (d) => <RegionName code={d.region} short />, text: (d) => d.region },
    { key: "unit", title: t("den.unit"), width: "1.4fr", cell: (d) => <InstitutionName id={d.unit} />, text: (d) => institution(d.unit) },
    { key: "suspectedAt", title: t("den.suspectedAt"), width: 104, cell: (d) => <When at={d.suspectedAt} />, text: (d) => exact(d.suspectedAt) },
  ]
  return (
    <Table
      name="dens"
      path="/dens"
      query={f}
      columns={columns}
      to={(d) => `/dens/${d.id}`}
      live={(e) => e.kind.startsWith("den.")}
      empty={t("den.empty")}
      filters={
        <>
          <h1>{t("den.title")}</h1>
          <Choice value={f.state} onChange={(v) => set("state", v)} group="den.state" options={states} test="filter-state" />
        </>
      }
    />
  )
}
