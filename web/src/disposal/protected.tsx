import { Button, Input, Select, Switch } from "antd"
import { useState } from "react"
import { api } from "../api/client"
import type { Protected as Entry } from "../api/types"
import { useMay } from "../app/auth"
import { useWords } from "../app/i18n"
import { ActionForm, Field, useAction } from "../parts/form"
import { exact } from "../parts/format"
import { ProblemNote } from "../parts/problem"
import { Table, type Column } from "../parts/table"
import { When } from "../parts/view"
import { DisposalTabs } from "./list"

const categories = ["hospital", "service", "emergency", "other"] as const

/** Numbers against which only a leader may approve a measure. */
export function Protected() {
  const { t, code } = useWords()
  const leads = useMay("protected.write")
  const columns: Column<Entry>[] = [
    { key: "value", title: t("disposal.protected.value"), width: "1fr", cell: (e) => <b className="num">{e.value}{e.prefix && "…"}</b>, text: (e) => e.value },
    { key: "category", title: t("disposal.protected.category"), width: 110, cell: (e) => code("disposal.protected.category", e.category), text: (e) => code("disposal.protected.category", e.category) },
    { key: "owner", title: t("disposal.protected.owner"), width: "1.6fr", cell: (e) => e.name, text: (e) => e.name },
    { key: "why", title: t("disposal.reason"), width: "1.6fr", cell: (e) => <span className="dim">{e.why}</span>, text: (e) => e.why },
    { key: "until", title: t("disposal.why.until"), width: 110, cell: (e) => e.until && <When at={e.until} />, text: (e) => (e.until ? exact(e.until) : "") },
    // What the number plan protects has no record and cannot be taken off.
    ...(leads ? [{ key: "remove", title: "", width: 110, right: true, cell: (e: Entry) => e.id !== "" && <Remove entry={e} />, text: () => "" }] : []),
  ]
  return <Table id={(e) => e.id || e.value} name="protected" path="/protected" columns={columns} empty={t("disposal.protected.empty")} filters={<><DisposalTabs /><span className="dim">{t("disposal.protected.note")}</span></>} tools={leads && <Add />} />
}

function Remove({ entry }: { entry: Entry }) {
  const { t } = useWords()
  const remove = useAction<void, unknown>((_, key) => api.delete(`/protected/${entry.id}`, { key, version: entry.version }), undefined, [["list", "/protected"]])
  return (
    <>
      <ProblemNote error={remove.error} />
      <Button size="small" type="text" loading={remove.busy} onClick={() => remove.go()} data-test="unprotect">
        {t("disposal.protected.remove")}
      </Button>
    </>
  )
}

function Add() {
  const { t, code } = useWords()
  const [value, setValue] = useState("")
  const [owner, setOwner] = useState("")
  const [why, setWhy] = useState("")
  const [category, setCategory] = useState<(typeof categories)[number]>("hospital")
  const [prefix, setPrefix] = useState(false)
  return (
    <ActionForm
      label={t("disposal.protected.add")}
      test="protect"
      ready={value.trim() !== "" && owner.trim() !== "" && why.trim() !== ""}
      send={(key) => api.post("/protected", { value, name: owner, why, category, prefix }, { key })}
      refresh={[["list", "/protected"]]}
      fields={
        <>
          <div className="two">
            <Field label={t("disposal.protected.value")}><Input value={value} onChange={(e) => setValue(e.target.value)} data-test="protect-value" /></Field>
            <Field label={t("disposal.protected.category")}>
              <Select value={category} onChange={setCategory} options={categories.map((c) => ({ value: c, label: code("disposal.protected.category", c) }))} data-test="protect-category" />
            </Field>
          </div>
          <label className="check"><Switch size="small" checked={prefix} onChange={setPrefix} data-test="protect-prefix" /> {t("disposal.protected.prefix")}</label>
          <Field label={t("disposal.protected.owner")}><Input value={owner} onChange={(e) => setOwner(e.target.value)} data-test="protect-owner" /></Field>
          <Field label={t("disposal.reason")}><Input value={why} onChange={(e) => setWhy(e.target.value)} data-test="protect-why" /></Field>
        </>
      }
    />
  )
}
