import { Input, Select } from "antd"
import { useState } from "react"
import { api } from "../api/client"
import type { Answering, Lookup } from "../api/types"
import { useMay } from "../app/auth"
import { useWords } from "../app/i18n"
import { ActionForm, Field } from "../parts/form"
import { Masked } from "../parts/masked"
import { Facts } from "../parts/view"

const roles = ["installation", "use", "id", "outlet", "mass", "unknown"] as const satisfies readonly Answering["addressRole"][]

/** The answer of an institution, its personal parts masked. */
export function AnswerFacts({ lookup: l }: { lookup: Lookup }) {
  const { t, code } = useWords()
  const a = l.answer
  if (!a) return null
  return (
    <Facts
      test="answer"
      facts={[
        { label: t("lookup.name"), value: a.subscriber?.name && <Masked lookup={l.id} field="subscriber.name">{a.subscriber.name}</Masked> },
        { label: t("lookup.id"), value: a.subscriber?.idNumber && <Masked lookup={l.id} field="subscriber.idNumber">{a.subscriber.idNumber}</Masked> },
        { label: t("lookup.field.installAddress"), value: a.installAddress, wide: true },
        { label: t("lookup.addressRole"), value: code("address.role", a.addressRole) },
        { label: t("lookup.field.outlet"), value: a.outlet },
        { label: t("lookup.field.openedOn"), value: a.openedOn },
        { label: t("lookup.field.status"), value: code("line.status", a.lineStatus) },
        { label: t("lookup.field.location"), value: a.location && <Masked lookup={l.id} field="location">{a.location}</Masked> },
      ]}
    />
  )
}

const refreshOf = (l: Lookup) => [["lookup", l.id], ["list", "/lookups"], ["clue", l.clue], ["timeline", l.id]]

// An empty field was not answered: it is left out rather than sent as a blank.
function filledIn(a: Answering): Answering {
  const said: Answering = Object.fromEntries(Object.entries(a).filter(([, v]) => v !== ""))
  if (!said.installAddress) delete said.addressRole
  if (said.subscriber && !said.subscriber.name && !said.subscriber.idNumber) delete said.subscriber
  return said
}

const nobody = { name: "", idNumber: "" }

/** What the officer of the institution fills in: only what was asked. The centre records an answer that came by telephone or paper. */
export function AnswerForm({ lookup: l, record = false }: { lookup: Lookup; record?: boolean }) {
  const { t, code } = useWords()
  const [a, setA] = useState<Answering>({})
  const asked = new Set(l.fields ?? [])
  const set = (change: Answering) => setA((old) => ({ ...old, ...change }))
  const filled = Object.values(a).some((v) => (typeof v === "string" ? v.trim() : v?.name || v?.idNumber))
  const text = (key: "outlet" | "lineStatus" | "location", label: string, placeholder?: string) => (
    <Field label={label}>
      <Input value={a[key] ?? ""} onChange={(e) => set({ [key]: e.target.value })} placeholder={placeholder} data-test={`answer-${key}`} />
    </Field>
  )
  return (
    <ActionForm
      label={t(record ? "lookup.answer.record" : "lookup.answer.send")}
      primary={!record}
      test="answer-open"
      width={560}
      ready={filled}
      send={(key) => api.post(`/lookups/${l.id}/answer`, filledIn(a), { key, version: l.version })}
      refresh={refreshOf(l)}
      fields={
        <>
          {asked.has("subscriber") && (
            <div className="two">
              <Field label={t("lookup.name")}>
                <Input value={a.subscriber?.name ?? ""} onChange={(e) => set({ subscriber: { ...nobody, ...a.subscriber, name: e.target.value } })} data-test="answer-name" />
              </Field>
              <Field label={t("lookup.id")}>
                <Input value={a.subscriber?.idNumber ?? ""} onChange={(e) => set({ subscriber: { ...nobody, ...a.subscriber, idNumber: e.target.value } })} data-test="answer-id" />
              </Field>
            </div>
          )}
          {asked.has("installAddress") && (
            <>
              <Field label={t("lookup.field.installAddress")}>
                <Input value={a.installAddress ?? ""} onChange={(e) => set({ installAddress: e.target.value, addressRole: a.addressRole ?? "installation" })} data-test="answer-address" />
              </Field>
              <Field label={t("lookup.addressRole")}>
                <Select value={a.addressRole ?? "installation"} onChange={(addressRole) => set({ addressRole })} options={roles.map((r) => ({ value: r, label: code("address.role", r) }))} data-test="answer-role" />
              </Field>
            </>
          )}
          <div className="two">
            {asked.has("openedOn") && (
              <Field label={t("lookup.field.openedOn")}>
                <Input type="date" value={a.openedOn ?? ""} onChange={(e) => set({ openedOn: e.target.value })} data-test="answer-openedOn" />
              </Field>
            )}
            {asked.has("outlet") && text("outlet", t("lookup.field.outlet"))}
            {asked.has("status") && text("lineStatus", t("lookup.field.status"), t("lookup.status.place"))}
            {asked.has("location") && text("location", t("lookup.field.location"))}
          </div>
        </>
      }
    />
  )
}

export function RefuseForm({ lookup: l, record = false }: { lookup: Lookup; record?: boolean }) {
  const { t } = useWords()
  const [reason, setReason] = useState("")
  return (
    <ActionForm
      label={t(record ? "lookup.refuse.record" : "lookup.refuse")}
      test="refuse"
      ready={reason.trim() !== ""}
      send={(key) => api.post(`/lookups/${l.id}/refuse`, { reason }, { key, version: l.version })}
      refresh={refreshOf(l)}
      fields={
        <Field label={t("lookup.refuse.reason")}>
          <Input.TextArea rows={3} value={reason} onChange={(e) => setReason(e.target.value)} placeholder={t("lookup.refuse.reason.place")} data-test="refuse-reason" />
        </Field>
      }
    />
  )
}

/** Takes a question back: the institution need not answer it any more. */
export function Withdraw({ lookup: l }: { lookup: Lookup }) {
  const { t } = useWords()
  const [reason, setReason] = useState("")
  if (!useMay("lookup.cancel")) return null
  return (
    <ActionForm
      label={t("lookup.cancel")}
      test="cancel"
      ready={reason.trim() !== ""}
      send={(key) => api.post(`/lookups/${l.id}/cancel`, { reason }, { key, version: l.version })}
      refresh={refreshOf(l)}
      fields={
        <Field label={t("lookup.cancel.reason")}>
          <Input.TextArea rows={2} value={reason} onChange={(e) => setReason(e.target.value)} data-test="cancel-reason" />
        </Field>
      }
    />
  )
}
