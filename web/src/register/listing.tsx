import { useQuery } from "@tanstack/react-query"
import { Link, useParams } from "react-router"
import { api } from "../api/client"
import type { ListingPage as Listing } from "../api/types"
import { useMay } from "../app/auth"
import { useWords } from "../app/i18n"
import { useLiveRecord } from "../app/live"
import { Broken } from "../parts/problem"
import { RegionName } from "../parts/region"
import { Timeline } from "../parts/timeline"
import { Facts, Head, Section, Skeleton, State, When } from "../parts/view"
import { Executions } from "./batch"
import { bars } from "./days"
import { Cited, Measures, Silent } from "./law"
import { Erase, Lift, Release } from "./lift"
import { ListingNotices } from "./notice"
import { ListingObjections } from "./objection"
import { Subject } from "./proposal"
import { ClassMark, Term, Until } from "./view"

export function ListingPage() {
  const { id = "" } = useParams()
  const { t, code, lang } = useWords()
  const lifts = useMay("listing.lift")
  const releases = useMay("listing.release")
  const erases = useMay("listing.erase")
  const listing = useQuery({ queryKey: ["listing", id], queryFn: ({ signal }) => api.get(`/register/listings/${id}`, undefined, signal) })
  useLiveRecord(id, ["listing", id], ["timeline", id])
  if (listing.isPending) return <Skeleton />
  if (listing.isError) return <Broken error={listing.error} retry={() => void listing.refetch()} />
  const l = listing.data
  const over = l.state === "lifted" || l.state === "ended"
  const of = `/register/listings/${l.id}` as const
  return (
    <div className="record" data-test="listing-page">
      <Head
        back={{ to: "/register", label: t("listing.title") }}
        kind={t("listing.one")}
        title={<Subject who={l.who} of={of} field="who.name" />}
        state={<State group="listing.state" value={l.state} />}
        clock={!over && <Until listing={l} />}
        action={releases && l.state === "pending" && <Release l={l} />}
        more={
          <>
            {erases && over && !l.who.erased && <Erase l={l} />}
            {lifts && !over && <Lift l={l} />}
          </>
        }
      />
      <div className="record-body">
        <main>
          {!l.class && <p className="notice-line tone-soon">{t("listing.imported")}</p>}
          {l.state === "pending" && <p className="notice-line tone-soon">{t("listing.until.unknown.note")}</p>}
          <Facts
            facts={[
              { label: t("listing.class"), value: <ClassMark listing={l} /> },
              { label: code("listing.number", l.who.numberKind), value: <Subject who={l.who} of={of} field="who.number" /> },
              { label: t("listing.term"), value: <><Term months={l.termMonths} />{l.capped && <span className="dim"> · {t("listing.capped")}</span>}</> },
              { label: t("listing.documentNo"), value: l.documentNo },
              { label: t("listing.from"), value: <span className="num">{l.from || t("listing.state.pending")}</span> },
              { label: t("listing.until"), value: <Until listing={l} /> },
              { label: t("listing.decidedOn"), value: <span className="num">{l.decidedOn}</span> },
              { label: t("region"), value: <RegionName code={l.region} /> },
              { label: t("listing.proposedBy"), value: l.proposedBy },
              { label: t("listing.decidedBy"), value: l.decidedBy },
              { label: t("listing.proposal"), value: l.proposal && <Link to={`/register/proposals/${l.proposal}`}>{t("listing.proposal.open")}</Link> },
              { label: t("listing.pack"), value: <code title={l.pack.sha256}>{l.pack.name} {l.pack.version || ""}</code> },
              { label: t("listing.liftedAt"), value: l.liftedAt && <When at={l.liftedAt} /> },
              { label: t("listing.liftedBy"), value: l.liftedBy },
              { label: t("listing.lift.ground"), value: code("listing.lift", l.liftGround) },
              { label: t("listing.reason"), value: l.liftReason, wide: true },
            ]}
          />
          <Section title={t("listing.measures")} note={t(l.binding ? "listing.measures.binding" : "listing.measures.not")}>
            <Measures measures={l.measures} />
          </Section>
          {l.keeps.length > 0 && (
            <Section title={t("listing.keeps")} test="keeps">
              <ol className="rows">
                {l.keeps.map((k) => (
                  <li key={k.row}>
                    <b>{k.words[lang]}</b>
                    <Cited citation={k.citation} />
                  </li>
                ))}
              </ol>
            </Section>
          )}
          <ListingNotices l={l} />
          <ListingObjections l={l} />
          <Executions l={l} />
          <Run l={l} />
          <Silent silent={l.silent} />
        </main>
        <aside>
          <Section title={t("timeline.title")}>
            <Timeline of="/register/listings" id={id} />
          </Section>
        </aside>
      </div>
    </div>
  )
}

/** All listings of the subject on one line of time: how their terms add up. */
function Run({ l }: { l: Listing }) {
  const { t } = useWords()
  const all = [l, ...l.others].toSorted((a, b) => (a.from || "9").localeCompare(b.from || "9") || a.id.localeCompare(b.id))
  const line = bars(all)
  if (all.length < 2) return null
  return (
    <Section title={t("listing.run")} note={t("listing.run.note")} test="run">
      <ul className="run">
        {all.map((o) => {
          const bar = line.bars.find((b) => b.id === o.id)
          return (
            <li key={o.id}>
              {o.id === l.id ? <b>{t("listing.run.this")}</b> : <Link to={`/register/listings/${o.id}`}>{o.documentNo || o.decidedOn}</Link>}
              <span className="run-line" aria-hidden="true">{bar && <i className={`run-${o.state}`} style={{ left: `${bar.left}%`, width: `${bar.width}%` }} />}</span>
              <span className="num dim">{o.from} → <Until listing={o} short /></span>
              <State group="listing.state" value={o.state} />
            </li>
          )
        })}
      </ul>
    </Section>
  )
}
