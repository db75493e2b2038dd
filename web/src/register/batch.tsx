import { useInfiniteQuery, useQuery } from "@tanstack/react-query"
import { Button, Input, Radio, Select } from "antd"
import { useState } from "react"
import { Link, useNavigate, useParams } from "react-router"
import { api, serverNow } from "../api/client"
import type { Batch, BatchEntry, ListingPage } from "../api/types"
import { useMay } from "../app/auth"
import { useWords } from "../app/i18n"
import { useLiveRecord } from "../app/live"
import { ActionForm, Field } from "../parts/form"
import { fromWall, toWall } from "../parts/format"
import { Person } from "../parts/people"
import { Broken } from "../parts/problem"
import { RegionName } from "../parts/region"
import { Empty, Facts, Head, Section, Skeleton, State, When } from "../parts/view"

const now = () => toWall(new Date(serverNow()).toISOString())
const refreshed = (b: Batch) => [["batch", b.id], ["entries", b.id], ["executions"], ["list", "/register/batches"]]

/** Gathers what waits to go up. */
export function Gather() {
  const { t } = useWords()
  const go = useNavigate()
  return (
    <ActionForm
      label={t("batch.make")}
      primary
      test="batch-make"
      send={(key) => api.post("/register/batches", {}, { key })}
      refresh={[["list", "/register/batches"]]}
      done={(b) => void go(`/register/batches/${b.id}`)}
      fields={<p className="dim">{t("batch.make.note")}</p>}
    />
  )
}

export function BatchPage() {
  const { id = "" } = useParams()
  const { t } = useWords()
  const hands = useMay("batch.hand")
  const receives = useMay("batch.receive")
  const reports = useMay("batch.report")
  const batch = useQuery({ queryKey: ["batch", id], queryFn: ({ signal }) => api.get(`/register/batches/${id}`, undefined, signal) })
  useLiveRecord(id, ["batch", id], ["entries", id])
  if (batch.isPending) return <Skeleton />
  if (batch.isError) return <Broken error={batch.error} retry={() => void batch.refetch()} />
  const b = batch.data
  const up = b.state === "handed" || b.state === "sent"
  const f = b.figures
  return (
    <div className="record" data-test="batch-page">
      <Head
        back={{ to: "/register/batches", label: t("batch.title") }}
        kind={t("batch.one")}
        title={<RegionName code={b.region} />}
        state={<State group="batch.state" value={b.state} />}
        action={b.state === "made" ? hands && <Hand b={b} /> : up && receives && <Receive b={b} />}
        more={b.sentAt && <a className="button-link tall" href={`/api/v1/platform/entries/${b.id}`} download={`${b.id}.json`}>{t("platform.entry")}</a>}
      />
      <div className="record-body single">
        <main>
          {f && b.state !== "made" && (
            <div className="figures" data-test="figures">
              <div><b className="num">{f.expected}</b><span>{t("batch.expected")}</span></div>
              <div><b className="num">{f.done}</b><span>{t("execution.done")}</span></div>
              <div><b className="num">{f.failed}</b><span>{t("execution.failed")}</span></div>
              <div><b className="num">{f.expected - f.done - f.failed}</b><span>{t("execution.none")}</span></div>
            </div>
          )}
          <Facts
            facts={[
              { label: t("batch.madeBy"), value: <><Person id={b.madeBy} /> <span className="dim"><When at={b.madeAt} /></span></> },
              { label: t("batch.handedAt"), value: b.handedAt && <><Person id={b.handedBy} /> <span className="dim"><When at={b.handedAt} /></span></> },
              { label: t("batch.sentAt"), value: b.sentAt && <When at={b.sentAt} /> },
              { label: t("batch.platformNo"), value: b.platformNo },
              { label: t("batch.receiptAt"), value: b.receiptAt && <When at={b.receiptAt} /> },
              { label: t("listing.reason"), value: b.reason, wide: true },
            ]}
          />
          <Section title={t("batch.entries")} note={b.entries}>
            <Entries b={b} reports={reports && b.state !== "made" && b.state !== "refused"} />
          </Section>
        </main>
      </div>
    </div>
  )
}

function Entries({ b, reports }: { b: Batch; reports: boolean }) {
  const { t, code } = useWords()
  const entries = useInfiniteQuery({
    queryKey: ["entries", b.id],
    queryFn: ({ pageParam, signal }) => api.get(`/register/batches/${b.id}/entries`, { limit: 100, cursor: pageParam }, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.next || undefined,
  })
  if (entries.isError) return <Broken error={entries.error} retry={() => void entries.refetch()} />
  return (
    <>
      <ul className="strips">
        {entries.data?.pages.flatMap((p) => p.items).map((e) => (
          <li key={e.id} data-test="entry">
            <b>{code("batch.action", e.action)}</b>
            <Link to={`/register/listings/${e.listing}`}>{t("proposal.listing.open")}</Link>
            <RegionName code={e.region} short />
            <span className="spring" />
            <When at={e.at} />
            {reports && e.action !== "date" && <Report b={b} entry={e} />}
          </li>
        ))}
      </ul>
      {entries.hasNextPage && <Button onClick={() => void entries.fetchNextPage()} loading={entries.isFetchingNextPage}>{t("batch.more")}</Button>}
    </>
  )
}

function Hand({ b }: { b: Batch }) {
  const { t } = useWords()
  return <ActionForm label={t("batch.hand")} primary test="hand" send={(key) => api.post(`/register/batches/${b.id}/hand`, undefined, { key, version: b.version })} refresh={refreshed(b)} fields={<p className="dim">{t("batch.hand.note")}</p>} />
}

/** The platform's receipt, entered by hand. */
function Receive({ b }: { b: Batch }) {
  const { t } = useWords()
  const [yes, setYes] = useState(true)
  const [platformNo, setNo] = useState("")
  const [at, setAt] = useState(now)
  const [reason, setReason] = useState("")
  const instant = fromWall(at)
  return (
    <ActionForm
      label={t("batch.receive")}
      primary
      test="receive"
      ready={platformNo.trim() !== "" && instant !== null && (yes || reason.trim() !== "")}
      send={(key) => api.post(`/register/batches/${b.id}/receive`, { acknowledged: yes, platformNo, at: instant ?? "", ...(reason && { reason }) }, { key, version: b.version })}
      refresh={refreshed(b)}
      fields={
        <>
          <Radio.Group value={yes} onChange={(e) => setYes(e.target.value as boolean)} options={[{ value: true, label: t("batch.acknowledged") }, { value: false, label: t("batch.refused") }]} data-test="receive-choice" />
          <div className="two">
            <Field label={t("batch.platformNo")}>
              <Input value={platformNo} maxLength={64} onChange={(e) => setNo(e.target.value)} data-test="receive-no" />
            </Field>
            <Field label={t("batch.receiptAt")}>
              <Input type="datetime-local" value={at} onChange={(e) => setAt(e.target.value)} data-test="receive-at" />
            </Field>
          </div>
          {!yes && (
            <Field label={t("listing.reason")}>
              <Input.TextArea rows={2} maxLength={1000} value={reason} onChange={(e) => setReason(e.target.value)} data-test="receive-reason" />
            </Field>
          )}
        </>
      }
    />
  )
}

/** What an executing institution reports back of one listing's measures. */
function Report({ b, entry: e }: { b: Batch; entry: BatchEntry }) {
  const { t, lang } = useWords()
  const [measures, setMeasures] = useState<string[]>([])
  const [state, setState] = useState<"done" | "failed">("done")
  const [institution, setInstitution] = useState("")
  const [at, setAt] = useState(now)
  const [note, setNote] = useState("")
  const instant = fromWall(at)
  const known = useQuery({ queryKey: ["executions", e.listing], queryFn: async ({ signal }) => (await api.get(`/register/listings/${e.listing}/executions`, undefined, signal)).items })
  return (
    <ActionForm
      label={t("execution.report")}
      test="report"
      ready={measures.length > 0 && institution.trim() !== "" && instant !== null}
      send={(key) =>
        api.post(
          `/register/batches/${b.id}/report`,
          { reports: measures.map((measure) => ({ listing: e.listing, action: e.action === "lift" ? "lift" : "list", measure, state, institution, at: instant ?? "", ...(note && { note }) })) },
          { key, version: b.version },
        )
      }
      refresh={refreshed(b)}
      fields={
        <>
          <Field label={t("listing.measures")}>
            <Select mode="multiple" value={measures} onChange={setMeasures} options={known.data?.filter((m) => m.action === (e.action === "lift" ? "lift" : "list")).map((m) => ({ value: m.measure, label: m.words[lang] })) ?? []} data-test="report-measures" />
          </Field>
          <Radio.Group value={state} onChange={(x) => setState(x.target.value as typeof state)} options={(["done", "failed"] as const).map((v) => ({ value: v, label: t(`execution.${v}`) }))} data-test="report-state" />
          <div className="two">
            <Field label={t("execution.institution")}>
              <Input value={institution} maxLength={100} onChange={(x) => setInstitution(x.target.value)} data-test="report-institution" />
            </Field>
            <Field label={t("execution.at")}>
              <Input type="datetime-local" value={at} onChange={(x) => setAt(x.target.value)} data-test="report-at" />
            </Field>
          </div>
          <Field label={t("execution.note")} note={t("execution.note.note")}>
            <Input value={note} maxLength={500} onChange={(x) => setNote(x.target.value)} data-test="report-note" />
          </Field>
        </>
      }
    />
  )
}

/** Whether each measure of a listing was carried out where it is executed. */
export function Executions({ l }: { l: ListingPage }) {
  const { t, code, lang } = useWords()
  const executions = useQuery({ queryKey: ["executions", l.id], queryFn: async ({ signal }) => (await api.get(`/register/listings/${l.id}/executions`, undefined, signal)).items })
  const items = executions.data ?? []
  const told = items.filter((x) => x.state !== "none")
  const waiting = items.length - told.length
  return (
    <Section title={t("execution.title")} note={items.length > 0 && t("execution.waiting", { n: waiting, all: items.length })} test="executions">
      {told.length === 0 && <Empty>{t("execution.empty")}</Empty>}
      <ul className="strips">
        {told.map((x) => (
          <li key={x.measure + x.action}>
            <State group="execution" value={x.state} tone={x.state === "done" ? "good" : "bad"} />
            <span>{code("batch.action", x.action)}{" · "}{x.words[lang]}</span>
            <span className="spring" />
            <span className="dim">{x.institution} {x.note}</span>
            <When at={x.at} />
          </li>
        ))}
      </ul>
    </Section>
  )
}
