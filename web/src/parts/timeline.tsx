import { useQuery } from "@tanstack/react-query"
import { Link } from "react-router"
import { api } from "../api/client"
import { useMay, useMe } from "../app/auth"
import { useWords } from "../app/i18n"
import { useInstitutionNames } from "./names"
import { usePersonNames } from "./people"
import { Broken } from "./problem"
import { Empty, Skeleton, When } from "./view"
import { pathOf } from "./paths"
import { duration, money } from "./format"

/** Everything that happened to a record, whoever did it, newest first. */
export function Timeline({ of, id: self }: { of: "/reports" | "/alerts" | "/clues" | "/disposals" | "/dossiers" | "/policy/drafts" | "/register/listings" | "/register/proposals"; id: string }) {
  const timeline = useQuery({ queryKey: ["timeline", self], queryFn: ({ signal }) => api.get(`${of}/${self}/timeline`, { limit: 200 }, signal), retry: false })
  const items = timeline.data?.items
  const words = useWords()
  const { t, code } = words
  const institution = useInstitutionNames()
  const nameOf = usePersonNames()
  const named = useMay("people.list")
  const me = useMe()
  if (timeline.isError) return <Broken error={timeline.error} retry={() => void timeline.refetch()} />
  if (!items) return <Skeleton rows={4} />
  if (items.length === 0) return <Empty>{t("timeline.empty")}</Empty>
  return (
    <ol className="timeline" data-test="timeline">
      {items
        .toSorted((a, b) => b.seq - a.seq)
        .map((e) => {
          // What has a word is told; the rest are IDs and parts that the page shows already.
          const details = Object.entries((e.payload ?? {}) as Record<string, unknown>).filter(([k, v]) => code("payload", k) !== k && v !== "" && v !== null && v !== 0 && v !== false && !isID(v) && (typeof v !== "object" || Array.isArray(v)))
          const [stage = ""] = e.kind.split(".")
          const path = e.record !== self ? pathOf(stage, e.record) : undefined
          const what = code("event", e.kind)
          return (
            <li key={e.seq} className={`stage-${stage}`} data-kind={e.kind}>
              <When at={e.at} />
              <div>
                {path ? <Link to={path}>{what}</Link> : <b>{what}</b>}
                {e.institution && <span className="dim"> · {institution(e.institution)}</span>}
                {/* Institutions are not told who in the centre acted. */}
                {(e.actor ? named || e.actor === me.id : !e.institution) && <span className="dim" title={e.actor}> · {nameOf(e.actor)}</span>}
                {details.length > 0 && (
                  <p>
                    {details.map(([k, v]) => (
                      <span key={k}>
                        <em>{code("payload", k)}</em> {plain(stage, k, v, words)}
                      </span>
                    ))}
                  </p>
                )}
                {e.purpose && <p className="dim">{t("timeline.purpose", { purpose: e.purpose })}</p>}
              </div>
            </li>
          )
        })}
    </ol>
  )
}

const isID = (v: unknown) => typeof v === "string" && /^[0-9A-HJKMNP-TV-Z]{26}$/.test(v)

// Where the words of a payload's codes stand, by its key and the stage that wrote it.
const groups: Record<string, (stage: string) => string> = {
  fields: () => "lookup.field", field: () => "lookup.field", truth: () => "clue.truth", type: () => "report.type", channel: () => "report.channel", confidence: () => "den.confidence",
  decision: () => "alert.decision", verdict: () => "alert.verdict", severity: () => "alert.severity", becomes: () => "alert.becomes",
  level: () => "fact.designation.level", class: () => "listing.class",
  kind: (stage) => (stage === "disposal" ? "disposal.kind" : stage === "listing" ? "listing.kind" : "clue.kind"), state: (stage) => `${stage}.state`, category: () => "disposal.category", outcome: () => "disposal.outcome", how: () => "disposal.how",
}

function plain(stage: string, key: string, v: unknown, words: ReturnType<typeof useWords>): string {
  if (Array.isArray(v)) return typeof v[0] === "object" || isID(v[0]) ? String(v.length) : v.map((x) => plain(stage, key, x, words)).join(words.lang === "zh" ? "、" : ", ") // in both languages
  if (key.endsWith("Fen") && typeof v === "number") return money(v, words.lang)
  if (key.endsWith("Ms") && typeof v === "number") return duration(v, words.lang)
  if (typeof v === "boolean") return words.t(v ? "yes" : "no")
  return words.code(groups[key]?.(stage) ?? `value.${key}`, String(v))
}
