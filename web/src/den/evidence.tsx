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
        const others = items.filter((_, j) => j !== i).map((x) => x.address)
        const value = <b className="num">{spoken(e.clue.kind, e.clue.value)}</b>
        return (
          <article className="card" key={e.id} data-test="evidence-card">
            <header>
              <span className={`find find-${e.clue.kind}`}>{code("clue.kind", e.clue.kind)}</span>
              {links ? <Link to={`/clues/${e.clue.id}`}>{value}</Link> : value}
              {e.clue.truth !== "unknown" && <State group="clue.truth" value={e.clue.truth} />}
              <span className="spring" />
              <State group="den.weight" value={e.weight} tone={e.weight === "counts" ? "good" : e.weight === "beside" ? "soon" : "plain"} />
            </header>
            <p className="address">{sharedParts(e.address, others).map((s, k) => (s.find ? <mark key={k}>{s.text}</mark> : s.text))}</p>
            <p className="parts small">
              <span className="dim">{code("address.role", e.role || "unknown")}</span>
              {e.agrees && e.agrees.length > 0 && (
                <span className="agrees">
                  {t("den.agrees")} {e.agrees.map((p) => code("place.part", p)).join(" ")}
                </span>
              )}
              {e.differs && e.differs.length > 0 && (
                <span className="differs">
                  {t("den.differs")} {e.differs.map((p) => code("place.part", p)).join(" ")}
                </span>
              )}
            </p>
            <footer className="dim small">
              {t(e.source === "lead" ? "den.evidence.lead" : "den.evidence.lookup")} · {e.institutionName || <InstitutionName id={e.institution} />}
              <span className="spring" />
              <When at={e.answeredAt} />
            </footer>
          </article>
        )
      })}
    </div>
  )
}
