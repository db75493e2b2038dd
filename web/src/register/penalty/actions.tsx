import { Input, InputNumber, Select } from "antd"
import { useState } from "react"
import { api, serverNow } from "../../api/client"
import type { PenaltyPage } from "../../api/types"
import { useWords } from "../../app/i18n"
import { ActionForm, Field } from "../../parts/form"
import { today } from "../days"
import { Amount } from "./amount"
import { Band } from "./band"

const refreshed = (p: PenaltyPage) => [["penalty", p.id], ["list", "/register/penalties"]]
const now = () => today(serverNow())

/** A leader imposes the penalty, within the band. */
export function Decide({ p, own }: { p: PenaltyPage; own: boolean }) {
  const { t } = useWords()
  const [fine, setFine] = useState<number | undefined>(p.proposed.fineFen)
  const [days, setDays] = useState(p.proposed.detentionDays)
  const [documentNo, setDocument] = useState("")
  const [on, setOn] = useState(now)
  const [opinion, setOpinion] = useState("")
  return (
    <span title={own ? t("penalty.own") : undefined}>
      <ActionForm
        label={t("penalty.decide")}
        primary
        disabled={own}
        test="decide"
        width={560}
        ready={documentNo.trim() !== "" && on !== "" && fine !== undefined}
        send={(key) => api.post(`/register/penalties/${p.id}/decide`, { fineFen: fine ?? 0, detentionDays: days, documentNo, decidedOn: on, ...(opinion && { opinion }) }, { key, version: p.version })}
        refresh={refreshed(p)}
        fields={
          <>
            <Band band={p.band} />
            <div className="two">
              <Amount label={t("penalty.fine")} value={fine} onChange={setFine} test="decide-fine" />
              <Field label={t("penalty.detention")}>
                <InputNumber min={0} max={p.band.detentionMaxDays} precision={0} value={days} onChange={(n) => setDays(n ?? 0)} style={{ width: "100%" }} data-test="decide-days" />
              </Field>
              <Field label={t("penalty.documentNo")}>
                <Input value={documentNo} maxLength={100} onChange={(e) => setDocument(e.target.value)} data-test="decide-document" />
              </Field>
              <Field label={t("penalty.decidedOn")}>
                <Input type="date" value={on} onChange={(e) => setOn(e.target.value)} data-test="decide-on" />
              </Field>
            </div>
            <Field label={t("penalty.opinion")}>
              <Input.TextArea rows={2} maxLength={1000} value={opinion} onChange={(e) => setOpinion(e.target.value)} data-test="decide-opinion" />
            </Field>
          </>
        }
      />
    </span>
  )
}

export function Refuse({ p, own }: { p: PenaltyPage; own: boolean }) {
  const { t } = useWords()
  const [opinion, setOpinion] = useState("")
  return (
    <ActionForm
      label={t("penalty.refuse")}
      danger
      disabled={own}
      test="refuse"
      ready={opinion.trim() !== ""}
      send={(key) => api.post(`/register/penalties/${p.id}/refuse`, { opinion }, { key, version: p.version })}
      refresh={refreshed(p)}
      fields={
        <Field label={t("penalty.opinion")}>
          <Input.TextArea rows={3} maxLength={1000} value={opinion} onChange={(e) => setOpinion(e.target.value)} data-test="refuse-opinion" />
        </Field>
      }
    />
  )
}

const ways = ["direct", "left", "post", "public_notice", "electronic"] as const

export function Serve({ p }: { p: PenaltyPage }) {
  const { t } = useWords()
  const [how, setHow] = useState<(typeof ways)[number]>("direct")
  const [on, setOn] = useState(now)
  return (
    <ActionForm
      label={t("penalty.serve")}
      primary
      test="serve"
      ready={on !== ""}
      send={(key) => api.post(`/register/penalties/${p.id}/serve`, { how, on }, { key, version: p.version })}
      refresh={refreshed(p)}
      fields={
        <div className="two">
          <Field label={t("notice.how")}>
            <Select value={how} onChange={setHow} options={ways.map((w) => ({ value: w, label: t(`penalty.served.${w}`) }))} data-test="serve-how" />
          </Field>
          <Field label={t("notice.servedAt")}>
            <Input type="date" value={on} onChange={(e) => setOn(e.target.value)} data-test="serve-on" />
          </Field>
        </div>
      }
    />
  )
}

const kinds = ["reconsideration", "suit"] as const

/** The person asks for reconsideration, or goes to court. */
export function FileRemedy({ p }: { p: PenaltyPage }) {
  const { t } = useWords()
  const free = kinds.filter((k) => !p.remedies.some((r) => r.kind === k))
  const [chosen, setKind] = useState<(typeof kinds)[number]>()
  const [organ, setOrgan] = useState("")
  const [filedOn, setOn] = useState(now)
  const kind = chosen && free.includes(chosen) ? chosen : free[0]
  if (!kind) return null
  return (
    <ActionForm
      label={t("penalty.remedy.file")}
      test="remedy-file"
      ready={organ.trim() !== "" && filedOn !== ""}
      send={(key) => api.post(`/register/penalties/${p.id}/remedies`, { kind, organ, filedOn }, { key, version: p.version })}
      refresh={refreshed(p)}
      fields={
        <>
          <Field label={t("penalty.remedy.kind")}>
            <Select value={kind} onChange={setKind} options={free.map((k) => ({ value: k, label: t(`penalty.remedy.${k}`) }))} data-test="remedy-kind" />
          </Field>
          <div className="two">
            <Field label={t("penalty.remedy.organ")}>
              <Input value={organ} maxLength={100} onChange={(e) => setOrgan(e.target.value)} data-test="remedy-organ" />
            </Field>
            <Field label={t("penalty.remedy.filedOn")}>
              <Input type="date" value={filedOn} onChange={(e) => setOn(e.target.value)} data-test="remedy-on" />
            </Field>
          </div>
        </>
      }
    />
  )
}

const outcomes = ["upheld", "changed", "revoked", "withdrawn"] as const

/** What came of a reconsideration or suit. */
export function CloseRemedy({ p, kind }: { p: PenaltyPage; kind: (typeof kinds)[number] }) {
  const { t } = useWords()
  const [outcome, setOutcome] = useState<(typeof outcomes)[number]>("upheld")
  const [decidedOn, setOn] = useState(now)
  const [documentNo, setDocument] = useState("")
  const [fine, setFine] = useState<number | undefined>(p.measure.fineFen)
  const [days, setDays] = useState(p.measure.detentionDays)
  return (
    <ActionForm
      label={t("penalty.remedy.close")}
      test="remedy-close"
      ready={decidedOn !== "" && (outcome === "withdrawn" || documentNo.trim() !== "") && (outcome !== "changed" || fine !== undefined)}
      send={(key) =>
        api.post(
          `/register/penalties/${p.id}/remedies/${kind as string}`,
          { outcome, decidedOn, ...(documentNo && { documentNo }), ...(outcome === "changed" && { changed: { fineFen: fine ?? 0, detentionDays: days } }) },
          { key, version: p.version },
        )
      }
      refresh={refreshed(p)}
      fields={
        <>
          <div className="two">
            <Field label={t("penalty.outcome")}>
              <Select value={outcome} onChange={setOutcome} options={outcomes.map((o) => ({ value: o, label: t(`penalty.outcome.${o}`) }))} data-test="close-outcome" />
            </Field>
            <Field label={t("penalty.decidedOn")}>
              <Input type="date" value={decidedOn} onChange={(e) => setOn(e.target.value)} data-test="close-on" />
            </Field>
            {outcome === "changed" && (
              <>
                <Amount label={t("penalty.fine")} value={fine} onChange={setFine} test="close-fine" />
                <Field label={t("penalty.detention")}>
                  <InputNumber min={0} max={20} precision={0} value={days} onChange={(n) => setDays(n ?? 0)} style={{ width: "100%" }} data-test="close-days" />
                </Field>
              </>
            )}
          </div>
          <Field label={t("penalty.outcome.document")}>
            <Input value={documentNo} maxLength={100} onChange={(e) => setDocument(e.target.value)} data-test="close-document" />
          </Field>
        </>
      }
    />
  )
}
