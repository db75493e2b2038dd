import "./detect.css"
import { Button, Input, Modal } from "antd"
import { useState } from "react"
import { api } from "../api/client"
import type { Letter, LetterRecord } from "../api/types"
import { useMay } from "../app/auth"
import { useWords } from "../app/i18n"
import { Choice, useFilters } from "../parts/filters"
import { ActionForm, Field, useAction } from "../parts/form"
import { exact } from "../parts/format"
import { Purpose } from "../parts/masked"
import { InstitutionName } from "../parts/names"
import { Person } from "../parts/people"
import { ProblemNote } from "../parts/problem"
import { Table, type Column } from "../parts/table"
import { Facts, State, When } from "../parts/view"

import { FeedTabs } from "./feeds"

const states = ["open", "corrected", "discarded"] as const
const purposes = ["check", "mend"] as const

/** Records that were refused, each with its reason, until they are mended or discarded. */
export function Letters() {
  const { t, code } = useWords()
  const reads = useMay("letter.read")
  const [f, set] = useFilters("state", "load")
  const [open, setOpen] = useState<Letter>()
  const columns: Column<Letter>[] = [
    { key: "state", title: t("letter.state"), width: 92, cell: (l) => <State group="letter.state" value={l.state} tone={l.state === "open" ? "soon" : l.state === "corrected" ? "good" : "plain"} />, text: (l) => code("letter.state", l.state) },
    { key: "at", title: t("letter.at"), width: 100, cell: (l) => <When at={l.at} />, text: (l) => exact(l.at) },
    { key: "channel", title: t("feed.channel"), width: 92, cell: (l) => code("feed.channel", l.channel), text: (l) => code("feed.channel", l.channel) },
    { key: "kind", title: t("feed.kind"), width: 84, cell: (l) => code("feed.kind", l.kind), text: (l) => code("feed.kind", l.kind) },
    { key: "name", title: t("load.name"), width: "1.2fr", cell: (l) => l.name, text: (l) => l.name },
    { key: "row", title: t("letter.row"), width: 72, right: true, cell: (l) => <span className="num">{l.row}</span>, text: (l) => String(l.row) },
    { key: "field", title: t("letter.field"), width: 110, cell: (l) => <code>{l.field}</code>, text: (l) => l.field },
    { key: "reason", title: t("letter.reason"), width: "2.4fr", cell: (l) => <span title={l.reason}>{l.reason}</span>, text: (l) => l.reason },
    { key: "by", title: t("feed.sender"), width: "1fr", cell: (l) => (l.institution ? <InstitutionName id={l.institution} /> : <Person id={l.sentBy} />), text: (l) => l.institution || l.sentBy },
    { key: "open", title: "", width: 84, cell: (l) => reads && <span className="row-actions"><Button size="small" onClick={() => setOpen(l)} data-test="letter-open">{t("letter.open")}</Button></span>, text: () => "" },
  ]
  return (
    <>
      <Table
        name="letters"
        path="/feeds/letters"
        query={{ state: f.state || "open", load: f.load }}
        columns={columns}
        live={(e) => /^(letter|feed)\./.test(e.kind)}
        empty={t("letter.empty")}
        filters={
          <>
            <FeedTabs />
            <Choice whole={false} value={f.state || "open"} onChange={(v) => set("state", v)} group="letter.state" options={states} label={t("letter.state")} test="filter-state" />
            {f.load && <button type="button" className="toggle on" onClick={() => set("load", "")} data-test="filter-load">{t("letter.load")} ×</button>}
          </>
        }
        note={<p className="simulated">{t("letter.kept")}</p>}
      />
      <Modal open={open !== undefined} onCancel={() => setOpen(undefined)} footer={null} title={t("letter.one")} width={720} destroyOnHidden>
        {open && <OneLetter key={open.id} letter={open} close={() => setOpen(undefined)} />}
      </Modal>
    </>
  )
}

/** One letter: its record shows on a stated purpose, and is mended or discarded. */
function OneLetter({ letter: l, close }: { letter: Letter; close: () => void }) {
  const { t, code } = useWords()
  const corrects = useMay("letter.correct")
  const discards = useMay("letter.discard")
  const [shown, setShown] = useState<LetterRecord>()
  const [record, setRecord] = useState("")
  const [note, setNote] = useState("")
  const read = useAction<string, LetterRecord>((purpose) => api.post(`/feeds/letters/${l.id}/read`, { purpose }), (r) => {
    setShown(r)
    setRecord(r.record)
  })
  const refresh = [["list", "/feeds/letters"], ["feeds"]]
  const correct = useAction<void, Letter>((_, key) => api.post(`/feeds/letters/${l.id}/correct`, { record }, { key, version: l.version }), close, refresh)
  return (
    <div className="action-form" data-test="letter">
      <Facts
        facts={[
          { label: t("letter.reason"), value: <>{l.field && <code>{l.field}</code>} {l.reason}</>, wide: true },
          { label: t("feed.kind"), value: code("feed.kind", l.kind) },
          { label: t("letter.row"), value: [l.name, l.row].filter(Boolean).join(" · ") },
          { label: t("letter.closed"), value: l.closedAt && <><Person id={l.closedBy} /> <span className="dim"><When at={l.closedAt} /></span></> },
          { label: t("letter.note"), value: l.note },
        ]}
      />
      {!shown && (
        <>
          <p>{t("reveal.why")}</p>
          <Purpose choices={purposes.map((p) => ({ key: p, label: t(`letter.purpose.${p}`) }))} kept={t("letter.purpose.kept")} busy={read.busy} onPurpose={read.go} error={read.error} />
        </>
      )}
      {shown && (
        <>
          {shown.columns.length > 0 && <p className="dim small wrap"><code>{shown.columns.join(",")}</code></p>}
          <Field label={t("letter.record", { format: code("load.format", shown.format) })}>
            <Input.TextArea rows={5} value={record} onChange={(e) => setRecord(e.target.value)} readOnly={l.state !== "open" || !corrects} spellCheck={false} className="code-area" data-test="letter-record" />
          </Field>
          {shown.mapping && <details><summary className="dim">{t("load.mapping")}</summary><pre className="raw">{shown.mapping}</pre></details>}
          <ProblemNote error={correct.error} />
        </>
      )}
      {l.state === "open" && (
        <div className="form-end">
          {discards && (
            <ActionForm
              label={t("letter.discard")}
              test="discard"
              danger
              ready={note.trim() !== ""}
              send={(key) => api.post(`/feeds/letters/${l.id}/discard`, { note: note.trim() }, { key, version: l.version })}
              done={close}
              refresh={refresh}
              fields={<Field label={t("letter.discard.why")}><Input.TextArea rows={2} value={note} onChange={(e) => setNote(e.target.value)} data-test="discard-note" /></Field>}
            />
          )}
          {corrects && shown && <Button type="primary" loading={correct.busy} disabled={record.trim() === "" || record === shown.record} onClick={() => correct.go()} data-test="correct">{t("letter.correct")}</Button>}
        </div>
      )}
    </div>
  )
}
