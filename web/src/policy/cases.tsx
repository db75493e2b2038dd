import { Button } from "antd"
import type { PackCase } from "../api/types"
import { useWords } from "../app/i18n"
import { Empty, State } from "../parts/view"
import { Value } from "./result"
import type { Part } from "./said"

/** A pack's own tests, each with how the answer differs. */
export function Cases({ cases, result = [], run, busy, open }: { cases: readonly PackCase[]; /** The parts of the pack's result with their words. */ result?: readonly Part[] | undefined; run?: () => void; busy?: boolean; open?: (i: number) => void }) {
  const { t } = useWords()
  if (cases.length === 0) return <Empty>{t("case.none")}</Empty>
  const bad = cases.filter((c) => c.diff.length > 0).length
  return (
    <>
      <p className="case-line">
        <b className={bad ? "tone-bad" : "tone-good"} data-test="case-sum">{bad ? t("case.failed", { n: cases.length, bad }) : t("case.held", { n: cases.length })}</b>
        {run && <Button size="small" onClick={run} loading={busy ?? false} data-test="case-run">{t("case.run")}</Button>}
      </p>
      <div className="scrolls">
        <table className="plain law-table">
          <colgroup><col className="case-state" /><col /><col /><col className="case-want" /><col className="case-try" /></colgroup>
          <thead>
            <tr><th>{t("draft.state")}</th><th>{t("case.name")}</th><th>{t("case.input")}</th><th>{t("case.want")}</th><th>{t("case.try")}</th></tr>
          </thead>
          <tbody>
            {cases.map((c, i) => (
              <tr key={i} data-test="case" data-held={c.diff.length === 0}>
                <td><State group="case.state" value={c.diff.length ? "failed" : "held"} tone={c.diff.length ? "bad" : "good"} /></td>
                <td>
                  {c.name}
                  <p className="dim num">{[c.at, c.jurisdiction].filter(Boolean).join(" · ")}</p>
                  {c.diff.length > 0 && <pre className="raw">{c.diff.join("\n")}</pre>}
                </td>
                <td><Value value={c.input} /></td>
                <td><Value value={c.want} of={result} /></td>
                <td>{open && <button type="button" className="link" onClick={() => open(i)}>{t("case.try")}</button>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  )
}
