import { EyeOutlined } from "@ant-design/icons"
import { Button, Popover } from "antd"
import { useEffect, useState, type FormEvent, type ReactNode } from "react"
import { api, serverNow } from "../api/client"
import type { BodyOf } from "../api/types"
import { useMay } from "../app/auth"
import { useWords } from "../app/i18n"
import { ProblemNote } from "./problem"
import { useNow } from "./now"
import { span } from "./deadline"

const purposes = ["verify", "contact", "decide", "site"] as const
const minute = 60_000

/** Whose value it is, and which of its values. */
type Of = { alert: string } | { lookup: string; field: BodyOf<"post", `/lookups/${string}/reveal`>["field"] } | { report: string; field: BodyOf<"post", `/reports/${string}/reveal`>["field"] } | { penalty: string; field: BodyOf<"post", `/register/penalties/${string}/reveal`>["field"] } | { subject: `/register/${"listings" | "proposals"}/${string}`; field: BodyOf<"post", `/register/listings/${string}/reveal`>["field"] }

/**
 * A personal value behind its mask. It is shown on a stated purpose, which the
 * journal keeps, and hides again by itself after a minute at most.
 */
export function Masked({ children, ...of }: { children: ReactNode } & Of) {
  const { t } = useWords()
  const reveals = useMay("reveal")
  const [open, setOpen] = useState(false)
  const [shown, setShown] = useState<{ value: string; until: number } | null>(null)
  const [error, setError] = useState<Error | null>(null)
  const [busy, setBusy] = useState(false)
  useEffect(() => {
    if (!shown) return
    const timer = setTimeout(() => setShown(null), Math.max(0, shown.until - serverNow()))
    return () => clearTimeout(timer)
  }, [shown])
  if (shown)
    return (
      <span className="masked" data-test="revealed">
        <b>{shown.value}</b>
        <Left until={shown.until} />
        <button type="button" className="link" onClick={() => setShown(null)}>
          {t("reveal.hide")}
        </button>
      </span>
    )
  const reveal = async (purpose: string) => {
    setBusy(true)
    setError(null)
    try {
      const r = await ("alert" in of ? api.post(`/alerts/${of.alert}/reveal`, { purpose }) : "penalty" in of ? api.post(`/register/penalties/${of.penalty}/reveal`, { field: of.field, purpose }) : "subject" in of ? api.post(`${of.subject}/reveal`, { field: of.field, purpose }) : "lookup" in of ? api.post(`/lookups/${of.lookup}/reveal`, { field: of.field, purpose }) : api.post(`/reports/${of.report}/reveal`, { field: of.field, purpose }))
      const latest = serverNow() + minute
      setShown({ value: r.value, until: Math.min(Date.parse(r.until), latest) })
      setOpen(false)
    } catch (e) {
      setError(e as Error)
    } finally {
      setBusy(false)
    }
  }
  if (!reveals) return <span className="masked">{children}</span>
  return (
    <span className="masked">
      <span>{children}</span>
      <Popover
        open={open}
        onOpenChange={setOpen}
        trigger="click"
        title={t("reveal.why")}
        destroyOnHidden
        content={<Purpose choices={purposes.map((p) => ({ key: p, label: t(`reveal.${p}`) }))} kept={t("reveal.kept")} busy={busy} onPurpose={(p) => void reveal(p)} error={error} />}
      >
        <button type="button" className="quiet" aria-label={t("reveal.show")} title={t("reveal.show")} data-test="reveal">
          <EyeOutlined />
        </button>
      </Popover>
    </span>
  )
}

function Left({ until }: { until: number }) {
  const now = useNow()
  return <small className="dim">{span(Math.max(0, until - now))}</small>
}

/** Asks for a purpose: one of some that are common, or the officer's own words. */
export function Purpose({ choices, kept, busy, onPurpose, error }: {
  choices: { key: string; label: string }[]
  /** What becomes of it. */
  kept: string
  busy: boolean
  onPurpose: (purpose: string) => void
  error: Error | null
}) {
  const { t } = useWords()
  const [own, setOwn] = useState("")
  const submit = (e: FormEvent) => {
    e.preventDefault()
    if (own.trim()) onPurpose(own.trim())
  }
  return (
    <div className="purpose">
      {choices.map((c) => (
        <Button key={c.key} size="small" disabled={busy} onClick={() => onPurpose(c.label)} data-test={`purpose-${c.key}`}>
          {c.label}
        </Button>
      ))}
      <form onSubmit={submit}>
        <input className="plain-input" value={own} onChange={(e) => setOwn(e.target.value)} placeholder={t("reveal.other")} aria-label={t("reveal.other")} maxLength={200} />
      </form>
      <p className="dim small">{kept}</p>
      <ProblemNote error={error} />
    </div>
  )
}
