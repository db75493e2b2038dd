import { useQuery } from "@tanstack/react-query"
import { useParams } from "react-router"
import { api } from "../api/client"
import type { Entry, Page, Report } from "../api/types"
import { useWords } from "../app/i18n"
import { useLiveRecord } from "../app/live"
import { money } from "../parts/format"
import { Masked } from "../parts/masked"
import { Broken } from "../parts/problem"
import { RegionName } from "../parts/region"
import { Timeline } from "../parts/timeline"
import { Empty, Facts, Head, Section, Skeleton, State, When } from "../parts/view"
import { Marked } from "./finds"
import { ClueStrips } from "./taken"

export function ReportPage() {
  const { id = "" } = useParams()
  const { t, code, lang } = useWords()
  const report = useQuery({ queryKey: ["report", id], queryFn: ({ signal }) => api.get<Report>(`/reports/${id}`, undefined, signal) })
  const timeline = useQuery({ queryKey: ["timeline", id], queryFn: ({ signal }) => api.get<Page<Entry>>("/journal", { record: id, limit: 200 }, signal) })
  useLiveRecord(id, ["report", id], ["timeline", id])
  if (report.isPending) return <Skeleton />
  if (report.isError) return <Broken error={report.error} retry={() => void report.refetch()} />
  const r = report.data
  return (
    <div className="record" data-test="report-page">
      <Head back={{ to: "/reports", label: t("report.list") }} kind={code("report.type", r.type)} title={r.ref110 || r.id.slice(-8)} state={<State group="report.state" value={r.state} />} />
      <div className="record-body">
        <main>
          <Facts
            facts={[
              { label: t("report.received"), value: <When at={r.receivedAt} /> },
              { label: t("report.occurred"), value: r.occurredAt && <When at={r.occurredAt} /> },
              { label: t("report.channel"), value: code("report.channel", r.channel) },
              { label: t("report.region"), value: r.region && <RegionName code={r.region} /> },
              { label: t("report.amount"), value: r.amountFen ? money(r.amountFen, lang) : undefined },
              { label: t("report.ref110"), value: r.ref110 },
              { label: t("report.caller.name"), value: r.caller?.name && <Masked record={r.id} field="caller.name">{r.caller.name}</Masked> },
              { label: t("report.caller.phone"), value: r.caller?.phone && <Masked record={r.id} field="caller.phone">{r.caller.phone}</Masked> },
            ]}
          />
          <Section title={t("report.text")}>
            <p className="said" data-test="said">{r.text && <Marked text={r.text} finds={r.finds ?? []} />}</p>
          </Section>
          {r.parties && r.parties.length > 0 && (
            <Section title={t("report.threeway")}>
              <Facts facts={r.parties.map((p) => ({ label: code("report.party", p.role), value: [p.name, p.phone].filter(Boolean).join(" · ") }))} />
            </Section>
          )}
          <Section title={t("report.clues")}>{r.clues?.length ? <ClueStrips ids={r.clues} /> : <Empty>{t("report.taken.noclues")}</Empty>}</Section>
        </main>
        <aside>
          <Section title={t("timeline.title")}>
            <Timeline items={timeline.data?.items} self={id} />
          </Section>
        </aside>
      </div>
    </div>
  )
}
