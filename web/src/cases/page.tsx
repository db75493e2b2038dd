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
  const { t, code } = useWords()
  const files = useRole("leader", "analyst")
  const dossier = useQuery({ queryKey: ["dossier", id], queryFn: ({ signal }) => api.get<Dossier>(`/dossiers/${id}`, undefined, signal) })
  const linked = (kind: string) => [...new Set(dossier.data?.links?.filter((l) => l.kind === kind).map((l) => l.record))]
  const dens = useQueries({ queries: [...new Set([...(dossier.data?.den ? [dossier.data.den] : []), ...linked("den")])].map((den) => ({ queryKey: ["den", den], queryFn: ({ signal }: { signal: AbortSignal }) => api.get<Den>(`/dens/${den}`, undefined, signal) })) })
  useLiveRecord(id, ["dossier", id], ["timeline", id])
  if (dossier.isPending) return <Skeleton />
  if (dossier.isError) return <Broken error={dossier.error} retry={() => void dossier.refetch()} />
  const d = dossier.data
  const clues = linked("clue")
  const reports = linked("report")
  return (
    <div className="record" data-test="dossier-page">
      <Head
        back={{ to: "/dossiers", label: t("dossier.title") }}
        kind={t(d.state === "filed" ? "dossier.case" : "dossier.one")}
        title={d.title || d.no}
        state={<State group="dossier.state" value={d.state} />}
        action={files && d.state === "open" && <FileForm dossier={d} />}
      />
      <div className="record-body">
        <main>
          <Facts
            facts={[
              { label: t("region"), value: d.region && <RegionName code={d.region} /> },
              { label: t("dossier.opened"), value: <When at={d.openedAt} /> },
              { label: t("dossier.no"), value: d.no },
              { label: t("dossier.result"), value: code("dossier.result", d.result) },
              { label: t("dossier.document"), value: d.filing?.documentNo },
              { label: t("dossier.date"), value: d.filing?.filedOn },
              { label: t("dossier.caseNo"), value: d.caseNo },
              { label: t("dossier.closeReason"), value: d.closeReason, wide: true },
            ]}
          />
          <Section title={t("dossier.dens")} note={dens.length}>
            {dens.map(
              ({ data }) =>
                data && (
                  <article className="card" key={data.id} data-test="dossier-den">
                    <header>
                      <Link to={`/dens/${data.id}`}>{data.address}</Link>
                      <State group="den.state" value={data.state} />
                    </header>
                    {data.outcome && <OutcomeFigures outcome={data.outcome} />}
                  </article>
                ),
            )}
          </Section>
          {clues.length > 0 && (
            <Section title={t("dossier.clues")} note={clues.length}>
              <ClueStrips ids={clues} />
            </Section>
          )}
          {reports.length > 0 && (
            <Section title={t("dossier.reports")} note={reports.length}>
              <p className="links">
                {reports.map((r) => (
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
  const [caseNo, setCaseNo] = useState("")
  const [date, setDate] = useState(() => toWall(new Date(serverNow()).toISOString()).slice(0, 10))
  return (
    <ActionForm
      label={t("dossier.file")}
      primary
      test="file"
      ready={documentNo.trim() !== "" && date !== ""}
      send={(key) => api.post(`/dossiers/${d.id}/file`, { documentNo, filedOn: date, ...(caseNo && { caseNo }) }, { key, version: d.version })}
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
          <Field label={t("dossier.caseNo")}>
            <Input value={caseNo} onChange={(e) => setCaseNo(e.target.value)} data-test="file-case" />
          </Field>
        </>
      }
    />
  )
}
