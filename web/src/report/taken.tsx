import { useQueries, useQuery } from "@tanstack/react-query"
import { Link } from "react-router"
import { api } from "../api/client"
import type { Lookup, Report } from "../api/types"
import { useWords } from "../app/i18n"
import { useLive } from "../app/live"
import { Clock, Took } from "../parts/clock"
import { spoken } from "../parts/format"
import { State, When } from "../parts/view"

/** A report that was just taken: its clues, whom each was sent to, and the clocks. */
export function Taken({ report: r }: { report: Report }) {
  const { t } = useWords()
  const clues = useQuery({ queryKey: ["report", r.id, "clues"], queryFn: ({ signal }) => api.get("/clues", { source: r.id }, signal) })
  useLive((e) => e.kind.startsWith("clue."), () => void clues.refetch(), 400)
  const ids = clues.data?.items.map((c) => c.id) ?? []
  const asked = r.finds.some((f) => !["amount", "time", "id"].includes(f.kind))
  return (
    <article className="taken" data-test="taken-report">
      <p>
        <Link to={`/reports/${r.id}`}>{r.ref110 || r.id.slice(-8)}</Link> <When at={r.receivedAt} />
      </p>
      {ids.length > 0 ? <ClueStrips ids={ids} /> : <p className="dim small">{t(asked ? "report.taken.waiting" : "report.taken.noclues")}</p>}
    </article>
  )
}

/** One line a clue: kind, value, the institution that is asked, and its clock. */
export function ClueStrips({ ids }: { ids: readonly string[] }) {
  const { code } = useWords()
  const clues = useQueries({ queries: ids.map((id) => ({ queryKey: ["clue", id], queryFn: ({ signal }: { signal: AbortSignal }) => api.get(`/clues/${id}`, undefined, signal) })) })
  useLive((e) => /^(lookup|clue)\./.test(e.kind), () => clues.forEach((c) => void c.refetch()), 400)
  return (
    <ul className="strips">
      {clues.map(
        ({ data }, i) =>
          data && (
            <li key={ids[i]} data-test="strip">
              <span className={`find find-${data.kind}`}>{code("clue.kind", data.kind)}</span>
              <Link to={`/clues/${data.id}`} className="num">
                {spoken(data.kind, data.value)}
              </Link>
              <span className="strip-lookups">
                {data.lookups.map((l) => (
                  <span className="strip-lookup" key={l.id}>
                    {l.institutionName}
                    <LookupClock lookup={l} />
                  </span>
                ))}
                {!data.lookups.length && <State group="clue.state" value={data.state} />}
              </span>
            </li>
          ),
      )}
    </ul>
  )
}

/** Whether the institution still owes an answer. */
export const waiting = (l: Lookup) => l.state === "asked" || l.state === "sent" || l.state === "overdue"

/** The clock while a question is open, and how it ended after. */
export function LookupClock({ lookup: l }: { lookup: Lookup }) {
  if (waiting(l)) return <Clock due={l.dueAt} from={l.askedAt} />
  if (l.state === "answered" && l.answeredAt) return <Took from={l.askedAt} to={l.answeredAt} due={l.dueAt} />
  return <State group="lookup.state" value={l.state} />
}
