import { useQuery } from "@tanstack/react-query"
import { Link } from "react-router"
import { api } from "../api/client"
import type { Entry, Page } from "../api/types"
import { useWords } from "../app/i18n"
import { useInstitutionNames } from "./names"
import { Broken } from "./problem"
import { Empty, Skeleton, When } from "./view"
import { pathOf } from "./paths"
import { duration, money } from "./format"

const shownElsewhere = new Set(["id", "version", "region", "institution", "clue", "report", "lookup", "den", "dossier", "actorName"])

/** Everything that happened to a record, whoever did it, newest first. */
export function Timeline({ of, id: self }: { of: string; id: string }) {
  const timeline = useQuery({ queryKey: ["timeline", self], queryFn: ({ signal }) => api.get<Page<Entry>>(`${of}/${self}/timeline`, { limit: 200 }, signal), retry: false })
  const items = timeline.data?.items
  const words = useWords()
  const { t, code } = words
  const institution = useInstitutionNames()
  if (timeline.isError) return <Broken error={timeline.error} retry={() => void timeline.refetch()} />
  if (!items) return <Skeleton rows={4} />
  if (items.length === 0) return <Empty>{t("timeline.empty")}</Empty>
  return (
    <ol className="timeline" data-test="timeline">
      {items
        .toSorted((a, b) => b.seq - a.seq)
        .map((e) => {
          const p = e.payload ?? {}
          const details = Object.entries(p).filter(([k, v]) => !shownElsewhere.has(k) && v !== "" && v !== null && (typeof v !== "object" || Array.isArray(v)))
          const [stage = ""] = e.kind.split(".")
          const path = e.record !== self ? pathOf(stage, e.record) : undefined
          const what = code("event", e.kind)
          return (
            <li key={e.seq} className={`stage-${stage}`} data-kind={e.kind}>
              <When at={e.at} />
              <div>
                {path ? <Link to={path}>{what}</Link> : <b>{what}</b>}
                {e.institution && <span className="dim"> · {institution(e.institution)}</span>}
                <span className="dim"> · {typeof p["actorName"] === "string" ? p["actorName"] : e.actor || t("timeline.system")}</span>
                {details.length > 0 && (
                  <p>
                    {details.map(([k, v]) => (
                      <span key={k}>
                        <em>{code("payload", k)}</em> {plain(k, v, words)}
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

function plain(key: string, v: unknown, words: ReturnType<typeof useWords>): string {
  if (Array.isArray(v)) return v.map((x) => plain(key, x, words)).join(words.lang === "zh" ? "、" : ", ") // in both languages
  if (key.endsWith("Fen") && typeof v === "number") return money(v, words.lang)
  if (key.endsWith("Ms") && typeof v === "number") return duration(v, words.lang)
  if (typeof v === "boolean") return words.t(v ? "yes" : "no")
  return words.code(`value.${key}`, String(v))
}
