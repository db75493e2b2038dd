import { Input, Radio } from "antd"
import { useState } from "react"
import { api } from "../api/client"
import type { ListingPage } from "../api/types"
import { useWords } from "../app/i18n"
import { ActionForm, Field } from "../parts/form"

const refreshed = (l: ListingPage) => [["listing"], ["timeline", l.id], ["list", "/register/listings"]]

/** Ends a listing at once. */
export function Lift({ l }: { l: ListingPage }) {
  const { t } = useWords()
  const [ground, setGround] = useState<"wrong" | "ordered">("wrong")
  const [reason, setReason] = useState("")
  return (
    <ActionForm
      label={t("listing.lift")}
      danger
      test="lift"
      ready={reason.trim() !== ""}
      send={(key) => api.post(`/register/listings/${l.id}/lift`, { ground, reason }, { key, version: l.version })}
      refresh={refreshed(l)}
      fields={
        <>
          <p className="dim">{t("listing.lift.note")}</p>
          <Field label={t("listing.lift.ground")}>
            <Radio.Group value={ground} onChange={(e) => setGround(e.target.value as typeof ground)} options={(["wrong", "ordered"] as const).map((v) => ({ value: v, label: t(`listing.lift.${v}`) }))} data-test="lift-ground" />
          </Field>
          <Field label={t("listing.reason")}>
            <Input.TextArea rows={3} maxLength={2000} value={reason} onChange={(e) => setReason(e.target.value)} data-test="lift-reason" />
          </Field>
        </>
      }
    />
  )
}

/** Records that the sentence was served: start and end are then known. */
export function Release({ l }: { l: ListingPage }) {
  const { t } = useWords()
  const [on, setOn] = useState("")
  return (
    <ActionForm
      label={t("listing.release")}
      primary
      test="release"
      ready={on !== ""}
      send={(key) => api.post(`/register/listings/${l.id}/release`, { releasedOn: on }, { key, version: l.version })}
      refresh={refreshed(l)}
      fields={
        <Field label={t("listing.release.on")} note={t("listing.release.note")}>
          <Input type="date" value={on} onChange={(e) => setOn(e.target.value)} data-test="release-on" />
        </Field>
      }
    />
  )
}

/** Erases name and number of a subject whose listings are all over. */
export function Erase({ l }: { l: ListingPage }) {
  const { t } = useWords()
  const [reason, setReason] = useState("")
  return (
    <ActionForm
      label={t("listing.erase")}
      danger
      test="erase"
      ready={reason.trim() !== ""}
      send={(key) => api.post(`/register/listings/${l.id}/erase`, { reason }, { key, version: l.version })}
      refresh={refreshed(l)}
      fields={
        <>
          <p className="dim">{t("listing.erase.note")}</p>
          <Field label={t("listing.reason")}>
            <Input value={reason} maxLength={200} onChange={(e) => setReason(e.target.value)} data-test="erase-reason" />
          </Field>
        </>
      }
    />
  )
}
