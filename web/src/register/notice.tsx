import { PrinterOutlined } from "@ant-design/icons"
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query"
import { Button, Input, Popover } from "antd"
import { useEffect, useState } from "react"
import { Link, useParams } from "react-router"
import { api, serverNow } from "../api/client"
import type { ListingPage, Notice, Printed } from "../api/types"
import { useMay } from "../app/auth"
import { useWords } from "../app/i18n"
import { useLiveRecord } from "../app/live"
import { ActionForm, Field } from "../parts/form"
import { fromWall, toWall } from "../parts/format"
import { Purpose } from "../parts/masked"
import { Person } from "../parts/people"
import { Broken } from "../parts/problem"
import { Empty, Facts, Head, Section, Skeleton, State, When } from "../parts/view"
import { served } from "./notices"

export function NoticePage() {
  const { id = "" } = useParams()
  const { t, code } = useWords()
  const serves = useMay("notice.serve")
  const prints = useMay("notice.print")
  const notice = useQuery({ queryKey: ["notice", id], queryFn: ({ signal }) => api.get(`/register/notices/${id}`, undefined, signal) })
  // Told once: it is here as long as the page stands open, to be printed.
  const [secret, setSecret] = useState("")
  const [printed, setPrinted] = useState<Printed | null>(null)
  useEffect(() => {
    if (!printed) return
    print() // of the page as it stands now, with the whole name and number
    const timer = setTimeout(() => setPrinted(null), Math.max(0, Math.min(Date.parse(printed.until) - serverNow(), 60_000)))
    return () => clearTimeout(timer)
  }, [printed])
  useLiveRecord(id, ["notice", id])
  if (notice.isPending) return <Skeleton />
  if (notice.isError) return <Broken error={notice.error} retry={() => void notice.refetch()} />
  const n = notice.data
  return (
    <div className="record prints-paper" data-test="notice-page">
      <Head
        back={{ to: "/register/notices", label: t("notice.title") }}
        kind={code("notice.kind", n.kind)}
        title={<>{code("notice.kind", n.kind)} <span className="num">{n.number}</span></>}
        state={<State group="notice" value={served(n)} />}
        action={serves && !n.servedHow && <Serve n={n} />}
        more={
          n.text && (
            <>
              {serves && <Code n={n} told={setSecret} />}
              {prints && <Print n={n} secret={secret} printed={printed} done={setPrinted} />}
            </>
          )
        }
      />
      <div className="record-body">
        <main>
          {secret && <p className="notice-line tone-soon" data-test="code-told">{t("notice.code.told")}</p>}
          {n.text ? <div><Paper text={printed?.text ?? n.text} secret={secret} /></div> : <Empty>{t("listing.erased")}</Empty>}
        </main>
        <aside>
          <Section title={t("notice.service")}>
            <div className="single">
              <Facts
                facts={[
                  { label: t("listing.one"), value: <Link to={`/register/listings/${n.listing}`}>{t("proposal.listing.open")}</Link>, wide: true },
                  { label: t("notice.madeBy"), value: <><Person id={n.madeBy} /> <span className="dim"><When at={n.madeAt} /></span></>, wide: true },
                  { label: t("notice.code"), value: n.codeAt ? <When at={n.codeAt} /> : t("notice.code.none"), wide: true },
                  { label: t("notice.how"), value: n.servedHow, wide: true },
                  { label: t("notice.servedAt"), value: n.servedAt && <When at={n.servedAt} />, wide: true },
                  { label: t("notice.servedBy"), value: n.servedBy, wide: true },
                  { label: t("notice.receiptNo"), value: n.receiptNo, wide: true },
                  { label: t("notice.recordedBy"), value: n.recordedBy && <Person id={n.recordedBy} />, wide: true },
                ]}
              />
            </div>
            {!n.servedHow && <p className="dim small">{t("notice.how.note")}</p>}
          </Section>
        </aside>
      </div>
    </div>
  )
}

const numerals = Array.from("一二三四五六七八九") // in both languages

/** A notice as it is served: Chinese, frozen, on A4. */
function Paper({ text, secret }: { text: NonNullable<Notice["text"]>; secret: string }) {
  const { t } = useWords()
  return (
    <article className="paper notice" lang="zh-CN" data-test="notice">
      <h2>{text.title}</h2>
      <p className="notice-number">{text.number}</p>
      <p className="notice-to">{text.to}：</p>
      <p>{text.opening}</p>
      {text.sections.map((s, i) => (
        <section key={s.heading}>
          <h3>{numerals[i]}、{s.heading}</h3>
          {s.lines.map((l) => <p key={l}>{l}</p>)}
        </section>
      ))}
      {secret && (
        <div className="notice-code" data-test="code">
          <p>{t("notice.code.label")} <b>{secret}</b></p>
          <p>{t("notice.code.where", { at: `${location.host}/own` })}</p>
          <p>{t("notice.code.warning")}</p>
        </div>
      )}
      <div className="notice-end">
        <p>{text.unit}</p>
        <p>{text.day}</p>
      </div>
    </article>
  )
}

/**
 * Prints the notice with the whole name and number, on a purpose that is asked
 * once: they stand on the page for a minute, and are masked again.
 */
function Print({ n, secret, printed, done }: { n: Notice; secret: string; printed: Printed | null; done: (printed: Printed) => void }) {
  const { t } = useWords()
  const [open, setOpen] = useState(false)
  const get = useMutation({
    mutationFn: (purpose: string) => api.post(`/register/notices/${n.id}/print`, { purpose, ...(secret && { code: secret }) }),
    onSuccess: (whole) => {
      setOpen(false)
      done(whole)
    },
  })
  const button = (again: boolean) => <Button icon={<PrinterOutlined />} {...(again && { onClick: () => print() })} data-test="print">{t("notice.print")}</Button>
  if (printed) return button(true)
  return (
    <Popover
      open={open}
      onOpenChange={setOpen}
      trigger="click"
      title={t("notice.print.why")}
      destroyOnHidden
      content={
        <Purpose
          choices={(["serve", "file"] as const).map((p) => ({ key: p, label: t(`notice.print.${p}`) }))}
          kept={t("notice.print.kept")}
          busy={get.isPending}
          onPurpose={(p) => get.mutate(p)}
          error={get.error}
        />
      }
    >
      {button(false)}
    </Popover>
  )
}

/** Makes a code for the person's own view and shows it once. */
function Code({ n, told }: { n: Notice; told: (code: string) => void }) {
  const { t } = useWords()
  return (
    <ActionForm
      label={t(n.codeAt ? "notice.code.again" : "notice.code.make")}
      test="notice-code"
      send={(key) => api.post(`/register/notices/${n.id}/code`, undefined, { key, version: n.version })}
      refresh={[["notice", n.id]]}
      done={(made) => told(made.code ?? "")}
      fields={<p>{t(n.codeAt ? "notice.code.again.note" : "notice.code.note")}</p>}
    />
  )
}

/** Records how the notice reached the person, and the proof of it. */
function Serve({ n }: { n: Notice }) {
  const { t } = useWords()
  const [how, setHow] = useState("")
  const [by, setBy] = useState("")
  const [receiptNo, setReceipt] = useState("")
  const [at, setAt] = useState(() => toWall(new Date(serverNow()).toISOString()))
  const instant = fromWall(at)
  return (
    <ActionForm
      label={t("notice.serve")}
      primary
      test="serve"
      ready={how.trim() !== "" && by.trim() !== "" && instant !== null}
      send={(key) => api.post(`/register/notices/${n.id}/serve`, { how, by, ...(instant && { at: instant }), ...(receiptNo && { receiptNo }) }, { key, version: n.version })}
      refresh={[["notice", n.id], ["notices", n.listing], ["list", "/register/notices"]]}
      fields={
        <>
          <div className="two">
            <Field label={t("notice.how")} note={t("notice.how.note")}>
              <Input value={how} maxLength={100} onChange={(e) => setHow(e.target.value)} data-test="serve-how" />
            </Field>
            <Field label={t("notice.servedAt")}>
              <Input type="datetime-local" value={at} onChange={(e) => setAt(e.target.value)} data-test="serve-at" />
            </Field>
            <Field label={t("notice.servedBy")}>
              <Input value={by} maxLength={100} onChange={(e) => setBy(e.target.value)} data-test="serve-by" />
            </Field>
            <Field label={t("notice.receiptNo")} note={t("notice.receiptNo.note")}>
              <Input value={receiptNo} maxLength={100} onChange={(e) => setReceipt(e.target.value)} data-test="serve-receipt" />
            </Field>
          </div>
        </>
      }
    />
  )
}

/** The notices of a listing, and the way to make one. */
export function ListingNotices({ l }: { l: ListingPage }) {
  const { t, code } = useWords()
  const reads = useMay("notice.list")
  const makes = useMay("notice.create")
  const queries = useQueryClient()
  const notices = useQuery({ queryKey: ["notices", l.id], queryFn: async ({ signal }) => (await api.get("/register/notices", { listing: l.id, limit: 100 }, signal)).items, enabled: reads })
  if (!reads) return null
  const needed = l.state === "lifted" ? "lifting" : "listing"
  const items = notices.data ?? []
  return (
    <Section
      title={t("notice.title")}
      test="listing-notices"
      extra={
        makes && !l.who.erased && (
          <ActionForm
            label={t(needed === "lifting" ? "notice.make.lifting" : "notice.make")}
            primary={!items.some((n) => n.kind === needed)}
            test="notice-make"
            send={(key) => api.post("/register/notices", { listing: l.id }, { key })}
            refresh={[["notices", l.id], ["list", "/register/notices"]]}
            done={() => void queries.invalidateQueries({ queryKey: ["timeline", l.id] })}
            fields={<p className="dim">{t("notice.make.note")}</p>}
          />
        )
      }
    >
      {notices.isSuccess && items.length === 0 && <Empty>{t("notice.none")}</Empty>}
      <ul className="strips">
        {items.map((n) => (
          <li key={n.id} data-test="notice-row">
            <Link to={`/register/notices/${n.id}`} data-test="to-notice">{code("notice.kind", n.kind)}</Link>
            <span className="num dim">{n.number}</span>
            <State group="notice" value={served(n)} />
            <span className="spring" />
            <span className="dim">{n.servedHow}</span>
            <When at={n.servedAt ?? n.madeAt} />
          </li>
        ))}
      </ul>
    </Section>
  )
}
