import { useQuery } from "@tanstack/react-query"
import { App, Button, Checkbox, Input, Modal, Select, Switch } from "antd"
import { useState } from "react"
import { api } from "../api/client"
import type { Account, Credential, Role } from "../api/types"
import { useMe } from "../app/auth"
import { useWords } from "../app/i18n"
import { ActionForm, Field, useAction } from "../parts/form"
import { fromWall } from "../parts/format"
import { InstitutionName, InstitutionPick, useInstitutionNames } from "../parts/names"
import { RegionName, RegionPick } from "../parts/region"
import { Table, type Column } from "../parts/table"
import { Broken, ProblemNote } from "../parts/problem"
import { Empty, Skeleton, State, When } from "../parts/view"

const roles: Role[] = ["officer", "analyst", "leader", "unit", "responder", "admin", "auditor"]

export function Accounts() {
  const { t, code } = useWords()
  const institution = useInstitutionNames()
  const columns: Column<Account>[] = [
    { key: "login", title: t("account.login"), width: "1fr", cell: (a) => <b>{a.login}</b>, text: (a) => a.login },
    { key: "name", title: t("account.name"), width: "1fr", cell: (a) => a.name, text: (a) => a.name },
    { key: "roles", title: t("account.roles"), width: "2fr", cell: (a) => a.roles.map((r) => code("role", r)).join(" · "), text: (a) => a.roles.map((r) => code("role", r)).join(" ") },
    { key: "region", title: t("region"), width: "1.2fr", cell: (a) => <RegionName code={a.region} />, text: (a) => a.region },
    { key: "institution", title: t("account.institution"), width: "1.5fr", cell: (a) => <InstitutionName id={a.institution} />, text: (a) => institution(a.institution) },
    { key: "totp", title: t("account.totp"), width: 84, cell: (a) => (a.totp ? <State group="account" value="totp" tone="good" /> : <span className="dim">{t("no")}</span>), text: (a) => t(a.totp ? "yes" : "no") },
    { key: "state", title: t("account.state"), width: 90, cell: (a) => <State group="account" value={a.disabled ? "disabled" : "active"} tone={a.disabled ? "plain" : "good"} />, text: (a) => code("account", a.disabled ? "disabled" : "active") },
    { key: "act", title: "", width: 270, right: true, cell: (a) => <span className="row-actions"><AccountForm account={a} key={a.version} /><Reset account={a} />{a.institution && <Keys account={a} />}</span>, text: () => "" },
  ]
  return <Table name="accounts" path="/accounts" columns={columns} empty={t("account.empty")} filters={<h1>{t("account.title")}</h1>} tools={<AccountForm />} />
}

function useOnce() {
  const { t } = useWords()
  const { modal } = App.useApp()
  return (title: string, value: string | undefined) => {
    if (!value) return
    modal.info({ title, content: <code className="once" data-test="once">{value}</code>, okText: t("account.copied"), mask: { closable: false } })
  }
}

function AccountForm({ account: a }: { account?: Account }) {
  const { t, code } = useWords()
  const me = useMe()
  const once = useOnce()
  const [login, setLogin] = useState(a?.login ?? "")
  const [name, setName] = useState(a?.name ?? "")
  const [has, setHas] = useState<string[]>(a?.roles ?? ["officer"])
  const [region, setRegion] = useState(a?.region ?? me.region)
  const [institution, setInstitution] = useState(a?.institution ?? "")
  const [password, setPassword] = useState("")
  const [active, setActive] = useState(!a?.disabled)
  const bound = has.includes("responder") || has.includes("unit")
  const body = { login, name, roles: has, region, institution: bound ? institution : "", disabled: !active, ...(!a && password && { password }) }
  return (
    <ActionForm<Account & { password?: string | undefined }>
      label={a ? t("account.edit") : t("account.new")}
      primary={!a}
      test={a ? "account-edit" : "account-new"}
      ready={login.trim() !== "" && name.trim() !== "" && has.length > 0 && (!bound || institution !== "")}
      send={(key) => (a ? api.put(`/accounts/${a.id}`, body, { key, version: a.version }) : api.post("/accounts", body, { key }))}
      done={(r) => once(t("account.password.once"), r?.password)}
      refresh={[["list", "/accounts"]]}
      fields={
        <>
          <div className="two">
            <Field label={t("account.login")}>
              <Input value={login} onChange={(e) => setLogin(e.target.value)} disabled={!!a} autoComplete="off" data-test="account-login" />
            </Field>
            <Field label={t("account.name")}>
              <Input value={name} onChange={(e) => setName(e.target.value)} autoComplete="off" data-test="account-name" />
            </Field>
          </div>
          <Field label={t("account.roles")}>
            <Select mode="multiple" value={has} onChange={setHas} options={roles.map((r) => ({ value: r, label: code("role", r) }))} data-test="account-roles" />
          </Field>
          <Field label={t("region")} note={t("account.region.note")}>
            <RegionPick value={region} onChange={setRegion} within={me.region} country={me.region === ""} test="account-region" />
          </Field>
          {bound && (
            <Field label={t("account.institution")}>
              <InstitutionPick value={institution} onChange={setInstitution} test="account-institution" />
            </Field>
          )}
          {!a && (
            <Field label={t("account.first")}>
              <Input.Password value={password} onChange={(e) => setPassword(e.target.value)} autoComplete="new-password" data-test="account-password" />
            </Field>
          )}
          {a && (
            <Field label={t("account.state")}>
              <Switch checked={active} onChange={setActive} checkedChildren={t("account.active")} unCheckedChildren={t("account.disabled")} data-test="account-active" />
            </Field>
          )}
        </>
      }
    />
  )
}

function Reset({ account: a }: { account: Account }) {
  const { t } = useWords()
  const [totp, setTotp] = useState(false)
  const once = useOnce()
  return (
    <ActionForm
      label={t("account.password")}
      test="account-reset"
      send={(key) => api.post(`/accounts/${a.id}/password`, { totp }, { key, version: a.version })}
      done={(r) => once(t("account.password.once"), r.password)}
      refresh={[["list", "/accounts"]]}
      fields={
        <>
          <p className="dim">{t("account.password.note")}</p>
          {a.totp && <Checkbox checked={totp} onChange={(e) => setTotp(e.target.checked)} data-test="reset-totp">{t("account.password.totp")}</Checkbox>}
        </>
      }
    />
  )
}

/** The keys and certificates by which a machine signs in as this account. */
function Keys({ account: a }: { account: Account }) {
  const { t } = useWords()
  const [open, setOpen] = useState(false)
  const keys = useQuery({ queryKey: ["credentials", a.id], queryFn: async ({ signal }) => (await api.get(`/accounts/${a.id}/credentials`, undefined, signal)).items, enabled: open })
  return (
    <>
      <Button onClick={() => setOpen(true)} data-test="account-keys">
        {t("account.keys")}
      </Button>
      <Modal open={open} onCancel={() => setOpen(false)} footer={null} title={`${t("account.keys")} · ${a.name}`} width={640} destroyOnHidden>
        <div className="action-form" data-test="credentials">
          {keys.isPending && <Skeleton rows={3} />}
          {keys.isError && <Broken error={keys.error} retry={() => void keys.refetch()} />}
          {keys.data?.length === 0 && <Empty>{t("account.keys.empty")}</Empty>}
          {keys.data && keys.data.length > 0 && (
            <table className="plain">
              <thead>
                <tr>
                  <th>{t("account.key.name")}</th>
                  <th>{t("account.key.kind")}</th>
                  <th>{t("account.key.made")}</th>
                  <th>{t("account.key.expires")}</th>
                  <th aria-label={t("account.key.revoke")} />
                </tr>
              </thead>
              <tbody>
                {keys.data.map((k) => (
                  <tr key={k.id} data-test="credential">
                    <td><b>{k.name}</b> <code className="dim">{k.shown}</code></td>
                    <td>{t(`account.key.${k.kind}`)}</td>
                    <td><When at={k.createdAt} /></td>
                    <td><When at={k.expiresAt} /></td>
                    <td className="right">{k.revokedAt ? <span className="dim">{t("account.key.revoked")}</span> : <Revoke account={a} credential={k} />}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
          <div className="form-end">
            <NewKey account={a} />
          </div>
        </div>
      </Modal>
    </>
  )
}

function Revoke({ account: a, credential: k }: { account: Account; credential: Credential }) {
  const { t } = useWords()
  const revoke = useAction<void, unknown>((_, key) => api.delete(`/accounts/${a.id}/credentials/${k.id}`, { key }), undefined, [["credentials", a.id]])
  return (
    <>
      <ProblemNote error={revoke.error} />
      <Button size="small" danger type="text" loading={revoke.busy} onClick={() => revoke.go()} data-test="key-revoke">
        {t("account.key.revoke")}
      </Button>
    </>
  )
}

function NewKey({ account: a }: { account: Account }) {
  const { t } = useWords()
  const once = useOnce()
  const [name, setName] = useState("")
  const [until, setUntil] = useState("")
  const end = until ? fromWall(`${until}T23:59`) : undefined
  return (
    <ActionForm
      label={t("account.key")}
      test="account-key"
      ready={name.trim() !== "" && end !== null}
      send={(key) => api.post(`/accounts/${a.id}/keys`, { name, ...(end && { expiresAt: end }) }, { key })}
      done={(r) => once(t("account.key.once"), r.key)}
      refresh={[["credentials", a.id]]}
      fields={
        <div className="two">
          <Field label={t("account.key.name")}>
            <Input value={name} onChange={(e) => setName(e.target.value)} data-test="key-name" />
          </Field>
          <Field label={t("account.key.expires")} note={t("account.key.expires.note")}>
            <Input type="date" value={until} onChange={(e) => setUntil(e.target.value)} data-test="key-until" />
          </Field>
        </div>
      }
    />
  )
}
