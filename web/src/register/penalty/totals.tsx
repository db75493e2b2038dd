import { useQuery } from "@tanstack/react-query"
import { Input } from "antd"
import { useCallback, useMemo } from "react"
import { Link } from "react-router"
import { api, serverNow } from "../../api/client"
import type { PenaltyTotal } from "../../api/types"
import { useWords } from "../../app/i18n"
import { Chart } from "../../parts/chart"
import { Choice, Pick, useFilters } from "../../parts/filters"
import { count, money } from "../../parts/format"
import { Broken } from "../../parts/problem"
import { RegionFilter, RegionName } from "../../parts/region"
import { useRegions } from "../../parts/regions"
import { Empty, Skeleton } from "../../parts/view"
import { today } from "../days"
import { RegisterTabs } from "../tabs"
import { conducts } from "./list"

const none: readonly PenaltyTotal[] = []

/** What was decided, summed by conduct, region or month. */
export function PenaltyTotals() {
  const { t, code, lang } = useWords()
  const [f, set] = useFilters("by", "from", "until", "region", "conduct")
  const month = today(serverNow()).slice(0, 7)
  const from = f.from || `${month.slice(0, 4)}-01`
  const until = f.until || month
  const by = (f.by || "conduct") as "conduct" | "region" | "month"
  const totals = useQuery({
    queryKey: ["penalty-totals", by, from, until, f.region, f.conduct],
    queryFn: async ({ signal }) => (await api.get("/register/penalties/totals", { by, from, until, region: f.region, conduct: f.conduct as never }, signal)).items,
    retry: false,
  })
  const items = totals.data ?? none
  const say = useCallback((n: number) => count(n, lang), [lang])
  const sayMoney = useCallback((n: number) => money(n, lang), [lang])
  const sum = (of: (x: PenaltyTotal) => number) => items.reduce((n, x) => n + of(x), 0)
  const most = Math.max(1, ...items.map((x) => x.penalties))
  const devices = [...new Set(items.flatMap((x) => Object.keys(x.devices)))]
  const name = (key: string) => (by === "conduct" ? code("penalty.conduct", key) : by === "region" ? <RegionName code={key} short /> : key)
  const regions = useRegions()
  const drawn = useMemo(() => {
    const label = (key: string) => (by === "conduct" ? code("penalty.conduct", key) : by === "region" ? (regions.get(key)?.name ?? (key || t("region.country"))) : key)
    return {
      along: items.map((x) => label(x.key)),
      series: [
        { name: t("penalty.totals.stand"), values: items.map((x) => x.penalties - x.revoked), colour: "blue" as const, stack: "n" },
        { name: t("penalty.totals.revoked"), values: items.map((x) => x.revoked), colour: "dim" as const, stack: "n" },
        ...(by === "month" ? [{ name: t("penalty.band.fine"), values: items.map((x) => x.fineFen), colour: "amber" as const, line: true, right: true }] : []),
      ],
    }
  }, [items, by, regions, code, t])
  const row = (x: PenaltyTotal, label: React.ReactNode, share: boolean) => (
    <tr key={x.key} data-test={share ? "total" : "sum"}>
      <th scope="row">{label}</th>
      <td className="right">
        <span className="share tone-action">{share && <i style={{ width: `${(60 * x.penalties) / most}px` }} />} {count(x.penalties, lang)}</span>
      </td>
      <td className="right num">{count(x.revoked, lang)}</td>
      <td className="right num">{money(x.fineFen, lang)}</td>
      <td className="right num">{money(x.confiscateFen, lang)}</td>
      <td className="right num">{count(x.detained, lang)}</td>
      <td className="right num">{count(x.detentionDays, lang)}</td>
      {devices.map((d) => <td className="right num" key={d}>{count(x.devices[d] ?? 0, lang)}</td>)}
    </tr>
  )
  return (
    <div className="page" data-test="totals-page">
      <div className="list-bar">
        <div className="filters">
          <RegisterTabs />
          <Choice whole={false} value={by} onChange={(v) => set("by", v)} group="penalty.by" options={["conduct", "region", "month"]} label={t("penalty.totals.by")} test="totals-by" />
          <Input size="small" type="month" value={from} max={until} onChange={(e) => set("from", e.target.value)} aria-label={t("penalty.totals.from")} style={{ width: 150 }} data-test="totals-from" />
          <Input size="small" type="month" value={until} min={from} onChange={(e) => set("until", e.target.value)} aria-label={t("penalty.totals.until")} style={{ width: 150 }} data-test="totals-until" />
          <Pick value={f.conduct} onChange={(v) => set("conduct", v)} group="penalty.conduct" options={conducts} placeholder={t("penalty.conduct")} test="filter-conduct" />
          <RegionFilter value={f.region} onChange={(v) => set("region", v)} />
        </div>
        <div className="list-tools">
          <Link to="/register/penalties" className="button-link">{t("penalty.title")}</Link>
        </div>
      </div>
      <div className="narrow whole">
        <p className="dim">{t("penalty.totals.note")}</p>
        {totals.isPending && <Skeleton />}
        {totals.isError && <Broken error={totals.error} retry={() => void totals.refetch()} />}
        {totals.isSuccess && items.length === 0 && <Empty>{t("penalty.totals.empty")}</Empty>}
        {items.length > 0 && (
          <Chart
            label={t("penalty.totals.chart", { by: code("penalty.by", by) })}
            height={by === "month" ? 200 : 48 + 26 * items.length}
            lying={by !== "month"}
            along={drawn.along}
            series={drawn.series}
            say={say}
            sayRight={sayMoney}
          />
        )}
        {items.length > 0 && (
          <div className="scrolls">
            <table className="plain totals">
              <thead>
                <tr>
                  <th>{code("penalty.by", by)}</th>
                  <th className="right">{t("penalty.totals.n")}</th>
                  <th className="right">{t("penalty.totals.revoked")}</th>
                  <th className="right">{t("penalty.band.fine")}</th>
                  <th className="right">{t("penalty.band.confiscate")}</th>
                  <th className="right">{t("penalty.totals.detained")}</th>
                  <th className="right">{t("penalty.totals.days")}</th>
                  {devices.map((d) => <th className="right" key={d}>{code("penalty.device", d)}</th>)}
                </tr>
              </thead>
              <tbody>{items.map((x) => row(x, name(x.key), true))}</tbody>
              <tfoot>
                {row(
                  {
                    key: "", penalties: sum((x) => x.penalties), revoked: sum((x) => x.revoked), detained: sum((x) => x.detained), detentionDays: sum((x) => x.detentionDays),
                    fineFen: sum((x) => x.fineFen), confiscateFen: sum((x) => x.confiscateFen), devices: Object.fromEntries(devices.map((d) => [d, sum((x) => x.devices[d] ?? 0)])),
                  },
                  t("penalty.totals.sum"),
                  false,
                )}
              </tfoot>
            </table>
          </div>
        )}
      </div>
    </div>
  )
}
