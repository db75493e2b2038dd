import { Input } from "antd"
import { useState, type ReactNode } from "react"
import { Link } from "react-router"
import { api } from "../api/client"
import type { ProposalPage } from "../api/types"
import { useMe } from "../app/auth"
import { useWords } from "../app/i18n"
import { ActionForm, Field } from "../parts/form"
import { barred, type Verb } from "./steps"

const refreshed = (p: Pick<ProposalPage, "id">) => [["proposal", p.id], ["timeline", p.id], ["list", "/register/proposals"], ["list", "/register/listings"]]

/** The form of one step of a proposal. */
export function ProposalAction({ p, verb, primary }: { p: ProposalPage; verb: Verb; primary: boolean }) {
  const { t, code, lang } = useWords()
  const me = useMe()
  const [text, setText] = useState("")
  const [document, setDocument] = useState("")
  // What the law leaves to the organ is held with a reason, each by itself.
  const open = p.answer.needs.filter((n) => n.kind === "reading" || n.kind === "confirmation")
  const [held, setHeld] = useState<Record<string, string>>({})
  if (verb === "edit")
    return (
      <Link to={`/register/proposals/${p.id}/edit`} className="button-link tall" data-test="proposal-edit-link">
        {t("proposal.edit")}
      </Link>
    )
  const why = barred(p, verb, me)
  const written = text.trim() !== ""
  const disputed = p.disagreed.length > 0
  const options = (key: string) => ({ key, version: p.version })
  const area = (label: string, note?: string) => (
    <Field label={label} note={note}>
      <Input.TextArea rows={3} maxLength={2000} value={text} onChange={(e) => setText(e.target.value)} data-test={`${verb}-text`} />
    </Field>
  )
  const form: { fields: ReactNode; ready?: boolean; send: (key: string) => Promise<unknown> } = {
    propose: {
      fields: (
        <>
          <p className="dim">{t("proposal.propose.note")}</p>
          {open.length > 0 && <p>{t("proposal.propose.confirm")}</p>}
          {open.map((n) => (
            <Field key={n.name} label={n.why[lang]}>
              <Input.TextArea rows={2} maxLength={2000} value={held[n.name] ?? ""} onChange={(e) => setHeld({ ...held, [n.name]: e.target.value })} data-test={`confirm-${n.name}`} />
            </Field>
          ))}
        </>
      ),
      send: (key: string) => {
        const confirm = Object.entries(held).filter(([, reason]) => reason.trim() !== "").map(([row, reason]) => ({ row, reason }))
        return api.post(`/register/proposals/${p.id}/propose`, confirm.length > 0 ? { confirm } : {}, options(key))
      },
    },
    review: { fields: area(t("proposal.approve.opinion"), t("proposal.review.note")), ready: written, send: (key: string) => api.post(`/register/proposals/${p.id}/review`, { opinion: text }, options(key)) },
    approve: {
      fields: (
        <>
          <Field label={t("proposal.approve.document")}>
            <Input value={document} maxLength={100} onChange={(e) => setDocument(e.target.value)} data-test="approve-document" />
          </Field>
          {area(t(disputed ? "proposal.approve.answer" : "proposal.approve.opinion"))}
        </>
      ),
      ready: document.trim() !== "" && (!disputed || written),
      send: (key: string) => api.post(`/register/proposals/${p.id}/approve`, { documentNo: document, ...(written && { note: text }) }, options(key)),
    },
    return: { fields: area(t("listing.reason")), ready: written, send: (key: string) => api.post(`/register/proposals/${p.id}/return`, { reason: text }, options(key)) },
    refuse: { fields: area(t("listing.reason")), ready: written, send: (key: string) => api.post(`/register/proposals/${p.id}/refuse`, { reason: text }, options(key)) },
    evaluate: { fields: <p className="dim">{t("proposal.answer.note", { at: p.answer.at })}</p>, send: (key: string) => api.post(`/register/proposals/${p.id}/evaluate`, undefined, options(key)) },
  }[verb]
  return (
    <span title={why === "own" ? t("proposal.own") : why ? t("proposal.level.low", { level: code("proposal.level", verb === "review" ? "province" : p.level || "city") }) : undefined}>
      <ActionForm label={t(`proposal.${verb}`)} primary={primary} danger={verb === "refuse"} disabled={why !== undefined} test={verb} ready={form.ready ?? true} send={form.send} refresh={refreshed(p)} fields={form.fields} />
    </span>
  )
}

/** An officer disagrees with a row of the answer. */
export function Disagree({ p, row }: { p: ProposalPage; row: string }) {
  const { t } = useWords()
  const [reason, setReason] = useState("")
  return (
    <ActionForm
      label={t("proposal.disagree")}
      title={t("proposal.disagree.title", { row })}
      test="disagree"
      ready={reason.trim() !== ""}
      send={(key) => api.post(`/register/proposals/${p.id}/disagree`, { row, reason }, { key, version: p.version })}
      refresh={refreshed(p)}
      fields={
        <Field label={t("listing.reason")} note={t("proposal.disagree.note")}>
          <Input.TextArea rows={3} maxLength={2000} value={reason} onChange={(e) => setReason(e.target.value)} data-test="disagree-text" />
        </Field>
      }
    />
  )
}
