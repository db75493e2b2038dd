import { Button, Input, InputNumber, Select } from "antd"
import { useRef, useState } from "react"
import { api } from "../api/client"
import type { Pack, PackDraft, PackParameter, PackSummary, PackValue } from "../api/types"
import { useMe } from "../app/auth"
import { useWords } from "../app/i18n"
import { ActionForm, Field } from "../parts/form"
import { RegionPick } from "../parts/region"

const lists = [["list", "/policy/drafts"], ["list", "/policy/packs"]] as const

/** Hands in a text: of a pack, or of an overlay; or writes a draft anew. */
export function DraftForm({ label, pack, draft, done }: { label: string; pack?: PackSummary; draft?: PackDraft; done?: (d: PackDraft) => void }) {
  const { t } = useWords()
  const own = draft?.files.find((f) => f.place === draft.place)
  const [text, setText] = useState(own?.text ?? "")
  const [cases, setCases] = useState(draft?.cases ?? "")
  const [note, setNote] = useState(draft?.note ?? "")
  return (
    <ActionForm
      label={label}
      title={t("draft.new.title")}
      test={draft ? "draft-edit" : "draft-new"}
      width={860}
      ready={text.trim() !== ""}
      send={(key) => (draft ? api.put(`/policy/drafts/${draft.id}`, { text, cases, note }, { version: draft.version }) : api.post("/policy/drafts", { text, cases, note, ...(pack && { pack: pack.name, place: placeOf(text) }) }, { key }))}
      {...(done && { done })}
      refresh={[...(draft ? [["pack-draft", draft.id], ["timeline", draft.id]] : []), ...lists]}
      fields={
        <>
          <p className="dim">{t("draft.new.note")}</p>
          <Field label={t("draft.note")}>
            <Input value={note} onChange={(e) => setNote(e.target.value)} maxLength={1000} data-test="draft-note" />
          </Field>
          <TextFile label={t("draft.new.text")} value={text} change={setText} rows={14} test="draft-text" />
          <TextFile label={t("draft.new.cases")} value={cases} change={setCases} rows={5} test="draft-cases" />
        </>
      }
    />
  )
}

/** Whose rules a text says it is: what cannot be read in full is kept as a draft for that place. */
const placeOf = (text: string) => /^jurisdiction:\s*["']?(\w+)/m.exec(text)?.[1] ?? "nation"

/** A text that is typed or read from a file. */
function TextFile({ label, value, change, rows, test }: { label: string; value: string; change: (text: string) => void; rows: number; test: string }) {
  const { t } = useWords()
  const file = useRef<HTMLInputElement>(null)
  return (
    <div>
      <Field label={label}>
        <Input.TextArea value={value} onChange={(e) => change(e.target.value)} rows={rows} spellCheck={false} className="code-area" data-test={test} />
      </Field>
      <input ref={file} type="file" accept=".yaml,.yml" hidden onChange={(e) => void e.target.files?.[0]?.text().then(change)} />
      <Button size="small" onClick={() => file.current?.click()}>{t("draft.file")}</Button>
    </div>
  )
}

const statuses = ["C", "S", "L"] as const

/** Sets a parameter that the law leaves open, for a place, with the citation on which it rests. */
export function ValueForm({ pack, parameter: p, region: [region, setRegion], done }: { pack: Pack; parameter: PackParameter; region: [string, (r: string) => void]; done: (d: PackDraft) => void }) {
  const { t, code, lang } = useWords()
  const me = useMe()
  const [v, setV] = useState<Partial<PackValue>>({ status: "C" })
  const set = (key: keyof PackValue) => (value: string) => setV((old) => ({ ...old, [key]: value }))
  const text = (key: keyof PackValue, label: string, type = "text") => (
    <Field label={label}>
      <Input type={type} value={v[key] ?? ""} onChange={(e) => set(key)(e.target.value)} data-test={`value-${key}`} />
    </Field>
  )
  const ready = !!(region && v.value && v.from && v.document && v.article && v.phrase) && !v.confirmedBy === !v.confirmedOn
  const filled = Object.fromEntries(Object.entries(v).filter(([, x]) => x !== "")) as unknown as PackValue
  return (
    <span className="set-value">
      <ActionForm
        label={t("pack.set")}
        title={`${p.words[lang]} · ${t("pack.set")}`}
        test={`set-${p.name}`}
        width={620}
        ready={ready}
        send={(key) => api.post("/policy/drafts/values", { pack: pack.name, place: region, values: [{ ...filled, parameter: p.name }] }, { key })}
        done={done}
        refresh={[...lists]}
        fields={
          <>
            <p className="dim">{t("value.note")}</p>
            <Field label={t("value.place")}>
              <RegionPick value={region || undefined} onChange={setRegion} within={me.region} test="value-place" />
            </Field>
            <div className="two">
              <Field label={t("value.value")} {...(p.name.endsWith("Fen") && { note: t("value.money") })}>
                {p.type === "int" ? (
                  <InputNumber value={v.value ? Number(v.value) : null} onChange={(n) => set("value")(n === null ? "" : String(n))} precision={0} style={{ width: "100%" }} data-test="value-value" />
                ) : p.type === "bool" ? (
                  <Select value={v.value ?? null} onChange={(x) => set("value")(x ?? "")} options={["true", "false"].map((x) => ({ value: x, label: t(x === "true" ? "yes" : "no") }))} data-test="value-value" />
                ) : (
                  <Input type={p.type === "date" ? "date" : "text"} value={v.value ?? ""} onChange={(e) => set("value")(e.target.value)} data-test="value-value" />
                )}
              </Field>
              <Field label={t("value.status")}>
                <Select value={v.status ?? "C"} onChange={set("status")} options={statuses.map((s) => ({ value: s, label: code("law.status", s) }))} data-test="value-status" />
              </Field>
              {text("from", t("value.from"), "date")}
              {text("until", t("value.until"), "date")}
              {text("document", t("value.document"))}
              {text("number", t("value.number"))}
              {text("article", t("value.article"))}
              {text("publisher", t("value.publisher"))}
            </div>
            <Field label={t("value.phrase")}>
              <Input.TextArea rows={2} value={v.phrase ?? ""} onChange={(e) => set("phrase")(e.target.value)} data-test="value-phrase" />
            </Field>
            <div className="two">
              {text("confirmedBy", t("value.confirmedBy"))}
              {text("confirmedOn", t("value.confirmedOn"), "date")}
            </div>
          </>
        }
      />
    </span>
  )
}
