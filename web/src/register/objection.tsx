import { useQuery } from "@tanstack/react-query"
import { Input, Radio, Select } from "antd"
import { useState } from "react"
import { Link, useNavigate, useParams } from "react-router"
import { api } from "../api/client"
import type { ListingObjectionPage as Objection, ListingPage } from "../api/types"
import { useMay } from "../app/auth"
import { useWords } from "../app/i18n"
import { useLiveRecord } from "../app/live"
import { Clock } from "../parts/clock"
import { ActionForm, Field } from "../parts/form"
import { Broken } from "../parts/problem"
import { RegionName } from "../parts/region"
import { Empty, Facts, Head, Section, Skeleton, State, When } from "../parts/view"
import { Cited, Silent } from "./law"

const grounds = ["designation", "not_lifted", "other"] as const

export function ObjectionPage() {
  const { id = "" } = useParams()
  const { t, code, lang } = useWords()
  const accepts = useMay("objection.accept")
  const verifies = useMay("objection.verify")
  const answers = useMay("objection.answer")
  const objection = useQuery({ queryKey: ["objection", id], queryFn: ({ signal }) => api.get(`/register/objections/${id}`, undefined, signal) })
  useLiveRecord(id, ["objection", id])
  if (objection.isPending) return <Skeleton />
  if (objection.isError) return <Broken error={objection.error} retry={() => void objection.refetch()} />
  const o = objection.data
  const next = o.state === "received" && accepts ? "accept" : o.state === "accepted" && verifies ? "verify" : o.state === "verified" && answers ? "answer" : undefined
  return (
    <div className="record" data-test="objection-page">
      <Head
        back={{ to: "/register/objections", label: t("objection.title") }}
        kind={t("objection.one")}
        title={code("objection.ground", o.ground)}
        state={<State group="objection.state" value={o.state} />}
        action={next && <Step key={next} o={o} verb={next} />}
      />
      <div className="record-body">
        <main>
          <Facts
            facts={[
              { label: t("listing.one"), value: <Link to={`/register/listings/${o.listing}`} data-test="to-listing">{t("proposal.listing.open")}</Link> },
              { label: t("region"), value: <RegionName code={o.region} /> },
              { label: t("objection.via"), value: code("objection.via", o.via) },
              { label: t("objection.receivedAt"), value: <When at={o.receivedAt} /> },
            ]}
          />
          <Section title={t("objection.steps")}>
            {o.steps.map((s) => (
              <article className="card" key={s.state} data-test="objection-step" data-state={s.state}>
                <header>
                  <State group="objection.step" value={s.state} tone={s.state === "upheld" ? "good" : "plain"} />
                  <span className="dim">{s.name || t("objection.person")}</span>
                  <span className="spring" />
                  <When at={s.at} />
                </header>
                <p className="said">{s.words || <span className="dim">{t("listing.erased")}</span>}</p>
              </article>
            ))}
          </Section>
        </main>
        <aside>
          <Section title={t("objection.due")} test="objection-due">
            <ul className="rows">
              {o.due.map((d) => (
                <li key={d.row}>
                  <div className="row-head">
                    <b>{d.words[lang]}</b>
                    <span className="spring" />
                    {d.due ? <Clock due={d.due.length === 10 ? `${d.due}T23:59:59+08:00` : d.due} from={o.receivedAt} /> : <em className="chip tone-soon" data-test="no-deadline">{d.clock?.[lang] || t("objection.due.none")}</em>}
                  </div>
                  <Cited citation={d.citation} />
                </li>
              ))}
            </ul>
            {o.due.some((d) => !d.due) && <p className="dim small">{t("objection.due.note")}</p>}
          </Section>
          <Silent silent={o.silent} />
        </aside>
      </div>
    </div>
  )
}

/** The next step of an objection. */
function Step({ o, verb }: { o: Objection; verb: "accept" | "verify" | "answer" }) {
  const { t } = useWords()
  const [yes, setYes] = useState<boolean>()
  const [words, setWords] = useState("")
  const options = (key: string) => ({ key, version: o.version })
  const send = {
    accept: (key: string) => api.post(`/register/objections/${o.id}/accept`, { accepted: yes ?? false, words }, options(key)),
    verify: (key: string) => api.post(`/register/objections/${o.id}/verify`, { words }, options(key)),
    answer: (key: string) => api.post(`/register/objections/${o.id}/answer`, { upheld: yes ?? false, words }, options(key)),
  }[verb]
  const choices = verb === "accept" ? (["objection.accept.yes", "objection.accept.no"] as const) : (["objection.answer.yes", "objection.answer.no"] as const)
  return (
    <ActionForm<unknown>
      label={t(`objection.${verb}`)}
      primary
      test={verb}
      ready={words.trim() !== "" && (verb === "verify" || yes !== undefined)}
      send={send}
      refresh={[["objection", o.id], ["objections", o.listing], ["listing", o.listing], ["timeline", o.listing], ["list", "/register/objections"], ["list", "/register/listings"]]}
      fields={
        <>
          {verb !== "verify" && (
            <Field label={t("objection.decision")} note={verb === "answer" && t("objection.answer.note")}>
              <Radio.Group value={yes} onChange={(e) => setYes(e.target.value as boolean)} options={[{ value: true, label: t(choices[0]) }, { value: false, label: t(choices[1]) }]} data-test={`${verb}-choice`} />
            </Field>
          )}
          <Field label={t(verb === "verify" ? "objection.found" : "objection.told")} note={t(verb === "verify" ? "objection.found.note" : "objection.told.note")}>
            <Input.TextArea rows={4} maxLength={2000} value={words} onChange={(e) => setWords(e.target.value)} data-test={`${verb}-words`} />
          </Field>
        </>
      }
    />
  )
}

/** What was said against a listing, and the way to take an objection at the counter. */
export function ListingObjections({ l }: { l: ListingPage }) {
  const { t, code } = useWords()
  const reads = useMay("objection.list")
  const takes = useMay("objection.create")
  const go = useNavigate()
  const [ground, setGround] = useState<(typeof grounds)[number]>("designation")
  const [words, setWords] = useState("")
  const objections = useQuery({ queryKey: ["objections", l.id], queryFn: async ({ signal }) => (await api.get("/register/objections", { listing: l.id, limit: 100 }, signal)).items, enabled: reads })
  if (!reads) return null
  return (
    <Section
      title={t("objection.title")}
      test="listing-objections"
      extra={
        takes && (
          <ActionForm
            label={t("objection.take")}
            test="objection-take"
            ready={words.trim().length >= 2}
            send={(key) => api.post("/register/objections", { listing: l.id, ground, words }, { key })}
            refresh={[["objections", l.id], ["timeline", l.id], ["list", "/register/objections"]]}
            done={(o) => void go(`/register/objections/${o.id}`)}
            fields={
              <>
                <Field label={t("objection.ground")}>
                  <Select value={ground} onChange={setGround} options={grounds.map((g) => ({ value: g, label: code("objection.ground", g) }))} data-test="objection-ground" />
                </Field>
                <Field label={t("objection.words")} note={t("objection.words.note")}>
                  <Input.TextArea rows={4} maxLength={2000} value={words} onChange={(e) => setWords(e.target.value)} data-test="objection-words" />
                </Field>
              </>
            }
          />
        )
      }
    >
      {objections.data?.length === 0 && <Empty>{t("objection.none")}</Empty>}
      <ul className="strips">
        {objections.data?.map((o) => (
          <li key={o.id} data-test="objection-row">
            <Link to={`/register/objections/${o.id}`} data-test="to-objection">{code("objection.ground", o.ground)}</Link>
            <State group="objection.state" value={o.state} />
            <span className="spring" />
            <span className="dim">{code("objection.via", o.via)}</span>
            <When at={o.receivedAt} />
          </li>
        ))}
      </ul>
    </Section>
  )
}
