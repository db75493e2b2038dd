import type { Den, DenState } from "../api/types"
import { useMay } from "../app/auth"
import { useWords } from "../app/i18n"
import { Clock } from "../parts/clock"
import { Choice, useFilters } from "../parts/filters"
import { exact } from "../parts/format"
import { RegionName } from "../parts/region"
import { Table, type Column } from "../parts/table"
import { State, When } from "../parts/view"
import { DenFigures } from "./figures"

const states: DenState[] = ["suspected", "analysed", "approved", "dispatched", "received", "confirmed", "nothing_found", "dismissed"]

export function Dens() {
  const figures = useMay("figures.read")
  const { t, code } = useWords()
  const [f, set] = useFilters("state", "region")
  const columns: Column<Den>[] = [
    { key: "clock", title: t("den.clock"), width: 112, cell: (d) => d.state === "dispatched" && <Clock due={d.receiveBy} from={d.dispatchedAt} />, text: (d) => (d.receiveBy ? exact(d.receiveBy) : "") },
    { key: "state", title: t("clue.state"), width: 104, cell: (d) => <State group="den.state" value={d.state} />, text: (d) => code("den.state", d.state) },
    { key: "place", title: t("den.place"), width: "3fr", cell: (d) => <b>{d.address}</b>, text: (d) => d.address },
    { key: "confidence", title: t("den.confidence"), width: 84, cell: (d) => <State group="den.confidence" value={d.confidence} />, text: (d) => code("den.confidence", d.confidence) },
    { key: "clues", title: t("den.clues"), width: 76, right: true, cell: (d) => d.clues, text: (d) => String(d.clues) },
    { key: "region", title: t("region"), width: 128, cell: (d) => <RegionName code={d.region} short />, text: (d) => d.region },
    { key: "unit", title: t("den.unit"), width: "1fr", cell: (d) => d.unitName, text: (d) => d.unitName },
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
          <Choice value={f.state} onChange={(v) => set("state", v)} group="den.state" options={states} label={t("clue.state")} test="filter-state" />
        </>
      }
      {...(figures && { note: <DenFigures /> })}
    />
  )
}
