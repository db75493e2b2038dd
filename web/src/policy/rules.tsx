import { Fragment, type ReactNode } from "react"
import type { Citation, PackCell, PackInput, PackParameter, PackPeriod, PackTable, PackView } from "../api/types"
import { useWords } from "../app/i18n"
import { Section } from "../parts/view"
import { Cited } from "../register/law"
import { covers, day as dayOf, number, turns } from "./days"
import { period, PlaceName } from "./list"
import { said } from "./said"

type Grounded = { id: string; words: { zh: string; en: string }; citation: Citation; effective: PackPeriod; jurisdiction?: string; confirmedBy?: string; confirmedOn?: string }

/**
 * A pack as tables that a lawyer reads: when, what then, on which ground. What
 * does not apply on the day is grey.
 */
export function Rules({ view: v, day, set }: { view: PackView; day: string; set?: (p: PackParameter) => ReactNode }) {
  const words = useWords()
  const { t, lang } = words
  return (
    <>
      {v.tables.map((table) => (
        <RuleTable key={table.name} table={table} day={day} pack={v.effective} />
      ))}
      {v.parameters.length > 0 && (
        <Section title={t("pack.parameters")} note={t("pack.parameters.note")} test="pack-parameters">
          <div className="scrolls">
            <table className="plain law-table">
              <colgroup><col className="law-id" /><col /><col className="law-then" /><col className="law-ground" /><col className="law-since" /></colgroup>
              <Heads heads={[t("pack.row"), t("value.parameter"), t("pack.value"), t("pack.ground"), t("pack.since")]} />
              <tbody>
                {v.parameters.map((p) => (
                  <Fragment key={p.name}>
                    {p.unset && (
                      <tr data-test="parameter-unset" data-name={p.name}>
                        <td><code>{p.name}</code></td>
                        <td>{p.words[lang]}</td>
                        <td><em className="chip tone-soon">{t("pack.unset.mark")}</em></td>
                        <td colSpan={2}>{p.unset[lang]} {set?.(p)}</td>
                      </tr>
                    )}
                    {p.values.map((x, i) => (
                      <tr key={x.id} className={off(x.effective, day, v.effective)} data-test="value" data-id={x.id}>
                        <td><code>{x.id}</code></td>
                        <td>{i === 0 && p.words[lang]} {x.words[lang] && x.words[lang] !== p.words[lang] && <span className="dim">{x.words[lang]}</span>} {i === p.values.length - 1 && set?.(p)}</td>
                        <td><b className="num">{x.value}</b></td>
                        <td><Ground of={x} /></td>
                        <td className="num">{period(x.effective, words) || <span className="dim">{t("pack.since.always")}</span>}</td>
                      </tr>
                    ))}
                  </Fragment>
                ))}
              </tbody>
            </table>
          </div>
        </Section>
      )}
      {v.obligations.length > 0 && (
        <Section title={t("pack.obligations")} test="pack-obligations">
          <div className="scrolls">
            <table className="plain law-table">
              <colgroup><col className="law-id" /><col /><col className="law-then" /><col className="law-ground" /><col className="law-since" /></colgroup>
              <Heads heads={[t("pack.row"), t("pack.when"), t("pack.then"), t("pack.ground"), t("pack.since")]} />
              <tbody>
                {v.obligations.map((o) => (
                  <tr key={o.id} className={off(o.effective, day, v.effective)} data-test="obligation">
                    <td><code>{o.id}</code></td>
                    <td><When words={o.words[lang]} says={o.says[lang]} cel={o.when} /></td>
                    <td>
                      <span title={o.from}>{t("pack.obligations.from", { since: o.since[lang] })}</span> <b>{t(`pack.unit.${o.unit}`, { n: o.within.text })}</b>
                      {o.clock[lang] && <p className="dim">{o.clock[lang]}</p>}
                    </td>
                    <td><Ground of={o} /></td>
                    <td className="num">{period(o.effective, words) || <span className="dim">{t("pack.since.always")}</span>}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </Section>
      )}
      {v.silences.length > 0 && (
        <Section title={t("pack.silences")} note={t("pack.silences.note")} test="pack-silences">
          <ul className="strips">
            {v.silences.map((s) => (
              <li key={s.id} className={off(s.effective, day, v.effective)}><code>{s.id}</code> <span title={s.when}>{s.words[lang]}</span></li>
            ))}
          </ul>
        </Section>
      )}
      <Section title={t("pack.result")} note={t("pack.result.note")} test="pack-result">
        <dl className="facts">
          {v.result.map((r) => (
            <div key={r.name} className="wide" data-test="pack-part" data-name={r.name}>
              <dt title={r.name}>{r.words[lang] || r.name}</dt>
              <dd>
                {r.of.filter((o) => !o.type).map((o) => <span key={o.name} className="chip tone-plain" title={o.name}>{o.words[lang] || o.name}</span>)}
                {r.note && <p className="dim">{r.note[lang]}</p>}
                <code className="wrap dim" title={t("pack.formula")}>= {r.is}</code>
              </dd>
            </div>
          ))}
        </dl>
      </Section>
      <Section title={t("pack.sources")} test="pack-sources">
        <ul className="strips">
          {v.sources.map((s) => (
            <li key={s.key}>
              <b>{s.document}</b>
              {s.number && <span>{s.number}</span>}
              <span className="dim">{[...s.bodies, s.publisher].filter((x, i, all) => x && all.indexOf(x) === i).join(" ")}</span>
              <span className="spring" />
              <span className="dim num">{[s.published && t("pack.published", { day: s.published }), s.effective && t("pack.document.effective", { day: s.effective })].filter(Boolean).join(" · ")}</span>
            </li>
          ))}
        </ul>
      </Section>
      {v.derived.length > 0 && (
        <details className="section derived">
          <summary>{t("pack.derived")} <small>{v.derived.length}</small></summary>
          <dl className="facts">
            {v.derived.map((d) => (
              <div key={d.name} className="wide"><dt title={d.name}>{d.words[lang] || <code>{d.name}</code>}</dt><dd><code className="wrap">{d.is}</code></dd></div>
            ))}
          </dl>
        </details>
      )}
    </>
  )
}

const off = (p: PackPeriod, day: string, pack: PackPeriod) => (covers(p, day) && (pack.never || covers(pack, day)) ? undefined : "off")

function Heads({ heads }: { heads: string[] }) {
  return (
    <thead>
      <tr>{heads.map((h) => <th key={h}>{h}</th>)}</tr>
    </thead>
  )
}

function RuleTable({ table, day, pack }: { table: PackTable; day: string; pack: PackPeriod }) {
  const words = useWords()
  const { t, lang, code } = words
  return (
    <Section title={table.words[lang] || table.name} note={code("pack.hit", table.hit)} test="pack-table">
      <div className="scrolls">
        <table className="plain law-table" data-name={table.name}>
          <colgroup><col className="law-id" /><col /><col className="law-then" /><col className="law-ground" /><col className="law-since" /></colgroup>
          <Heads heads={[t("pack.row"), t("pack.when"), t("pack.then"), t("pack.ground"), t("pack.since")]} />
          <tbody>
            {table.rows.map((r) => (
              <tr key={r.id} className={off(r.effective, day, pack)} data-test="rule" data-id={r.id}>
                <td><code>{r.id}</code></td>
                <td><When words={r.words[lang]} says={r.says[lang]} cel={r.when} /></td>
                <td>
                  {r.open && <p><em className="chip tone-soon">{t("pack.open")}</em> {r.open[lang]}</p>}
                  <Cells cells={r.then} columns={table.gives} />
                </td>
                <td><Ground of={r} /></td>
                <td className="num">{period(r.effective, words) || <span className="dim">{t("pack.since.always")}</span>}</td>
              </tr>
            ))}
            {table.otherwise.length > 0 && (
              <tr className="dim">
                <td colSpan={2}>{t("pack.otherwise")}</td>
                <td colSpan={3}><Cells cells={table.otherwise} columns={table.gives} /></td>
              </tr>
            )}
          </tbody>
        </table>
      </div>
    </Section>
  )
}

/** A condition: how its authors call it, and what it says, by hover in the pack's own words. */
function When({ words, says, cel }: { words: string; says: string; cel: string }) {
  return (
    <>
      {words && <b>{words}</b>}
      <p className={words ? "dim" : undefined} title={cel}>{says}</p>
    </>
  )
}

function Cells({ cells, columns }: { cells: readonly PackCell[]; columns: readonly PackInput[] }) {
  const { t, lang } = useWords()
  return (
    <dl className="cells">
      {cells.map((c) => (
        <div key={c.column}>
          <dt title={c.column}>{said(columns, c.column, lang)}</dt>
          <dd title={c.cel || c.null ? undefined : c.text}>{c.null ? "—" : c.cel ? <code title={t("pack.formula")}>= {c.text}</code> : c.text === "true" || c.text === "false" ? t(c.text === "true" ? "yes" : "no") : said(columns.find((o) => o.name === c.column)?.of ?? [], c.text, lang)}</dd>
        </div>
      ))}
    </dl>
  )
}

function Ground({ of: g }: { of: Grounded }) {
  const { t } = useWords()
  return (
    <>
      <Cited citation={g.citation} />
      {g.jurisdiction && <p className="dim">{t("pack.local")} · <PlaceName place={g.jurisdiction} /></p>}
      {g.confirmedBy && <p className="dim">{t("pack.confirmed", { by: g.confirmedBy, on: g.confirmedOn ?? "" })}</p>}
    </>
  )
}

/** The day on which the pack is looked at: a slider over its time, with a mark where something changes. */
export function DaySlider({ view: v, day, today, change }: { view: PackView; day: string; today: string; change: (day: string) => void }) {
  const { t } = useWords()
  const marks = turns(v)
  const first = number(marks[0] ?? today) - 60
  const last = Math.max(number(today), number(marks.at(-1) ?? today)) + 365
  const at = Math.min(last, Math.max(first, number(day)))
  return (
    <div className="day-slider" data-test="day-slider">
      <label>
        {t("pack.date")} <input type="date" className="plain-input" value={day} onChange={(e) => e.target.value && change(e.target.value)} data-test="day" />
      </label>
      <div className="day-line">
        <input type="range" min={first} max={last} value={at} onChange={(e) => change(dayOf(Number(e.target.value)))} aria-label={t("pack.date")} aria-valuetext={day} />
        {marks.map((m) => (
          <button type="button" key={m} style={{ left: `${((number(m) - first) / (last - first)) * 100}%` }} title={m} aria-label={m} onClick={() => change(m)} />
        ))}
      </div>
      <button type="button" className="link" onClick={() => change(today)} disabled={day === today}>{t("pack.date.today")}</button>
      <span className="dim small">{t("pack.date.note")}</span>
    </div>
  )
}
