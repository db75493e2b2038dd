import { Input, InputNumber, Select } from "antd"
import { useState, type ReactNode } from "react"
import { api } from "../api/client"
import type { DenPage as Den, Outcome } from "../api/types"
import { useWords, type Key } from "../app/i18n"
import { ActionForm, Field } from "../parts/form"
import { InstitutionPick } from "../parts/names"
import type { Verb } from "./steps"

const documents = ["inspection", "search"] as const

const labels: Record<Verb, Key> = {
  analyse: "den.analyse", dismiss: "den.dismiss", approve: "den.approve", reject: "den.reject", dispatch: "den.dispatch", receive: "den.receive", confirm: "den.confirm", "nothing-found": "den.nothing",
}

function Step({ den, verb, primary, send, ready = true, fields, disabled }: { den: Den; verb: Verb; primary: boolean; send: (key: string) => Promise<unknown>; ready?: boolean; fields: ReactNode; disabled?: string | undefined }) {
  const { t } = useWords()
  return (
    <span title={disabled}>
      <ActionForm
        label={t(labels[verb])}
        primary={primary}
        danger={verb === "dismiss" || verb === "reject"}
        disabled={disabled !== undefined}
        test={verb}
        ready={ready}
        send={send}
        refresh={[["den", den.id], ["timeline", den.id], ["list", "/dens"]]}
        fields={fields}
      />
    </span>
  )
}

/** The form of one step on a den's way. */
export function DenAction({ den, verb, primary, self }: { den: Den; verb: Verb; primary: boolean; self: string }) {
  const { t } = useWords()
  const [text, setText] = useState("")
  const [document, setDocument] = useState(den.documentNo)
  const [kind, setKind] = useState<"inspection" | "search">("inspection")
  const [unit, setUnit] = useState(den.unit)
  const step = { den, verb, primary }
  const options = (key: string) => ({ key, version: den.version })
  const note = (label: Key) => (
    <Field label={t(label)}>
      <Input.TextArea rows={3} value={text} onChange={(e) => setText(e.target.value)} data-test={`${verb}-text`} />
    </Field>
  )
  switch (verb) {
    case "analyse":
      return <Step {...step} send={(key) => api.post(`/dens/${den.id}/analyse`, { opinion: text }, options(key))} ready={text.trim() !== ""} fields={note("den.analyse.note")} />
    case "dismiss":
    case "reject":
      return <Step {...step} send={(key) => api.post(`/dens/${den.id}/${verb}`, { reason: text }, options(key))} ready={text.trim() !== ""} fields={note("den.reason")} />
    case "approve":
      return (
        <Step
          {...step}
          send={(key) => api.post(`/dens/${den.id}/approve`, { documentKind: kind, documentNo: document }, options(key))}
          ready={document.trim() !== ""}
          disabled={den.steps.findLast((s) => s.step === "analysed")?.by === self ? t("den.own") : undefined}
          fields={
            <>
              <Field label={t("den.document.kind")}>
                <Select value={kind} onChange={setKind} options={documents.map((v) => ({ value: v, label: t(`den.document.${v}`) }))} data-test="approve-kind" />
              </Field>
              <Field label={t("den.document")} note={t("den.document.note")}>
                <Input value={document} onChange={(e) => setDocument(e.target.value)} data-test="approve-document" />
              </Field>
            </>
          }
        />
      )
    case "dispatch":
      return (
        <Step
          {...step}
          send={(key) => api.post(`/dens/${den.id}/dispatch`, { institution: unit }, options(key))}
          ready={unit !== ""}
          fields={
            <Field label={t("den.unit")}>
              <InstitutionPick value={unit} onChange={setUnit} kinds={["police"]} test="dispatch-unit" />
            </Field>
          }
        />
      )
    case "receive":
      return <Step {...step} send={(key) => api.post(`/dens/${den.id}/receive`, undefined, options(key))} fields={<p>{den.address}</p>} />
    case "nothing-found":
      return <Step {...step} send={(key) => api.post(`/dens/${den.id}/nothing-found`, { note: text }, options(key))} ready={text.trim() !== ""} fields={note("den.nothing.note")} />
    case "confirm":
      return <Confirm {...step} />
  }
}

const counts = [
  ["den.outcome.people", ["people"]],
  ["den.outcome.goip", ["devices", "goip"]],
  ["den.outcome.router", ["devices", "router"]],
  ["den.outcome.simPool", ["devices", "simPool"]],
  ["den.outcome.phone", ["devices", "phone"]],
  ["den.outcome.computer", ["devices", "computer"]],
  ["den.outcome.cardPhone", ["cards", "phone"]],
  ["den.outcome.cardBank", ["cards", "bank"]],
] as const satisfies readonly (readonly [Key, readonly string[]])[]

const nothing: Outcome = { people: 0, devices: { goip: 0, router: 0, simPool: 0, phone: 0, computer: 0 }, cards: { phone: 0, bank: 0 }, note: "" }

/** One count of an outcome. */
export function countOf(o: Outcome, path: readonly string[]): number {
  return path.reduce<unknown>((v, k) => (v as Record<string, unknown> | undefined)?.[k], o) as number
}

function withCount(o: Outcome, path: readonly string[], n: number): Outcome {
  const [first = "", second] = path
  if (!second) return { ...o, [first]: n }
  return { ...o, [first]: { ...(o as unknown as Record<string, Record<string, number>>)[first], [second]: n } }
}

function Confirm({ den, verb, primary }: { den: Den; verb: Verb; primary: boolean }) {
  const { t } = useWords()
  const [o, setO] = useState(nothing)
  return (
    <Step
      den={den}
      verb={verb}
      primary={primary}
      send={(key) => api.post(`/dens/${den.id}/confirm`, o, { key, version: den.version })}
      ready={counts.some(([, path]) => countOf(o, path) > 0)}
      fields={
        <>
          <div className="counts">
            {counts.map(([label, path]) => (
              <Field key={label} label={t(label)}>
                <InputNumber min={0} max={99_999} precision={0} value={countOf(o, path)} onChange={(n) => setO((old) => withCount(old, path, n ?? 0))} data-test={`confirm-${path.join("-")}`} />
              </Field>
            ))}
          </div>
          <Field label={t("den.outcome.note")}>
            <Input.TextArea rows={3} value={o.note ?? ""} onChange={(e) => setO({ ...o, note: e.target.value })} data-test="confirm-note" />
          </Field>
        </>
      }
    />
  )
}

/** What was found on site, the zeros left out. */
export function OutcomeFigures({ outcome }: { outcome: Outcome }) {
  const { t } = useWords()
  return (
    <>
      <div className="figures" data-test="outcome">
        {counts
          .filter(([, path]) => countOf(outcome, path) > 0)
          .map(([label, path]) => (
            <div key={label}>
              <b className="num">{countOf(outcome, path)}</b>
              <span>{t(label)}</span>
            </div>
          ))}
      </div>
      {outcome.note && <p className="said">{outcome.note}</p>}
    </>
  )
}
