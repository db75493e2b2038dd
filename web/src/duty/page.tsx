import { useQuery } from "@tanstack/react-query"
import { Button, Input, Select } from "antd"
import { useState } from "react"
import { api, serverNow } from "../api/client"
import type { Colleague, DutyDay, Turn } from "../api/types"
import { useMay, useMe } from "../app/auth"
import { useWords } from "../app/i18n"
import { useFilters } from "../parts/filters"
import { ActionForm, Field, useAction } from "../parts/form"
import { fromWall, toWall } from "../parts/format"
import { useNow } from "../parts/now"
import { usePeople, usePersonNames } from "../parts/people"
import { Broken, ProblemNote } from "../parts/problem"
import { RegionName } from "../parts/region"
import { Empty, Section, Skeleton, State, When } from "../parts/view"

const posts = ["leader", "officer"] as const
const wall = (at: number) => toWall(new Date(at).toISOString())

const handIn = (turns: Turn[]) => turns.map(({ account, role, from, to, phone }) => ({ account, role, from, to, ...(phone && { phone }) }))

/** Who is on duty on a day. */
export function DutyPage() {
  const { t, code, lang } = useWords()
  const me = useMe()
  const edits = useMay("duty.write")
  const now = useNow()
  const people = usePeople().data ?? []
  const nameOf = usePersonNames()
  const [f, set] = useFilters("day")
  const day = f.day || wall(now).slice(0, 10)
  const duty = useQuery({ queryKey: ["duty", day], queryFn: ({ signal }) => api.get("/duty", { from: day }, signal) })
  const own = duty.data?.items.find((d) => d.region === me.region)
  const on = (s: Turn) => Date.parse(s.from) <= now && now < Date.parse(s.to)
  return (
    <div className="page" data-test="duty-page">
      <div className="list-bar">
        <div className="filters">
          <h1>{t("duty.title")}</h1>
          <Input type="date" size="small" value={day} onChange={(e) => set("day", e.target.value)} aria-label={t("duty.day")} style={{ width: 140 }} data-test="duty-day" />
        </div>
        <div className="list-tools">{edits && duty.data && <AddTurn key={day} day={day} region={me.region} list={own} people={people} />}</div>
      </div>
      <div className="narrow wide">
        {duty.isPending && <Skeleton rows={4} />}
        {duty.isError && <Broken error={duty.error} retry={() => void duty.refetch()} />}
        {duty.data?.items.every((d) => d.entries.length === 0) && <Empty>{t("duty.empty")}</Empty>}
        {duty.data?.items
          .filter((d) => d.entries.length > 0)
          .map((d) => (
            <Section key={d.id} title={d.regionName || t("duty.list")} extra={!d.regionName && <RegionName code={d.region} />}>
              <table className="plain">
                <thead>
                  <tr>
                    <th>{t("duty.who")}</th>
                    <th>{t("duty.role")}</th>
                    <th>{t("duty.phone")}</th>
                    <th>{t("duty.from")}</th>
                    <th>{t("duty.to")}</th>
                    <th aria-label={t("duty.remove")} />
                  </tr>
                </thead>
                <tbody>
                  {d.entries
                    .toSorted((a, b) => a.from.localeCompare(b.from))
                    .map((s) => (
                      <tr key={s.id} className={on(s) ? "at" : undefined} data-test="turn">
                        <td>
                          <b>{nameOf(s.account)}</b> {on(s) && <State group="duty" value="now" tone="good" />}
                        </td>
                        <td>{code("role", s.role)}</td>
                        <td className="num">{s.phone}</td>
                        <td><When at={s.from} /></td>
                        <td><When at={s.to} /></td>
                        <td className="right">{edits && <Remove list={d} turn={s} day={day} />}</td>
                      </tr>
                    ))}
                </tbody>
              </table>
              {d.remarks.length > 0 && (
                <ul className="reasons dim" aria-label={t("duty.gap")}>
                  {d.remarks.map((r) => (
                    <li key={r.zh}>{r[lang]}</li>
                  ))}
                </ul>
              )}
            </Section>
          ))}
      </div>
    </div>
  )
}

function Remove({ list, turn, day }: { list: DutyDay; turn: Turn; day: string }) {
  const { t } = useWords()
  const save = useAction<void, unknown>((_, key) => api.put("/duty", { region: list.region, day, entries: handIn(list.entries.filter((x) => x !== turn)) }, { key, version: list.version }), undefined, [["duty"]])
  return (
    <>
      <ProblemNote error={save.error} />
      <Button size="small" type="text" loading={save.busy} onClick={() => save.go()}>
        {t("duty.remove")}
      </Button>
    </>
  )
}

const hour = 3_600_000

function AddTurn({ day, region, list, people }: { day: string; region: string; list: DutyDay | undefined; people: Colleague[] }) {
  const { t, code } = useWords()
  const start0 = Math.max(Date.parse(`${day}T00:00:00+08:00`), Math.floor(serverNow() / hour) * hour)
  const [account, setAccount] = useState("")
  const [role, setRole] = useState<Turn["role"]>("leader")
  const [phone, setPhone] = useState("")
  const [from, setFrom] = useState(() => wall(start0))
  const [to, setTo] = useState(() => wall(start0 + 12 * hour))
  const start = fromWall(from)
  const end = fromWall(to)
  return (
    <ActionForm
      label={t("duty.add")}
      primary
      test="turn-add"
      ready={account !== "" && start !== null && end !== null && start < end}
      send={(key) => api.put("/duty", { region, day: from.slice(0, 10), entries: [...handIn(list?.entries ?? []), { account, role, from: start ?? "", to: end ?? "", ...(phone && { phone }) }] }, { key, version: list?.version ?? 0 })}
      refresh={[["duty"]]}
      fields={
        <>
          <div className="two">
            <Field label={t("duty.role")}>
              <Select value={role} onChange={(r) => (setRole(r), setAccount(""))} options={posts.map((p) => ({ value: p, label: code("role", p) }))} data-test="turn-role" />
            </Field>
            <Field label={t("duty.who")}>
              <Select showSearch={{ optionFilterProp: "label" }} value={account || null} onChange={(v) => setAccount(v ?? "")} options={people.filter((p) => p.roles.includes(role)).map((p) => ({ value: p.id, label: p.name }))} data-test="turn-account" />
            </Field>
            <Field label={t("duty.phone")}>
              <Input value={phone} onChange={(e) => setPhone(e.target.value)} inputMode="tel" data-test="turn-phone" />
            </Field>
            <Field label={t("duty.from")}>
              <Input type="datetime-local" value={from} onChange={(e) => setFrom(e.target.value)} data-test="turn-from" />
            </Field>
            <Field label={t("duty.to")}>
              <Input type="datetime-local" value={to} onChange={(e) => setTo(e.target.value)} data-test="turn-to" />
            </Field>
          </div>
        </>
      }
    />
  )
}
