import { useQuery } from "@tanstack/react-query"
import { Input, InputNumber } from "antd"
import { useState } from "react"
import { api } from "../../api/client"
import type { InstitutionKind, InstitutionSummary, Quota, Usage } from "../../api/types"
import { useMay } from "../../app/auth"
import { useWords } from "../../app/i18n"
import { useLive } from "../../app/live"
import { Find } from "../../parts/filters"
import { ActionForm, Field } from "../../parts/form"
import { count } from "../../parts/format"
import { useInstitutions } from "../../parts/names"
import { Person } from "../../parts/people"
import { Broken } from "../../parts/problem"
import { Empty, Section, Skeleton, State, When } from "../../parts/view"

const key = ["quotas"]
// Institutions of other kinds offer no service that a measure binds: they may not check.
const checking: InstitutionKind[] = ["bank", "payment", "carrier"]
const most = 200

type Row = { institution: InstitutionSummary; own: Quota | undefined; used: Usage | undefined }

/** Who may check how much, and what was used: those who used most come first. */
export function Quotas({ find, change }: { find: string; change: (v: string) => void }) {
  const { t, code, lang } = useWords()
  const sets = useMay("quota.write")
  // What was used is written once a minute and has no event of its own.
  const quotas = useQuery({ queryKey: key, queryFn: ({ signal }) => api.get("/register/quotas", undefined, signal), refetchInterval: 60_000, retry: false })
  useLive((e) => e.kind === "quota.set", () => void quotas.refetch())
  const directory = useInstitutions()
  const failed = [quotas, directory].find((q) => q.isError && !q.data)
  const rows = quotas.data && directory.data ? join(directory.data, quotas.data.own, quotas.data.used) : []
  const found = rows.filter((r) => r.institution.name.includes(find))
  const house = quotas.data?.perMinute ?? 0
  return (
    <Section
      title={t("quota.title")}
      note={quotas.data && t("quota.note", { n: count(house, lang) })}
      extra={<Find value={find} onChange={change} placeholder={t("quota.find")} test="quota-find" />}
      test="quotas"
    >
      {failed ? (
        <Broken error={failed.error} retry={() => void failed.refetch()} />
      ) : (
        !(quotas.data && directory.data) && <Skeleton />
      )}
      {quotas.data && directory.data && found.length === 0 && <Empty>{t(find ? "quota.empty.found" : "quota.empty")}</Empty>}
      {found.length > 0 && (
        <div className="scrolls" tabIndex={0} role="region" aria-label={t("quota.title")}>
          <table className="plain quotas">
            <thead>
              <tr>
                <th>{t("sweep.institution")}</th>
                <th className="right">{t("quota.perMinute")}</th>
                <th className="right">{t("quota.checks")}</th>
                <th className="right">{t("quota.listed")}</th>
                <th className="right">{t("quota.refused")}</th>
                <th>{t("quota.reason")}</th>
                <th>{t("quota.setBy")}</th>
                <th>{t("quota.setAt")}</th>
                {sets && <th aria-label={t("quota.set")} />}
              </tr>
            </thead>
            <tbody>
              {found.slice(0, most).map(({ institution: i, own, used }) => (
                <tr key={i.id} data-test="quota" data-id={i.id}>
                  <td>
                    <b>{i.name}</b> <span className="dim">{code("institution.kind", i.kind)}</span> {i.disabled && <State group="institution" value="disabled" tone="soon" />}
                  </td>
                  <td className="right num" data-test="quota-perMinute">
                    {!own && <span className="dim">{t("quota.house")} </span>}
                    {own?.perMinute === 0 ? <State group="quota" value="none" tone="bad" /> : own ? <b>{count(own.perMinute, lang)}</b> : count(house, lang)}
                  </td>
                  <td className="right num">{count(used?.checks ?? 0, lang)}</td>
                  <td className="right num">{count(used?.listed ?? 0, lang)}</td>
                  <td className="right num">{used && used.refused > 0 ? <span className="state tone-soon"><i aria-hidden="true" />{count(used.refused, lang)}</span> : 0}</td>
                  <td className="words">{own?.reason}</td>
                  <td>{own && <Person id={own.setBy} />}</td>
                  <td className="num"><When at={own?.setAt} /></td>
                  {sets && <td className="right"><SetQuota key={own?.version ?? 0} institution={i} own={own} house={house} /></td>}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {found.length > most && <p className="dim">{t("quota.rest", { n: count(found.length - most, lang) })}</p>}
    </Section>
  )
}

function join(directory: readonly InstitutionSummary[], own: readonly Quota[], used: readonly Usage[]): Row[] {
  const quota = new Map(own.map((q) => [q.institution, q]))
  const usage = new Map(used.map((u) => [u.institution, u]))
  return directory
    .filter((i) => checking.includes(i.kind))
    .map((institution) => ({ institution, own: quota.get(institution.id), used: usage.get(institution.id) }))
    .toSorted((a, b) => (b.used?.checks ?? 0) - (a.used?.checks ?? 0) || a.institution.name.localeCompare(b.institution.name, "zh"))
}

function SetQuota({ institution: i, own, house }: { institution: InstitutionSummary; own: Quota | undefined; house: number }) {
  const { t } = useWords()
  const [perMinute, setPerMinute] = useState<number | null>(own?.perMinute ?? house)
  const [reason, setReason] = useState("")
  return (
    <ActionForm
      label={t("quota.set")}
      title={t("quota.set.title", { name: i.name })}
      test="quota-set"
      ready={perMinute !== null && reason.trim() !== ""}
      // The first quota of an institution is made upon version 0.
      send={(key) => api.put(`/register/quotas/${i.id}`, { perMinute: perMinute ?? 0, reason: reason.trim() }, { key, version: own?.version ?? 0 })}
      refresh={[key]}
      fields={
        <>
          <Field label={t("quota.set.perMinute")} note={t("quota.set.note")}>
            <InputNumber min={0} max={100_000_000} precision={0} value={perMinute} onChange={setPerMinute} style={{ width: "100%" }} data-test="quota-set-perMinute" />
          </Field>
          <Field label={t("quota.reason")}>
            <Input.TextArea rows={2} maxLength={300} value={reason} onChange={(e) => setReason(e.target.value)} data-test="quota-set-reason" />
          </Field>
        </>
      }
    />
  )
}
