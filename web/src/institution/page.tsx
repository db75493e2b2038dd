import { useQuery } from "@tanstack/react-query"
import { Link, useParams } from "react-router"
import { api } from "../api/client"
import { useMay } from "../app/auth"
import { useWords } from "../app/i18n"
import { count, duration } from "../parts/format"
import { ImportButton } from "../parts/import"
import { Broken } from "../parts/problem"
import { RegionName } from "../parts/region"
import { Facts, Head, Section, Skeleton, State } from "../parts/view"
import { InstitutionForm } from "./form"
import { InTime, useFigures } from "./list"

const days = 7

export function InstitutionPage() {
  const { id = "" } = useParams()
  const { t, code, lang } = useWords()
  const edits = useMay("institution.write")
  const lists = useMay("lookup.list")
  const institution = useQuery({ queryKey: ["institution", id], queryFn: ({ signal }) => api.get(`/institutions/${id}`, undefined, signal) })
  const figure = useFigures(days).data?.get(id)
  if (institution.isPending) return <Skeleton />
  if (institution.isError) return <Broken error={institution.error} retry={() => void institution.refetch()} />
  const i = institution.data
  return (
    <div className="record" data-test="institution-page">
      <Head back={{ to: "/institutions", label: t("institution.title") }} kind={code("institution.kind", i.kind)} title={i.name} state={i.disabled && <State group="institution" value="disabled" tone="soon" />}
        action={edits && <InstitutionForm key={i.version} institution={i} label={t("institution.edit")} />}
        more={edits && <ImportButton path={`/institutions/${id}/ported`} name="ported" label={t("institution.ported")} done={() => void institution.refetch()} />}
      />
      <div className="record-body single">
        <main>
          {figure && (
            <Section title={t("figures.title")} note={t("figures.days", { n: days })} extra={lists && <Link to={`/lookups?institution=${id}`}>{t("figures.open")}</Link>}>
              <div className="figures">
                <div><b className="num">{count(figure.asked, lang)}</b><span>{t("figures.asked")}</span></div>
                <div><b className="num">{count(figure.answered, lang)}</b><span>{t("figures.answered")}</span></div>
                {!!figure.p50Ms && <div><b className="num">{duration(figure.p50Ms, lang)}</b><span>{t("figures.p50")}</span></div>}
                {!!figure.p95Ms && <div><b className="num">{duration(figure.p95Ms, lang)}</b><span>{t("figures.p95")}</span></div>}
                {figure.share !== undefined && <div><b className="num"><InTime share={figure.share} /></b><span>{t("figures.inTime")}</span></div>}
              </div>
            </Section>
          )}
          <Facts
            facts={[
              { label: t("region"), value: <RegionName code={i.region} /> },
              { label: t("institution.gateway"), value: code("institution.gateway", i.gateway) },
              { label: t("institution.target"), value: duration(i.answerTargetS * 1000, lang) },
              { label: t("institution.code"), value: <code>{i.code}</code> },
              { label: t("institution.endpoint"), value: i.endpoint && <code>{i.endpoint}</code> },
              { label: t("institution.ranges"), value: i.ranges.length ? <code className="wrap">{i.ranges.map((r) => `${code("clue.kind", r.kind)} ${r.prefix}`).join("   ")}</code> : undefined, wide: true },
              { label: t("institution.contacts"), value: i.contacts.length ? <ul className="bare">{i.contacts.map((c) => <li key={c.name}>{c.name} <span className="num dim">{[c.phone, c.role].filter(Boolean).join(" · ")}</span></li>)}</ul> : undefined, wide: true },
            ]}
          />
        </main>
      </div>
    </div>
  )
}
