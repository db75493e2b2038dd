import { Input } from "antd"
import type { Listing } from "../api/types"
import { useWords } from "../app/i18n"
import { Choice, Pick, useFilters } from "../parts/filters"
import { RegionFilter, RegionName } from "../parts/region"
import { Table, type Column } from "../parts/table"
import { State } from "../parts/view"
import { RegisterTabs } from "./tabs"
import { ClassMark, Named, Term, Until } from "./view"

const states = ["running", "pending", "upcoming", "ended", "lifted"] as const

export function Listings() {
  const { t, code } = useWords()
  const [f, set] = useFilters("state", "class", "endsBefore", "region")
  // The widths leave room for the number of the document on a screen of 1,280 pixels.
  const columns: Column<Listing>[] = [
    { key: "state", title: t("listing.state"), width: 104, cell: (l) => <State group="listing.state" value={l.state} />, text: (l) => code("listing.state", l.state) },
    { key: "name", title: t("listing.name"), width: 104, cell: (l) => <Named name={l.name} />, text: (l) => l.name || t("listing.name.erased") },
    { key: "kind", title: t("listing.kind"), width: 60, cell: (l) => code("listing.kind", l.kind), text: (l) => code("listing.kind", l.kind) },
    { key: "class", title: t("listing.class"), width: "2fr", cell: (l) => <ClassMark listing={l} />, text: (l) => `${l.class} ${l.grounds.join(" ")}` },
    { key: "until", title: t("listing.until"), width: 180, cell: (l) => <Until listing={l} />, text: (l) => l.until || t("listing.until.unknown") },
    { key: "from", title: t("listing.from"), width: 92, cell: (l) => <span className="num">{l.from}</span>, text: (l) => l.from },
    { key: "term", title: t("listing.term"), width: 68, cell: (l) => <Term months={l.termMonths} />, text: (l) => String(l.termMonths) },
    { key: "region", title: t("region"), width: 92, cell: (l) => <RegionName code={l.region} short />, text: (l) => l.region },
    { key: "documentNo", title: t("listing.documentNo"), width: "1.5fr", cell: (l) => <span title={l.documentNo}>{l.documentNo}</span>, text: (l) => l.documentNo },
    { key: "decidedOn", title: t("listing.decidedOn"), width: 100, extra: true, cell: (l) => <span className="num">{l.decidedOn}</span>, text: (l) => l.decidedOn },
  ]
  return (
    <Table
      name="listings"
      path="/register/listings"
      query={f}
      columns={columns}
      to={(l) => `/register/listings/${l.id}`}
      live={(e) => e.kind.startsWith("listing.")}
      empty={t("listing.empty")}
      filters={
        <>
          <RegisterTabs />
          <Choice value={f.state} onChange={(v) => set("state", v)} group="listing.state" options={states} label={t("listing.state")} test="filter-state" />
          <Pick value={f.class} onChange={(v) => set("class", v)} group="listing.class" options={["A", "B"]} placeholder={t("listing.class")} test="filter-class" width={100} />
          <RegionFilter value={f.region} onChange={(v) => set("region", v)} />
          <Input size="small" type="date" value={f.endsBefore} onChange={(e) => set("endsBefore", e.target.value)} prefix={<span className="dim">{t("listing.endsBefore")}</span>} aria-label={t("listing.endsBefore")} style={{ width: 220 }} data-test="filter-ends" />
        </>
      }
    />
  )
}
