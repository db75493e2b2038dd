import type { Batch, BatchState } from "../api/types"
import { useMay } from "../app/auth"
import { useWords } from "../app/i18n"
import { Choice, useFilters } from "../parts/filters"
import { exact } from "../parts/format"
import { Person } from "../parts/people"
import { RegionFilter, RegionName } from "../parts/region"
import { Table, type Column } from "../parts/table"
import { State, When } from "../parts/view"
import { Gather } from "./batch"
import { RegisterTabs } from "./tabs"

const states: BatchState[] = ["made", "handed", "sent", "acknowledged", "refused"]

export function Batches() {
  const { t, code } = useWords()
  const makes = useMay("batch.create")
  const [f, set] = useFilters("state", "region")
  const columns: Column<Batch>[] = [
    { key: "state", title: t("listing.state"), width: 116, cell: (b) => <State group="batch.state" value={b.state} />, text: (b) => code("batch.state", b.state) },
    { key: "region", title: t("region"), width: "1.5fr", cell: (b) => <b><RegionName code={b.region} /></b>, text: (b) => b.region },
    { key: "entries", title: t("batch.entries"), width: 80, right: true, cell: (b) => b.entries, text: (b) => String(b.entries) },
    { key: "madeAt", title: t("batch.madeAt"), width: 112, cell: (b) => <When at={b.madeAt} />, text: (b) => exact(b.madeAt) },
    { key: "madeBy", title: t("batch.madeBy"), width: "1fr", cell: (b) => <Person id={b.madeBy} />, text: (b) => b.madeBy },
    { key: "handedAt", title: t("batch.handedAt"), width: 112, cell: (b) => <When at={b.handedAt} />, text: (b) => (b.handedAt ? exact(b.handedAt) : "") },
    { key: "platformNo", title: t("batch.platformNo"), width: "1fr", cell: (b) => b.platformNo, text: (b) => b.platformNo },
    { key: "receiptAt", title: t("batch.receiptAt"), width: 112, cell: (b) => <When at={b.receiptAt} />, text: (b) => (b.receiptAt ? exact(b.receiptAt) : "") },
  ]
  return (
    <Table
      name="batches"
      path="/register/batches"
      query={f}
      columns={columns}
      to={(b) => `/register/batches/${b.id}`}
      live={(e) => e.kind.startsWith("batch.")}
      empty={t("batch.empty")}
      filters={
        <>
          <RegisterTabs />
          <Choice value={f.state} onChange={(v) => set("state", v)} group="batch.state" options={states} label={t("listing.state")} test="filter-state" />
          <RegionFilter value={f.region} onChange={(v) => set("region", v)} />
        </>
      }
      tools={makes && <Gather />}
    />
  )
}
