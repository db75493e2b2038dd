import { NavLink } from "react-router"
import type { Disposal } from "../api/types"
import { useMay } from "../app/auth"
import { useWords } from "../app/i18n"
import { Clock } from "../parts/clock"
import { Choice, Pick, useFilters } from "../parts/filters"
import { exact, spoken } from "../parts/format"
import { ReceiptButton } from "../parts/platform"
import { Table, type Column } from "../parts/table"
import { State, When } from "../parts/view"

const kinds = ["shutdown", "intercept", "block", "recheck", "restore"] as const
// Open is what an institution still has to do: approved, sent and acknowledged.
const states = ["open", "requested", "sent", "acknowledged", "done", "refused", "rejected", "undone"] as const
export const pending = (d: Disposal) => d.state === "requested" || d.state === "approved" || d.state === "sent" || d.state === "acknowledged"

export function DisposalTabs() {
  const { t } = useWords()
  const desk = useMay("disposal.why")
  const list = useMay("protected.read")
  return (
    <nav className="tabs" aria-label={t("disposal.title")}>
      <NavLink to="/disposals" end>{t("disposal.title")}</NavLink>
      {desk && <NavLink to="/disposals/why">{t("disposal.why")}</NavLink>}
      {list && <NavLink to="/disposals/protected">{t("disposal.protected.list")}</NavLink>}
    </nav>
  )
}

export function Disposals() {
  const { t, code } = useWords()
  const asks = useMay("disposal.request")
  const [f, set] = useFilters("state", "kind", "institution")
  const columns: Column<Disposal>[] = [
    { key: "clock", title: t("disposal.clock"), width: 120, cell: (d) => pending(d) && <Clock due={d.dueAt} from={d.requestedAt} />, text: (d) => exact(d.dueAt) },
    { key: "kind", title: t("disposal.kind"), width: 100, cell: (d) => code("disposal.kind", d.kind), text: (d) => code("disposal.kind", d.kind) },
    { key: "value", title: t("disposal.value"), width: "1.5fr", cell: (d) => <><b className="num">{spoken(d.clueKind, d.value)}</b>{d.protected && <State group="disposal" value="protected" tone="soon" />}</>, text: (d) => d.value },
    { key: "state", title: t("clue.state"), width: 124, cell: (d) => <State group="disposal.state" value={d.state} />, text: (d) => code("disposal.state", d.state) },
    { key: "institution", title: t("disposal.institution"), width: "1.5fr", cell: (d) => d.institutionName, text: (d) => d.institutionName },
    { key: "reason", title: t("disposal.reason"), width: "2fr", cell: (d) => <span className="dim">{d.reason}</span>, text: (d) => d.reason },
    { key: "requestedAt", title: t("disposal.requestedAt"), width: 104, cell: (d) => <When at={d.requestedAt} />, text: (d) => exact(d.requestedAt) },
    { key: "documentNo", title: t("disposal.document"), width: "1.2fr", extra: true, cell: (d) => d.documentNo, text: (d) => d.documentNo },
  ]
  return (
    <Table
      name="disposals"
      path="/disposals"
      query={f}
      columns={columns}
      to={(d) => `/disposals/${d.id}`}
      live={(e) => e.kind.startsWith("disposal.")}
      empty={t("disposal.empty")}
      filters={
        <>
          <DisposalTabs />
          <Pick value={f.kind} onChange={(v) => set("kind", v)} group="disposal.kind" options={kinds} placeholder={t("disposal.kind")} test="filter-kind" />
          <Choice whole={false} value={f.state || "open"} onChange={(v) => set("state", v)} group="disposal.state" options={states} label={t("clue.state")} test="filter-state" />
        </>
      }
      tools={asks && <ReceiptButton />}
    />
  )
}
