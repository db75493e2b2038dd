import { useQueries, useQuery } from "@tanstack/react-query"
import { Input } from "antd"
import { useState } from "react"
import { Link, useParams } from "react-router"
import { api, serverNow } from "../api/client"
import type { Den, Dossier } from "../api/types"
import { useRole } from "../app/auth"
import { useWords } from "../app/i18n"
import { useLiveRecord } from "../app/live"
import { OutcomeFigures } from "../den/actions"
import { ActionForm, Field } from "../parts/form"
import { toWall } from "../parts/format"
import { Broken } from "../parts/problem"
import { RegionName } from "../parts/region"
import { Timeline } from "../parts/timeline"
import { Facts, Head, Section, Skeleton, State, When } from "../parts/view"
import { ClueStrips } from "../report/taken"

export function DossierPage() {
  const { id = "" } = useParams()
  const { t } = useWords()
  const files = useRole("leader", "analyst")
  const dossier = useQuery({ queryKey: ["dossier", id], queryFn: ({ signal }) => api.get<Dossier>(`/dossiers/${id}`, undefined, signal) })
  const dens = useQueries({ queries: (dossier.data?.dens ?? []).map((den) => ({ queryKey: ["den", den], queryFn: ({ signal }: { signal: AbortSignal }) => api.get<Den>(`/dens/${den}`, undefined, signal) })) })
  useLiveRecord(id, ["dossier", id], ["timeline", id])
  if (dossier.isPending) return <Skeleton />
  if (dossier.isError) return <Broken error={dossier.error} retry={() => void dossier.refetch()} />
  const d = dossier.data
  return (
    <div className="record" data-test="dossier-page">
      <Head
        back={{ to: "/dossiers", label: t("dossier.title") }}
        kind={t(d.state === "filed" ? "dossier.case" : "dossier.one")}
        title={d.title || dens[0]?.data?.place || d.id.slice(-8)}
        state={<State group="dossier.state" value={d.state} />}
        action={files && d.state === "open" && <FileForm dossier={d} />}
      />
      <div className="record-body">
        <main>
          <Facts
            facts={[
              { label: t("region"), value: d.region && <RegionName code={d.region} /> },
              { label: t("dossier.opened"), value: <When at={d.openedAt} /> },
              { label: t("dossier.document"), value: d.documentNo },
              { label: t("dossier.date"), value: d.filedOn },
            ]}
          />
          <Section title={t("dossier.dens")} note={d.dens?.length}>
            {dens.map(
              ({ data }) =>
                data && (
                  <article className="card" key={data.id} data-test="dossier-den">
                    <header>
                      <Link to={`/dens/${data.id}`}>{data.place}</Link>
                      <State group="den.state" value={data.state} />
                    </header>
                    {data.outcome && <OutcomeFigures outcome={data.outcome} />}
                  </article>
                ),
            )}
          </Section>
          {d.clues && d.clues.length > 0 && (
            <Section title={t("dossier.clues")} note={d.clues.length}>
              <ClueStrips ids={d.clues} />
            </Section>
          )}
          {d.reports && d.reports.length > 0 && (
            <Section title={t("dossier.reports")} note={d.reports.length}>
              <p className="links">
                {d.reports.map((r) => (
                  <Link key={r} to={`/reports/${r}`}>
                    {r.slice(-8)}
                  </Link>
                ))}
              </p>
            </Section>
          )}
        </main>
        <aside>
          <Section title={t("timeline.title")}>
            <Timeline of="/dossiers" id={id} />
          </Section>
        </aside>
      </div>
    </div>
  )
}

function FileForm({ dossier: d }: { dossier: Dossier }) {
  const { t } = useWords()
  const [documentNo, setDocument] = useState("")
  const [date, setDate] = useState(() => toWall(new Date(serverNow()).toISOString()).slice(0, 10))
  return (
    <ActionForm
      label={t("dossier.file")}
      primary
      test="file"
      ready={documentNo.trim() !== "" && date !== ""}
      send={(key) => api.post(`/dossiers/${d.id}/file`, { documentNo, date }, { key, version: d.version })}
      refresh={[["dossier", d.id], ["timeline", d.id], ["list", "/dossiers"]]}
      fields={
        <>
          <p className="dim">{t("dossier.file.note")}</p>
          <Field label={t("dossier.document")}>
            <Input value={documentNo} onChange={(e) => setDocument(e.target.value)} data-test="file-document" />
          </Field>
          <Field label={t("dossier.date")}>
            <Input type="date" value={date} onChange={(e) => setDate(e.target.value)} data-test="file-date" />
          </Field>
        </>
      }
    />
  )
}
