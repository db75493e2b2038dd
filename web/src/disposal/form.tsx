import { Input, Select } from "antd"
import { useState } from "react"
import { useNavigate } from "react-router"
import { api } from "../api/client"
import type { Clue, Disposal, DisposalKind, Page } from "../api/types"
import { useWords } from "../app/i18n"
import { ActionForm, Field } from "../parts/form"
import { InstitutionPick } from "../parts/names"

/** The measures that exist for a kind of clue. */
export function measures(kind: Clue["kind"]): DisposalKind[] {
  switch (kind) {
    case "mobile":
    case "fixed":
    case "service":
    case "international":
      return ["shutdown", "intercept", "recheck", "restore"]
    case "url":
    case "domain":
    case "app":
    case "im":
      return ["block", "restore"]
    case "card":
    case "account":
      return [] // money is stopped by another stage
  }
}

export function NewDisposal({ clue }: { clue: Clue }) {
  const { t, code } = useWords()
  const go = useNavigate()
  const kinds = measures(clue.kind)
  const [kind, setKind] = useState<DisposalKind | undefined>(kinds[0])
  const [to, setTo] = useState(clue.institution ?? "")
  const [reason, setReason] = useState("")
  const [basis, setBasis] = useState(t("disposal.basis.default"))
  if (kinds.length === 0) return null
  return (
    <ActionForm<Page<Disposal>>
      label={t("disposal.request")}
      test="dispose"
      ready={!!kind && reason.trim() !== ""}
      send={(key) => api.post("/disposals", { kind, clues: [clue.id], ...(to && { institution: to }), reason, legalBasis: basis }, { key })}
      refresh={[["clue", clue.id], ["timeline", clue.id], ["list", "/disposals"]]}
      done={({ items }) => items[0] && void go(`/disposals/${items[0].id}`)}
      fields={
        <>
          <Field label={t("disposal.kind")} note={kind && t(`disposal.kind.${kind}.note`)}>
            <Select value={kind ?? null} onChange={(v) => setKind(v ?? undefined)} options={kinds.map((k) => ({ value: k, label: code("disposal.kind", k) }))} data-test="dispose-kind" />
          </Field>
          <Field label={t("disposal.institution")}>
            <InstitutionPick value={to} onChange={setTo} kinds={["carrier", "platform", "regulator"]} test="dispose-to" />
          </Field>
          <Field label={t("disposal.reason")}>
            <Input.TextArea rows={3} value={reason} onChange={(e) => setReason(e.target.value)} data-test="dispose-reason" />
          </Field>
          <Field label={t("disposal.basis")}>
            <Input value={basis} onChange={(e) => setBasis(e.target.value)} data-test="dispose-basis" />
          </Field>
        </>
      }
    />
  )
}
