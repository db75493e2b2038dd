import type { Notice } from "../api/types"
import { useWords } from "../app/i18n"
import { Choice, useFilters } from "../parts/filters"
import { exact } from "../parts/format"
import { Person } from "../parts/people"
import { RegionFilter, RegionName } from "../parts/region"
import { Table, type Column } from "../parts/table"
import { State, When } from "../parts/view"
import { RegisterTabs } from "./tabs"
import { Named } from "./view"

export const served = (n: Pick<Notice, "servedHow">) => (n.servedHow ? "served" : "unserved")

export function Notices() {
  const { t, code } = useWords()
  const [f, set] = useFilters("unserved", "region")
  const columns: Column<Notice>[] = [
    { key: "state", title: t("listing.state"), width: 104, cell: (n) => <State group="notice" value={served(n)} />, text: (n) => code("notice", served(n)) },
    { key: "name", title: t("listing.name"), width: 128, cell: (n) => <Named name={n.name} />, text: (n) => n.name || t("listing.name.erased") },
    { key: "kind", title: t("notice.kind"), width: 120, cell: (n) => code("notice.kind", n.kind), text: (n) => code("notice.kind", n.kind) },
    { key: "number", title: t("notice.number"), width: "2fr", cell: (n) => <span className="num">{n.number}</span>, text: (n) => n.number },
    { key: "region", title: t("region"), width: 120, cell: (n) => <RegionName code={n.region} short />, text: (n) => n.region },
    { key: "madeAt", title: t("notice.madeAt"), width: 112, cell: (n) => <When at={n.madeAt} />, text: (n) => exact(n.madeAt) },
    { key: "madeBy", title: t("notice.madeBy"), width: "1fr", cell: (n) => <Person id={n.madeBy} />, text: (n) => n.madeBy },
    { key: "how", title: t("notice.how"), width: "1fr", cell: (n) => n.servedHow, text: (n) => n.servedHow },
    { key: "servedAt", title: t("notice.servedAt"), width: 112, cell: (n) => <When at={n.servedAt} />, text: (n) => (n.servedAt ? exact(n.servedAt) : "") },
    { key: "receipt", title: t("notice.receiptNo"), width: "1fr", cell: (n) => n.receiptNo, text: (n) => n.receiptNo },
  ]
  return (
    <Table
      name="notices"
      path="/register/notices"
      query={f}
      columns={columns}
      to={(n) => `/register/notices/${n.id}`}
      live={(e) => e.kind.startsWith("notice.")}
      empty={t("notice.empty")}
      filters={
        <>
          <RegisterTabs />
          <Choice value={f.unserved} onChange={(v) => set("unserved", v)} group="notice.unserved" options={["true"]} label={t("listing.state")} test="filter-unserved" />
          <RegionFilter value={f.region} onChange={(v) => set("region", v)} />
        </>
      }
    />
  )
}
