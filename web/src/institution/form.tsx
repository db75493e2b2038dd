import { Input, InputNumber, Select, Switch } from "antd"
import { useState } from "react"
import { api } from "../api/client"
import type { GatewayKind, Institution, InstitutionKind, Range } from "../api/types"
import { useMe } from "../app/auth"
import { useWords } from "../app/i18n"
import { ActionForm, Field } from "../parts/form"
import { RegionPick } from "../parts/region"

const kinds: InstitutionKind[] = ["police", "carrier", "bank", "payment", "community", "regulator", "platform"]
const gateways: GatewayKind[] = ["manual", "platform", "camara", "sandbox"]
const lines = (s: string) => s.split("\n").map((l) => l.trim()).filter(Boolean)

export function InstitutionForm({ institution: i, label, done }: { institution?: Institution; label: string; done?: (i: Institution) => void }) {
  const { t, code } = useWords()
  const me = useMe()
  const [name, setName] = useState(i?.name ?? "")
  const [handle, setHandle] = useState(i?.code ?? "")
  const [kind, setKind] = useState<InstitutionKind>(i?.kind ?? "carrier")
  const [region, setRegion] = useState(i?.region ?? me.region)
  const [gateway, setGateway] = useState<GatewayKind>(i?.gateway ?? "manual")
  const [endpoint, setEndpoint] = useState(i?.endpoint ?? "")
  const [target, setTarget] = useState(i?.answerTargetS ?? 180)
  const [secret, setSecret] = useState<string>()
  const [off, setOff] = useState(i?.disabled ?? false)
  const [nameEn, setNameEn] = useState(i?.nameEn ?? "")
  const [ranges, setRanges] = useState(i?.ranges.map((r) => `${r.kind} ${r.prefix}`).join("\n") ?? "")
  const [contacts, setContacts] = useState(i?.contacts.map((c) => [c.name, c.phone, c.role, c.email].join(", ").replace(/[, ]+$/, "")).join("\n") ?? "")
  const body = () => ({
    name, nameEn, kind, region, gateway, disabled: off, ...(secret !== undefined && { secret }), answerTargetS: target, code: handle, ranges: lines(ranges).map((l) => { const [kind = "", prefix = ""] = l.split(/\s+/); return { kind: kind as Range["kind"], prefix } }), ...(endpoint && { endpoint }),
    contacts: lines(contacts).map((l) => {
      const [name = "", phone = "", role = "", email = ""] = l.split(/[,，]/).map((x) => x.trim()) // in both languages
      return { name, phone, role, email }
    }),
  })
  return (
    <ActionForm<Institution>
      label={label}
      test={i ? "institution-edit" : "institution-new"}
      width={560}
      ready={name.trim() !== "" && handle.trim().length >= 2}
      send={(key) => (i ? api.put(`/institutions/${i.id}`, body(), { key, version: i.version }) : api.post("/institutions", body(), { key }))}
      refresh={[["institutions"], ["institution", i?.id], ["list", "/institutions"]]}
      {...(done && { done })}
      fields={
        <>
          <div className="two">
            <Field label={t("institution.name")}>
              <Input value={name} onChange={(e) => setName(e.target.value)} data-test="institution-name" />
            </Field>
            <Field label={t("institution.nameEn")}>
              <Input value={nameEn} onChange={(e) => setNameEn(e.target.value)} data-test="institution-nameEn" />
            </Field>
            <Field label={t("institution.code")}>
              <Input value={handle} onChange={(e) => setHandle(e.target.value)} data-test="institution-code" />
            </Field>
            <Field label={t("institution.kind")}>
              <Select value={kind} onChange={setKind} options={kinds.map((v) => ({ value: v, label: code("institution.kind", v) }))} data-test="institution-kind" />
            </Field>
            <Field label={t("region")}>
              <RegionPick value={region} onChange={setRegion} within={me.region} country={me.region === ""} test="institution-region" />
            </Field>
            <Field label={t("institution.gateway")}>
              <Select value={gateway} onChange={setGateway} options={gateways.map((v) => ({ value: v, label: code("institution.gateway", v) }))} data-test="institution-gateway" />
            </Field>
            <Field label={t("institution.target.s")}>
              <InputNumber min={1} max={864_000} precision={0} value={target} onChange={(v) => setTarget(v ?? 180)} style={{ width: "100%" }} data-test="institution-target" />
            </Field>
          </div>
          {gateway !== "manual" && (
            <div className="two">
              <Field label={t("institution.endpoint")}>
                <Input value={endpoint} onChange={(e) => setEndpoint(e.target.value)} data-test="institution-endpoint" />
              </Field>
              <Field label={t("institution.secret")} note={i?.hasSecret ? t("institution.secret.kept") : undefined}>
                <Input.Password value={secret ?? ""} onChange={(e) => setSecret(e.target.value)} autoComplete="off" data-test="institution-secret" />
              </Field>
            </div>
          )}
          {i && (
            <label className="check">
              <Switch size="small" checked={!off} onChange={(on) => setOff(!on)} data-test="institution-active" /> {t("institution.active")}
            </label>
          )}
          <div className="two">
            <Field label={t("institution.ranges")} note={t("institution.ranges.note")}>
              <Input.TextArea rows={4} value={ranges} onChange={(e) => setRanges(e.target.value)} data-test="institution-ranges" />
            </Field>
            <Field label={t("institution.contacts")} note={t("institution.contacts.note")}>
              <Input.TextArea rows={4} value={contacts} onChange={(e) => setContacts(e.target.value)} data-test="institution-contacts" />
            </Field>
          </div>
        </>
      }
    />
  )
}
