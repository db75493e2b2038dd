import type { ReactNode } from "react"
import { Link } from "react-router"
import { useWords } from "../app/i18n"
import { brief, exact, relative } from "./format"
import { useNow } from "./now"

export type Tone = "plain" | "action" | "good" | "soon" | "bad"

// Meaning only: red is late or lost, amber soon, green held or done, blue to be acted on.
const tones: Record<string, Tone> = {
  "report.open": "action", "clue.verified": "good",
  "lookup.asked": "action", "lookup.sent": "action", "lookup.answered": "good", "lookup.refused": "soon", "lookup.overdue": "bad", "lookup.unreadable": "bad",
  "disposal.requested": "soon", "disposal.approved": "action", "disposal.sent": "action", "disposal.acknowledged": "action", "disposal.done": "good", "disposal.refused": "bad",
  "alert.new": "action", "alert.taken": "soon", "alert.decided": "good",
  "severity.high": "bad", "severity.medium": "soon",
  "verdict.right": "good", "verdict.wrong": "bad", "verdict.unsure": "soon",
  "den.suspected": "bad", "den.analysed": "soon", "den.approved": "action", "den.dispatched": "action", "den.received": "action", "den.confirmed": "good",
  "dossier.open": "action", "dossier.filed": "good",
  "listing.pending": "soon", "listing.upcoming": "soon", "listing.running": "action",
  "notice.unserved": "soon", "notice.served": "good",
  "objection.received": "action", "objection.accepted": "action", "objection.verified": "action", "objection.upheld": "good",
  "batch.made": "soon", "batch.handed": "action", "batch.sent": "action", "batch.acknowledged": "good", "batch.refused": "bad",
  "penalty.proposed": "action", "penalty.decided": "good", "penalty.revoked": "soon",
  "proposal.draft": "plain", "proposal.proposed": "action", "proposal.reviewed": "action", "proposal.approved": "good",
  "truth.spoofed": "bad", "truth.intermediate": "soon", "truth.true": "good",
  "confidence.high": "bad", "confidence.medium": "soon",
}

/** A state as a mark and a word. */
export function State({ group, value, tone }: { group: string; value: string | undefined; tone?: Tone }) {
  const { code } = useWords()
  if (!value) return null
  return (
    <span className={`state tone-${tone ?? tones[`${group.split(".")[0]}.${value}`] ?? tones[`${group.split(".").at(-1)}.${value}`] ?? "plain"}`} data-test="state" data-state={value}>
      <i aria-hidden="true" />
      {code(group, value)}
    </span>
  )
}

/** An instant in as few characters as it needs; exact on hover. */
export function When({ at, ago }: { at: string | undefined; ago?: boolean }) {
  const { lang } = useWords()
  const now = useNow()
  if (!at) return null
  return (
    <time dateTime={at} title={`${exact(at)} · ${relative(at, now, lang)}`}>
      {ago ? relative(at, now, lang) : brief(at, now)}
    </time>
  )
}

export type Fact = { label: string; value: ReactNode; source?: string; wide?: boolean } | false | null | undefined

/** Facts in two columns; what is unknown is left out rather than shown empty. */
export function Facts({ facts, test }: { facts: Fact[]; test?: string }) {
  return (
    <dl className="facts" data-test={test}>
      {facts.map(
        (f) =>
          f &&
          f.value !== undefined &&
          f.value !== null &&
          f.value !== false &&
          f.value !== "" && (
            <div key={f.label} className={f.wide ? "wide" : undefined} title={f.source}>
              <dt>{f.label}</dt>
              <dd>{f.value}</dd>
            </div>
          ),
      )}
    </dl>
  )
}

/** The head of a record: what it is, how it stands, its clock, and the one thing to do next. */
export function Head({ kind, title, state, clock, action, more, back }: {
  kind: string
  title: ReactNode
  state?: ReactNode
  clock?: ReactNode
  action?: ReactNode
  more?: ReactNode
  back: { to: string; label: string }
}) {
  return (
    <header className="head" data-test="head">
      <nav className="crumb">
        <Link to={back.to}>{back.label}</Link>
        {kind !== back.label && <span aria-hidden="true">/</span>}
        {kind !== back.label && <span>{kind}</span>}
      </nav>
      <div className="head-line">
        <h1>{title}</h1>
        {state}
        {clock}
        <div className="head-actions">
          {more}
          {action}
        </div>
      </div>
    </header>
  )
}

export function Section({ title, note, extra, children, test }: { title: string; note?: ReactNode; extra?: ReactNode; children: ReactNode; test?: string }) {
  return (
    <section className="section" data-test={test}>
      <h2>
        {title}
        {note !== undefined && <small>{note}</small>}
        {extra && <span className="section-extra">{extra}</span>}
      </h2>
      {children}
    </section>
  )
}

/** An empty place says what will appear there and how to make the first. */
export function Empty({ children }: { children: ReactNode }) {
  return <p className="empty">{children}</p>
}

/** Rows of grey, shown only when reading takes longer than a blink. */
export function Skeleton({ rows = 6 }: { rows?: number }) {
  return (
    <div className="skeleton" aria-hidden="true">
      {Array.from({ length: rows }, (_, i) => (
        <i key={i} style={{ width: `${88 - ((i * 17) % 40)}%` }} />
      ))}
    </div>
  )
}

export function Bool({ value }: { value: boolean | undefined }) {
  const { t } = useWords()
  return <>{value ? t("yes") : t("no")}</>
}
