import { useQuery } from "@tanstack/react-query"
import { Button, Input, Select } from "antd"
import { useState } from "react"
import { api, serverNow } from "../api/client"
import type { Account, Page, Shift } from "../api/types"
import { useRole } from "../app/auth"
import { useWords } from "../app/i18n"
import { ActionForm, Field, useAction } from "../parts/form"
import { fromWall, toWall } from "../parts/format"
import { useNow } from "../parts/now"
import { Broken, ProblemNote } from "../parts/problem"
import { Empty, Section, Skeleton, State, When } from "../parts/view"

export type Duty = { version: number; items: Shift[] }
const posts = ["leader", "officer", "analyst"] as const

/** Who is on duty, now and in the next days. */
export function DutyPage() {
  const { t, code } = useWords()
  const edits = useRole("admin", "leader")
  const now = useNow()
  const duty = useQuery({ queryKey: ["duty"], queryFn: ({ signal }) => api.get<Duty>("/duty", undefined, signal) })
  const save = useAction<Shift[], unknown>((items, key) => api.put("/duty", { items }, { key, version: duty.data?.version ?? 0 }), undefined, [["duty"]])
  if (duty.isPending) return <Skeleton />
  if (duty.isError) return <Broken error={duty.error} retry={() => void duty.refetch()} />
  const shifts = duty.data.items.toSorted((a, b) => a.from.localeCompare(b.from))
  const on = (s: Shift) => Date.parse(s.from) <= now && now < Date.parse(s.to)
  return (
    <div className="page" data-test="duty-page">
      <div className="list-bar">
        <div className="filters">
          <h1>{t("duty.title")}</h1>
        </div>
        <div className="list-tools">{edits && <AddShift shifts={shifts} version={duty.data.version} />}</div>
      </div>
      <div className="narrow wide">
        <ProblemNote error={save.error} />
        <Section title={t("duty.list")}>
          {shifts.length === 0 ? (
            <Empty>{t("duty.empty")}</Empty>
          ) : (
            <table className="plain">
              <thead>
                <tr>
                  <th>{t("duty.who")}</th>
                  <th>{t("duty.role")}</th>
                  <th>{t("duty.phone")}</th>
                  <th>{t("duty.from")}</th>
                  <th>{t("duty.to")}</th>
                  <th />
                </tr>
              </thead>
              <tbody>
                {shifts.map((s) => (
                  <tr key={`${s.account}-${s.from}`} className={on(s) ? "at" : undefined} data-test="shift">
                    <td>
                      <b>{s.name || s.account}</b> {on(s) && <State group="duty" value="now" tone="good" />}
                    </td>
                    <td>{code("role", s.role)}</td>
                    <td className="num">{s.phone}</td>
                    <td><When at={s.from} /></td>
                    <td><When at={s.to} /></td>
                    <td className="right">
                      {edits && (
                        <Button size="small" type="text" onClick={() => save.go(shifts.filter((x) => x !== s))}>
                          {t("duty.remove")}
                        </Button>
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </Section>
      </div>
    </div>
  )
}

function AddShift({ shifts, version }: { shifts: Shift[]; version: number }) {
  const { t, code } = useWords()
  const accounts = useQuery({ queryKey: ["accounts", "all"], queryFn: ({ signal }) => api.get<Page<Account>>("/accounts", { limit: 500 }, signal), retry: false })
  const [account, setAccount] = useState("")
  const [role, setRole] = useState<string>("leader")
  const [from, setFrom] = useState(() => toWall(new Date(serverNow()).toISOString()))
  const [to, setTo] = useState(() => toWall(new Date(serverNow() + 12 * 3_600_000).toISOString()))
  const start = fromWall(from)
  const end = fromWall(to)
  const name = accounts.data?.items.find((a) => a.id === account)?.name ?? ""
  return (
    <ActionForm
      label={t("duty.add")}
      primary
      test="shift-add"
      ready={account !== "" && start !== null && end !== null && start < end}
      send={(key) => api.put("/duty", { items: [...shifts, { account, name, role, from: start, to: end }] }, { key, version })}
      refresh={[["duty"]]}
      fields={
        <>
          <Field label={t("duty.who")}>
            <Select showSearch={{ optionFilterProp: "label" }} value={account || null} onChange={(v) => setAccount(v ?? "")} options={accounts.data?.items.map((a) => ({ value: a.id, label: `${a.name} (${a.login})` })) ?? []} data-test="shift-account" />
          </Field>
          <Field label={t("duty.role")}>
            <Select value={role} onChange={setRole} options={posts.map((p) => ({ value: p, label: code("role", p) }))} data-test="shift-role" />
          </Field>
          <div className="two">
            <Field label={t("duty.from")}>
              <Input type="datetime-local" value={from} onChange={(e) => setFrom(e.target.value)} data-test="shift-from" />
            </Field>
            <Field label={t("duty.to")}>
              <Input type="datetime-local" value={to} onChange={(e) => setTo(e.target.value)} data-test="shift-to" />
            </Field>
          </div>
        </>
      }
    />
  )
}
