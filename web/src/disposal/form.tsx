import { useQuery } from "@tanstack/react-query"
import { AutoComplete, Input, Select } from "antd"
import { useState } from "react"
import { useNavigate } from "react-router"
import { api } from "../api/client"
import type { Clue, DisposalCategory, DisposalKind } from "../api/types"
import { useMay } from "../app/auth"
import { useWords } from "../app/i18n"
import { ActionForm, Field } from "../parts/form"
import { fromWall } from "../parts/format"
import { InstitutionPick } from "../parts/names"

/** What can be done to which values, by whom and on which basis, as the server has it. */
export function useKinds() {
  return useQuery({ queryKey: ["disposal-kinds"], queryFn: async ({ signal }) => (await api.get("/disposals/kinds", undefined, signal)).items, staleTime: Infinity, enabled: useMay("disposal.list") }).data ?? []
}

/** Requests a measure against one clue, or the same against several, which then wait for a second officer. */
export function NewDisposal({ clues, label, done }: { clues: readonly Pick<Clue, "id" | "kind" | "institution">[]; label?: string; done?: () => void }) {
  const { t, code, lang } = useWords()
  const go = useNavigate()
  // A restore lifts a measure and is asked for on that measure's page.
  const kinds = useKinds().filter((k) => k.kind !== "restore" && clues.every((c) => k.clueKinds.includes(c.kind)))
  const [chosen, setChosen] = useState<DisposalKind>()
  const [category, setCategory] = useState<DisposalCategory>()
  const [to, setTo] = useState("")
  const [reason, setReason] = useState("")
  const [ownBasis, setBasis] = useState<string>()
  const [documentNo, setDocument] = useState("")
  const [until, setUntil] = useState("")
  const kind = kinds.find((k) => k.kind === chosen) ?? kinds[0]
  if (!useMay("disposal.request") || !kind) return null
  const basis = ownBasis ?? kind.bases[0]?.citation ?? ""
  const end = until ? fromWall(until) : undefined
  return (
    <ActionForm
      label={label ?? t("disposal.request")}
      test="dispose"
      width={560}
      ready={reason.trim() !== "" && basis.trim() !== "" && end !== null}
      send={(key) =>
        api.post(
          "/disposals",
          {
            kind: kind.kind, clues: clues.map((c) => c.id), reason, legalBasis: basis,
            ...(to && { institution: to }), ...(category && { category }), ...(documentNo && { documentNo }), ...(end && { until: end }),
          },
          { key },
        )
      }
      refresh={[["list", "/disposals"], ["list", "/clues"], ...clues.flatMap((c) => [["clue", c.id], ["timeline", c.id]])]}
      done={({ items }) => {
        done?.()
        if (items[0]) void go(items.length === 1 ? `/disposals/${items[0].id}` : "/disposals?state=requested")
      }}
      fields={
        <>
          {clues.length > 1 && <p className="notice-line tone-soon">{t("disposal.batch.note", { n: clues.length })}</p>}
          <div className="two">
            <Field label={t("disposal.kind")} note={code("disposal.kind.note", kind.kind)}>
              <Select value={kind.kind} onChange={setChosen} options={kinds.map((k) => ({ value: k.kind, label: k.text[lang] }))} data-test="dispose-kind" />
            </Field>
            <Field label={t("disposal.category")} note={t("disposal.category.note")}>
              <Select allowClear value={category ?? null} onChange={(v) => setCategory(v ?? undefined)} options={kind.categories.map((c) => ({ value: c as DisposalCategory, label: code("disposal.category", c) }))} placeholder={t("disposal.category.default")} data-test="dispose-category" />
            </Field>
          </div>
          <Field label={t("disposal.institution")}>
            <InstitutionPick value={to} onChange={setTo} kinds={kind.institutions as never} placeholder={t(kind.kind === "intercept" ? "disposal.to.all" : "disposal.to.route")} test="dispose-to" />
          </Field>
          <Field label={t("disposal.reason")} note={t("disposal.reason.note")}>
            <Input.TextArea rows={2} value={reason} onChange={(e) => setReason(e.target.value)} data-test="dispose-reason" />
          </Field>
          <Field label={t("disposal.basis")} note={kind.bases.find((b) => b.citation === basis)?.what}>
            <AutoComplete value={basis} onChange={setBasis} options={kind.bases.map((b) => ({ value: b.citation }))} data-test="dispose-basis" />
          </Field>
          <div className="two">
            <Field label={t("disposal.document")}>
              <Input value={documentNo} onChange={(e) => setDocument(e.target.value)} data-test="dispose-document" />
            </Field>
            <Field label={t("disposal.until")} note={t("disposal.until.note")}>
              <Input type="datetime-local" value={until} onChange={(e) => setUntil(e.target.value)} data-test="dispose-until" />
            </Field>
          </div>
        </>
      }
    />
  )
}
