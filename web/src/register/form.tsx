import { DeleteOutlined, PlusOutlined } from "@ant-design/icons"
import { Button, Input, InputNumber, Select } from "antd"
import { useWords } from "../app/i18n"
import { Choice } from "../parts/filters"
import { Field } from "../parts/form"
import { given, groups, items, kinds, put, putItems, shown, type Facts, type Field as Fact } from "./facts"

/** The facts of a proposal. What the answer waits for is marked and always shown. */
export function FactsForm({ facts, change, missing }: { facts: Facts; change: (f: Facts) => void; missing: readonly string[] }) {
  const { t, code } = useWords()
  return (
    <>
      {groups.map((g) => {
        const fields = shown(g, facts, missing)
        const objects = g.name === "conduct" && (fields.length > 0 || items(facts).length > 0)
        if (fields.length === 0 && !objects) return null
        return (
          <fieldset className="facts-group" key={g.name} data-test={`facts-${g.name}`}>
            <legend>{code("fact.group", g.name)}</legend>
            <div className="two">
              {fields.map((f) => (
                <FactField key={f.name} fact={f} facts={facts} change={change} wanted={missing.includes(f.name)} />
              ))}
            </div>
            {objects && <Objects facts={facts} change={change} wanted={missing.some((m) => m.startsWith("objects"))} />}
          </fieldset>
        )
      })}
      <p className="dim small">{t("proposal.facts.note")}</p>
    </>
  )
}

function FactField({ fact: f, facts, change, wanted }: { fact: Fact; facts: Facts; change: (f: Facts) => void; wanted: boolean }) {
  const { code } = useWords()
  const value = given(facts, f.name)
  const label = code("fact", f.name)
  const note = code("fact", `${f.name}.note`)
  const test = `fact-${f.name.replace(".", "-")}`
  const set = (v: string | number | boolean | undefined) => change(put(facts, f.name, v))
  const control = {
    enum: () => <Select allowClear value={(value as string) ?? null} onChange={(v: string | null) => set(v ?? undefined)} options={(f.of ?? []).map((o) => ({ value: o, label: code(`fact.${f.name}`, o) }))} popupMatchSelectWidth={false} data-test={test} />,
    bool: () => <Choice whole={false} value={value === true ? "yes" : value === false ? "no" : "unknown"} onChange={(v) => set(v === "yes" ? true : v === "no" ? false : undefined)} group="fact.bool" options={["yes", "no", "unknown"]} label={label} test={test} />,
    date: () => <Input type="date" value={(value as string) ?? ""} onChange={(e) => set(e.target.value || undefined)} data-test={test} />,
    int: () => <InputNumber min={0} max={1_000_000} precision={0} value={(value as number) ?? null} onChange={(n) => set(n ?? undefined)} style={{ width: "100%" }} data-test={test} />,
  }[f.type]()
  return (
    <div className={wanted ? "wanted" : undefined} data-fact={f.name}>
      <Field label={label} {...(note !== `${f.name}.note` && { note })}>
        {control}
      </Field>
    </div>
  )
}

function Objects({ facts, change, wanted }: { facts: Facts; change: (f: Facts) => void; wanted: boolean }) {
  const { t, code } = useWords()
  const list = items(facts)
  const set = (next: typeof list) => change(putItems(facts, next))
  const free = kinds.filter((k) => !list.some((o) => o.kind === k))
  const total = list.filter((o) => kinds.indexOf(o.kind as never) < 9).reduce((sum, o) => sum + o.count, 0)
  return (
    <div className={wanted ? "objects wanted" : "objects"} data-fact="objects" data-test="objects">
      <p className="field-label">{t("fact.objects")}</p>
      {list.map((o, i) => (
        <div className="object" key={o.kind}>
          <Select value={o.kind} onChange={(kind) => set(list.with(i, { ...o, kind }))} options={[o.kind, ...free].map((k) => ({ value: k, label: code("fact.objects", k) }))} aria-label={t("fact.objects.kind")} popupMatchSelectWidth={false} data-test="object-kind" />
          <InputNumber min={1} max={1_000_000} precision={0} value={o.count} onChange={(n) => set(list.with(i, { ...o, count: n ?? 1 }))} aria-label={t("fact.objects.count")} data-test="object-count" />
          <button type="button" className="quiet" onClick={() => set(list.toSpliced(i, 1))} aria-label={t("fact.objects.remove")} title={t("fact.objects.remove")}>
            <DeleteOutlined />
          </button>
        </div>
      ))}
      <div className="object">
        <Button size="small" icon={<PlusOutlined />} disabled={free.length === 0} onClick={() => set([...list, { kind: free[0] ?? "other", count: 1 }])} data-test="object-add">
          {t("fact.objects.add")}
        </Button>
        {list.length > 0 && <span className="dim">{t("fact.objects.total", { n: total })}</span>}
      </div>
    </div>
  )
}
