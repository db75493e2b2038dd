import { Input, Select } from "antd"
import { useState } from "react"
import { api, serverNow } from "../api/client"
import type { AlertPage, InstitutionKind } from "../api/types"
import { useWords } from "../app/i18n"
import { Choice } from "../parts/filters"
import { ActionForm, Field } from "../parts/form"
import { InstitutionPick } from "../parts/names"
import { choices, proposed, type Verb } from "./steps"

const receivers: Record<string, InstitutionKind[]> = { warning: ["police", "community"], referral: ["bank", "payment", "carrier"] }

const refreshOf = (a: AlertPage) => [["alert", a.id], ["timeline", a.id], ["list", "/alerts"]]

/** The form of one step of an alert. */
export function AlertAction({ alert: a, verb, primary }: { alert: AlertPage; verb: Verb; primary: boolean }) {
  const of = { alert: a, primary }
  switch (verb) {
    case "take":
      return <Plain {...of} verb="take" />
    case "receive":
      return <Plain {...of} verb="receive" />
    case "decide":
      return <Decide key={a.version} {...of} />
    case "hand":
      return <Hand key={a.version} {...of} />
    case "judge":
      return <Judge key={a.version} {...of} />
  }
}

type Of = { alert: AlertPage; primary: boolean }

function Plain({ alert: a, primary, verb }: Of & { verb: "take" | "receive" }) {
  const { t } = useWords()
  return (
    <ActionForm
      label={t(`alert.${verb}`)}
      primary={primary}
      test={verb}
      send={(key) => api.post(`/alerts/${a.id}/${verb}`, undefined, { key, version: a.version })}
      refresh={refreshOf(a)}
      fields={<p>{t(`alert.${verb}.note`)}</p>}
    />
  )
}

function Decide({ alert: a, primary }: Of) {
  const { t } = useWords()
  const [decision, setDecision] = useState(() => proposed(a.becomes, a.clueable))
  const [institution, setInstitution] = useState("")
  const [note, setNote] = useState("")
  const kinds = receivers[decision]
  return (
    <ActionForm
      label={t("alert.decide")}
      title={t("alert.decide.title")}
      primary={primary}
      test="decide"
      width={560}
      ready={decision !== "dismissed" || note.trim() !== ""}
      send={(key) => api.post(`/alerts/${a.id}/decide`, { decision, ...(kinds && institution && { institution }), ...(note.trim() && { note: note.trim() }) }, { key, version: a.version })}
      refresh={refreshOf(a)}
      fields={
        <>
          <Choice whole={false} value={decision} onChange={(v) => setDecision(v as typeof decision)} group="alert.decision" options={choices(a.clueable)} label={t("alert.decide")} test="decide-what" />
          <p className="dim" data-test="decide-means">{t(`alert.means.${decision}`)}</p>
          {kinds && (
            <Field label={t(`alert.to.${decision as "warning" | "referral"}`)} note={t("alert.to.note")}>
              <InstitutionPick key={decision} value={institution} onChange={setInstitution} kinds={kinds} test="decide-to" />
            </Field>
          )}
          <Field label={t(decision === "dismissed" ? "alert.note.why" : "alert.note")}>
            <Input.TextArea rows={3} value={note} onChange={(e) => setNote(e.target.value)} maxLength={2000} data-test="decide-note" />
          </Field>
        </>
      }
    />
  )
}

function Hand({ alert: a, primary }: Of) {
  const { t } = useWords()
  const [institution, setInstitution] = useState(a.institution)
  return (
    <ActionForm
      label={t(a.institution ? "alert.hand.another" : "alert.hand")}
      primary={primary}
      test="hand"
      ready={institution !== "" && institution !== a.institution}
      send={(key) => api.post(`/alerts/${a.id}/hand`, { institution }, { key, version: a.version })}
      refresh={refreshOf(a)}
      fields={
        <Field label={t(`alert.to.${a.decision as "warning" | "referral"}`)}>
          <InstitutionPick value={institution} onChange={setInstitution} kinds={receivers[a.decision] ?? []} test="hand-to" />
        </Field>
      }
    />
  )
}

const verdicts = ["right", "wrong", "unsure"] as const

function Judge({ alert: a, primary }: Of) {
  const { t } = useWords()
  const [verdict, setVerdict] = useState<(typeof verdicts)[number] | "">("")
  const [note, setNote] = useState("")
  return (
    <ActionForm
      label={t("alert.judge")}
      title={t("alert.judge.title")}
      primary={primary}
      test="judge"
      ready={verdict !== ""}
      send={(key) => api.post(`/alerts/${a.id}/feedback`, { verdict: verdict || "unsure", ...(note.trim() && { note: note.trim() }) }, { key, version: a.version })}
      refresh={[...refreshOf(a), ["figures", "alerts"]]}
      fields={
        <>
          <Choice whole={false} value={verdict} onChange={(v) => setVerdict(v as typeof verdict)} group="alert.verdict" options={verdicts} label={t("alert.judge")} test="judge-verdict" />
          <Field label={t("alert.judge.note")} note={t("alert.judge.counts")}>
            <Input.TextArea rows={3} value={note} onChange={(e) => setNote(e.target.value)} maxLength={2000} data-test="judge-note" />
          </Field>
        </>
      }
    />
  )
}

const day = 86_400_000
export const spans = ["1", "7", "30", "90"] as const

/** Leaves the subject of an alert alone for a time, by one rule or by all. */
export function SuppressSubject({ alert: a }: { alert: AlertPage }) {
  const { t, lang } = useWords()
  const [days, setDays] = useState<string>("7")
  const [rule, setRule] = useState(a.rule)
  const [why, setWhy] = useState("")
  return (
    <ActionForm
      label={t("suppression.make")}
      title={t("suppression.make.title")}
      test="suppress"
      width={520}
      ready={why.trim() !== ""}
      send={(key) => api.post("/suppressions", { alert: a.id, rule, until: new Date(serverNow() + Number(days) * day).toISOString(), why: why.trim() }, { key })}
      refresh={[...refreshOf(a), ["list", "/suppressions"]]}
      fields={
        <>
          <p className="dim">{t("suppression.note")}</p>
          <Choice whole={false} value={days} onChange={setDays} group="suppression.days" options={spans} label={t("suppression.for")} test="suppress-days" />
          <Field label={t("suppression.rule")}>
            <Select value={rule} onChange={setRule} options={[{ value: a.rule, label: a.title[lang] }, { value: "", label: t("suppression.rule.all") }]} data-test="suppress-rule" />
          </Field>
          <Field label={t("suppression.why")}>
            <Input.TextArea rows={3} value={why} onChange={(e) => setWhy(e.target.value)} maxLength={2000} data-test="suppress-why" />
          </Field>
        </>
      }
    />
  )
}
