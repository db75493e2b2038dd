import { useQuery } from "@tanstack/react-query"
import { CloseOutlined, UndoOutlined } from "@ant-design/icons"
import { Button, Input } from "antd"
import { useEffect, useRef, useState, type ChangeEvent } from "react"
import { Link } from "react-router"
import { api, serverNow } from "../api/client"
import type { Channel, Party, Report, ReportType } from "../api/types"
import { useMe } from "../app/auth"
import { useWords } from "../app/i18n"
import { useLive } from "../app/live"
import { span } from "../parts/deadline"
import { Field, sendKeys, useAction } from "../parts/form"
import { fromWall, money, parseMoney, toWall } from "../parts/format"
import { arrowKeys } from "../parts/keys"
import { useNow } from "../parts/now"
import { ProblemNote } from "../parts/problem"
import { RegionName, RegionPick } from "../parts/region"
import { Empty, Section, State, When } from "../parts/view"
import { findValue, Marked } from "./finds"
import { Taken } from "./taken"

const types: ReportType[] = ["report", "tip", "inquiry"]
const channels: Channel[] = ["phone", "110", "online", "counter", "platform"]
const pause = 250

type Draft = {
  type: ReportType
  channel: Channel
  text: string
  phone: string
  name: string
  region: string
  ref110: string
  /** What the officer typed; undefined as long as it follows the text. */
  amount: string | undefined
  occurred: string | undefined
  threeway: boolean
  desk: string
  deskPhone: string
}

const blank = (region: string): Draft => ({
  type: "report", channel: "phone", text: "", phone: "", name: "", region, ref110: "", amount: undefined, occurred: undefined, threeway: false, desk: "", deskPhone: "",
})

/** What was found in the text as it stood a moment ago. */
function useFinds(text: string, turn: number) {
  const [last, setLast] = useState({ text: "", turn })
  useEffect(() => {
    const timer = setTimeout(() => setLast({ text, turn }), pause)
    return () => clearTimeout(timer)
  }, [text, turn])
  const settled = last.turn === turn ? last.text : ""
  return useQuery({
    queryKey: ["extract", turn, settled],
    queryFn: async ({ signal }) => ({ text: settled, finds: (await api.post("/extract", { text: settled, at: new Date(serverNow()).toISOString() }, { signal })).finds }),
    enabled: settled.trim() !== "",
    // What was found a moment ago stays while more is typed, but never into the next report.
    placeholderData: (old, query) => (settled.trim() && query?.queryKey[1] === turn ? old : undefined),
    staleTime: Infinity,
    gcTime: 10_000,
    retry: false,
  })
}

/** The desk: one form that takes a report in half a minute by keyboard alone, and what became of it beside. */
export function Intake() {
  const me = useMe()
  const words = useWords()
  const { t, code, lang } = words
  const [draft, setDraft] = useState(() => blank(me.region))
  const [turn, setTurn] = useState(0)
  const [started, setStarted] = useState<number | null>(null)
  const [taken, setTaken] = useState<Report[]>([])
  const [dropped, setDropped] = useState<ReadonlySet<string>>(new Set())
  const area = useRef<HTMLTextAreaElement>(null)
  const mirror = useRef<HTMLDivElement>(null)
  const set = (change: Partial<Draft>) => {
    setStarted((s) => s ?? serverNow())
    setDraft((d) => ({ ...d, ...change }))
  }
  const typed = (name: keyof Draft) => (e: ChangeEvent<HTMLInputElement>) => set({ [name]: e.target.value })

  const extract = useFinds(draft.text, turn)
  // Marks belong to the text they were found in; while it is being changed they rest.
  const finds = extract.data && extract.data.text === draft.text ? extract.data.finds : []
  const listed = extract.data?.finds ?? []
  const amountFound = listed.filter((f) => f.kind === "amount" && (!f.note || f.note === "CNY") && /^\d+$/.test(f.value)).reduce((most, f) => Math.max(most, Number(f.value)), 0)
  const timeFound = listed.find((f) => f.kind === "time" && !Number.isNaN(Date.parse(f.value)))?.value
  const amount = draft.amount ?? (amountFound ? String(amountFound / 100) : "")
  const occurred = draft.occurred ?? (timeFound ? toWall(timeFound) : "")
  const amountFen = amount.trim() === "" ? undefined : parseMoney(amount)

  const clear = () => {
    setDraft(blank(me.region))
    setTurn((n) => n + 1)
    setStarted(null)
    setDropped(new Set())
    area.current?.focus()
  }
  const take = useAction<Draft, Report>(
    (d, key) => {
      const parties: Party[] = d.threeway
        ? [{ role: "caller", name: d.name }, { role: "desk110", name: d.desk, note: d.deskPhone }, { role: "centre", name: me.name }]
        : []
      const struck = listed.filter((f) => dropped.has(f.value)).map((f) => f.value)
      // What follows the text is sent only when it was found in this very text; otherwise the server finds it.
      const current = extract.data?.text === d.text
      const at = d.occurred !== undefined || current ? fromWall(occurred) : null
      const fen = d.amount !== undefined || current ? amountFen : undefined
      return api.post(
        "/reports",
        {
          type: d.type, channel: d.channel, text: d.text, region: d.region,
          ...(d.ref110 && { ref110: d.ref110 }), ...(at && { occurredAt: at }), ...(fen && { amountFen: fen }),
          ...((d.name || d.phone) && { caller: { name: d.name, phone: d.phone } }), ...(parties.length > 0 && { parties }), ...(struck.length > 0 && { dropped: struck }),
        },
        { key },
      )
    },
    (r) => {
      setTaken((all) => [r, ...all].slice(0, 3))
      clear()
    },
    [["list", "/reports"], ["reports", "recent"]],
  )
  const ready = draft.text.trim() !== "" && draft.region !== "" && amountFen !== null
  const submit = () => {
    if (ready && !take.busy) take.go(draft)
  }
  useEffect(() => {
    const keys = (e: KeyboardEvent) => {
      if (!e.altKey || e.ctrlKey || e.metaKey) return
      const type = types[Number(e.code.replace("Digit", "")) - 1]
      if (type) setDraft((d) => ({ ...d, type }))
      else if (e.code === "KeyT") setDraft((d) => ({ ...d, threeway: !d.threeway, channel: d.threeway ? d.channel : "110" }))
      else if (e.code === "KeyR") document.querySelector<HTMLInputElement>("[data-test=ref110]")?.focus()
      else return
      e.preventDefault()
    }
    addEventListener("keydown", keys)
    return () => removeEventListener("keydown", keys)
  }, [])

  return (
    <div className="desk" data-test="intake">
      <form
        className="desk-form"
        onKeyDown={sendKeys(submit)}
        onSubmit={(e) => {
          e.preventDefault()
          submit()
        }}
      >
        <div className="desk-top">
          <h1>{t("report.new")}</h1>
          <Radio label={t("report.type")} options={types.map((v, i) => ({ value: v, label: code("report.type", v), hint: `Alt+${i + 1}` }))} value={draft.type} onChange={(type) => set({ type: type as ReportType })} test="type" />
          <Radio label={t("report.channel")} options={channels.map((v) => ({ value: v, label: code("report.channel", v) }))} value={draft.channel} onChange={(channel) => set({ channel: channel as Channel })} test="channel" />
          <button type="button" className={draft.threeway ? "toggle on" : "toggle"} aria-pressed={draft.threeway} onClick={() => set({ threeway: !draft.threeway, ...(!draft.threeway && { channel: "110" as const }) })} title="Alt+T" data-test="threeway">
            {t("report.threeway")}
          </button>
        </div>

        {draft.threeway && (
          <div className="threeway" data-test="threeway-panel">
            <p className="dim small">{t("report.threeway.note")}</p>
            <Field label={t("report.ref110")} hint="Alt R">
              <Input value={draft.ref110} onChange={typed("ref110")} maxLength={40} data-test="ref110" />
            </Field>
            <div className="party">
              <b>{t("report.party.caller")}</b>
              <Input value={draft.phone} onChange={typed("phone")} placeholder={t("report.caller.phone")} aria-label={t("report.caller.phone")} inputMode="tel" data-test="phone" />
              <Input value={draft.name} onChange={typed("name")} placeholder={t("report.caller.name")} aria-label={t("report.caller.name")} data-test="name" />
            </div>
            <div className="party">
              <b>{t("report.party.desk110")}</b>
              <Input value={draft.desk} onChange={typed("desk")} placeholder={t("report.party.desk110.name")} aria-label={t("report.party.desk110.name")} data-test="desk110" />
              <Input value={draft.deskPhone} onChange={typed("deskPhone")} placeholder={t("report.party.phone")} aria-label={t("report.party.phone")} inputMode="tel" />
            </div>
            <div className="party">
              <b>{t("report.party.centre")}</b>
              <span className="party-self">{me.name}</span>
            </div>
          </div>
        )}

        <div className="transcript">
          <div className="transcript-mirror" ref={mirror} aria-hidden="true">
            <Marked text={draft.text} finds={finds} />
            {"\n"}
          </div>
          <textarea
            ref={area}
            // The desk opens ready to write: a caller is on the line.
            // oxlint-disable-next-line jsx-a11y/no-autofocus
            autoFocus
            value={draft.text}
            onChange={(e) => set({ text: e.target.value })}
            onScroll={(e) => mirror.current?.scrollTo(0, e.currentTarget.scrollTop)}
            placeholder={t("report.text.place")}
            aria-label={t("report.text")}
            spellCheck={false}
            maxLength={20_000}
            data-test="text"
          />
        </div>

        <div className="desk-fields">
          {!draft.threeway && (
            <>
              <Field label={t("report.caller.phone")}>
                <Input value={draft.phone} onChange={typed("phone")} inputMode="tel" data-test="phone" />
              </Field>
              <Field label={t("report.caller.name")}>
                <Input value={draft.name} onChange={typed("name")} data-test="name" />
              </Field>
            </>
          )}
          <Field label={t("report.amount")} error={amountFen === null ? t("report.amount.bad") : undefined} note={draft.amount === undefined && amountFound ? t("report.filled") : typeof amountFen === "number" && amountFen >= 1_000_000 ? money(amountFen, lang) : undefined}>
            <Input value={amount} onChange={typed("amount")} placeholder={t("report.amount.place")} inputMode="decimal" status={amountFen === null ? "error" : ""} data-test="amount" />
          </Field>
          <Field label={t("report.region")}>
            <RegionPick value={draft.region || undefined} onChange={(region) => set({ region })} within={me.region} test="region" />
          </Field>
          {!draft.threeway && draft.channel === "110" && (
            <Field label={t("report.ref110")} hint="Alt R">
              <Input value={draft.ref110} onChange={typed("ref110")} maxLength={40} data-test="ref110" />
            </Field>
          )}
          <Field label={t("report.occurred")} note={draft.occurred === undefined && timeFound ? t("report.filled") : undefined}>
            <Input type="datetime-local" value={occurred} onChange={typed("occurred")} data-test="occurred" />
          </Field>
        </div>
        <ProblemNote error={take.error} />
        <div className="form-end">
          <Elapsed since={started} />
          <span className="spring" />
          <Button onClick={clear} disabled={started === null}>{t("report.clear")}</Button>
          <Button type="primary" htmlType="submit" loading={take.busy} disabled={!ready} data-test="submit">
            {t("report.submit")} <kbd>Ctrl ↵</kbd>
          </Button>
        </div>
      </form>

      <aside className="desk-side">
        <Section title={t("report.finds")} test="finds">
          {extract.isError ? (
            <Empty>{t("report.finds.failed")}</Empty>
          ) : listed.length === 0 ? (
            <Empty>{t("report.finds.empty")}</Empty>
          ) : (
            <>
              <ul className="finds">
                {listed.map((f) => (
                  <li key={`${f.start}-${f.kind}`} className={dropped.has(f.value) ? "struck" : undefined} data-test="find" data-kind={f.kind}>
                    <span className={`find find-${f.kind}`}>{code("find", f.kind)}</span>
                    <b className="num">{findValue(f, words)}</b>
                    {f.raw !== findValue(f, words) && <span className="dim clip">{f.raw}</span>}
                    <span className="spring" />
                    {asked(f.kind) && (
                      <button type="button" className="quiet" onClick={() => setDropped((old) => toggled(old, f.value))} title={t(dropped.has(f.value) ? "report.keep" : "report.drop")} aria-label={t(dropped.has(f.value) ? "report.keep" : "report.drop")} data-test="drop">
                        {dropped.has(f.value) ? <UndoOutlined /> : <CloseOutlined />}
                      </button>
                    )}
                  </li>
                ))}
              </ul>
              <p className="dim small">{t("report.finds.more")}</p>
            </>
          )}
        </Section>
        <Section title={t("report.taken")} test="taken">
          {taken.length === 0 ? <Empty>{t("report.taken.empty")}</Empty> : taken.map((r) => <Taken key={r.id} report={r} />)}
        </Section>
        <Recent />
      </aside>
    </div>
  )
}

const asked = (kind: string) => kind !== "amount" && kind !== "time" && kind !== "id"

function toggled(old: ReadonlySet<string>, value: string): ReadonlySet<string> {
  const next = new Set(old)
  if (!next.delete(value)) next.add(value)
  return next
}

function Radio({ label, options, value, onChange, test }: { label: string; options: { value: string; label: string; hint?: string }[]; value: string; onChange: (v: string) => void; test: string }) {
  return (
    <div className="choice" role="radiogroup" aria-label={label} onKeyDown={arrowKeys} data-test={test}>
      {options.map((o) => (
        <button type="button" role="radio" aria-checked={value === o.value} key={o.value} title={o.hint} onClick={() => onChange(o.value)} data-value={o.value} tabIndex={value === o.value ? 0 : -1}>
          {o.label}
        </button>
      ))}
    </div>
  )
}

function Elapsed({ since }: { since: number | null }) {
  const { t } = useWords()
  const now = useNow()
  return since === null ? null : <span className="dim num">{t("report.elapsed", { span: span(Math.max(0, now - since)) })}</span>
}

function Recent() {
  const { t, lang } = useWords()
  const recent = useQuery({ queryKey: ["reports", "recent"], queryFn: ({ signal }) => api.get("/reports", { limit: 8 }, signal) })
  useLive((e) => e.kind.startsWith("report."), () => void recent.refetch(), 1000)
  return (
    <Section title={t("report.recent")} extra={<Link to="/reports">{t("report.all")}</Link>}>
      {recent.data?.items.length === 0 && <Empty>{t("report.empty")}</Empty>}
      <ul className="recent">
        {recent.data?.items.map((r) => (
          <li key={r.id}>
            <When at={r.receivedAt} />
            <State group="report.type" value={r.type} tone="plain" />
            <Link to={`/reports/${r.id}`}>{r.ref110 || r.id.slice(-8)}</Link>
            <span className="dim clip"><RegionName code={r.region} short /></span>
            <span className="spring" />
            <span className="num amount">{r.amountFen > 0 && money(r.amountFen, lang)}</span>
          </li>
        ))}
      </ul>
    </Section>
  )
}
