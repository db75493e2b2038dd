import "./detect.css"
import { useQuery } from "@tanstack/react-query"
import { Link, useParams } from "react-router"
import { api } from "../api/client"
import type { AlertPage as Page } from "../api/types"
import { useMay, useMe } from "../app/auth"
import { useWords } from "../app/i18n"
import { useLiveRecord } from "../app/live"
import { InstitutionName } from "../parts/names"
import { Masked } from "../parts/masked"
import { Broken } from "../parts/problem"
import { RegionName } from "../parts/region"
import { Timeline } from "../parts/timeline"
import { Facts, Head, Section, Skeleton, State, When } from "../parts/view"
import { AlertAction, SuppressSubject } from "./decide"
import { collecting, LastDays, NeighbourSection } from "./evidence"
import { usePacksInForce } from "./packs"
import { said, valueSaid } from "./said"
import { verbs } from "./steps"
import { SuppressionCards } from "./suppressions"

export function AlertPage() {
  const { id = "" } = useParams()
  const { t, code, lang } = useWords()
  const me = useMe()
  const suppresses = useMay("suppression.make")
  const rules = useMay("detector.read")
  const clues = useMay("clue.read")
  const packs = usePacksInForce()
  const alert = useQuery({
    queryKey: ["alert", id],
    queryFn: ({ signal }) => api.get(`/alerts/${id}`, undefined, signal),
    // The collector leaves no word in the journal: it is looked for until it has been by.
    refetchInterval: (q) => (q.state.data && collecting(q.state.data) ? 5000 : false),
  })
  useLiveRecord(id, ["alert", id], ["timeline", id])
  if (alert.isPending) return <Skeleton />
  if (alert.isError) return <Broken error={alert.error} retry={() => void alert.refetch()} />
  const a = alert.data
  const shares = new Set(packs.data?.find((p) => p.name === a.pack)?.view?.features.filter((x) => x.aggregate === "share").map((x) => x.name))
  const { first, rest } = verbs(a, me.roles, me.institution)
  return (
    <div className="record" data-test="alert-page">
      <Head
        back={{ to: "/alerts", label: t("alert.title") }}
        kind={code("domain", a.domain)}
        title={<Subject alert={a} />}
        state={
          <>
            <State group="alert.state" value={a.state} />
            <State group="alert.severity" value={a.severity} />
            {a.decision && <em className="chip">{code("alert.decision", a.decision)}{a.atOnce && ` · ${t("alert.byRule")}`}</em>}
          </>
        }
        action={first && <AlertAction alert={a} verb={first} primary />}
        more={
          <>
            {rest.map((v) => <AlertAction key={v} alert={a} verb={v} primary={false} />)}
            {suppresses && <SuppressSubject key={a.rule} alert={a} />}
          </>
        }
      />
      <p className="next-line" data-test="next">{a.next[lang]}</p>
      <div className="record-body">
        <main>
          <Section
            title={t("alert.reasons")}
            extra={<span className="num" title={t("alert.score.note")}>{t("alert.score.of", { n: a.score })}</span>}
            test="reasons"
          >
            <p className="reason-line">{a.reasons[lang]}</p>
            <p className="rule-line">
              {rules ? <Link to={`/rules/${a.rule}`} data-test="to-rule">{a.title[lang]}</Link> : <b>{a.title[lang]}</b>}{" "}
              <span className="dim" title={a.packSha}>{t("alert.pack", { pack: a.pack, n: a.packVersion })}</span>
            </p>
            <table className="plain values" data-test="values">
              <tbody>
                {a.values.map((v) => (
                  <tr key={v.name}><th scope="row">{v.title[lang] || v.name}</th><td className="num right">{valueSaid(v.text, shares.has(v.name))}</td></tr>
                ))}
              </tbody>
            </table>
          </Section>
          <Section title={t("evidence.title")} note={t("evidence.note")} test="evidence">
            <LastDays alert={a} />
          </Section>
          {!me.institution && !me.roles.every((r) => r === "auditor") && <NeighbourSection alert={a} />}
          <Facts
            facts={[
              { label: t("alert.at"), value: <When at={a.at} /> },
              { label: t("alert.raised"), value: <When at={a.raisedAt} /> },
              { label: t("alert.event"), value: <>{code("feed.kind", a.eventKind)} {a.eventId && <code className="dim">{a.eventId}</code>}</> },
              { label: t("region"), value: a.regionName || <RegionName code={a.region} /> },
              { label: t("alert.becomes"), value: code("alert.becomes", a.becomes) },
              { label: t("alert.takenBy"), value: a.takenByName && <>{a.takenByName} <span className="dim"><When at={a.takenAt} /></span></> },
              { label: t("alert.decided"), value: a.decidedAt && <>{a.decidedByName || t("alert.byRule")} <span className="dim"><When at={a.decidedAt} /></span></> },
              { label: t("alert.institution"), value: a.institution && <>{a.institutionName || <InstitutionName id={a.institution} />} {a.checkedAt ? <State group="alert.standing" value="checked" tone="good" /> : a.receivedAt ? <State group="alert.standing" value="received" tone="action" /> : <State group="alert.standing" value="sent" tone="soon" />}</> },
              { label: t("clue.one"), value: a.clue && (clues ? <Link to={`/clues/${a.clue}`} data-test="to-clue">{a.clue.slice(-8)}</Link> : a.clue.slice(-8)) },
              { label: t("alert.note"), value: a.note, wide: true },
            ]}
          />
          {a.feedback.length > 0 && (
            <Section title={t("alert.feedback")} note={a.feedback.length} test="feedback">
              {a.feedback.map((f) => (
                <article className="card" key={f.id}>
                  <header>
                    <State group="alert.verdict" value={f.verdict} />
                    <span className="dim">{f.institutionName || t("alert.centre")} · {f.byName}</span>
                    <span className="spring" />
                    <When at={f.at} />
                  </header>
                  {f.note && <p className="said">{f.note}</p>}
                </article>
              ))}
            </Section>
          )}
          {a.suppressions.length > 0 && (
            <Section title={t("suppression.title")} note={a.suppressions.length} test="suppressed">
              <SuppressionCards items={a.suppressions} refresh={[["alert", a.id]]} />
            </Section>
          )}
          {a.others.length > 0 && (
            <Section title={t("alert.others")} note={a.others.length} test="others">
              {a.others.map((o) => (
                <article className="card line" key={o.id}>
                  <When at={o.raisedAt} />
                  <Link to={`/alerts/${o.id}`}>{o.title[lang]}</Link>
                  <State group="alert.state" value={o.state} />
                  {o.decision && <span>{code("alert.decision", o.decision)}</span>}
                  <span className="spring" />
                  <State group="alert.verdict" value={o.verdict} />
                </article>
              ))}
            </Section>
          )}
        </main>
        <aside>
          <Section title={t("timeline.title")}>
            <Timeline of="/alerts" id={id} />
          </Section>
        </aside>
      </div>
    </div>
  )
}

/** Whom the alert is about; a person stays behind a mask. */
function Subject({ alert: a }: { alert: Page }) {
  const value = <span className="num">{said(a.domain, a.subject)}</span>
  return a.domain === "person" ? <Masked alert={a.id}>{value}</Masked> : value
}
