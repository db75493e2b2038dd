import "./detect.css"
import { useQuery } from "@tanstack/react-query"
import { Button, Input } from "antd"
import { useRef, useState } from "react"
import { Link, useNavigate, useParams, useSearchParams } from "react-router"
import { api, Problem } from "../api/client"
import type { CheckedPack, RulePack } from "../api/types"
import { useMay, useMe } from "../app/auth"
import { useWords } from "../app/i18n"
import { useLiveRecord } from "../app/live"
import { Choice, useFilters } from "../parts/filters"
import { ActionForm, Field, useAction } from "../parts/form"
import { Person } from "../parts/people"
import { Broken, ProblemNote } from "../parts/problem"
import { Table, type Column } from "../parts/table"
import { Empty, Facts, Head, Section, Skeleton, State, When, type Tone } from "../parts/view"
import { Code, CodeField } from "./code"
import { around, compared, lineOf } from "./lines"
import { Tabs, usePacksInForce } from "./packs"
import { statusTone } from "./rules"
import { DetectorStrip } from "./strip"

const states = ["draft", "active", "retired", "withdrawn"] as const
const tones: Record<RulePack["state"], Tone> = { draft: "action", active: "good", retired: "plain", withdrawn: "plain" }

/** Every text of rules that was ever proposed, with what became of it. */
export function RulePacks() {
  const { t, code } = useWords()
  const drafts = useMay("rulepack.draft")
  const [f, set] = useFilters("state")
  const columns: Column<RulePack>[] = [
    { key: "name", title: t("rulepack.one"), width: "1.5fr", cell: (p) => <><b>{code("rulepack.name", p.name)}</b> <code className="dim">{p.name}</code></>, text: (p) => p.name },
    { key: "number", title: t("rulepack.version"), width: 64, right: true, cell: (p) => <span className="num">{p.number}</span>, text: (p) => String(p.number) },
    { key: "state", title: t("rulepack.state"), width: 110, cell: (p) => <State group="rulepack.state" value={p.state} tone={tones[p.state]} />, text: (p) => code("rulepack.state", p.state) },
    { key: "note", title: t("rulepack.note"), width: "2fr", cell: (p) => p.note, text: (p) => p.note },
    { key: "by", title: t("rulepack.by"), width: 120, cell: (p) => (p.draftedBy ? <Person id={p.draftedBy} /> : <span className="dim">{t("rulepack.release")}</span>), text: (p) => p.draftedBy },
    { key: "at", title: t("rulepack.at"), width: 100, cell: (p) => <When at={p.draftedAt} />, text: (p) => p.draftedAt },
    { key: "decided", title: t("rulepack.decided"), width: 170, cell: (p) => p.decidedAt && <>{p.decidedBy ? <Person id={p.decidedBy} /> : <span className="dim">{t("rulepack.release")}</span>} <When at={p.decidedAt} /></>, text: (p) => p.decidedAt ?? "" },
    { key: "sha", title: "SHA-256", width: 140, extra: true, cell: (p) => <code title={p.sha256}>{p.sha256.slice(0, 16)}</code>, text: (p) => p.sha256 },
  ]
  return (
    <Table
      name="rulepacks"
      path="/detector/packs"
      query={f}
      columns={columns}
      to={(p) => `/rulepacks/${p.id}`}
      live={(e) => e.kind.startsWith("rulepack.")}
      empty={t("rulepack.empty")}
      filters={
        <>
          <Tabs />
          <Choice value={f.state} onChange={(v) => set("state", v)} group="rulepack.state" options={states} label={t("rulepack.state")} test="filter-state" />
        </>
      }
      tools={drafts && <Link to="/rulepacks/new" className="button-link" data-test="rulepack-new">{t("rulepack.new")}</Link>}
      note={<DetectorStrip />}
    />
  )
}

const readPack = (id: string) => ({ queryKey: ["rulepack", id], queryFn: ({ signal }: { signal: AbortSignal }) => api.get(`/detector/packs/${id}`, undefined, signal) })

export function RulePackPage() {
  const { id = "" } = useParams()
  const { t, code, lang } = useWords()
  const me = useMe()
  const drafts = useMay("rulepack.draft")
  const activates = useMay("rulepack.activate")
  const pack = useQuery(readPack(id))
  const inForce = usePacksInForce()
  useLiveRecord(id, ["rulepack", id])
  if (pack.isPending) return <Skeleton />
  if (pack.isError) return <Broken error={pack.error} retry={() => void pack.refetch()} />
  const p = pack.data
  const open = p.state === "draft"
  const own = p.draftedBy === me.id
  const refresh = [["rulepack", id], ["rulepacks", "active"], ["list", "/detector/packs"], ["detector"]]
  const before = open ? inForce.data?.find((x) => x.name === p.name) : undefined
  return (
    <div className="record" data-test="rulepack-page">
      <Head
        back={{ to: "/rulepacks", label: t("rulepack.title") }}
        kind={p.name}
        title={<>{p.view?.title[lang] ?? p.name} <span className="num dim">{t("rulepack.number", { n: p.number })}</span></>}
        state={<State group="rulepack.state" value={p.state} tone={tones[p.state]} />}
        action={
          open && activates && (
            <span title={own ? t("rulepack.own") : undefined}>
              <ActionForm label={t("rulepack.activate")} primary disabled={own} test="activate" send={(key) => api.post(`/detector/packs/${id}/activate`, undefined, { key, version: p.version })} refresh={refresh} fields={<p>{t(before ? "rulepack.activate.note" : "rulepack.activate.first")}</p>} />
            </span>
          )
        }
        more={
          <>
            {drafts && <Link className="button-link tall" to={`/rulepacks/new?from=${id}`} data-test="rulepack-edit">{t("rulepack.edit")}</Link>}
            {open && drafts && <ActionForm label={t("rulepack.withdraw")} test="withdraw" send={(key) => api.post(`/detector/packs/${id}/withdraw`, undefined, { key, version: p.version })} refresh={refresh} fields={<p>{t("rulepack.withdraw.note")}</p>} />}
          </>
        }
      />
      {open && own && activates && <p className="next-line">{t("rulepack.own")}</p>}
      <div className="record-body whole">
        <main>
          <Facts
            facts={[
              { label: t("rulepack.by"), value: <>{p.draftedBy ? <Person id={p.draftedBy} /> : t("rulepack.release")} <span className="dim"><When at={p.draftedAt} /></span></> },
              { label: t("rulepack.decided"), value: p.decidedAt && <>{p.decidedBy ? <Person id={p.decidedBy} /> : t("rulepack.release")} <span className="dim"><When at={p.decidedAt} /></span></> },
              { label: t("rulepack.bands"), value: p.view && t("rulepack.bands.are", { medium: p.view.bands.medium, high: p.view.bands.high }) },
              { label: t("rulepack.lists"), value: p.view && p.view.lists.length > 0 && p.view.lists.map((l) => <Link key={l} className="item" to={`/lists/${l}`}>{code("namedlist.name", l)}</Link>) },
              { label: "SHA-256", value: <code className="wrap">{p.sha256}</code>, wide: true },
              { label: t("rulepack.note"), value: p.note, wide: true },
            ]}
          />
          {before && (
            <Section title={t("rulepack.changes")} note={t("rulepack.changes.note", { n: before.number })} test="rulepack-changes">
              <Changes older={before.text ?? ""} newer={p.text ?? ""} />
            </Section>
          )}
          {p.view && <PackRules view={p.view} inForce={p.state === "active"} />}
          <details className="section derived" open={!p.view || undefined}>
            <summary>{t("rulepack.text")}</summary>
            <Code text={p.text ?? ""} test="rulepack-text" />
          </details>
          {p.cases && (
            <details className="section derived">
              <summary>{t("rulepack.cases")}</summary>
              <Code text={p.cases} />
            </details>
          )}
        </main>
      </div>
    </div>
  )
}

function PackRules({ view, inForce }: { view: NonNullable<RulePack["view"]>; inForce: boolean }) {
  const { t, code, lang } = useWords()
  return (
    <>
      <Section title={t("rule.list")} note={view.rules.length} test="pack-rules">
        <div className="scrolls">
          <table className="plain roomy">
            <thead><tr><th>{t("rule.one")}</th><th>{t("alert.severity")}</th><th className="right">{t("rule.weight")}</th><th>{t("rule.status")}</th><th>{t("rule.subject")}</th><th>{t("alert.becomes")}</th></tr></thead>
            <tbody>
              {view.rules.map((r) => (
                <tr key={r.id}>
                  <td>{inForce ? <Link to={`/rules/${r.id}`}>{r.title[lang]}</Link> : r.title[lang]} <code className="dim">{r.id}</code></td>
                  <td><State group="alert.severity" value={r.severity} /></td>
                  <td className="right num">{r.weight}</td>
                  <td><State group="rule.status" value={r.status} tone={statusTone[r.status]} /></td>
                  <td>{code("domain", r.domain)}</td>
                  <td>{code("alert.becomes", r.becomes)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </Section>
      {view.signals.length > 0 && (
        <Section title={t("signal.title")} note={t("signal.note")}>
          <ul className="bare">{view.signals.map((s) => <li key={s.id}>{s.title[lang]} <code className="dim">{s.when}</code></li>)}</ul>
        </Section>
      )}
    </>
  )
}

function Changes({ older, newer }: { older: string; newer: string }) {
  const { t } = useWords()
  const lines = compared(older, newer)
  if (lines.every((l) => l.how === "same")) return <Empty>{t("rulepack.same")}</Empty>
  const words = { same: "", out: t("rulepack.out"), in: t("rulepack.in") }
  return (
    <ol className="code-lines changed" tabIndex={0} data-test="changed-lines">
      {around(lines).map((l, i) => (l ? <li key={i} className={l.how} value={l.at} title={words[l.how]}>{l.how !== "same" && <span className="sr-only">{words[l.how]} </span>}{l.text || " "}</li> : <li key={i} className="left-out" aria-hidden="true">⋯</li>))}
    </ol>
  )
}

/** Where a pack is written: checked by line, its cases run, and proposed to a second person. */
export function RulePackEditor() {
  const { t } = useWords()
  const [params] = useSearchParams()
  const from = params.get("from") ?? ""
  const base = useQuery({ ...readPack(from), enabled: from !== "", refetchOnWindowFocus: false, staleTime: Infinity })
  if (from && base.isPending) return <Skeleton />
  if (base.isError) return <Broken error={base.error} retry={() => void base.refetch()} />
  return (
    <div className="record" data-test="rulepack-editor">
      <Editor key={from} text={base.data?.text ?? ""} cases={base.data?.cases ?? ""} title={base.data ? `${base.data.name} · ${t("rulepack.number", { n: base.data.number })}` : t("rulepack.new")} />
    </div>
  )
}

function Editor({ title, ...start }: { title: string; text: string; cases: string }) {
  const { t, code, lang } = useWords()
  const go = useNavigate()
  const [text, setText] = useState(start.text)
  const [cases, setCases] = useState(start.cases)
  const [note, setNote] = useState("")
  const [checked, setChecked] = useState<{ of: string; is: CheckedPack }>()
  const file = useRef<HTMLInputElement>(null)
  const whole = `${text}\u0000${cases}`
  const check = useAction<void, CheckedPack>(() => api.post("/detector/packs/check", { text, ...(cases.trim() && { cases }) }), (is) => setChecked({ of: whole, is }))
  const propose = useAction<void, RulePack>((_, key) => api.post("/detector/packs", { text, note: note.trim(), ...(cases.trim() && { cases }) }, { key }), (p) => void go(`/rulepacks/${p.id}`), [["list", "/detector/packs"]])
  const error = propose.error ?? check.error
  const wrong = error instanceof Problem ? lineOf(error.errors[0]?.location) : undefined
  const is = checked?.of === whole && !check.error ? checked.is : undefined // of another text it says nothing
  const change = (set: (v: string) => void) => (v: string) => {
    set(v)
    check.reset()
    propose.reset()
  }
  return (
    <>
      <Head
        back={{ to: "/rulepacks", label: t("rulepack.title") }}
        kind={t("rulepack.new")}
        title={title}
        action={<Button type="primary" loading={propose.busy} disabled={!text.trim() || !note.trim() || (is?.failures.length ?? 0) > 0} onClick={() => propose.go()} data-test="propose">{t("rulepack.propose")}</Button>}
        more={<Button loading={check.busy} disabled={!text.trim()} onClick={() => check.go()} data-test="check">{t("rulepack.check")}</Button>}
      />
      <div className="record-body halves editor">
        <main>
          <Section title={t("rulepack.text")} note="YAML" extra={<><input ref={file} type="file" accept=".yaml,.yml" hidden onChange={(e) => void e.target.files?.[0]?.text().then(change(setText))} /><Button size="small" onClick={() => file.current?.click()}>{t("draft.file")}</Button></>}>
            <CodeField label={t("rulepack.text")} value={text} change={change(setText)} rows={34} wrong={wrong?.of === "text" ? wrong.line : undefined} test="editor-text" />
          </Section>
        </main>
        <main>
          <Field label={t("rulepack.note")} note={t("rulepack.note.why")}>
            <Input value={note} onChange={(e) => setNote(e.target.value)} maxLength={1000} data-test="editor-note" />
          </Field>
          <div aria-live="polite" data-test="checked">
            {error && !wrong && <ProblemNote error={error} />}
            {wrong && error instanceof Problem && (
              <div className="problem" role="alert" data-test="line-problem">
                <p><b>{t(wrong.of === "text" ? "rulepack.text" : "rulepack.cases")}{wrong.line > 0 && ` ${t("rulepack.line", { n: wrong.line })}`}</b> {wrong.where && <code>{wrong.where}</code>}</p>
                <p>{error.errors[0]?.message}</p>
                {error.hint && <p className="dim">{error.hint}</p>}
              </div>
            )}
            {is && is.failures.length === 0 && <p className="tone-good" data-test="check-good">{is.run > 0 ? t("rulepack.good", { rules: is.view.rules.length, n: is.run }) : t("rulepack.good.bare", { rules: is.view.rules.length })}</p>}
            {is && is.failures.length > 0 && (
              <Section title={t("rulepack.failures", { n: is.failures.length, of: is.run })} test="check-failures">
                {is.failures.map((x, i) => (
                  <article className="card" key={i}>
                    <header><b>{x.case[lang]}</b><code className="dim">{x.at.replace(/^body\./, "")}</code></header>
                    <pre className="raw">{x.diff.join("\n")}</pre>
                  </article>
                ))}
              </Section>
            )}
            {is && is.findings.length > 0 && (
              <Section title={t("rulepack.findings")} note={is.findings.length} test="check-findings">
                <ul className="strips">
                  {is.findings.map((x, i) => <li key={i}><em className="chip tone-soon">{code("rulepack.lint", x.rule)}</em><code>{x.name}</code><span className="wrap">{x.message[lang]}</span></li>)}
                </ul>
              </Section>
            )}
          </div>
          <Section title={t("rulepack.cases")} note={t("rulepack.cases.note")}>
            <p className="dim small">{t("rulepack.backtest")}</p>
            <CodeField label={t("rulepack.cases")} value={cases} change={change(setCases)} rows={18} wrong={wrong?.of === "cases" ? wrong.line : undefined} test="editor-cases" />
          </Section>
        </main>
      </div>
    </>
  )
}
