import { App, Input, Select, Switch } from "antd"
import { useState } from "react"
import { api } from "../api/client"
import type { Account, Role } from "../api/types"
import { useWords } from "../app/i18n"
import { ActionForm, Field } from "../parts/form"
import { InstitutionName, InstitutionPick, useInstitutionNames } from "../parts/names"
import { RegionName, RegionPick } from "../parts/region"
import { Table, type Column } from "../parts/table"
import { State } from "../parts/view"

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
    { key: "state", title: t("account.state"), width: 90, cell: (a) => <State group="account" value={a.disabled ? "disabled" : "active"} tone={a.disabled ? "plain" : "good"} />, text: (a) => code("account", a.disabled ? "disabled" : "active") },
    { key: "act", title: "", width: 270, right: true, cell: (a) => <span className="row-actions"><AccountForm account={a} key={a.version} /><Reset account={a} /><NewKey account={a} /></span>, text: () => "" },
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
  const once = useOnce()
  const [login, setLogin] = useState(a?.login ?? "")
  const [name, setName] = useState(a?.name ?? "")
  const [has, setHas] = useState<Role[]>(a?.roles ?? ["officer"])
  const [region, setRegion] = useState(a?.region ?? "")
  const [institution, setInstitution] = useState(a?.institution ?? "")
  const [password, setPassword] = useState("")
  const [active, setActive] = useState(!a?.disabled)
  const bound = has.includes("responder") || has.includes("unit")
  const body = { login, name, roles: has, region, institution: bound ? institution : "", disabled: !active, ...(!a && password && { password }) }
  return (
    <ActionForm<Account & { password?: string }>
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
            <RegionPick value={region} onChange={setRegion} country test="account-region" />
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
  const once = useOnce()
  return (
    <ActionForm<{ password?: string }>
      label={t("account.password")}
      test="account-reset"
      send={(key) => api.post(`/accounts/${a.id}/password`, {}, { key, version: a.version })}
      done={(r) => once(t("account.password.once"), r?.password)}
      refresh={[["list", "/accounts"]]}
      fields={<p className="dim">{t("account.password.note")}</p>}
    />
  )
}

function NewKey({ account: a }: { account: Account }) {
  const { t } = useWords()
  const once = useOnce()
  const [name, setName] = useState("")
  return (
    <ActionForm<{ key?: string }>
      label={t("account.key")}
      test="account-key"
      ready={name.trim() !== ""}
      send={(key) => api.post(`/accounts/${a.id}/keys`, { name }, { key })}
      done={(r) => once(t("account.key.once"), r?.key)}
      fields={
        <Field label={t("account.key.name")}>
          <Input value={name} onChange={(e) => setName(e.target.value)} data-test="key-name" />
        </Field>
      }
    />
  )
}
