import { useQuery } from "@tanstack/react-query"
import { Link, useParams } from "react-router"
import { api } from "../../api/client"
import type { LawAnswer } from "../../api/types"
import { useMay, useMe } from "../../app/auth"
import { useWords } from "../../app/i18n"
import { useLiveRecord } from "../../app/live"
import { money } from "../../parts/format"
import { Masked } from "../../parts/masked"
import { Person } from "../../parts/people"
import { Broken } from "../../parts/problem"
import { Bool, Empty, Facts, Head, Section, Skeleton, State, When } from "../../parts/view"
import { LawSays } from "../law"
import { CloseRemedy, Decide, FileRemedy, Refuse, Serve } from "./actions"
import { Band, Imposed } from "./band"
import { stateOf } from "./list"

export function PenaltyPage() {
  const { id = "" } = useParams()
  const { t, code, lang } = useWords()
  const me = useMe()
  const changes = useMay("penalty.change")
  const decides = useMay("penalty.decide")
  const serves = useMay("penalty.serve")
  const remedies = useMay("penalty.remedy")
  const penalty = useQuery({ queryKey: ["penalty", id], queryFn: ({ signal }) => api.get(`/register/penalties/${id}`, undefined, signal) })
  useLiveRecord(id, ["penalty", id])
  if (penalty.isPending) return <Skeleton />
  if (penalty.isError) return <Broken error={penalty.error} retry={() => void penalty.refetch()} />
  const p = penalty.data
  const own = p.proposedBy === me.id
  const open = p.state === "proposed"
  return (
    <div className="record" data-test="penalty-page">
      <Head
        back={{ to: "/register/penalties", label: t("penalty.title") }}
        kind={t("penalty.one")}
        title={<Masked penalty={p.id} field="name">{p.name}</Masked>}
        state={<State group="penalty.state" value={stateOf(p)} />}
        action={open ? decides && <Decide p={p} own={own} /> : p.state === "decided" && !p.served && serves && <Serve p={p} />}
        more={
          <>
            {open && changes && <Link to={`/register/penalties/${p.id}/edit`} className="button-link tall" data-test="penalty-edit-link">{t("penalty.edit")}</Link>}
            {open && decides && <Refuse p={p} own={own} />}
            {p.state === "decided" && remedies && <FileRemedy p={p} />}
          </>
        }
      />
      <div className="record-body halves">
        <main>
          <Facts
            facts={[
              { label: t("penalty.conduct"), value: code("penalty.conduct", p.conduct) },
              { label: t("listing.number"), value: <Masked penalty={p.id} field="number"><span className="num">{p.number}</span></Masked> },
              { label: t("region"), value: p.regionName },
              { label: t("penalty.facts.endedOn"), value: <span className="num">{p.facts.endedOn}</span> },
              { label: t("penalty.gains"), value: p.facts.gainsFen !== undefined && money(p.facts.gainsFen, lang) },
              { label: t("penalty.facts.grave"), value: p.facts.grave !== undefined && <Bool value={p.facts.grave} /> },
              { label: t("penalty.facts.crime"), value: p.facts.crime !== undefined && <Bool value={p.facts.crime} /> },
              { label: t("penalty.facts.age"), value: p.facts.ageYears },
              { label: t("penalty.account"), value: <span className="wrap">{p.account}</span>, wide: true },
              { label: t("penalty.devices"), value: p.devices.length > 0 && p.devices.map((d) => <span className="item" key={d.kind}>{code("penalty.device", d.kind)} × {d.count}</span>), wide: true },
            ]}
          />
          <Section title={t("penalty.measure")}>
            <Facts
              test="measures"
              facts={[
                { label: t("penalty.proposed"), value: <Imposed measure={p.proposed} /> },
                { label: t("penalty.proposedBy"), value: <><Person id={p.proposedBy} /> <span className="dim"><When at={p.proposedAt} /></span></> },
                { label: t("penalty.decided"), value: p.decided && <Imposed measure={p.decided} /> },
                { label: t("penalty.decidedBy"), value: p.decidedBy && <><Person id={p.decidedBy} /> <span className="dim"><When at={p.decidedAt} /></span></> },
                { label: t("penalty.stands"), value: p.state === "decided" && (p.stands ? <Imposed measure={p.measure} /> : t("penalty.state.revoked")) },
                { label: t("penalty.band.confiscate"), value: p.confiscateFen > 0 && money(p.confiscateFen, lang) },
                { label: t("penalty.documentNo"), value: p.documentNo },
                { label: t("penalty.decidedOn"), value: p.decidedOn },
                { label: t("penalty.served"), value: p.served && <>{code("penalty.served", p.served.how)} <span className="num">{p.served.on}</span></> },
                { label: t("penalty.opinion"), value: p.opinion, wide: true },
              ]}
            />
          </Section>
          {p.state === "decided" && (
            <Section title={t("penalty.remedies")} test="remedies">
              {p.remedies.length === 0 && <Empty>{t("penalty.remedies.none")}</Empty>}
              <ul className="strips">
                {p.remedies.map((r) => (
                  <li key={r.kind} data-test="remedy" data-outcome={r.outcome}>
                    <b>{code("penalty.remedy", r.kind)}</b>
                    <span>{r.organ} <span className="num">{r.filedOn}</span></span>
                    <State group="penalty.outcome" value={r.outcome || "pending"} tone={r.outcome === "" ? "action" : r.outcome === "upheld" ? "plain" : "soon"} />
                    {r.changed && <Imposed measure={r.changed} />}
                    <span className="spring" />
                    <span className="dim">{r.documentNo} {r.decidedOn}</span>
                    {!r.outcome && remedies && <CloseRemedy p={p} kind={r.kind} />}
                  </li>
                ))}
              </ul>
            </Section>
          )}
        </main>
        <aside aria-label={t("penalty.article")}>
          <LawSays answer={p.answer as LawAnswer} head={<Band band={p.band} />} blocked="" />
        </aside>
      </div>
    </div>
  )
}
