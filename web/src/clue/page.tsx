import { useQuery } from "@tanstack/react-query"
import { Input, Select } from "antd"
import { useState } from "react"
import { Link, useParams } from "react-router"
import { api } from "../api/client"
import type { Clue, Truth } from "../api/types"
import { useMay, useMe } from "../app/auth"
import { useWords } from "../app/i18n"
import { useLiveRecord } from "../app/live"
import { NewDisposal } from "../disposal/form"
import { Clock } from "../parts/clock"
import { ActionForm, Field } from "../parts/form"
import { spoken } from "../parts/format"
import { InstitutionName } from "../parts/names"
import { Broken } from "../parts/problem"
import { RegionName } from "../parts/region"
import { Timeline } from "../parts/timeline"
import { Empty, Facts, Head, Section, Skeleton, State, When } from "../parts/view"
import { LookupClock, waiting } from "../report/taken"
import { AnswerFacts, Withdraw } from "./answer"
import { Ask } from "./ask"
import { isNumber } from "./list"

const truths: Truth[] = ["unknown", "true", "spoofed", "intermediate"]

export function CluePage() {
  const { id = "" } = useParams()
  const { t, code } = useWords()
  const me = useMe()
  const writes = useMay("clue.close")
  const clue = useQuery({ queryKey: ["clue", id], queryFn: ({ signal }) => api.get(`/clues/${id}`, undefined, signal) })
  const disposals = useQuery({ queryKey: ["clue", id, "disposals"], queryFn: ({ signal }) => api.get("/disposals", { clue: id, limit: 50 }, signal) })
  useLiveRecord(id, ["clue", id], ["timeline", id])
  if (clue.isPending) return <Skeleton />
  if (clue.isError) return <Broken error={clue.error} retry={() => void clue.refetch()} />
  const c = clue.data
  const calls = isNumber(c.kind)
  const open = c.state !== "closed"
  return (
    <div className="record" data-test="clue-page">
      <Head
        back={{ to: "/clues", label: t("clue.list") }}
        kind={code("clue.kind", c.kind)}
        title={<span className="num">{spoken(c.kind, c.value)}</span>}
        state={<State group="clue.state" value={c.state} />}
        clock={<Clock due={c.dueAt} from={c.dueFrom} />}
        {...(writes && open && {
          action: <Ask clues={[id]} label={t("clue.ask")} officer={me.name} />,
          more: (
            <>
              {calls && <TruthForm clue={c} />}
              <NewDisposal clues={[c]} />
              <CloseForm clue={c} />
            </>
          ),
        })}
      />
      <div className="record-body">
        <main>
          <Facts
            facts={[
              calls && { label: t("clue.truth"), value: <State group="clue.truth" value={c.truth} /> },
              { label: t("clue.institution"), value: c.institution && <InstitutionName id={c.institution} link /> },
              { label: t("clue.carrier"), value: c.carrier },
              { label: t("clue.home"), value: c.homeName },
              { label: t("clue.via"), value: c.via && <Link to={`/clues/${c.via}`}>{c.via.slice(-8)}</Link> },
              { label: t("clue.close.reason"), value: c.closeReason, wide: true },
              { label: t("clue.reports"), value: c.reports },
              { label: t("clue.opened"), value: <When at={c.openedAt} /> },
            ]}
          />
          <Section title={t("lookup.list")} note={c.lookups.length}>
            {c.lookups.length === 0 && <Empty>{t("lookup.empty")}</Empty>}
            {c.lookups.map((l) => (
              <article className="card" key={l.id} data-test="clue-lookup">
                <header>
                  <Link to={`/lookups/${l.id}`}>
                    {l.institutionName || <InstitutionName id={l.institution} />}
                  </Link>
                  <State group="lookup.state" value={l.state} />
                  <LookupClock lookup={l} />
                  <span className="spring" />
                  <When at={l.sentAt ?? l.askedAt} />
                  {waiting(l) && <Withdraw lookup={l} />}
                </header>
                {l.answer ? <AnswerFacts lookup={l} /> : <p className="dim small">{l.fields.map((x) => code("lookup.field", x)).join(" · ")}</p>}
              </article>
            ))}
          </Section>
          {c.sources.length > 0 && (
            <Section title={t("clue.sources")} note={c.sources.length}>
              <ul className="recent">
                {c.sources.map((s, i) => (
                  <li key={s.id || i}>
                    <When at={s.at} />
                    <span>{code("clue.source", s.kind)}</span>
                    {(s.kind === "report" || s.kind === "alert") && s.id ? <Link to={`/${s.kind}s/${s.id}`}>{s.id.slice(-8)}</Link> : !s.id && <span className="dim">{t("clue.source.hidden")}</span>}
                    <span className="dim">{s.regionName || <RegionName code={s.region} />}</span>
                  </li>
                ))}
              </ul>
            </Section>
          )}
          {disposals.data && disposals.data.items.length > 0 && (
            <Section title={t("disposal.title")} note={disposals.data.items.length}>
              {disposals.data.items.map((d) => (
                <article className="card line" key={d.id}>
                  <Link to={`/disposals/${d.id}`}>{code("disposal.kind", d.kind)}</Link>
                  <State group="disposal.state" value={d.state} />
                  {d.institutionName}
                  <span className="spring" />
                  <When at={d.requestedAt} />
                </article>
              ))}
            </Section>
          )}
        </main>
        <aside>
          <Section title={t("timeline.title")}>
            <Timeline of="/clues" id={id} />
          </Section>
        </aside>
      </div>
    </div>
  )
}

function TruthForm({ clue: c }: { clue: Clue }) {
  const { t, code } = useWords()
  const [truth, setTruth] = useState<Truth>(c.truth)
  return (
    <ActionForm
      label={t("clue.truth.set")}
      test="truth"
      send={(key) => api.put(`/clues/${c.id}/truth`, { truth }, { key, version: c.version })}
      refresh={[["clue", c.id], ["timeline", c.id]]}
      fields={
        <Field label={t("clue.truth")} note={t("clue.truth.note")}>
          <Select value={truth} onChange={setTruth} options={truths.map((v) => ({ value: v, label: code("clue.truth", v) }))} data-test="truth-value" />
        </Field>
      }
    />
  )
}

function CloseForm({ clue: c }: { clue: Clue }) {
  const { t } = useWords()
  const [reason, setReason] = useState("")
  return (
    <ActionForm
      label={t("clue.close")}
      test="close"
      ready={reason.trim() !== ""}
      send={(key) => api.post(`/clues/${c.id}/close`, { reason }, { key, version: c.version })}
      refresh={[["clue", c.id], ["timeline", c.id], ["list", "/clues"]]}
      fields={
        <Field label={t("clue.close.reason")}>
          <Input.TextArea rows={3} value={reason} onChange={(e) => setReason(e.target.value)} data-test="close-reason" />
        </Field>
      }
    />
  )
}
