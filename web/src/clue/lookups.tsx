import { useQuery, useQueryClient } from "@tanstack/react-query"
import { Link, useParams } from "react-router"
import { api } from "../api/client"
import type { Lookup, LookupState } from "../api/types"
import { useMay, useMe } from "../app/auth"
import { useWords } from "../app/i18n"
import { may } from "../app/permits"
import { useLiveRecord } from "../app/live"
import { Clock } from "../parts/clock"
import { Choice, useFilters } from "../parts/filters"
import { duration, exact, spoken } from "../parts/format"
import { ImportButton } from "../parts/import"
import { useInstitutionNames } from "../parts/names"
import { Person } from "../parts/people"
import { EntryFile, ReceiptButton } from "../parts/platform"
import { Broken } from "../parts/problem"
import { Table, type Column } from "../parts/table"
import { Empty, Facts, Head, Section, Skeleton, State, When } from "../parts/view"
import { LookupClock, waiting } from "../report/taken"
import { AnswerFacts, AnswerForm, RefuseForm, Withdraw } from "./answer"
import { Tabs } from "./tabs"

const states: LookupState[] = ["asked", "sent", "overdue", "answered", "refused", "unreadable", "cancelled"]

/** Every question; to the officer of an institution, its own. */
export function Lookups() {
  const { t, code, lang } = useWords()
  const queries = useQueryClient()
  const asks = useMay("lookup.ask")
  const institution = useInstitutionNames()
  const [f, set] = useFilters("state", "institution")
  const columns: Column<Lookup>[] = [
    { key: "clock", title: t("clue.clock"), width: 120, cell: (l) => <LookupClock lookup={l} />, text: (l) => (l.dueAt ? exact(l.dueAt) : "") },
    { key: "state", title: t("clue.state"), width: 110, cell: (l) => <State group="lookup.state" value={l.state} />, text: (l) => code("lookup.state", l.state) },
    { key: "kind", title: t("clue.kind"), width: 76, cell: (l) => <span className={`find find-${l.clueKind}`}>{code("clue.kind", l.clueKind)}</span>, text: (l) => code("clue.kind", l.clueKind) },
    { key: "value", title: t("clue.value"), width: "1.6fr", cell: (l) => <b className="num">{l.clueValue ? spoken(l.clueKind ?? "", l.clueValue) : l.clue}</b>, text: (l) => l.clueValue ?? l.clue },
    { key: "institution", title: t("clue.institution"), width: "1.5fr", cell: (l) => l.institutionName, text: (l) => institution(l.institution) },
    { key: "fields", title: t("lookup.field"), width: "2fr", cell: (l) => <span className="dim">{l.fields.map((x) => code("lookup.field", x)).join(" · ")}</span>, text: (l) => l.fields.map((x) => code("lookup.field", x)).join(" ") ?? "" },
    { key: "askedAt", title: t("lookup.asked"), width: 104, cell: (l) => <When at={l.sentAt ?? l.askedAt} />, text: (l) => exact(l.sentAt ?? l.askedAt) },
    { key: "took", title: t("lookup.took"), width: 90, right: true, extra: true, cell: (l) => (l.tookMs ? duration(l.tookMs, lang) : ""), text: (l) => (l.tookMs ? String(l.tookMs / 1000) : "") },
    { key: "document", title: t("lookup.document"), width: "1.2fr", extra: true, cell: (l) => l.documentNo, text: (l) => l.documentNo ?? "" },
  ]
  return (
    <Table
      name="lookups"
      path="/lookups"
      query={f}
      columns={columns}
      to={(l) => `/lookups/${l.id}`}
      live={(e) => e.kind.startsWith("lookup.")}
      empty={t(asks ? "lookup.empty" : "lookup.empty.mine")}
      filters={
        <>
          {asks ? <Tabs /> : <h1>{t("lookup.mine")}</h1>}
          <Choice whole={false} value={f.state || "sent"} onChange={(v) => set("state", v)} group="lookup.state" options={states} test="filter-state" />
        </>
      }
      tools={
        asks && (
          <>
            <ReceiptButton />
            <ImportButton path="/lookups/import" name="lookups" label={t("lookup.import")} done={() => void queries.invalidateQueries({ queryKey: ["list", "/lookups"] })} />
          </>
        )
      }
    />
  )
}

export function LookupPage() {
  const { id = "" } = useParams()
  const { t, code } = useWords()
  const me = useMe()
  const lookup = useQuery({ queryKey: ["lookup", id], queryFn: ({ signal }) => api.get(`/lookups/${id}`, undefined, signal) })
  useLiveRecord(id, ["lookup", id])
  if (lookup.isPending) return <Skeleton />
  if (lookup.isError) return <Broken error={lookup.error} retry={() => void lookup.refetch()} />
  const l = lookup.data
  const answers = may(me.roles, "lookup.answer") && (!me.institution || me.institution === l.institution)
  const asks = may(me.roles, "lookup.ask")
  const value = l.clueValue ? spoken(l.clueKind ?? "", l.clueValue) : l.clue
  return (
    <div className="record" data-test="lookup-page">
      <Head
        back={{ to: "/lookups", label: t("lookup.list") }}
        kind={code("clue.kind", l.clueKind)}
        title={<span className="num">{value}</span>}
        state={<State group="lookup.state" value={l.state} />}
        clock={waiting(l) ? <Clock due={l.dueAt} from={l.askedAt} /> : <LookupClock lookup={l} />}
        {...(answers && waiting(l) && {
          action: <AnswerForm lookup={l} record={asks} />,
          more: (
            <>
              <Withdraw lookup={l} />
              <RefuseForm lookup={l} record={asks} />
            </>
          ),
        })}
      />
      <div className="record-body single">
        <main>
          <Facts
            facts={[
              { label: t("clue.one"), value: asks && <Link to={`/clues/${l.clue}`}>{value}</Link> },
              { label: t("clue.institution"), value: <>{l.institutionName} {asks && <EntryFile record={l.id} institution={l.institution} sent={!!l.sentAt} />}</> },
              { label: t("lookup.escalated"), value: l.escalation ? code("lookup.escalated", String(l.escalation)) : undefined },
              { label: t("clue.truth"), value: l.truth && <State group="clue.truth" value={l.truth} /> },
              { label: t("lookup.field"), value: l.fields.map((x) => code("lookup.field", x)).join(" · ") },
              { label: t("lookup.asked"), value: <When at={l.sentAt ?? l.askedAt} /> },
              { label: t("clue.clock"), value: l.dueAt && <When at={l.dueAt} /> },
              { label: t("lookup.askedBy"), value: asks && (l.askedBy ? <Person id={l.askedBy} /> : t("lookup.auto")) },
              { label: t("lookup.purpose"), value: l.purpose },
              { label: t("lookup.basis"), value: l.legalBasis },
              { label: t("lookup.officers"), value: l.officers.join(" · ") },
              { label: t("lookup.document"), value: l.documentNo },
              { label: t("lookup.location"), value: l.locationDecisionNo },
              { label: t("lookup.refuse.reason"), value: l.answer?.reason },
            ]}
          />
          <Section title={t("lookup.answer")}>{l.answer && !l.answer.reason ? <AnswerFacts lookup={l} /> : <Empty>{l.answer?.reason || t("lookup.answer.none")}</Empty>}</Section>
          {l.answer?.unreadable && (
            <Section title={t("lookup.unreadable")}>
              <pre className="raw">{l.answer.unreadable}</pre>
            </Section>
          )}
        </main>
      </div>
    </div>
  )
}
