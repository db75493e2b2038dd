import { useQuery } from "@tanstack/react-query"
import { Input } from "antd"
import { useState } from "react"
import { Link } from "react-router"
import { api } from "../api/client"
import { useWords } from "../app/i18n"
import { useFilters } from "../parts/filters"
import { Clock } from "../parts/clock"
import { Broken } from "../parts/problem"
import { Empty, Facts, Skeleton, State, When } from "../parts/view"
import { DisposalTabs } from "./list"

/** The desk where somebody asks who stopped their number: unit, clock, remedy and papers at one look. */
export function Why() {
  const { t, code, lang } = useWords()
  const [f, set] = useFilters("number")
  const [text, setText] = useState(f.number)
  const why = useQuery({
    queryKey: ["why", f.number],
    queryFn: ({ signal }) => api.get("/disposals/why", { number: f.number, purpose: t("disposal.why.purpose") }, signal),
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
        {why.data?.items.map((d, i) => (
          <article className="card" key={d.id || i} data-test="why-answer">
            <header>
              {d.id ? <Link to={`/disposals/${d.id}`}>{d.kindText[lang]}</Link> : <b>{d.kindText[lang]}</b>}
              <State group="disposal.state" value={d.state} />
              {d.lifting && <State group="disposal" value="lifting" tone="soon" />}
              {d.verifyBy && <Clock due={d.verifyBy} from={d.decidedAt} />}
            </header>
            <Facts
              facts={[
                { label: t("disposal.why.unit"), value: d.unit },
                { label: t("disposal.why.contact"), value: d.contact && <b className="num">{d.contact}</b> },
                { label: t("disposal.institution"), value: d.institutionName },
                { label: t("region"), value: d.regionName },
                { label: t("disposal.why.decided"), value: <When at={d.decidedAt} /> },
                { label: t("disposal.outcome"), value: code("disposal.outcome", d.outcome) },
                { label: t("disposal.doneAt"), value: d.doneAt && <When at={d.doneAt} /> },
                { label: t("disposal.why.until"), value: d.until && <When at={d.until} /> },
                { label: t("disposal.reason"), value: d.categoryText[lang], wide: true },
                { label: t("disposal.basis"), value: d.legalBasis, wide: true },
                { label: t("disposal.remedy"), value: lang === "en" ? d.remedyEn : d.remedy, wide: true },
                { label: t("disposal.papers"), value: d.papers.length > 0 && <ul className="bare">{d.papers.map((p) => <li key={p}>{p}</li>)}</ul>, wide: true },
              ]}
            />
          </article>
        ))}
      </div>
    </div>
  )
}
