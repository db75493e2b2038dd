import "./policy.css"
import { useQuery } from "@tanstack/react-query"
import { Select } from "antd"
import { useState } from "react"
import { Link, useNavigate, useParams } from "react-router"
import { api, serverNow } from "../api/client"
import type { Pack } from "../api/types"
import { useMay, useMe } from "../app/auth"
import { useWords } from "../app/i18n"
import { useLive } from "../app/live"
import { useFilters } from "../parts/filters"
import { toWall } from "../parts/format"
import { Person } from "../parts/people"
import { Broken } from "../parts/problem"
import { Facts, Head, Section, Skeleton, State, When } from "../parts/view"
import { Cases } from "./cases"
import { covers } from "./days"
import { DraftForm, ValueForm } from "./forms"
import { period, PlaceName } from "./list"
import { DaySlider, Rules } from "./rules"
import { TryIt } from "./try"
import { Versions } from "./versions"

const tabs = ["rules", "try", "cases", "versions"] as const

/** Today in the centre's zone. */
export const today = (): string => toWall(new Date(serverNow()).toISOString()).slice(0, 10)

export function PackPage() {
  const { name = "" } = useParams()
  const words = useWords()
  const { t, code, lang } = words
  const go = useNavigate()
  const drafts = useMay("policy.draft")
  const [f, set] = useFilters("tab", "place", "day", "case")
  const pack = useQuery({ queryKey: ["pack", name, f.place], queryFn: ({ signal }) => api.get(`/policy/packs/${name}`, { ...(f.place && { place: f.place }) }, signal) })
  const cases = useQuery({ queryKey: ["pack-cases", name], queryFn: ({ signal }) => api.get(`/policy/packs/${name}/cases`, undefined, signal), enabled: f.tab === "cases" || f.tab === "try", staleTime: 60_000 })
  useLive((e) => e.kind.startsWith("policy."), () => {
    void pack.refetch()
    if (cases.isFetched) void cases.refetch()
  })
  if (pack.isPending) return <Skeleton />
  if (pack.isError) return <Broken error={pack.error} retry={() => void pack.refetch()} />
  const p = pack.data
  const now = today()
  const day = f.day || now
  const tab = tabs.find((x) => x === f.tab) ?? "rules"
  const to = (draft: { id: string }) => void go(`/drafts/${draft.id}`)
  return (
    <div className="record" data-test="pack-page">
      <Head
        back={{ to: "/packs", label: t("pack.title") }}
        kind={p.name}
        title={p.title[lang]}
        state={<State group="pack.state" value={String(p.inForce)} tone={p.inForce ? "good" : "plain"} />}
        more={
          <>
            {p.drafts > 0 && <Link to={`/drafts?pack=${p.name}&state=open`} className="chip tone-action" data-test="pack-drafts">{t("pack.drafts")} {p.drafts}</Link>}
            {drafts && <DraftForm label={t("draft.new")} pack={p} done={to} />}
          </>
        }
      />
      <nav className="tabs pack-tabs" aria-label={t("pack.tab")}>
        {tabs.map((x) => (
          <button type="button" key={x} aria-current={x === tab ? "page" : undefined} className={x === tab ? "active" : undefined} onClick={() => set("tab", x === "rules" ? "" : x)} data-test={`tab-${x}`}>
            {t(`pack.tab.${x}`)}
          </button>
        ))}
        <span className="spring" />
        {p.places.length > 1 && (
          <label className="place-pick">
            <span className="dim">{t("pack.place")}</span>
            <Select size="small" value={p.view.jurisdiction} onChange={(v) => set("place", v === p.jurisdiction ? "" : v)} options={p.places.map((x) => ({ value: x, label: <PlaceName place={x} /> }))} popupMatchSelectWidth={false} aria-label={t("pack.place")} data-test="place" />
          </label>
        )}
      </nav>
      <div className="record-body whole">
        <main>
          {tab === "rules" && (
            <>
              <p className="said">{p.summary[lang]}</p>
              <Facts
                facts={[
                  { label: t("pack.version"), value: <span className="num">{p.version}</span> },
                  { label: t("pack.effective"), value: period(p.effective, words) },
                  { label: t("pack.jurisdiction"), value: <PlaceName place={p.view.jurisdiction} /> },
                  { label: t("pack.activatedAt"), value: <>{code("pack.origin", p.origin)} <span className="dim"><When at={p.activatedAt} /> {p.activatedBy && <Person id={p.activatedBy} />}</span></> },
                ]}
              />
              <DaySlider view={p.view} day={day} today={now} change={(d) => set("day", d === now ? "" : d)} />
              {!covers(p.view.effective, day) && <p className="notice-line tone-soon" data-test="not-in-force">{p.effective.never ? t("pack.effective.never") : t("pack.date.pack")}</p>}
              <Rules view={p.view} day={day} {...(drafts && { set: (parameter) => <SetValue pack={p} parameter={parameter} done={to} /> })} />
            </>
          )}
          {tab === "try" && (cases.isPending ? <Skeleton /> : <TryIt key={`${p.view.sha256} ${f.case}`} name={p.name} view={p.view} place={p.view.jurisdiction} day={day} today={now} cases={cases.data?.items ?? []} chosen={f.case ? Number(f.case) : -1} />)}
          {tab === "cases" && (
            <Section title={t("pack.tab.cases")} test="pack-cases">
              {cases.isError ? <Broken error={cases.error} retry={() => void cases.refetch()} /> : cases.data ? <Cases cases={cases.data.items} result={p.view.result} run={() => void cases.refetch()} busy={cases.isFetching} open={(i) => go(`/packs/${p.name}?tab=try&case=${i}`)} /> : <Skeleton />}
            </Section>
          )}
          {tab === "versions" && <Versions pack={p} />}
        </main>
      </div>
    </div>
  )
}

/** The form by which a parameter that the law leaves open gets its value for a place. */
function SetValue({ pack, parameter, done }: { pack: Pack; parameter: Pack["view"]["parameters"][number]; done: (d: { id: string }) => void }) {
  const me = useMe()
  const open = useState(me.region)
  if (!parameter.unset && !parameter.values.some((v) => v.jurisdiction)) return null // the law's own figures are changed in the pack's text
  return <ValueForm pack={pack} parameter={parameter} region={open} done={done} />
}
