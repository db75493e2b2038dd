import { BarChartOutlined, PlusOutlined } from "@ant-design/icons"
import { Link } from "react-router"
import type { Penalty } from "../../api/types"
import { useMay } from "../../app/auth"
import { useWords } from "../../app/i18n"
import { Choice, Pick, useFilters } from "../../parts/filters"
import { exact, money } from "../../parts/format"
import { RegionFilter, RegionName } from "../../parts/region"
import { Table, type Column } from "../../parts/table"
import { State, When } from "../../parts/view"
import { RegisterTabs } from "../tabs"
import { Imposed } from "./band"

export const conducts = ["fraud_activity", "illegal_device", "personal_data_sale", "crypto_laundering", "other_support", "trade_rent_lend", "verification_help", "false_opening"] as const

/** Where a penalty stands: one that was decided may have been revoked since. */
export const stateOf = (p: Pick<Penalty, "state" | "stands">) => (p.state === "decided" && !p.stands ? "revoked" : p.state)

export function Penalties() {
  const { t, code, lang } = useWords()
  const proposes = useMay("penalty.create")
  const [f, set] = useFilters("state", "conduct", "region")
  const columns: Column<Penalty>[] = [
    { key: "state", title: t("penalty.state"), width: 100, cell: (p) => <State group="penalty.state" value={stateOf(p)} />, text: (p) => code("penalty.state", stateOf(p)) },
    { key: "name", title: t("penalty.subject"), width: 96, cell: (p) => <b>{p.name}</b>, text: (p) => p.name },
    { key: "conduct", title: t("penalty.conduct"), width: "2fr", cell: (p) => code("penalty.conduct", p.conduct), text: (p) => code("penalty.conduct", p.conduct) },
    { key: "article", title: t("penalty.article"), width: "1fr", cell: (p) => p.article, text: (p) => p.article },
    { key: "measure", title: t("penalty.measure"), width: "1.5fr", cell: (p) => <Imposed measure={p.measure} />, text: (p) => `${money(p.measure.fineFen, lang)} ${p.measure.detentionDays}` },
    { key: "region", title: t("region"), width: 110, cell: (p) => <RegionName code={p.region} short />, text: (p) => p.region },
    { key: "documentNo", title: t("penalty.documentNo"), width: "1.2fr", cell: (p) => p.documentNo, text: (p) => p.documentNo },
    { key: "decidedOn", title: t("penalty.decidedOn"), width: 96, cell: (p) => <span className="num">{p.decidedOn}</span>, text: (p) => p.decidedOn },
    { key: "proposedAt", title: t("penalty.proposedAt"), width: 104, cell: (p) => <When at={p.proposedAt} />, text: (p) => exact(p.proposedAt) },
  ]
  return (
    <Table
      name="penalties"
      path="/register/penalties"
      query={f}
      columns={columns}
      to={(p) => `/register/penalties/${p.id}`}
      live={(e) => e.kind.startsWith("penalty.")}
      empty={t("penalty.empty")}
      filters={
        <>
          <RegisterTabs />
          <Choice value={f.state} onChange={(v) => set("state", v)} group="penalty.state" options={["proposed", "decided", "refused"]} label={t("penalty.state")} test="filter-state" />
          <Pick value={f.conduct} onChange={(v) => set("conduct", v)} group="penalty.conduct" options={conducts} placeholder={t("penalty.conduct")} test="filter-conduct" />
          <RegionFilter value={f.region} onChange={(v) => set("region", v)} />
        </>
      }
      tools={
        <>
          <Link to="/register/penalties/totals" className="button-link" data-test="totals-link"><BarChartOutlined /> {t("penalty.totals")}</Link>
          {proposes && <Link to="/register/penalties/new" className="button-link" data-test="penalty-new"><PlusOutlined /> {t("penalty.new")}</Link>}
        </>
      }
    />
  )
}
