import { PrinterOutlined } from "@ant-design/icons"
import { useQuery, useQueryClient } from "@tanstack/react-query"
import { Button } from "antd"
import { Link, useParams } from "react-router"
import { api } from "../api/client"
import type { Disposal } from "../api/types"
import { useMay, useMe } from "../app/auth"
import { useWords } from "../app/i18n"
import { useLive, useLiveRecord } from "../app/live"
import { Clock } from "../parts/clock"
import { spoken } from "../parts/format"
import { Person } from "../parts/people"
import { EntryFile } from "../parts/platform"
import { Broken } from "../parts/problem"
import { Timeline } from "../parts/timeline"
import { Empty, Facts, Head, Section, Skeleton, State, When } from "../parts/view"
import { pending } from "./list"
import { AnswerObjection, BatchForm, StepForm, verbs } from "./steps"

export function DisposalPage() {
  const { id = "" } = useParams()
  const { t, code, lang } = useWords()
  const me = useMe()
  const clues = useMay("clue.read")
  const objects = useMay("disposal.object")
  const disposal = useQuery({ queryKey: ["disposal", id], queryFn: ({ signal }) => api.get(`/disposals/${id}`, undefined, signal) })
  useLiveRecord(id, ["disposal", id], ["timeline", id])
  if (disposal.isPending) return <Skeleton />
  if (disposal.isError) return <Broken error={disposal.error} retry={() => void disposal.refetch()} />
  const d = disposal.data
  const all = verbs(d, me)
  // A measure that stands needs nothing more: to lift it or to take an objection is never the next step.
  const first = all.find((v) => v !== "undo" && v !== "object" && v !== "withdraw")
  const rest = all.filter((v) => v !== first)
  const value = spoken(d.clueKind, d.value)
  const notice = (lang === "en" && d.noticeEn) || d.notice
  return (
    <div className={notice ? "record prints-paper" : "record"} data-test="disposal-page">
      <Head
        back={{ to: "/disposals", label: t("disposal.title") }}
        kind={code("disposal.kind", d.kind)}
        title={<>{code("disposal.kind", d.kind)} <span className="num">{value}</span></>}
        state={<State group="disposal.state" value={d.state} />}
        clock={pending(d) && <Clock due={d.dueAt} from={d.requestedAt} />}
        action={first && <StepForm key={first} d={d} verb={first} primary={!d.batch || first !== "approve"} self={me.id} />}
        more={
          <>
            {notice && <Button icon={<PrinterOutlined />} onClick={() => print()} data-test="print">{t("disposal.print")}</Button>}
            {rest.map((v) => <StepForm key={v} d={d} verb={v} primary={false} self={me.id} />)}
          </>
        }
      />
      <div className="record-body">
        <main>
          {d.protected && <p className="notice-line tone-soon">{t("disposal.protected.yes")}</p>}
          {d.batch && <Batch d={d} />}
          <Facts
            facts={[
              { label: t("disposal.value"), value: clues ? <Link to={`/clues/${d.clue}`} className="num">{value}</Link> : <span className="num">{value}</span> },
              { label: t("disposal.institution"), value: <>{d.institutionName} {!me.institution && <EntryFile record={d.id} institution={d.institution} sent={!!d.sentAt} />}</> },
              { label: t("disposal.unit"), value: d.unit },
              { label: t("disposal.category"), value: d.categoryText[lang] },
              { label: t("disposal.reason"), value: d.reason, wide: true },
              { label: t("disposal.basis"), value: d.legalBasis, wide: true },
              { label: t("disposal.document"), value: d.documentNo },
              { label: t("disposal.platformNo"), value: d.platformNo },
              { label: t("disposal.requestedBy"), value: me.institution ? undefined : <><Person id={d.requestedBy} /> <span className="dim"><When at={d.requestedAt} /></span></> },
              { label: t("disposal.approvedBy"), value: !me.institution && d.approvedBy && <><Person id={d.approvedBy} /> <span className="dim"><When at={d.decidedAt} /></span></> },
              { label: t("disposal.decisionNote"), value: d.decisionNote, wide: true },
              { label: t("disposal.sentAt"), value: d.sentAt && <When at={d.sentAt} /> },
              { label: t("disposal.acknowledgedAt"), value: d.acknowledgedAt && <When at={d.acknowledgedAt} /> },
              { label: t("disposal.noticedAt"), value: d.noticedAt && <When at={d.noticedAt} /> },
              { label: t("disposal.doneAt"), value: d.doneAt && <When at={d.doneAt} /> },
              { label: t("disposal.outcome"), value: code("disposal.outcome", d.outcome) },
              { label: t("disposal.why.until"), value: d.until && <When at={d.until} /> },
              { label: t("disposal.remark"), value: d.remark, wide: true },
              { label: t("disposal.served"), value: d.servedAt && <>{code("disposal.how", d.servedHow)} <When at={d.servedAt} /> {d.servedNote}</>, wide: true },
              { label: t("disposal.undoes"), value: d.undoes && <Link to={`/disposals/${d.undoes}`}>{t("disposal.undoes.open")}</Link> },
              { label: t("disposal.liftedBy"), value: d.liftedBy && <Link to={`/disposals/${d.liftedBy}`}>{t("disposal.liftedBy.open")}</Link> },
            ]}
          />
          {d.unreadable && (
            <Section title={t("disposal.unreadable")}>
              <pre className="raw">{d.unreadable}</pre>
            </Section>
          )}
          {d.objections.length > 0 && (
            <Section title={t("disposal.objections")} note={d.objections.length}>
              {d.objections.map((o) => (
                <article className="card" key={o.id} data-test="objection">
                  <header>
                    <When at={o.at} />
                    <State group="disposal.objection" value={!o.answeredAt ? "open" : o.accepted ? "accepted" : "denied"} tone={!o.answeredAt ? "soon" : o.accepted ? "good" : "plain"} />
                    <span className="spring" />
                    {objects && !o.answeredAt && <AnswerObjection d={d} objection={o} />}
                  </header>
                  <p className="said">{o.note}</p>
                  {o.answer && <p className="said dim">{o.answer}</p>}
                </article>
              ))}
            </Section>
          )}
          {notice ? (
            <Section title={t("disposal.notice")}>
              <div className="paper" lang={lang === "en" && d.noticeEn ? "en" : "zh-CN"} data-test="notice">{notice}</div>
            </Section>
          ) : (
            d.kind !== "restore" && (
              <Section title={t("disposal.notice")}>
                <Empty>{t("disposal.notice.none")}</Empty>
              </Section>
            )
          )}
          <Facts
            facts={[
              { label: t("disposal.remedy"), value: lang === "en" ? d.remedyEn : d.remedy, wide: true },
              { label: t("disposal.papers"), value: d.kind !== "restore" && d.papers.length > 0 && <ul className="bare">{d.papers.map((p) => <li key={p}>{p}</li>)}</ul>, wide: true },
            ]}
          />
        </main>
        <aside>
          <Section title={t("timeline.title")}>
            <Timeline of="/disposals" id={id} />
          </Section>
        </aside>
      </div>
    </div>
  )
}

/** What was requested together, and its decision as a whole. */
function Batch({ d }: { d: Disposal }) {
  const { t } = useWords()
  const me = useMe()
  const decides = useMay("disposal.approve")
  const queries = useQueryClient()
  useLive((e) => e.kind.startsWith("disposal."), () => void queries.invalidateQueries({ queryKey: ["disposals", d.batch] }))
  const batch = useQuery({ queryKey: ["disposals", d.batch], queryFn: async ({ signal }) => (await api.get("/disposals", { batch: d.batch, limit: 200 }, signal)).items })
  const items = batch.data ?? []
  const waiting = items.filter((x) => x.state === "requested")
  const leader = me.roles.includes("leader") || !waiting.some((x) => x.protected)
  const own = d.requestedBy === me.id
  return (
    <Section
      title={t("disposal.batch")}
      note={items.length}
      extra={
        decides && leader && waiting.length > 1 && (
          <span className="batch-actions">
            <BatchForm batch={d.batch} verb="reject" n={waiting.length} own={own} />
            <BatchForm batch={d.batch} verb="approve" n={waiting.length} own={own} />
          </span>
        )
      }
    >
      <ul className="strips">
        {items.map((x) => (
          <li key={x.id} data-test="batch-row">
            {x.id === d.id ? <b className="num">{spoken(x.clueKind, x.value)}</b> : <Link to={`/disposals/${x.id}`} className="num">{spoken(x.clueKind, x.value)}</Link>}
            <State group="disposal.state" value={x.state} />
            <span className="spring" />
            <span className="dim">{x.institutionName}</span>
          </li>
        ))}
      </ul>
    </Section>
  )
}
