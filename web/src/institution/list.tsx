import { useQuery, useQueryClient } from "@tanstack/react-query"
import { useNavigate } from "react-router"
import { api, serverNow } from "../api/client"
import type { InstitutionKind, InstitutionSummary } from "../api/types"
import { useMay } from "../app/auth"
import { useWords } from "../app/i18n"
import { Pick, useFilters } from "../parts/filters"
import { count, duration, percent } from "../parts/format"
import { ImportButton } from "../parts/import"
import { RegionName } from "../parts/region"
import { arrowKeys } from "../parts/keys"
import { Table, type Column } from "../parts/table"
import { State } from "../parts/view"
import { InstitutionForm } from "./form"

export const institutionKinds: InstitutionKind[] = ["police", "carrier", "bank", "payment", "community", "regulator", "platform"]
const day = 86_400_000

/** How fast each institution answered, over the last days. */
export function useFigures(days: number) {
  const may = useMay("figures.read")
  return useQuery({
    enabled: may,
    queryKey: ["figures", days],
    queryFn: async ({ signal }) => {
      const now = serverNow()
      const r = await api.get("/figures/institutions", { from: new Date(now - days * day).toISOString(), to: new Date(now).toISOString() }, signal)
      return new Map(r.items.map((f) => [f.institution, f]))
    },
    staleTime: 30_000,
    retry: false,
  })
}

export function InTime({ share }: { share: number | undefined }) {
  if (share === undefined) return null
  return (
    <span className="share">
      <i style={{ width: Math.round(share * 48) }} className={share >= 0.95 ? "tone-good" : share >= 0.8 ? "tone-soon" : "tone-bad"} />
      {percent(share)}
    </span>
  )
}

export function Institutions() {
  const { t, code, lang } = useWords()
  const go = useNavigate()
  const edits = useMay("institution.write")
  const queries = useQueryClient()
  const [f, set] = useFilters("kind", "days")
  const days = Number(f.days) || 7
  const figures = useFigures(days).data
  const figure = (i: InstitutionSummary) => figures?.get(i.id)
  const ms = (v: number | undefined) => (!v ? "" : duration(v, lang))
  const columns: Column<InstitutionSummary>[] = [
    { key: "name", title: t("institution.name"), width: "2.4fr", cell: (i) => <><b>{i.name}</b>{i.disabled && <State group="institution" value="disabled" tone="soon" />}</>, text: (i) => i.name },
    { key: "kind", title: t("institution.kind"), width: 90, cell: (i) => code("institution.kind", i.kind), text: (i) => code("institution.kind", i.kind) },
    { key: "region", title: t("region"), width: "1.2fr", cell: (i) => <RegionName code={i.region} short />, text: (i) => i.region },
    { key: "gateway", title: t("institution.gateway"), width: "1.2fr", cell: (i) => <span className="dim">{code("institution.gateway", i.gateway)}</span>, text: (i) => code("institution.gateway", i.gateway) },
    { key: "target", title: t("institution.target"), width: 86, right: true, cell: (i) => ms(i.answerTargetS * 1000), text: (i) => String(i.answerTargetS) },
    { key: "asked", title: t("figures.asked"), width: 76, right: true, cell: (i) => { const x = figure(i); return x && count(x.asked, lang) }, text: (i) => String(figure(i)?.asked ?? "") },
    { key: "p50", title: t("figures.p50"), width: 92, right: true, cell: (i) => ms(figure(i)?.p50Ms), text: (i) => String(figure(i)?.p50Ms ?? "") },
    { key: "p95", title: t("figures.p95"), width: 92, right: true, cell: (i) => ms(figure(i)?.p95Ms), text: (i) => String(figure(i)?.p95Ms ?? "") },
    { key: "inTime", title: t("figures.inTime"), width: 120, right: true, cell: (i) => <InTime share={figure(i)?.share} />, text: (i) => String(figure(i)?.share ?? "") },
  ]
  return (
    <Table
      name="institutions"
      path="/institutions"
      query={{ kind: f.kind }}
      columns={columns}
      to={(i) => `/institutions/${i.id}`}
      empty={t("institution.empty")}
      filters={
        <>
          <h1>{t("institution.title")}</h1>
          <Pick value={f.kind} onChange={(v) => set("kind", v)} group="institution.kind" options={institutionKinds} placeholder={t("institution.kind")} test="filter-kind" />
          <div className="choice" role="radiogroup" aria-label={t("figures.title")} onKeyDown={arrowKeys}>
            {[1, 7, 30].map((n) => (
              <button type="button" role="radio" aria-checked={days === n} key={n} tabIndex={days === n ? 0 : -1} onClick={() => set("days", String(n))}>
                {t("figures.days", { n })}
              </button>
            ))}
          </div>
        </>
      }
      tools={
        edits && (
          <>
            <ImportButton path="/institutions/import" name="institutions" label={t("institution.import")} done={() => void queries.invalidateQueries({ queryKey: ["list", "/institutions"] })} />
            <InstitutionForm label={t("institution.new")} done={(i) => void go(`/institutions/${i.id}`)} />
          </>
        )
      }
    />
  )
}
