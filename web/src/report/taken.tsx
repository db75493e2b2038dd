import { useQueries, useQuery } from "@tanstack/react-query"
import { Link } from "react-router"
import { api } from "../api/client"
import type { Clue, Lookup, Page, Report } from "../api/types"
import { useWords } from "../app/i18n"
import { useLive } from "../app/live"
import { Clock, Took } from "../parts/clock"
import { spoken } from "../parts/format"
import { InstitutionName } from "../parts/names"
import { State, When } from "../parts/view"

/** A report that was just taken: its clues, whom each was sent to, and the clocks. */
export function Taken({ id }: { id: string }) {
  const { t } = useWords()
  const report = useQuery({ queryKey: ["report", id], queryFn: ({ signal }) => api.get<Report>(`/reports/${id}`, undefined, signal) })
  useLive((e) => e.kind.startsWith("report.") || e.kind.startsWith("clue."), () => void report.refetch(), 400)
  const clues = report.data?.clues
  return (
    <article className="taken" data-test="taken-report">
      <p>
        <Link to={`/reports/${id}`}>{report.data?.ref110 || id.slice(-8)}</Link> <When at={report.data?.receivedAt} />
      </p>
      {clues?.length ? <ClueStrips ids={clues} /> : clues && <p className="dim small">{report.data?.finds?.length ? t("report.taken.waiting") : t("report.taken.noclues")}</p>}
    </article>
  )
}

/** One line a clue: kind, value, the institution that is asked, and its clock. */
export function ClueStrips({ ids }: { ids: readonly string[] }) {
  const { code } = useWords()
  const clues = useQueries({
    queries: ids.map((id) => ({
      queryKey: ["clue", id, "strip"],
      queryFn: async ({ signal }: { signal: AbortSignal }) => {
        const [clue, lookups] = await Promise.all([api.get<Clue>(`/clues/${id}`, undefined, signal), api.get<Page<Lookup>>("/lookups", { clue: id, limit: 10 }, signal)])
        return { clue, lookups: lookups.items }
      },
    })),
  })
  useLive((e) => /^(lookup|clue)\./.test(e.kind), () => clues.forEach((c) => void c.refetch()), 400)
  return (
    <ul className="strips">
      {clues.map(
        ({ data }, i) =>
          data && (
            <li key={ids[i]} data-test="strip">
              <span className={`find find-${data.clue.kind}`}>{code("clue.kind", data.clue.kind)}</span>
              <Link to={`/clues/${data.clue.id}`} className="num">
                {spoken(data.clue.kind, data.clue.value)}
              </Link>
              {data.lookups.map((l) => (
                <span className="strip-lookup" key={l.id}>
                  <InstitutionName id={l.institution} />
                  <LookupClock lookup={l} />
                </span>
              ))}
              {data.lookups.length === 0 && <State group="clue.state" value={data.clue.state} />}
            </li>
          ),
      )}
    </ul>
  )
}

/** The clock while a question is open, and how it ended after. */
export function LookupClock({ lookup: l }: { lookup: Lookup }) {
  if (l.state === "asked" || l.state === "sent" || l.state === "overdue") return <Clock due={l.dueAt} from={l.sentAt ?? l.askedAt} />
  if (l.state === "answered" && l.answeredAt) return <Took from={l.sentAt ?? l.askedAt} to={l.answeredAt} due={l.dueAt} />
  return <State group="lookup.state" value={l.state} />
}
