import { Checkbox, Input, Select } from "antd"
import { useState } from "react"
import { api } from "../api/client"
import type { AskField } from "../api/types"
import { useWords } from "../app/i18n"
import { ActionForm, Field } from "../parts/form"
import { InstitutionsPick } from "../parts/names"

const fields: AskField[] = ["subscriber", "outlet", "openedOn", "installAddress", "status", "location"]
const usual: AskField[] = ["subscriber", "outlet", "openedOn", "installAddress", "status"]

/** The question to one or several institutions, with all that the law wants said. */
export function Ask({ clues, label, officer, done, primary }: { clues: string[]; label: string; officer: string; done?: () => void; primary?: boolean }) {
  const { t, code } = useWords()
  const [to, setTo] = useState<string[]>([])
  const [asked, setAsked] = useState<AskField[]>(usual)
  const [officers, setOfficers] = useState([officer])
  const [purpose, setPurpose] = useState(t("lookup.purpose.default"))
  const [basis, setBasis] = useState(t("lookup.basis.default"))
  const [document, setDocument] = useState("")
  const [decision, setDecision] = useState("")
  const location = asked.includes("location")
  return (
    <ActionForm
      label={label}
      primary={primary ?? true}
      test="ask"
      width={560}
      ready={asked.length > 0 && officers.length > 0 && purpose.trim() !== "" && basis.trim() !== "" && (!location || decision.trim() !== "")}
      send={(key) =>
        api.post("/lookups", {
          clues, fields: asked, officers, purpose, legalBasis: basis,
          ...(to.length > 0 && { institutions: to }), ...(document && { documentNo: document }), ...(location && { locationDecisionNo: decision }),
        }, { key })
      }
      refresh={[["list", "/lookups"], ["list", "/clues"], ...clues.flatMap((c) => [["clue", c], ["timeline", c]])]}
      {...(done && { done })}
      fields={
        <>
          <Field label={t("lookup.to")}>
            <InstitutionsPick value={to} onChange={setTo} kinds={["carrier", "bank", "payment", "platform", "regulator"]} placeholder={t("lookup.to.route")} test="ask-to" />
          </Field>
          <fieldset className="checks">
            <legend>{t("lookup.field")}</legend>
            <Checkbox.Group value={asked} onChange={(v) => setAsked(v as AskField[])} options={fields.map((f) => ({ value: f, label: code("lookup.field", f) }))} />
          </fieldset>
          {location && (
            <Field label={t("lookup.location")} note={t("lookup.location.need")}>
              <Input value={decision} onChange={(e) => setDecision(e.target.value)} data-test="ask-decision" />
            </Field>
          )}
          <Field label={t("lookup.officers")}>
            <Select mode="tags" value={officers} onChange={setOfficers} open={false} placeholder={t("lookup.officers.place")} style={{ width: "100%" }} data-test="ask-officers" />
          </Field>
          <Field label={t("lookup.purpose")}>
            <Input value={purpose} onChange={(e) => setPurpose(e.target.value)} data-test="ask-purpose" />
          </Field>
          <Field label={t("lookup.basis")}>
            <Input value={basis} onChange={(e) => setBasis(e.target.value)} data-test="ask-basis" />
          </Field>
          <Field label={t("lookup.document")}>
            <Input value={document} onChange={(e) => setDocument(e.target.value)} data-test="ask-document" />
          </Field>
        </>
      }
    />
  )
}
