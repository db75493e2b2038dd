import { useQuery } from "@tanstack/react-query"
import { Input } from "antd"
import { useState } from "react"
import { Link } from "react-router"
import { api } from "../api/client"
import type { Disposal } from "../api/types"
import { useWords } from "../app/i18n"
import { useFilters } from "../parts/filters"
import { Clock } from "../parts/clock"
import { spoken } from "../parts/format"
import { InstitutionName } from "../parts/names"
import { Broken } from "../parts/problem"
import { Empty, Facts, Skeleton, State, When } from "../parts/view"
import { DisposalTabs, pending } from "./list"

/** The desk where somebody asks who stopped their number: unit, clock, remedy and papers at one look. */
export function Why() {
  const { t, code } = useWords()
  const [f, set] = useFilters("number")
  const [text, setText] = useState(f.number)
  const why = useQuery({
    queryKey: ["why", f.number],
    queryFn: ({ signal }) => api.get<{ items: Disposal[] }>("/disposals/why", { number: f.number }, signal),
    enabled: f.number !== "",
    retry: false,
  })
  return (
    <div className="page" data-test="why-page">
      <div className="list-bar">
        <div className="filters">
          <DisposalTabs />
        </div>
      </div>
      <div className="narrow">
        <form
          onSubmit={(e) => {
            e.preventDefault()
            set("number", text.trim())
          }}
        >
          <Input size="large" value={text} onChange={(e) => setText(e.target.value)} placeholder={t("disposal.why.place")} aria-label={t("disposal.why.place")} inputMode="tel" autoFocus data-test="why-number" />
        </form>
        <p className="dim">{t("disposal.why.note")}</p>
        {why.isFetching && <Skeleton rows={4} />}
        {why.isError && <Broken error={why.error} retry={() => void why.refetch()} />}
        {why.data?.items.length === 0 && <Empty>{t("disposal.why.none")}</Empty>}
        {why.data?.items.map((d) => (
          <article className="card" key={d.id} data-test="why-answer">
            <header>
              <Link to={`/disposals/${d.id}`}>{code("disposal.kind", d.kind)}</Link>
              <span className="num">{spoken(d.clueKind ?? "mobile", d.value ?? f.number)}</span>
              <State group="disposal.state" value={d.state} />
              {pending(d) && <Clock due={d.dueAt} from={d.requestedAt} />}
            </header>
            <Facts
              facts={[
                { label: t("disposal.institution"), value: <InstitutionName id={d.institution} /> },
                { label: t("disposal.requestedAt"), value: <When at={d.requestedAt} /> },
                { label: t("disposal.reason"), value: d.reason, wide: true },
                { label: t("disposal.basis"), value: d.legalBasis, wide: true },
                { label: t("disposal.remedy"), value: d.remedy, wide: true },
                { label: t("disposal.papers"), value: d.papers?.length ? <ul className="bare">{d.papers.map((p) => <li key={p}>{p}</li>)}</ul> : undefined, wide: true },
              ]}
            />
          </article>
        ))}
      </div>
    </div>
  )
}
