import { DeleteOutlined, PlusOutlined } from "@ant-design/icons"
import { keepPreviousData, useQuery } from "@tanstack/react-query"
import { Button, Input, InputNumber, Select } from "antd"
import { useState } from "react"
import { useNavigate, useParams } from "react-router"
import { api } from "../../api/client"
import type { BodyOf, PenaltyPage } from "../../api/types"
import { useMe } from "../../app/auth"
import { useWords } from "../../app/i18n"
import { Choice } from "../../parts/filters"
import { Field, sendKeys, useAction } from "../../parts/form"
import { Broken, ProblemNote } from "../../parts/problem"
import { RegionPick } from "../../parts/region"
import { Empty, Head, Skeleton } from "../../parts/view"
import { LawSays } from "../law"
import { useSettled } from "../settled"
import { Amount } from "./amount"
import { Band } from "./band"
import { conducts } from "./list"

type Draft = BodyOf<"put", `/register/penalties/${string}`>
type Who = BodyOf<"post", "/register/penalties">["subject"]
type Facts = { [K in keyof Draft["facts"]]: Draft["facts"][K] | undefined }

const devices = ["goip", "sim_pool", "phone_gateway", "voip", "router", "phone", "computer", "phone_card", "iot_card", "bank_card", "other"] as const
// The pack's names of what the form asks.
const asked: Record<string, keyof Facts> = { conduct: "conduct", asOf: "endedOn", gainsFen: "gainsFen", grave: "grave", crime: "crime", "subject.ageYears": "ageYears" }

export function NewPenalty() {
  const me = useMe()
  const go = useNavigate()
  const { t, code } = useWords()
  const [who, setWho] = useState<Who>({ kind: "individual", name: "", number: "" })
  const [region, setRegion] = useState(me.region ?? "")
  return (
    <Form
      title={t("penalty.new")}
      label={t("penalty.save")}
      kind={who.kind}
      region={region}
      ready={who.name.trim() !== "" && who.number.trim().length >= 5 && region !== ""}
      send={(draft, key) => api.post("/register/penalties", { ...draft, region, subject: who }, { key })}
      done={(p) => void go(`/register/penalties/${p.id}`)}
      fields={
        <fieldset className="facts-group">
          <legend>{t("penalty.subject")}</legend>
          <div className="two">
            <Field label={t("listing.kind")}>
              <Select value={who.kind} onChange={(kind) => setWho({ ...who, kind })} options={(["individual", "unit"] as const).map((k) => ({ value: k, label: code("listing.kind", k) }))} data-test="who-kind" />
            </Field>
            <Field label={t("listing.name")}>
              <Input value={who.name} onChange={(e) => setWho({ ...who, name: e.target.value })} autoComplete="off" autoFocus data-test="who-name" />
            </Field>
            <Field label={t("listing.number")} note={t("proposal.subject.number.note")}>
              <Input value={who.number} onChange={(e) => setWho({ ...who, number: e.target.value })} autoComplete="off" data-test="who-number" />
            </Field>
            <Field label={t("region")}>
              <RegionPick value={region} onChange={setRegion} within={me.region ?? ""} test="penalty-region" />
            </Field>
          </div>
        </fieldset>
      }
    />
  )
}

export function EditPenalty() {
  const { id = "" } = useParams()
  const go = useNavigate()
  const { t } = useWords()
  const penalty = useQuery({ queryKey: ["penalty", id], queryFn: ({ signal }) => api.get(`/register/penalties/${id}`, undefined, signal), staleTime: Infinity })
  if (penalty.isPending) return <Skeleton />
  if (penalty.isError) return <Broken error={penalty.error} retry={() => void penalty.refetch()} />
  const p = penalty.data
  return (
    <Form
      key={id}
      title={p.name}
      label={t("penalty.save.changes")}
      kind={p.kind}
      region={p.region}
      was={p}
      ready
      send={(draft, key) => api.put(`/register/penalties/${id}`, draft, { key, version: p.version })}
      done={() => void go(`/register/penalties/${id}`)}
    />
  )
}

/** Facts, devices and the penalty on the left; article and band beside them. */
function Form({ title, label, kind, region, was, ready, fields, send, done }: {
  title: string
  label: string
  kind: Who["kind"]
  region: string
  was?: PenaltyPage
  ready: boolean
  fields?: React.ReactNode
  send: (draft: Draft, key: string) => Promise<PenaltyPage>
  done: (p: PenaltyPage) => void
}) {
  const { t, code } = useWords()
  const [facts, setFacts] = useState<Partial<Facts>>(was?.facts ?? {})
  const [account, setAccount] = useState(was?.account ?? "")
  const [seized, setSeized] = useState(was?.devices ?? [])
  const [fine, setFine] = useState<number | undefined>(was?.proposed.fineFen)
  const [days, setDays] = useState(was?.proposed.detentionDays ?? 0)
  const given = Object.fromEntries(Object.entries(facts).filter(([, v]) => v !== undefined && v !== "")) as Draft["facts"]
  const settled = useSettled(JSON.stringify(given))
  const stated = JSON.parse(settled) as Draft["facts"]
  const law = useQuery({
    queryKey: ["penalty-preview", kind, region, settled],
    queryFn: ({ signal }) => api.post("/register/penalties/preview", { kind, region, facts: stated }, { signal }),
    enabled: region !== "" && !!stated.conduct && !!stated.endedOn,
    placeholderData: keepPreviousData,
    retry: false,
    staleTime: Infinity,
  })
  const save = useAction<void, PenaltyPage>((_, key) => send({ facts: given, account, fineFen: fine ?? 0, detentionDays: days, ...(seized.length > 0 && { devices: seized }) }, key), done, [["penalty"], ["list", "/register/penalties"]])
  const able = ready && account.trim() !== "" && !!law.data?.band && !save.busy
  const yes = (key: "grave" | "crime") => (
    <div data-fact={key} className={law.data?.answer.missing.includes(key) ? "wanted" : undefined}>
      <Field label={t(`penalty.facts.${key}`)}>
        <Choice whole={false} value={facts[key] === true ? "yes" : facts[key] === false ? "no" : "unknown"} onChange={(v) => setFacts({ ...facts, [key]: v === "yes" ? true : v === "no" ? false : undefined })} group="fact.bool" options={["yes", "no", "unknown"]} label={t(`penalty.facts.${key}`)} test={`fact-${key}`} />
      </Field>
    </div>
  )
  const free = devices.filter((d) => !seized.some((s) => s.kind === d))
  return (
    <form
      className="record"
      data-test="penalty-edit"
      onKeyDown={sendKeys(() => able && save.go())}
      onSubmit={(e) => {
        e.preventDefault()
        if (able) save.go()
      }}
    >
      <Head
        back={{ to: was ? `/register/penalties/${was.id}` : "/register/penalties", label: t("penalty.title") }}
        kind={t("penalty.one")}
        title={title}
        action={<Button type="primary" htmlType="submit" loading={save.busy} disabled={!able} data-test="penalty-save">{label}</Button>}
      />
      <div className="record-body halves">
        <main>
          <ProblemNote error={save.error} />
          {fields}
          <fieldset className="facts-group">
            <legend>{t("penalty.facts")}</legend>
            <div className="two">
              <div data-fact="conduct">
                <Field label={t("penalty.conduct")}>
                  <Select value={facts.conduct ?? null} onChange={(conduct: string) => setFacts({ ...facts, conduct: conduct as Facts["conduct"] })} options={conducts.map((c) => ({ value: c, label: code("penalty.conduct", c) }))} popupMatchSelectWidth={false} data-test="fact-conduct" />
                </Field>
              </div>
              <div data-fact="asOf">
                <Field label={t("penalty.facts.endedOn")}>
                  <Input type="date" value={facts.endedOn ?? ""} onChange={(e) => setFacts({ ...facts, endedOn: e.target.value || undefined })} data-test="fact-endedOn" />
                </Field>
              </div>
              <div data-fact="gainsFen" className={law.data?.answer.missing.includes("gainsFen") ? "wanted" : undefined}>
                <Amount label={t("penalty.facts.gains")} note={t("penalty.facts.gains.note")} value={facts.gainsFen} onChange={(gainsFen) => setFacts({ ...facts, gainsFen })} test="fact-gains" />
              </div>
              {yes("grave")}
              {yes("crime")}
              <div data-fact="subject.ageYears">
                <Field label={t("penalty.facts.age")}>
                  <InputNumber min={0} max={130} precision={0} value={facts.ageYears ?? null} onChange={(n) => setFacts({ ...facts, ageYears: n ?? undefined })} style={{ width: "100%" }} data-test="fact-age" />
                </Field>
              </div>
            </div>
            <Field label={t("penalty.account")} note={t("penalty.account.note")}>
              <Input.TextArea rows={4} maxLength={4000} value={account} onChange={(e) => setAccount(e.target.value)} data-test="penalty-account" />
            </Field>
          </fieldset>
          <fieldset className="facts-group">
            <legend>{t("penalty.devices")}</legend>
            {seized.map((s, i) => (
              <div className="object" key={s.kind}>
                <Select value={s.kind} onChange={(kind) => setSeized(seized.with(i, { ...s, kind }))} options={([s.kind, ...free] as typeof s.kind[]).map((d) => ({ value: d, label: code("penalty.device", d) }))} aria-label={t("penalty.devices")} data-test="device-kind" />
                <InputNumber min={1} max={1_000_000} precision={0} value={s.count} onChange={(n) => setSeized(seized.with(i, { ...s, count: n ?? 1 }))} aria-label={t("fact.objects.count")} data-test="device-count" />
                <button type="button" className="quiet" onClick={() => setSeized(seized.toSpliced(i, 1))} aria-label={t("fact.objects.remove")} title={t("fact.objects.remove")}>
                  <DeleteOutlined />
                </button>
              </div>
            ))}
            <div className="object">
              <Button size="small" icon={<PlusOutlined />} disabled={free.length === 0} onClick={() => setSeized([...seized, { kind: free[0] ?? "other", count: 1 }])} data-test="device-add">{t("penalty.devices.add")}</Button>
            </div>
          </fieldset>
          <fieldset className="facts-group">
            <legend>{t("penalty.measure")}</legend>
            <div className="two">
              <Amount label={t("penalty.fine")} value={fine} onChange={setFine} test="penalty-fine" />
              <Field label={t("penalty.detention")}>
                <InputNumber min={0} max={law.data?.band?.detentionMaxDays ?? 20} precision={0} value={days} onChange={(n) => setDays(n ?? 0)} style={{ width: "100%" }} data-test="penalty-days" />
              </Field>
            </div>
          </fieldset>
        </main>
        <aside aria-live="polite" aria-label={t("penalty.article")}>
          <ProblemNote error={law.error} />
          {law.data ? <LawSays answer={law.data.answer} head={<Band band={law.data.band} />} blocked="" asks={(name) => name in asked} /> : <Empty>{t("penalty.empty")}</Empty>}
        </aside>
      </div>
    </form>
  )
}
