import { Link } from "react-router"
import type { ListingObjection, ListingObjectionState } from "../api/types"
import { useWords } from "../app/i18n"
import { Choice, useFilters } from "../parts/filters"
import { exact } from "../parts/format"
import { RegionFilter, RegionName } from "../parts/region"
import { Table, type Column } from "../parts/table"
import { State, When } from "../parts/view"
import { RegisterTabs } from "./tabs"
import { Named } from "./view"

const states: ListingObjectionState[] = ["received", "accepted", "verified", "upheld", "dismissed", "not_accepted"]

export function Objections() {
  const { t, code } = useWords()
  const [f, set] = useFilters("state", "region")
  const columns: Column<ListingObjection>[] = [
    { key: "state", title: t("listing.state"), width: 116, cell: (o) => <State group="objection.state" value={o.state} />, text: (o) => code("objection.state", o.state) },
    { key: "name", title: t("listing.name"), width: 128, cell: (o) => <Named name={o.name} />, text: (o) => o.name || t("listing.name.erased") },
    { key: "ground", title: t("objection.ground"), width: "2fr", cell: (o) => code("objection.ground", o.ground), text: (o) => code("objection.ground", o.ground) },
    { key: "via", title: t("objection.via"), width: "1fr", cell: (o) => code("objection.via", o.via), text: (o) => code("objection.via", o.via) },
    { key: "receivedAt", title: t("objection.receivedAt"), width: 112, cell: (o) => <When at={o.receivedAt} />, text: (o) => exact(o.receivedAt) },
    { key: "region", title: t("region"), width: 120, cell: (o) => <RegionName code={o.region} short />, text: (o) => o.region },
    { key: "listing", title: t("listing.one"), width: 120, cell: (o) => <Link to={`/register/listings/${o.listing}`}>{t("proposal.listing.open")}</Link>, text: (o) => o.listing },
  ]
  return (
    <Table
      name="objections"
      path="/register/objections"
      query={f}
      columns={columns}
      to={(o) => `/register/objections/${o.id}`}
      live={(e) => e.kind.startsWith("objection.")}
      empty={t("objection.empty")}
      filters={
        <>
          <RegisterTabs />
          <Choice value={f.state} onChange={(v) => set("state", v)} group="objection.state" options={states} label={t("listing.state")} test="filter-state" />
          <RegionFilter value={f.region} onChange={(v) => set("region", v)} />
        </>
      }
    />
  )
}
