import { Input, Radio, Select } from "antd"
import { useState, type ReactNode } from "react"
import { api, serverNow } from "../api/client"
import type { BodyOf, Disposal, Objection } from "../api/types"
import { useWords } from "../app/i18n"
import { may } from "../app/permits"
import { ActionForm, Field } from "../parts/form"
import { fromWall, toWall } from "../parts/format"

type Person = { id: string; roles: readonly string[]; institution?: string | undefined }
export type Verb = "approve" | "reject" | "withdraw" | "acknowledge" | "done" | "refuse" | "undo" | "serve" | "object"

/** What the person may do next with a measure; the first is what is expected of them. */
export function verbs(d: Disposal, me: Person): Verb[] {
  const staff = may(me.roles, "disposal.request")
  // A measure against a protected number waits for a leader; a restore never does.
  const decides = may(me.roles, "disposal.approve") && (!d.protected || d.kind === "restore" || me.roles.includes("leader"))
  const executes = may(me.roles, "disposal.done") && (staff || me.institution === d.institution)
  switch (d.state) {
    case "requested":
      return [...(decides ? (["approve", "reject"] as const) : []), ...(staff && d.requestedBy === me.id ? (["withdraw"] as const) : [])]
    case "sent":
      return executes ? ["acknowledge", "refuse"] : []
    case "acknowledged":
      return executes ? ["done", "refuse"] : []
    case "done":
      return d.kind === "restore"
        ? []
        : [...(staff && !d.liftedBy ? (["undo"] as const) : []), ...(!d.servedAt && may(me.roles, "disposal.serve") ? (["serve"] as const) : []), ...(may(me.roles, "disposal.object") ? (["object"] as const) : [])]
    default:
      return []
  }
}

const lifting = ["passed", "objection", "ended", "mistaken"] as const
const hows = ["sms", "phone", "counter", "post", "carrier"] as const

/** The form of one step of a measure. */
export function StepForm({ d, verb, primary, self }: { d: Disposal; verb: Verb; primary: boolean; self: string }) {
  const { t, code } = useWords()
  const [text, setText] = useState("")
  const [platformNo, setPlatformNo] = useState("")
  const [outcome, setOutcome] = useState<"verified" | "suspended">()
  const [category, setCategory] = useState<(typeof lifting)[number]>("passed")
  const [how, setHow] = useState<(typeof hows)[number]>("sms")
  const [at, setAt] = useState(() => toWall(new Date(serverNow()).toISOString()))
  const written = text.trim() !== ""
  const instant = fromWall(at)
  const options = (key: string) => ({ key, version: d.version })
  const area = (label: string, test: string, note?: string) => (
    <Field label={label} note={note}>
      <Input.TextArea rows={3} value={text} onChange={(e) => setText(e.target.value)} data-test={test} />
    </Field>
  )
  const number = (
    <Field label={t("disposal.platformNo")}>
      <Input value={platformNo} onChange={(e) => setPlatformNo(e.target.value)} data-test={`${verb}-platformNo`} />
    </Field>
  )
  const when = (label: string) => (
    <Field label={label}>
      <Input type="datetime-local" value={at} onChange={(e) => setAt(e.target.value)} data-test={`${verb}-at`} />
    </Field>
  )
  const own = d.requestedBy === self
  const form: { fields: ReactNode; ready?: boolean; danger?: boolean; disabled?: string | false; send: (key: string) => Promise<unknown> } = {
    approve: { fields: <p>{d.reason}</p>, disabled: own && t("disposal.own"), send: (key: string) => api.post(`/disposals/${d.id}/approve`, undefined, options(key)) },
    reject: { fields: area(t("disposal.reason"), "reject-reason"), ready: written, danger: true, disabled: own && t("disposal.own"), send: (key: string) => api.post(`/disposals/${d.id}/reject`, { reason: text }, options(key)) },
    withdraw: { fields: area(t("disposal.reason"), "withdraw-reason"), ready: written, send: (key: string) => api.post(`/disposals/${d.id}/undo`, { reason: text }, options(key)) },
    acknowledge: {
      fields: <>{d.kind === "recheck" && when(t("disposal.noticedAt"))}{number}</>,
      ready: d.kind !== "recheck" || instant !== null,
      send: (key: string) => api.post(`/disposals/${d.id}/acknowledge`, { ...(d.kind === "recheck" && instant && { noticedAt: instant }), ...(platformNo && { platformNo }) }, options(key)),
    },
    done: {
      fields: (
        <>
          {d.kind === "recheck" && (
            <Field label={t("disposal.outcome")}>
              <Radio.Group value={outcome} onChange={(e) => setOutcome(e.target.value as "verified" | "suspended")} options={(["verified", "suspended"] as const).map((v) => ({ value: v, label: code("disposal.outcome", v) }))} data-test="done-outcome" />
            </Field>
          )}
          {area(t("disposal.note"), "done-note")}
          {number}
        </>
      ),
      ready: d.kind !== "recheck" || outcome !== undefined,
      send: (key: string) => api.post(`/disposals/${d.id}/done`, { ...(written && { note: text }), ...(outcome && { outcome }), ...(platformNo && { platformNo }) }, options(key)),
    },
    refuse: { fields: area(t("disposal.reason"), "refuse-reason"), ready: written, danger: true, send: (key: string) => api.post(`/disposals/${d.id}/refuse`, { reason: text }, options(key)) },
    undo: {
      fields: (
        <>
          <p className="dim">{t("disposal.undo.note")}</p>
          <Field label={t("disposal.category")}>
            <Select value={category} onChange={setCategory} options={lifting.map((c) => ({ value: c, label: code("disposal.category", c) }))} data-test="undo-category" />
          </Field>
          {area(t("disposal.reason"), "undo-reason")}
        </>
      ),
      ready: written,
      send: (key: string) => api.post(`/disposals/${d.id}/undo`, { reason: text, category }, options(key)),
    },
    serve: {
      fields: (
        <>
          <div className="two">
            <Field label={t("disposal.how")}>
              <Select value={how} onChange={setHow} options={hows.map((h) => ({ value: h, label: code("disposal.how", h) }))} data-test="serve-how" />
            </Field>
            {when(t("disposal.served.at"))}
          </div>
          <Field label={t("disposal.note")} note={t("disposal.served.note")}>
            <Input value={text} onChange={(e) => setText(e.target.value)} data-test="serve-note" />
          </Field>
        </>
      ),
      ready: instant !== null,
      send: (key: string) => api.post(`/disposals/${d.id}/serve`, { how, ...(instant && { at: instant }), ...(written && { note: text }) } satisfies BodyOf<"post", `/disposals/${string}/serve`>, options(key)),
    },
    object: { fields: area(t("disposal.object.note"), "object-note", t("disposal.object.kept")), ready: written, send: (key: string) => api.post(`/disposals/${d.id}/object`, { note: text }, options(key)) },
  }[verb]
  return (
    <span title={form.disabled || undefined}>
      <ActionForm
        label={t(d.kind !== "block" && verb === "undo" ? "disposal.undo.line" : `disposal.${verb}`)}
        primary={primary}
        danger={form.danger ?? false}
        disabled={!!form.disabled}
        test={verb}
        ready={form.ready ?? true}
        send={form.send}
        refresh={[["disposal", d.id], ["disposals", d.batch], ["timeline", d.id], ["list", "/disposals"]]}
        fields={form.fields}
      />
    </span>
  )
}

/** The answer to an objection; an accepted one lifts the measure at once. */
export function AnswerObjection({ d, objection }: { d: Disposal; objection: Objection }) {
  const { t } = useWords()
  const [accepted, setAccepted] = useState<boolean>()
  const [answer, setAnswer] = useState("")
  return (
    <ActionForm
      label={t("disposal.object.answer")}
      test="answer-objection"
      ready={accepted !== undefined && answer.trim() !== ""}
      send={(key) => api.post(`/disposals/${d.id}/answer`, { objection: objection.id, accepted: accepted ?? false, answer }, { key, version: d.version })}
      refresh={[["disposal", d.id], ["timeline", d.id], ["list", "/disposals"]]}
      fields={
        <>
          <p className="said">{objection.note}</p>
          <Field label={t("disposal.object.decision")}>
            <Radio.Group value={accepted} onChange={(e) => setAccepted(e.target.value as boolean)} options={[{ value: true, label: t("disposal.object.accept") }, { value: false, label: t("disposal.object.deny") }]} data-test="objection-accepted" />
          </Field>
          <Field label={t("disposal.object.told")}>
            <Input.TextArea rows={3} value={answer} onChange={(e) => setAnswer(e.target.value)} data-test="objection-answer" />
          </Field>
        </>
      }
    />
  )
}

/** A batch is decided as a whole by the second officer. */
export function BatchForm({ batch, verb, n, own }: { batch: string; verb: "approve" | "reject"; n: number; own: boolean }) {
  const { t } = useWords()
  const [reason, setReason] = useState("")
  return (
    <span title={own ? t("disposal.own") : undefined}>
      <ActionForm
        label={t(verb === "approve" ? "disposal.batch.approve" : "disposal.batch.reject", { n })}
        primary={verb === "approve"}
        danger={verb === "reject"}
        disabled={own}
        test={`batch-${verb}`}
        ready={verb === "approve" || reason.trim() !== ""}
        send={(key) => (verb === "approve" ? api.post(`/disposals/batches/${batch}/approve`, undefined, { key }) : api.post(`/disposals/batches/${batch}/reject`, { reason }, { key }))}
        refresh={[["disposal"], ["disposals", batch], ["timeline"], ["list", "/disposals"]]}
        fields={
          verb === "reject" && (
            <Field label={t("disposal.reason")}>
              <Input.TextArea rows={3} value={reason} onChange={(e) => setReason(e.target.value)} data-test="batch-reason" />
            </Field>
          )
        }
      />
    </span>
  )
}
