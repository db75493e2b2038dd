import { Link } from "react-router"
import type { ReportSummary } from "../api/types"
import { useMay } from "../app/auth"
import { useWords } from "../app/i18n"
import { Choice, Find, useFilters } from "../parts/filters"
import { exact, money } from "../parts/format"
import { ImportButton } from "../parts/import"
import { RegionName } from "../parts/region"
import { Table, type Column } from "../parts/table"
import { State, When } from "../parts/view"
import { useQueryClient } from "@tanstack/react-query"

export function Reports() {
  const { t, code, lang } = useWords()
  const queries = useQueryClient()
  const writes = useMay("report.import")
  const [f, set] = useFilters("type", "ref110")
  const columns: Column<ReportSummary>[] = [
    { key: "receivedAt", title: t("report.received"), width: 104, cell: (r) => <When at={r.receivedAt} />, text: (r) => exact(r.receivedAt) },
    { key: "type", title: t("report.type"), width: 76, cell: (r) => <State group="report.type" value={r.type} tone={r.type === "report" ? "action" : "plain"} />, text: (r) => code("report.type", r.type) },
    { key: "channel", title: t("report.channel"), width: 104, cell: (r) => code("report.channel", r.channel), text: (r) => code("report.channel", r.channel) },
    { key: "ref110", title: t("report.ref110"), width: "1.2fr", cell: (r) => r.ref110 || <span className="dim">{r.id.slice(-8)}</span>, text: (r) => r.ref110 },
    { key: "region", title: t("region"), width: "1.2fr", cell: (r) => r.regionName || <RegionName code={r.region} />, text: (r) => r.region },
    { key: "amount", title: t("report.amount"), width: 110, right: true, cell: (r) => (r.amountFen ? money(r.amountFen, lang) : ""), text: (r) => (r.amountFen ? (r.amountFen / 100).toFixed(2) : "") },
    { key: "state", title: t("clue.state"), width: 90, cell: (r) => <State group="report.state" value={r.state} />, text: (r) => code("report.state", r.state) },
    { key: "id", title: "ID", width: 230, extra: true, cell: (r) => <code>{r.id}</code>, text: (r) => r.id },
  ]
  return (
    <Table
      name="reports"
      path="/reports"
      query={f}
      columns={columns}
      to={(r) => `/reports/${r.id}`}
      live={(e) => e.kind.startsWith("report.")}
      empty={t("report.empty")}
      filters={
        <>
          <h1>{t("report.list")}</h1>
          <Choice value={f.type} onChange={(v) => set("type", v)} group="report.type" options={["report", "tip", "inquiry"]} test="filter-type" />
          <Find value={f.ref110} onChange={(v) => set("ref110", v)} placeholder={t("report.ref110")} test="filter-ref110" />
        </>
      }
      tools={
        writes && (
          <>
            <ImportButton path="/reports/import" name="reports" label={t("report.import")} done={() => void queries.invalidateQueries({ queryKey: ["list", "/reports"] })} />
            <Link className="button-link" to="/">
              {t("report.new")} <kbd>n</kbd>
            </Link>
          </>
        )
      }
    />
  )
}
