import type { LawAnswer } from "../api/types"
import { useWords } from "../app/i18n"
import { Section } from "../parts/view"
import { Cited, Silent } from "../register/law"
import { ResultParts } from "./result"
import { partsOf, said } from "./said"

/** What a pack answers: the result, every row that holds with its phrase, what is missing and why. */
export function AnswerView({ answer: a, labels }: { answer: LawAnswer; labels: ReadonlyMap<string, string> }) {
  const { t, code, lang } = useWords()
  const parts = partsOf(a)
  return (
    <div className="law" data-test="answer">
      {!a.inForce && <p className="notice-line tone-soon">{t("try.force")}</p>}
      <Section title={t("try.result")} note={<span className="num">{a.at}</span>} test="answer-result">
        <ResultParts answer={a} />
      </Section>
      {a.needs.length > 0 && (
        <Section title={t("try.missing")} note={t("try.missing.note")} test="answer-missing">
          <ul className="strips">
            {a.needs.map((n) => (
              <li key={n.name} data-test="need" data-name={n.name}>
                <em className="chip tone-soon">{code("try.need", n.kind)}</em>
                <span>{n.why[lang] || labels.get(n.name) || n.name}</span>
                <span className="spring" />
                <span className="dim">{t("try.for", { parts: n.for.map((name) => said(parts, name, lang)).join(lang === "zh" ? "、" : ", ") })}</span>
              </li>
            ))}
          </ul>
        </Section>
      )}
      {a.due.length > 0 && (
        <Section title={t("try.due")} test="answer-due">
          <ol className="rows">
            {a.due.map((d) => (
              <li key={d.row} data-row={d.row}>
                <div className="row-head"><code>{d.row}</code><b>{d.words[lang]}</b><span className="spring" /><b className="num">{d.due || t("try.due.open")}</b></div>
                {d.clock?.[lang] && <span className="dim">{d.clock[lang]}</span>}
                {!d.due && d.waits.length > 0 && <span className="dim">{d.waits.map((w) => labels.get(w) ?? w).join(", ")}</span>}
                <Cited citation={d.citation} />
              </li>
            ))}
          </ol>
        </Section>
      )}
      <Section title={t("try.matched")} note={a.matched.length} test="answer-matched">
        {a.matched.length === 0 && <p className="dim">{t("try.matched.none")}</p>}
        <ol className="rows">
          {a.matched.map((m) => (
            <li key={`${m.table}-${m.row}`} className={m.applied ? undefined : "aside"} data-test="matched" data-row={m.row}>
              <div className="row-head"><code>{m.row}</code><b>{m.words[lang]}</b>{!m.applied && <span className="dim">{t("try.beside")}</span>}</div>
              <Cited citation={m.citation} />
            </li>
          ))}
        </ol>
      </Section>
      <Silent silent={a.silent} />
      <p className="dim small">{t("try.sha")} <code className="wrap">{a.pack.sha256}</code></p>
    </div>
  )
}
