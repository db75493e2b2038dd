import { Link } from "react-router"
import type { Evidence } from "../api/types"
import { useWords } from "../app/i18n"
import { spoken } from "../parts/format"
import { sharedParts } from "../parts/highlight"
import { InstitutionName } from "../parts/names"
import { State, When } from "../parts/view"

/** The answers that meet at one place, side by side, with what their addresses share emphasised. */
export function EvidenceCards({ items, links }: { items: readonly Evidence[]; links: boolean }) {
  const { t, code } = useWords()
  return (
    <div className="evidence" data-test="evidence">
      {items.map((e, i) => {
        const others = items.filter((_, j) => j !== i).map((x) => x.raw)
        const value = <b className="num">{spoken(e.kind ?? "", e.value)}</b>
        const counts = e.role === "installation" || e.role === "use"
        return (
          <article className="card" key={`${e.clue}-${e.lookup ?? e.lead ?? i}`} data-test="evidence-card">
            <header>
              {e.kind && <span className={`find find-${e.kind}`}>{code("clue.kind", e.kind)}</span>}
              {links ? <Link to={`/clues/${e.clue}`}>{value}</Link> : value}
              <span className="spring" />
              <State group="address.role" value={e.role} tone={counts ? "good" : "plain"} />
            </header>
            <p className="address">
              {sharedParts(e.raw, others).map((s, k) => (s.find ? <mark key={k}>{s.text}</mark> : s.text))}
            </p>
            <footer className="dim small">
              {t(e.lead ? "den.evidence.lead" : "den.evidence.lookup")}
              {e.institution && <> · <InstitutionName id={e.institution} /></>}
              <span className="spring" />
              {e.answeredAt && <When at={e.answeredAt} />}
            </footer>
          </article>
        )
      })}
    </div>
  )
}
