import "./policy.css"
import { useQuery } from "@tanstack/react-query"
import { Input, Select } from "antd"
import { useState } from "react"
import { Link, useParams } from "react-router"
import { api } from "../api/client"
import type { PackComment, PackDraft, PackProblem } from "../api/types"
import { useMay, useMe } from "../app/auth"
import { useWords } from "../app/i18n"
import { useLiveRecord } from "../app/live"
import { Choice } from "../parts/filters"
import { ActionForm, Field } from "../parts/form"
import { useInstitutionNames } from "../parts/names"
import { Person } from "../parts/people"
import { Broken } from "../parts/problem"
import { Timeline } from "../parts/timeline"
import { Empty, Facts, Head, Section, Skeleton, State, When } from "../parts/view"
import { Value } from "./result"
import { Cases } from "./cases"
import { Changes } from "./diff"
import { DraftForm } from "./forms"
import { PlaceName } from "./list"

export function DraftPage() {
  const { id = "" } = useParams()
  const { t } = useWords()
  const me = useMe()
  const edits = useMay("policy.draft")
  const activates = useMay("policy.activate")
  const comments = useMay("policy.comment")
  const draft = useQuery({ queryKey: ["pack-draft", id], queryFn: ({ signal }) => api.get(`/policy/drafts/${id}`, undefined, signal) })
  useLiveRecord(id, ["pack-draft", id], ["timeline", id])
  if (draft.isPending) return <Skeleton />
  if (draft.isError) return <Broken error={draft.error} retry={() => void draft.refetch()} />
  const d = draft.data
  const open = d.state === "open"
  return (
    <div className="record" data-test="draft-page">
      <Head
        back={{ to: "/drafts", label: t("draft.title") }}
        kind={t("draft.one")}
        title={<>{d.pack} <PlaceName place={d.place} /></>}
        state={<State group="draft.state" value={d.state} tone={open ? "action" : d.state === "activated" ? "good" : "plain"} />}
        action={open && activates && <Activate d={d} own={d.proposedBy === me.id} />}
        more={
          <>
            {open && edits && !d.proposedBy && <TakeUp d={d} />}
            {open && edits && <DraftForm key={d.version} label={t("draft.edit")} draft={d} />}
            {open && edits && <Withdraw d={d} />}
          </>
        }
      />
      <div className="record-body">
        <main>
          <Facts
            facts={[
              { label: t("pack.one"), value: <Link to={`/packs/${d.pack}`}>{d.pack}</Link> },
              { label: t("pack.jurisdiction"), value: <PlaceName place={d.place} /> },
              { label: t("draft.proposed"), value: d.proposedBy ? <><Person id={d.proposedBy} /> <span className="dim"><When at={d.proposedAt} /></span></> : t("draft.proposed.release") },
              { label: t("draft.decided"), value: d.decidedBy && <><Person id={d.decidedBy} /> <span className="dim"><When at={d.decidedAt} /></span></> },
              { label: t("draft.note"), value: d.note, wide: true },
              { label: t("draft.reason"), value: d.reason, wide: true },
            ]}
          />
          <Section title={t("draft.problems")} note={t("draft.problems.note")} test="draft-problems">
            {d.check.problems.length === 0 ? <p className="tone-good" data-test="no-problems">{t("draft.problems.none")}</p> : <Problems of={d.check.problems} tone="bad" />}
          </Section>
          {d.check.warnings.length > 0 && (
            <Section title={t("draft.warnings")} note={d.check.warnings.length} test="draft-warnings">
              <Problems of={d.check.warnings} tone="soon" />
            </Section>
          )}
          <Section title={t("draft.comments")} note={d.openComments > 0 ? t("draft.comments.open", { n: d.openComments }) : undefined} extra={open && comments && <CommentForm d={d} row="" />} test="draft-comments">
            {d.comments.length === 0 && <Empty>{t("draft.comments.none")}</Empty>}
            {d.comments.map((c) => (
              <CommentCard key={c.id} d={d} c={c} answers={edits} />
            ))}
          </Section>
          {d.view && (
            <Section title={t("draft.changes")} note={d.changes.length} test="draft-changes">
              <Changes changes={d.changes} {...(open && comments && { row: (row: string) => <CommentForm d={d} row={row} /> })} />
            </Section>
          )}
          {d.check.cases.length > 0 && (
            <Section title={t("draft.cases")} note={d.check.cases.length} test="draft-cases-run">
              <Cases cases={d.check.cases} result={d.view?.result} />
            </Section>
          )}
          {d.files.map((f) => (
            <details className="section derived" key={f.place} data-test="draft-file">
              <summary>{t("draft.text")} <code>{f.name}</code></summary>
              <pre className="raw pack-text">{f.text}</pre>
            </details>
          ))}
        </main>
        <aside>
          <Section title={t("timeline.title")}>
            <Timeline of="/policy/drafts" id={id} />
          </Section>
        </aside>
      </div>
    </div>
  )
}

function Problems({ of, tone }: { of: readonly PackProblem[]; tone: "bad" | "soon" }) {
  const { lang, code } = useWords()
  return (
    <ul className="strips" data-test="problems">
      {of.map((p, i) => (
        <li key={i} data-test="finding">
          {p.rule && <em className={`chip tone-${tone}`}>{code("draft.rule", p.rule)}</em>}
          {p.at && <code>{p.at}</code>}
          <span className="wrap">{p.message[lang]}</span>
          {p.input && <span className="dim"><Value value={p.input} /></span>}
          {p.hint?.[lang] && <span className="dim">{p.hint[lang]}</span>}
        </li>
      ))}
    </ul>
  )
}

const refreshed = (d: PackDraft) => [["pack-draft", d.id], ["timeline", d.id], ["list", "/policy/drafts"], ["list", "/policy/packs"], ["pack", d.pack]] as const

/** Another than its proposer puts the draft in force, having seen what is open. */
function Activate({ d, own }: { d: PackDraft; own: boolean }) {
  const { t } = useWords()
  const blocked = own || !d.proposedBy || d.check.problems.length > 0
  const why = own ? t("draft.activate.own") : !d.proposedBy ? t("draft.proposed.release") : d.check.problems.length > 0 ? t("draft.problems.note") : ""
  return (
    <span title={why}>
      <ActionForm
        label={t("draft.activate")}
        primary
        disabled={blocked}
        test="activate"
        send={(key) => api.post(`/policy/drafts/${d.id}/activate`, { openComments: d.openComments }, { key, version: d.version })}
        refresh={refreshed(d)}
        fields={
          <>
            <p>{t("draft.activate.note")}</p>
            {d.openComments > 0 && (
              <>
                <p className="notice-line tone-soon" data-test="activate-open">{t("draft.activate.open", { n: d.openComments })}</p>
                <ul className="strips">
                  {d.comments.filter((c) => !c.answeredBy).map((c) => (
                    <li key={c.id}>{c.row && <code>{c.row}</code>} <span>{c.text}</span></li>
                  ))}
                </ul>
              </>
            )}
          </>
        }
      />
    </span>
  )
}

function TakeUp({ d }: { d: PackDraft }) {
  const { t } = useWords()
  return <ActionForm label={t("draft.takeUp")} test="take-up" send={(key) => api.post(`/policy/drafts/${d.id}/take-up`, undefined, { key, version: d.version })} refresh={refreshed(d)} fields={<p>{t("draft.takeUp.note")}</p>} />
}

function Withdraw({ d }: { d: PackDraft }) {
  const { t } = useWords()
  const [reason, setReason] = useState("")
  return (
    <ActionForm
      label={t("draft.withdraw")}
      test="withdraw"
      ready={reason.trim() !== ""}
      send={(key) => api.post(`/policy/drafts/${d.id}/withdraw`, { reason }, { key, version: d.version })}
      refresh={refreshed(d)}
      fields={
        <Field label={t("draft.reason")}>
          <Input.TextArea rows={3} value={reason} onChange={(e) => setReason(e.target.value)} data-test="withdraw-reason" />
        </Field>
      }
    />
  )
}

function CommentForm({ d, row }: { d: PackDraft; row: string }) {
  const { t } = useWords()
  const [on, setOn] = useState(row)
  const [text, setText] = useState("")
  const rows = [...new Set([...d.changes.map((c) => c.id), ...(d.view?.tables.flatMap((x) => x.rows.map((r) => r.id)) ?? [])])]
  return (
    <ActionForm
      label={t("draft.comment")}
      test={row ? `comment-${row}` : "comment"}
      ready={text.trim() !== ""}
      send={(key) => api.post(`/policy/drafts/${d.id}/comments`, { row: on, text }, { key })}
      done={() => setText("")}
      refresh={refreshed(d)}
      fields={
        <>
          <Field label={t("draft.comment.row")}>
            <Select showSearch value={on} onChange={setOn} options={[{ value: "", label: t("draft.comment.whole") }, ...rows.map((r) => ({ value: r, label: r }))]} data-test="comment-row" />
          </Field>
          <Field label={t("draft.comment.text")} note={t("draft.comment.text.note")}>
            <Input.TextArea rows={4} value={text} onChange={(e) => setText(e.target.value)} maxLength={4000} data-test="comment-text" />
          </Field>
        </>
      }
    />
  )
}

function CommentCard({ d, c, answers }: { d: PackDraft; c: PackComment; answers: boolean }) {
  const { t } = useWords()
  const institution = useInstitutionNames()
  const state = !c.answeredBy ? "open" : c.accepted ? "accepted" : "denied"
  return (
    <article className="card" data-test="comment-card" data-row={c.row}>
      <header>
        {c.row ? <code>{c.row}</code> : <span className="dim">{t("draft.comment.whole")}</span>}
        <State group="draft.answer" value={state} tone={state === "open" ? "soon" : state === "accepted" ? "good" : "plain"} />
        {c.draftVersion !== d.version && d.state === "open" && <span className="dim">{t("draft.comment.old", { n: c.draftVersion })}</span>}
        <span className="spring" />
        <span className="dim">{c.institution && institution(c.institution)} <Person id={c.by} /> <When at={c.at} /></span>
        {answers && !c.answeredBy && <AnswerForm d={d} c={c} />}
      </header>
      <p className="said">{c.text}</p>
      {c.answeredBy && (
        <p className="said dim">{c.answer || t("draft.answer.accepted")} · <Person id={c.answeredBy} /> <When at={c.answeredAt} /></p>
      )}
    </article>
  )
}

function AnswerForm({ d, c }: { d: PackDraft; c: PackComment }) {
  const { t } = useWords()
  const [how, setHow] = useState("accepted")
  const [text, setText] = useState("")
  return (
    <ActionForm
      label={t("draft.answer")}
      test="answer"
      ready={how === "accepted" || text.trim() !== ""}
      send={(key) => api.post(`/policy/drafts/${d.id}/comments/${c.id}/answer`, { accepted: how === "accepted", answer: text }, { key })}
      refresh={refreshed(d)}
      fields={
        <>
          <p className="said">{c.text}</p>
          <Choice whole={false} value={how} onChange={setHow} group="draft.answer" options={["accepted", "denied"]} label={t("draft.answer")} test="answer-how" />
          <Field label={t("draft.answer.text")} note={how === "denied" ? t("draft.answer.why") : undefined}>
            <Input.TextArea rows={3} value={text} onChange={(e) => setText(e.target.value)} data-test="answer-text" />
          </Field>
        </>
      }
    />
  )
}
