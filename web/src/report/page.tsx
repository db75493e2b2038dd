import { useQuery } from "@tanstack/react-query"
import { Input } from "antd"
import { useState } from "react"
import { useParams } from "react-router"
import { api } from "../api/client"
import type { Report } from "../api/types"
import { useMay } from "../app/auth"
import { useWords } from "../app/i18n"
import { useLiveRecord } from "../app/live"
import { ActionForm, Field } from "../parts/form"
import { money } from "../parts/format"
import { Masked } from "../parts/masked"
import { Broken } from "../parts/problem"
import { RegionName } from "../parts/region"
import { Person } from "../parts/people"
import { Timeline } from "../parts/timeline"
import { Empty, Facts, Head, Section, Skeleton, State, When } from "../parts/view"
import { Marked } from "./finds"
import { ClueStrips } from "./taken"

export function ReportPage() {
  const { id = "" } = useParams()
  const { t, code, lang } = useWords()
  const writes = useMay("report.close")
  const report = useQuery({ queryKey: ["report", id], queryFn: ({ signal }) => api.get(`/reports/${id}`, undefined, signal) })
  const clues = useQuery({ queryKey: ["report", id, "clues"], queryFn: ({ signal }) => api.get("/clues", { source: id }, signal) })
  useLiveRecord(id, ["report", id], ["timeline", id])
  if (report.isPending) return <Skeleton />
  if (report.isError) return <Broken error={report.error} retry={() => void report.refetch()} />
  const r = report.data
  return (
    <div className="record" data-test="report-page">
      <Head back={{ to: "/reports", label: t("report.list") }} kind={code("report.type", r.type)} title={r.ref110 || r.id.slice(-8)} state={<State group="report.state" value={r.state} />} action={writes && r.state === "open" && <CloseForm report={r} />} />
      <div className="record-body">
        <main>
          <Facts
            facts={[
              { label: t("report.received"), value: <When at={r.receivedAt} /> },
              { label: t("report.occurred"), value: r.occurredAt && <When at={r.occurredAt} /> },
              { label: t("report.channel"), value: code("report.channel", r.channel) },
              { label: t("report.region"), value: r.regionName || <RegionName code={r.region} /> },
              { label: t("report.amount"), value: r.amountFen ? money(r.amountFen, lang) : undefined },
              { label: t("report.ref110"), value: r.ref110 },
              { label: t("report.takenBy"), value: <Person id={r.takenBy} /> },
              { label: t("report.close.note"), value: r.closeNote, wide: true },
              { label: t("report.caller.name"), value: r.caller.name && <Masked report={r.id} field="caller.name">{r.caller.name}</Masked> },
              { label: t("report.caller.phone"), value: r.caller.phone && <Masked report={r.id} field="caller.phone">{r.caller.phone}</Masked> },
            ]}
          />
          <Section title={t("report.text")}>
            <p className="said" data-test="said">{r.text && <Marked text={r.text} finds={r.finds} />}</p>
          </Section>
          {r.parties.length > 0 && (
            <Section title={t("report.threeway")}>
              <Facts facts={r.parties.map((p) => ({ label: code("report.party", p.role), value: [p.name, p.note].filter(Boolean).join(" · ") }))} />
            </Section>
          )}
          <Section title={t("report.clues")}>{clues.data?.items.length ? <ClueStrips ids={clues.data.items.map((c) => c.id)} /> : <Empty>{t("report.taken.noclues")}</Empty>}</Section>
        </main>
        <aside>
          <Section title={t("timeline.title")}>
            <Timeline of="/reports" id={id} />
          </Section>
        </aside>
      </div>
    </div>
  )
}

function CloseForm({ report: r }: { report: Report }) {
  const { t } = useWords()
  const [note, setNote] = useState("")
  return (
    <ActionForm
      label={t("report.close")}
      test="close"
      ready={note.trim() !== ""}
      send={(key) => api.post(`/reports/${r.id}/close`, { note }, { key, version: r.version })}
      refresh={[["report", r.id], ["list", "/reports"]]}
      fields={
        <Field label={t("report.close.note")}>
          <Input.TextArea rows={3} value={note} onChange={(e) => setNote(e.target.value)} data-test="close-note" />
        </Field>
      }
    />
  )
}
