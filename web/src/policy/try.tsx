import { DeleteOutlined, PlusOutlined } from "@ant-design/icons"
import { keepPreviousData, useQuery } from "@tanstack/react-query"
import { Button, Input, InputNumber, Select } from "antd"
import { useEffect, useMemo, useState } from "react"
import { api } from "../api/client"
import type { PackCase, PackInput, PackView } from "../api/types"
import { useWords } from "../app/i18n"
import { Choice } from "../parts/filters"
import { Field } from "../parts/form"
import { ProblemNote } from "../parts/problem"
import { Skeleton } from "../parts/view"
import { AnswerView } from "./answer"
import { fromInstant, given, groups, put, toInstant, type Facts } from "./inputs"

/** Asks a pack: the facts on one side, what follows on the other, as they are entered. */
export function TryIt({ name, view, place, day, today, cases, chosen }: { name: string; view: PackView; place: string; day: string; today: string; cases: readonly PackCase[]; chosen: number }) {
  const { t, lang } = useWords()
  const from = cases[chosen]
  const [facts, setFacts] = useState<Facts>(() => from?.input ?? {})
  const [at, setAt] = useState(() => from?.at ?? (day === today ? "" : day))
  const [settled, setSettled] = useState(facts)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(facts), 200)
    return () => clearTimeout(timer)
  }, [facts])
  const where = from?.jurisdiction || place
  const answer = useQuery({
    queryKey: ["pack-eval", name, view.sha256, where, at, settled],
    queryFn: ({ signal }) => api.post(`/policy/packs/${name}/eval`, { input: settled, jurisdiction: where, ...(at && { at }) }, { signal }),
    placeholderData: keepPreviousData,
    staleTime: Infinity,
    retry: false,
  })
  const labels = useMemo(() => new Map([...view.inputs.map((i) => [i.name, i.words[lang]] as const), ...view.parameters.map((p) => [p.name, p.words[lang]] as const)]), [view, lang])
  const missing = answer.data?.missing ?? []
  return (
    <div className="try" data-test="try">
      <form className="try-form" onSubmit={(e) => e.preventDefault()}>
        <div className="try-tools">
          <label className="try-at">{t("try.at")} <input type="date" className="plain-input" value={at} onChange={(e) => setAt(e.target.value)} data-test="try-at" /></label>
          {cases.length > 0 && (
            <Select
              size="small"
              value={null}
              placeholder={t("try.case")}
              aria-label={t("try.case")}
              onChange={(i: number | null) => {
                const c = i === null ? undefined : cases[i]
                if (!c) return
                setFacts(c.input)
                setAt(c.at ?? "")
              }}
              options={cases.map((c, i) => ({ value: i, label: c.name }))}
              popupMatchSelectWidth={420}
              style={{ minWidth: 150 }}
              data-test="try-case"
            />
          )}
          <span className="spring" />
          <Button size="small" onClick={() => {
              setFacts({})
              setAt("")
            }} data-test="try-clear">{t("try.clear")}</Button>
        </div>
        <p className="dim small">{t("try.input.note")}</p>
        {groups(view.inputs).map((g) => (
          <fieldset className="facts-group" key={g.name}>
            <legend>{g.name ? <code>{g.name}</code> : t("try.input")}</legend>
            <div className="try-fields">
              {g.inputs.map((i) => (
                <Fact key={i.name} input={i} value={given(facts, i.name)} change={(v) => setFacts((f) => put(f, i.name, v))} wanted={missing.some((m) => m === i.name || m.startsWith(`${i.name}[`))} />
              ))}
            </div>
          </fieldset>
        ))}
      </form>
      <div className="try-answer" aria-live="polite">
        {answer.isError ? <ProblemNote error={answer.error} /> : answer.data ? <AnswerView answer={answer.data} labels={labels} /> : <Skeleton />}
      </div>
    </div>
  )
}

type Change = (v: unknown) => void

function Fact({ input: i, value, change, wanted }: { input: PackInput; value: unknown; change: Change; wanted: boolean }) {
  const { lang } = useWords()
  if (i.type === "list")
    return (
      <div className={wanted ? "wide wanted" : "wide"}>
        <p className="field-label">{i.words[lang]}</p>
        <Items input={i} value={value} change={change} />
      </div>
    )
  return (
    <div className={wanted ? "wanted" : undefined} data-fact={i.name}>
      <Field label={i.words[lang] || i.name}>
        <Control input={i} value={value} change={change} test={`fact-${i.name.replaceAll(".", "-")}`} />
      </Field>
    </div>
  )
}

function Control({ input: i, value, change, test }: { input: PackInput; value: unknown; change: Change; test: string }) {
  const { t, lang } = useWords()
  const label = i.words[lang] || i.name
  switch (i.type) {
    case "bool":
      return <Choice whole={false} value={value === true ? "yes" : value === false ? "no" : "unknown"} onChange={(v) => change(v === "yes" ? true : v === "no" ? false : undefined)} group="fact.bool" options={["yes", "no", "unknown"]} label={label} test={test} />
    case "enum":
      return <Select allowClear showSearch={{ optionFilterProp: "label" }} value={(value as string) ?? null} onChange={(v: string | null) => change(v ?? undefined)} options={i.of.map((o) => ({ value: o.name, label: o.words[lang] || o.name }))} placeholder={t("try.unknown")} aria-label={label} popupMatchSelectWidth={false} style={{ width: "100%" }} data-test={test} />
    case "int":
      return <InputNumber min={i.min ?? null!} max={i.max ?? null!} precision={0} value={(value as number) ?? null} onChange={(n) => change(n ?? undefined)} placeholder={t("try.unknown")} aria-label={label} style={{ width: "100%" }} data-test={test} />
    case "date":
      return <Input type="date" value={(value as string) ?? ""} onChange={(e) => change(e.target.value || undefined)} aria-label={label} data-test={test} />
    case "instant":
      return <Input type="datetime-local" value={fromInstant(value)} onChange={(e) => change(toInstant(e.target.value))} aria-label={label} data-test={test} />
    default:
      return <Input value={(value as string) ?? ""} onChange={(e) => change(e.target.value || undefined)} placeholder={t("try.unknown")} aria-label={label} data-test={test} />
  }
}

function Items({ input, value, change }: { input: PackInput; value: unknown; change: Change }) {
  const { t, lang } = useWords()
  const items = Array.isArray(value) ? (value as Facts[]) : []
  const set = (next: Facts[]) => change(next.length ? next : undefined)
  return (
    <div className="items" data-test={`fact-${input.name.replaceAll(".", "-")}`}>
      {items.map((item, n) => (
        <div className="item-fields" key={n}>
          {input.of.map((f) => (
            <Field key={f.name} label={f.words[lang] || f.name}>
              <Control input={f} value={item[f.name]} change={(v) => set(items.with(n, put(item, f.name, v)))} test={`item-${f.name}`} />
            </Field>
          ))}
          <button type="button" className="quiet" onClick={() => set(items.toSpliced(n, 1))} aria-label={t("try.remove")} title={t("try.remove")}>
            <DeleteOutlined />
          </button>
        </div>
      ))}
      <Button size="small" icon={<PlusOutlined />} onClick={() => set([...items, {}])} data-test="item-add">{t("try.add")}</Button>
    </div>
  )
}
