import { useQuery } from "@tanstack/react-query"
import { Link, useParams } from "react-router"
import { api } from "../api/client"
import type { ProposalPage as Proposal } from "../api/types"
import { useMay, useMe } from "../app/auth"
import { useWords } from "../app/i18n"
import { useLiveRecord } from "../app/live"
import { Masked } from "../parts/masked"
import { Person } from "../parts/people"
import { Broken } from "../parts/problem"
import { RegionName } from "../parts/region"
import { Bool, Facts, Head, Section, Skeleton, State, When } from "../parts/view"
import { Disagree, ProposalAction } from "./actions"
import { items, listed } from "./facts"
import { Conclusion, LawSays } from "./law"
import { verbs } from "./steps"
import { Named } from "./view"

export function ProposalPage() {
  const { id = "" } = useParams()
  const { t, code } = useWords()
  const me = useMe()
  const opens = useMay("proposal.create")
  const disagrees = useMay("proposal.disagree")
  const proposal = useQuery({ queryKey: ["proposal", id], queryFn: ({ signal }) => api.get(`/register/proposals/${id}`, undefined, signal) })
  useLiveRecord(id, ["proposal", id], ["timeline", id])
  if (proposal.isPending) return <Skeleton />
  if (proposal.isError) return <Broken error={proposal.error} retry={() => void proposal.refetch()} />
  const p = proposal.data
  const [first, ...rest] = verbs(p, me)
  const decided = p.state === "approved" || p.state === "refused"
  return (
    <div className="record" data-test="proposal-page">
      <Head
        back={{ to: "/register/proposals", label: t("register.title") }}
        kind={t("proposal.one")}
        title={<Subject who={p.who} of={`/register/proposals/${p.id}`} field="who.name" />}
        state={<State group="proposal.state" value={p.state} />}
        action={first && <ProposalAction key={first} p={p} verb={first} primary />}
        more={rest.map((v) => <ProposalAction key={v} p={p} verb={v} primary={false} />)}
      />
      <div className="record-body halves">
        <main>
          {p.review && !decided && <p className="notice-line tone-soon">{t("proposal.review.waits")}</p>}
          <Facts
            facts={[
              { label: t("listing.kind"), value: code("listing.kind", p.kind) },
              { label: code("listing.number", p.who.numberKind), value: <Subject who={p.who} of={`/register/proposals/${p.id}`} field="who.number" /> },
              { label: t("region"), value: <RegionName code={p.region} /> },
              { label: t("proposal.createdBy"), value: <><Person id={p.createdBy} /> <span className="dim"><When at={p.createdAt} /></span></> },
              { label: t("listing.documentNo"), value: p.documentNo },
              { label: t("listing.one"), value: p.listing && <Link to={`/register/listings/${p.listing}`} data-test="to-listing">{t("proposal.listing.open")}</Link> },
              { label: t("proposal.unitOf"), value: p.unitOf && <Link to={`/register/proposals/${p.unitOf}`}>{t("proposal.one")}</Link> },
            ]}
          />
          <Section title={t("proposal.facts")}>
            <FactList p={p} />
          </Section>
          {p.evidence.length > 0 && (
            <Section title={t("proposal.evidence")} note={p.evidence.length}>
              <ol className="reasons">{p.evidence.map((e) => <li key={e}>{e}</li>)}</ol>
            </Section>
          )}
          {p.kind === "unit" && (
            <Section title={t("proposal.persons")} note={t("proposal.unitOf.note")} extra={opens && !decided && <Link to={`/register/proposals/new?unitOf=${p.id}`}>{t("proposal.new.person")}</Link>}>
              <ul className="strips">
                {p.persons.map((o) => (
                  <li key={o.id}>
                    <Link to={`/register/proposals/${o.id}`}>{t("proposal.one")}</Link>
                    <Named name={o.name} />
                    <State group="proposal.state" value={o.state} />
                    <span className="spring" />
                    <When at={o.createdAt} />
                  </li>
                ))}
              </ul>
            </Section>
          )}
          <Section title={t("proposal.steps")}>
            <Steps p={p} />
          </Section>
        </main>
        <aside aria-label={t("proposal.answer")}>
          <p className="dim small" data-test="pack">
            {t("proposal.answer.note", { at: p.answer.at })} · <code title={p.answer.pack.sha256}>{p.answer.pack.name} {p.answer.pack.version}</code> · <When at={p.evaluatedAt} />
          </p>
          <LawSays
            answer={p.answer}
            blocked={decided ? "" : p.blocked}
            head={<Conclusion answer={p.answer} level={p.level} />}
            disagreed={p.disagreed}
            confirmed={p.confirmed}
            {...(disagrees && !decided && { disagree: (row: string) => <Disagree p={p} row={row} /> })}
          />
        </aside>
      </div>
    </div>
  )
}

/** A personal field of a subject, behind its mask. */
export function Subject({ who, of, field }: { who: Proposal["who"]; of: `/register/${"listings" | "proposals"}/${string}`; field: "who.name" | "who.number" }) {
  const { t } = useWords()
  if (who.erased) return <span className="dim">{t("listing.erased")}</span>
  return (
    <Masked subject={of} field={field}>
      {field === "who.name" ? who.name : <span className="num">{who.number}</span>}
    </Masked>
  )
}

function FactList({ p }: { p: Proposal }) {
  const { code } = useWords()
  const objects = items(p.facts)
  return (
    <Facts
      test="facts"
      facts={[
        ...listed(p.facts).map(({ name, value }) => ({ label: code("fact", name), value: typeof value === "boolean" ? <Bool value={value} /> : typeof value === "string" ? code(`fact.${name}`, value) : value })),
        { label: code("fact", "objects"), value: objects.length > 0 && objects.map((o) => <span className="item" key={o.kind}>{code("fact.objects", o.kind)} × {o.count}</span>), wide: true },
      ]}
    />
  )
}

/** What was done with a proposal, the newest first. */
function Steps({ p }: { p: Proposal }) {
  const { t, code } = useWords()
  return (
    <ol className="timeline" data-test="timeline">
      {p.steps.toReversed().map((s) => (
        <li key={s.step + s.at} className="stage-proposal" data-kind={s.step}>
          <When at={s.at} />
          <div>
            <b>{code("proposal.step", s.step)}</b>
            <span className="dim"> · {s.name || t("timeline.system")}</span>
            {s.note && <p>{s.note}</p>}
          </div>
        </li>
      ))}
    </ol>
  )
}
