import { PlusOutlined } from "@ant-design/icons"
import { Link } from "react-router"
import type { Proposal, ProposalState } from "../api/types"
import { useMay } from "../app/auth"
import { useWords } from "../app/i18n"
import { Choice, useFilters } from "../parts/filters"
import { exact } from "../parts/format"
import { Person } from "../parts/people"
import { RegionFilter, RegionName } from "../parts/region"
import { Table, type Column } from "../parts/table"
import { State, When } from "../parts/view"
import { RegisterTabs } from "./tabs"
import { Named } from "./view"

const states: ProposalState[] = ["draft", "proposed", "reviewed", "approved", "refused"]

export function Proposals() {
  const { t, code } = useWords()
  const opens = useMay("proposal.create")
  const [f, set] = useFilters("state", "region")
  const columns: Column<Proposal>[] = [
    { key: "state", title: t("listing.state"), width: 120, cell: (p) => <State group="proposal.state" value={p.state} />, text: (p) => code("proposal.state", p.state) },
    { key: "name", title: t("listing.name"), width: 128, cell: (p) => <Named name={p.name} />, text: (p) => p.name || t("listing.name.erased") },
    { key: "kind", title: t("listing.kind"), width: "1.5fr", cell: (p) => <>{code("listing.kind", p.kind)}{p.unitOf && ` · ${t("proposal.persons")}`}</>, text: (p) => code("listing.kind", p.kind) },
    { key: "region", title: t("region"), width: 140, cell: (p) => <RegionName code={p.region} short />, text: (p) => p.region },
    { key: "createdBy", title: t("proposal.createdBy"), width: "1fr", cell: (p) => <Person id={p.createdBy} />, text: (p) => p.createdBy },
    { key: "createdAt", title: t("proposal.createdAt"), width: 112, cell: (p) => <When at={p.createdAt} />, text: (p) => exact(p.createdAt) },
    { key: "pack", title: t("listing.pack"), width: "1.5fr", extra: true, cell: (p) => <code>{p.pack}</code>, text: (p) => p.pack },
    { key: "listing", title: t("listing.one"), width: 120, cell: (p) => p.listing && <Link to={`/register/listings/${p.listing}`}>{t("proposal.listing.open")}</Link>, text: (p) => p.listing },
  ]
  return (
    <Table
      name="proposals"
      path="/register/proposals"
      query={f}
      columns={columns}
      to={(p) => `/register/proposals/${p.id}`}
      live={(e) => e.kind.startsWith("proposal.")}
      empty={t("proposal.empty")}
      filters={
        <>
          <RegisterTabs />
          <Choice value={f.state} onChange={(v) => set("state", v)} group="proposal.state" options={states} label={t("listing.state")} test="filter-state" />
          <RegionFilter value={f.region} onChange={(v) => set("region", v)} />
        </>
      }
      tools={
        opens && (
          <Link to="/register/proposals/new" className="button-link" data-test="proposal-new">
            <PlusOutlined /> {t("proposal.new")}
          </Link>
        )
      }
    />
  )
}
