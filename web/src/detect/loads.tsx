import "./detect.css"
import { useQueryClient } from "@tanstack/react-query"
import { Button, Input, Modal, Progress, Select } from "antd"
import { useEffect, useRef, useState, type FormEvent } from "react"
import { Link } from "react-router"
import { api } from "../api/client"
import type { AnswerOf, Load } from "../api/types"
import { useMay } from "../app/auth"
import { useWords } from "../app/i18n"
import { Choice } from "../parts/filters"
import { Field } from "../parts/form"
import { count, exact } from "../parts/format"
import { InstitutionName } from "../parts/names"
import { Person } from "../parts/people"
import { ProblemNote } from "../parts/problem"
import { Table, type Column } from "../parts/table"
import { State, When } from "../parts/view"
import { FeedTabs } from "./feeds"
import { DetectorStrip } from "./strip"

export const kinds = ["call", "message", "transfer", "registration"] as const

/** Files that were loaded, and how far those are that are not done. */
export function Loads() {
  const { t, code, lang } = useWords()
  const sends = useMay("feed.send")
  const letters = useMay("letter.list")
  const columns: Column<Load>[] = [
    { key: "state", title: t("load.state"), width: 96, cell: (l) => <State group="load.state" value={l.state} tone={l.state === "open" ? "action" : "good"} />, text: (l) => code("load.state", l.state) },
    { key: "name", title: t("load.name"), width: "2fr", cell: (l) => <><b>{l.name}</b>{l.attempt > 1 && <span className="dim"> {t("load.attempt", { n: l.attempt })}</span>}</>, text: (l) => l.name },
    { key: "kind", title: t("feed.kind"), width: 92, cell: (l) => code("feed.kind", l.kind), text: (l) => code("feed.kind", l.kind) },
    { key: "row", title: t("load.row"), width: 92, right: true, cell: (l) => <span className="num">{count(l.lastRow, lang)}</span>, text: (l) => String(l.lastRow) },
    { key: "taken", title: t("feed.taken"), width: 92, right: true, cell: (l) => <span className="num">{count(l.taken, lang)}</span>, text: (l) => String(l.taken) },
    { key: "refused", title: t("feed.refused"), width: 84, right: true, cell: (l) => (l.refused > 0 ? letters ? <Link className="num tone-bad" to={`/feeds/letters?load=${l.id}`}>{count(l.refused, lang)}</Link> : <span className="num tone-bad">{count(l.refused, lang)}</span> : <span className="num dim">0</span>), text: (l) => String(l.refused) },
    { key: "skipped", title: t("load.skipped"), width: 84, right: true, extra: true, cell: (l) => <span className="num">{count(l.skipped, lang)}</span>, text: (l) => String(l.skipped) },
    { key: "by", title: t("load.by"), width: "1.2fr", cell: (l) => (l.institution ? <InstitutionName id={l.institution} /> : <Person id={l.sentBy} />), text: (l) => l.institution || l.sentBy },
    { key: "started", title: t("load.started"), width: 100, cell: (l) => <When at={l.startedAt} />, text: (l) => exact(l.startedAt) },
    { key: "ended", title: t("load.ended"), width: 100, cell: (l) => <When at={l.endedAt} />, text: (l) => (l.endedAt ? exact(l.endedAt) : "") },
  ]
  return (
    <Table
      name="loads"
      path="/feeds/loads"
      columns={columns}
      live={(e) => e.kind.startsWith("feed.load_")}
      empty={t("load.empty")}
      filters={<FeedTabs />}
      tools={sends && <Upload />}
      note={<DetectorStrip />}
    />
  )
}

const mostBytes = 128 << 20
type Ended = AnswerOf<"post", `/feeds/loads/${string}/file`>

/** The SHA-256 of a file followed by its mapping, by which the house knows a file again, and how many lines it has. */
async function digestOf(file: File, mapping: string): Promise<{ digest: string; lines: number }> {
  const bytes = new Uint8Array(await new Blob([file, mapping]).arrayBuffer())
  const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))
  const packed = bytes[0] === 0x1f || bytes[0] === 0x28 // gzip, zstd: lines cannot be counted
  let lines = 0
  if (!packed) for (let i = 0; i < file.size; i++) if (bytes[i] === 10) lines++
  return { digest: [...sum].map((b) => b.toString(16).padStart(2, "0")).join(""), lines }
}

/** Loads a file from the browser: the same file goes on where it was cut off, and is taken once. */
function Upload() {
  const { t, code, lang } = useWords()
  const queries = useQueryClient()
  const input = useRef<HTMLInputElement>(null)
  const picked = useRef<HTMLInputElement>(null)
  const [open, setOpen] = useState(false)
  const [file, setFile] = useState<File>()
  const [kind, setKind] = useState<Load["kind"]>("call")
  const [mapping, setMapping] = useState("")
  const [format, setFormat] = useState<"csv" | "ndjson">("csv")
  const [error, setError] = useState<Error | null>(null)
  const [going, setGoing] = useState<{ load: string; lines: number; row: number }>()
  const [ended, setEnded] = useState<Ended>()
  const loading = going?.load
  useEffect(() => {
    if (!loading) return
    const timer = setInterval(() => void api.get(`/feeds/loads/${loading}`).then((l) => setGoing((g) => g && { ...g, row: l.lastRow }), () => undefined), 700) // the answer of the load itself tells a failure
    return () => clearInterval(timer)
  }, [loading])
  const send = async (e: FormEvent) => {
    e.preventDefault()
    if (!file || going) return
    setError(null)
    setEnded(undefined)
    try {
      const { digest, lines } = await digestOf(file, mapping)
      const l = await api.post("/feeds/loads", { name: file.name, digest, kind, format, ...(mapping.trim() && { mapping }) })
      if (l.state === "done") {
        setEnded({ load: l, result: { taken: 0, skipped: 0, refusedCount: 0, refused: [], again: true } })
        return
      }
      setGoing({ load: l.id, lines, row: l.lastRow })
      setEnded(await api.post(`/feeds/loads/${l.id}/file`, file))
    } catch (x) {
      setError(x as Error)
    } finally {
      setGoing(undefined)
      void queries.invalidateQueries({ queryKey: ["list", "/feeds/loads"] })
      void queries.invalidateQueries({ queryKey: ["feeds"] })
    }
  }
  const big = file !== undefined && file.size > mostBytes
  const r = ended?.result
  return (
    <>
      <Button size="small" type="primary" onClick={() => (setOpen(true), setEnded(undefined), setError(null))} data-test="load-open">{t("load.new")}</Button>
      <Modal open={open} onCancel={() => !going && setOpen(false)} footer={null} title={t("load.new")} width={560} destroyOnHidden>
        <form className="action-form" onSubmit={(e) => void send(e)} data-test="load-form">
          <input ref={input} type="file" accept=".csv,.json,.ndjson,.gz,.zst" hidden onChange={(e) => (setFile(e.target.files?.[0]), setEnded(undefined), setError(null))} data-test="load-file" />
          <div className="load-file">
            <Button onClick={() => input.current?.click()} disabled={!!going}>{t("load.pick")}</Button>
            <span>{file ? `${file.name} · ${t("load.size", { n: (file.size / (1 << 20)).toFixed(1) })}` : <span className="dim">{t("load.pick.note")}</span>}</span>
          </div>
          {big && <p className="notice-line tone-soon">{t("load.big")}</p>}
          <Field label={t("feed.kind")}>
            <Select value={kind} onChange={setKind} options={kinds.map((k) => ({ value: k, label: code("feed.kind", k) }))} data-test="load-kind" />
          </Field>
          <Choice whole={false} value={format} onChange={(v) => setFormat(v as typeof format)} group="load.format" options={["csv", "ndjson"]} label={t("load.format")} test="load-format" />
          <Field label={t("load.mapping")} note={t("load.mapping.note")}>
            <Input.TextArea rows={4} value={mapping} onChange={(e) => setMapping(e.target.value)} spellCheck={false} className="code-area" data-test="load-mapping" />
          </Field>
          <input ref={picked} type="file" accept=".yaml,.yml" hidden onChange={(e) => void e.target.files?.[0]?.text().then(setMapping)} />
          <Button size="small" onClick={() => picked.current?.click()}>{t("load.mapping.file")}</Button>
          {going && (
            <div data-test="load-progress">
              <Progress percent={going.lines > 0 ? Math.min(99, Math.floor((100 * going.row) / going.lines)) : 0} status="active" showInfo={going.lines > 0} aria-label={t("load.progress")} />
              <p className="dim num">{t("load.rows", { n: count(going.row, lang) })}</p>
            </div>
          )}
          <ProblemNote error={error} />
          {error && <p className="dim">{t("load.again")}</p>}
          {r && (
            <div data-test="load-ended">
              <p className={r.refusedCount > 0 ? "tone-soon" : "tone-good"}>{r.again ? t("load.known") : t(r.refusedCount > 0 ? "load.partly" : "load.done", { n: count(r.taken, lang), bad: count(r.refusedCount, lang) })}</p>
              {r.refused.length > 0 && (
                <ul className="strips">
                  {r.refused.slice(0, 8).map((x, i) => <li key={i}>{t("problem.row", { n: x.row })} {x.field && <code>{x.field}</code>} <span className="wrap">{x.reason}</span></li>)}
                </ul>
              )}
              {r.refusedCount > 0 && ended && <Link to={`/feeds/letters?load=${ended.load.id}`}>{t("load.letters")}</Link>}
            </div>
          )}
          <div className="form-end">
            <Button onClick={() => setOpen(false)} disabled={!!going}>{t("load.close")}</Button>
            <Button type="primary" htmlType="submit" loading={!!going} disabled={!file || big} data-test="load-submit">{t("load.send")}</Button>
          </div>
        </form>
      </Modal>
    </>
  )
}
