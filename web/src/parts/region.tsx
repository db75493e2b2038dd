import { Select } from "antd"
import { useMemo } from "react"
import { useMe } from "../app/auth"
import { useWords } from "../app/i18n"
import { useRegions } from "./regions"

/** The name of a division; its code as long as the name is not known. */
export function RegionName({ code, short }: { code: string | undefined; short?: boolean }) {
  const { t } = useWords()
  const regions = useRegions()
  if (code === undefined) return null
  if (code === "") return <>{t("region.country")}</>
  const r = regions.get(code)
  return <span title={`${r?.path ?? ""} ${code}`}>{r ? (short ? r.name : r.path) : code}</span>
}

/** Picks a division by any part of its name or code; an officer's own region limits the choice. */
export function RegionPick({ value, onChange, within = "", country, test }: { value: string | undefined; onChange: (code: string) => void; within?: string; country?: boolean; test: string }) {
  const { t } = useWords()
  const regions = useRegions()
  const options = useMemo(() => {
    const prefix = within.replace(/(00)+$/, "")
    const all = [...regions.values()].filter((r) => r.code.startsWith(prefix)).map((r) => ({ value: r.code, label: r.path }))
    return country ? [{ value: "", label: t("region.country") }, ...all] : all
  }, [regions, within, country, t])
  return (
    <Select
      showSearch={{ filterOption: (input, o) => !!o && (o.label.includes(input) || o.value.startsWith(input)) }}
      value={value ?? null}
      onChange={(v) => onChange(v ?? "")}
      options={options}
      placeholder={t("region.pick")}
      aria-label={t("region")}
      allowClear={!country}
      popupMatchSelectWidth={280}
      style={{ width: "100%" }}
      data-test={test}
    />
  )
}

/** Narrows a list to a division within one's own. */
export function RegionFilter({ value, onChange }: { value: string; onChange: (code: string) => void }) {
  const me = useMe()
  return (
    <span style={{ width: 170 }}>
      <RegionPick value={value || undefined} onChange={onChange} within={me.region ?? ""} test="filter-region" />
    </span>
  )
}
