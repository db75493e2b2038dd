import { useQueries, useQuery } from "@tanstack/react-query"
import { PrinterOutlined } from "@ant-design/icons"
import { Button, Input, Select } from "antd"
import { useState } from "react"
import { Link, useParams } from "react-router"
import { api, serverNow } from "../api/client"
import type { Dossier } from "../api/types"
import { useMay } from "../app/auth"
import { useWords, type Key } from "../app/i18n"
import { useLiveRecord } from "../app/live"
import { OutcomeFigures } from "../den/actions"
import { EvidenceCards } from "../den/evidence"
import { DenSteps } from "../den/page"
import { ActionForm, Field } from "../parts/form"
import { toWall } from "../parts/format"
import { Person } from "../parts/people"
import { Broken } from "../parts/problem"
import { RegionName } from "../parts/region"
import { Timeline } from "../parts/timeline"
import { Facts, Head, Section, Skeleton, State, When } from "../parts/view"
import { ClueStrips } from "../report/taken"

export function DossierPage() {
  const { id = "" } = useParams()
  const { t, code } = useWords()
  const files = useMay("dossier.file")
  const writes = useMay("dossier.write")
  const dossier = useQuery({ queryKey: ["dossier", id], queryFn: ({ signal }) => api.get(`/dossiers/${id}`, undefined, signal) })
  const linked = (kind: string) => [...new Set(dossier.data?.links.filter((l) => l.kind === kind && l.record).map((l) => l.record))]
  const dens = useQueries({ queries: [...new Set([...(dossier.data?.den ? [dossier.data.den] : []), ...linked("den")])].map((den) => ({ queryKey: ["den", den], queryFn: ({ signal }: { signal: AbortSignal }) => api.get(`/dens/${den}`, undefined, signal) })) })
  useLiveRecord(id, ["dossier", id], ["timeline", id])
  if (dossier.isPending) return <Skeleton />
  if (dossier.isError) return <Broken error={dossier.error} retry={() => void dossier.refetch()} />
  const d = dossier.data
  const clues = linked("clue")
  const reports = linked("report")
  return (
    <div className="record prints-whole" data-test="dossier-page">
      <Head
        back={{ to: "/dossiers", label: t("dossier.title") }}
        kind={t(d.state === "filed" ? "dossier.case" : "dossier.one")}
        title={d.title || d.no}
        state={<State group="dossier.state" value={d.state} />}
        action={files && d.state === "open" && <FileForm dossier={d} />}
        more={
          <>
            <Button icon={<PrinterOutlined />} onClick={() => print()} data-test="print">{t("dossier.print")}</Button>
            {writes && d.state !== "closed" && <LinkForm dossier={d} />}
            {writes && d.state !== "closed" && <CloseForm dossier={d} />}
          </>
        }
      />
      <div className="record-body">
        <main>
          <Facts
            facts={[
              { label: t("region"), value: d.regionName || <RegionName code={d.region} /> },
              { label: t("dossier.opened"), value: <><When at={d.openedAt} /> <Person id={d.openedBy} /></> },
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
                    <DenSteps den={data} />
                    <div className="print-only">
                      <EvidenceCards items={data.evidence} links={false} />
                    </div>
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

function LinkForm({ dossier: d }: { dossier: Dossier }) {
  const { t } = useWords()
  const [kind, setKind] = useState("clue")
  const [record, setRecord] = useState("")
  return (
    <ActionForm
      label={t("dossier.link")}
      test="link"
      ready={/^[0-9A-HJKMNP-TV-Z]{26}$/.test(record.trim())}
      send={(key) => api.post(`/dossiers/${d.id}/links`, { kind, record: record.trim() }, { key, version: d.version })}
      refresh={[["dossier", d.id], ["timeline", d.id]]}
      fields={
        <div className="two">
          <Field label={t("dossier.link.kind")}>
            <Select value={kind} onChange={setKind} options={["clue", "report", "lookup", "disposal", "den"].map((k) => ({ value: k, label: t(`hit.${k}` as Key) }))} data-test="link-kind" />
          </Field>
          <Field label={t("dossier.link.record")} note={t("dossier.link.note")}>
            <Input value={record} onChange={(e) => setRecord(e.target.value.toUpperCase())} maxLength={26} data-test="link-record" />
          </Field>
        </div>
      }
    />
  )
}

function CloseForm({ dossier: d }: { dossier: Dossier }) {
  const { t } = useWords()
  const [reason, setReason] = useState("")
  return (
    <ActionForm
      label={t("dossier.close")}
      test="close"
      ready={reason.trim() !== ""}
      send={(key) => api.post(`/dossiers/${d.id}/close`, { reason }, { key, version: d.version })}
      refresh={[["dossier", d.id], ["timeline", d.id], ["list", "/dossiers"]]}
      fields={
        <Field label={t("dossier.closeReason")}>
          <Input.TextArea rows={3} value={reason} onChange={(e) => setReason(e.target.value)} data-test="close-reason" />
        </Field>
      }
    />
  )
}
