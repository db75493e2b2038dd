import { useQueryClient } from "@tanstack/react-query"
import { Button, Input } from "antd"
import { useState } from "react"
import { api } from "../api/client"
import { useRole } from "../app/auth"
import { useWords } from "../app/i18n"
import { ActionForm, Field, useAction } from "../parts/form"
import { Table, type Column } from "../parts/table"
import { DisposalTabs } from "./list"

type Entry = { id: string; value: string; name: string; why?: string; version?: number }

/** Numbers against which only a leader may approve a measure. */
export function Protected() {
  const { t } = useWords()
  const queries = useQueryClient()
  const leads = useRole("leader", "admin")
  const remove = useAction<Entry, unknown>((e, key) => api.delete(`/protected/${e.id}`, { key, version: e.version }), () => void queries.invalidateQueries({ queryKey: ["list", "/protected"] }))
  const columns: Column<Entry>[] = [
    { key: "value", title: t("disposal.protected.value"), width: "1fr", cell: (e) => <b className="num">{e.value}</b>, text: (e) => e.value },
    { key: "owner", title: t("disposal.protected.owner"), width: "2fr", cell: (e) => <>{e.name} <span className="dim">{e.why}</span></>, text: (e) => e.name },
    { key: "remove", title: "", width: 80, right: true, cell: (e) => leads && e.version !== undefined && e.version > 0 && <Button size="small" type="text" onClick={() => remove.go(e)}>{t("disposal.protected.remove")}</Button>, text: () => "" },
  ]
  return <Table id={(e) => e.id || e.value} name="protected" path="/protected" columns={columns} empty={t("disposal.protected.empty")} filters={<><DisposalTabs /><span className="dim">{t("disposal.protected.note")}</span></>} tools={leads && <Add />} />
}

function Add() {
  const { t } = useWords()
  const [value, setValue] = useState("")
  const [owner, setOwner] = useState("")
  const [why, setWhy] = useState("")
  return (
    <ActionForm
      label={t("disposal.protected.add")}
      test="protect"
      ready={value.trim() !== "" && owner.trim() !== "" && why.trim() !== ""}
      send={(key) => api.post("/protected", { value, name: owner, why }, { key })}
      refresh={[["list", "/protected"]]}
      fields={
        <>
          <Field label={t("disposal.protected.value")}><Input value={value} onChange={(e) => setValue(e.target.value)} data-test="protect-value" /></Field>
          <Field label={t("disposal.protected.owner")}><Input value={owner} onChange={(e) => setOwner(e.target.value)} data-test="protect-owner" /></Field>
          <Field label={t("disposal.reason")}><Input value={why} onChange={(e) => setWhy(e.target.value)} data-test="protect-why" /></Field>
        </>
      }
    />
  )
}
