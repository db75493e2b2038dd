import { useQuery } from "@tanstack/react-query"
import { Select } from "antd"
import { useMemo } from "react"
import { Link } from "react-router"
import { api } from "../api/client"
import { useWords } from "../app/i18n"
import type { InstitutionKind, InstitutionSummary } from "../api/types"

const maximum = 2000

/** The directory, which is small and changes rarely: read whole, once. */
export function useInstitutions() {
  return useQuery({
    queryKey: ["institutions", "all"],
    queryFn: async ({ signal }) => {
      const items: InstitutionSummary[] = []
      for (let cursor = ""; items.length < maximum; ) {
        const page = await api.get("/institutions", { limit: 200, cursor }, signal)
        items.push(...page.items)
        if (!page.next) break
        cursor = page.next
      }
      return items
    },
    staleTime: 5 * 60_000,
  })
}

export function useInstitutionNames(): (id: string | undefined) => string {
  const { data } = useInstitutions()
  const names = useMemo(() => new Map(data?.map((i) => [i.id, i.name])), [data])
  return (id) => (id ? (names.get(id) ?? id) : "")
}

export function InstitutionName({ id, link }: { id: string | undefined; link?: boolean }) {
  const name = useInstitutionNames()(id)
  if (!id) return null
  return link ? <Link to={`/institutions/${id}`}>{name}</Link> : <span title={name}>{name}</span>
}

type Common = { kinds?: InstitutionKind[]; test: string; placeholder?: string }

function useOptions(kinds: InstitutionKind[] | undefined) {
  const { code } = useWords()
  const { data } = useInstitutions()
  return (data ?? []).filter((i) => !kinds || kinds.includes(i.kind)).map((i) => ({ value: i.id, label: i.name, title: code("institution.kind", i.kind) }))
}

const search = { optionFilterProp: "label" } as const

export function InstitutionPick({ value, onChange, kinds, test, placeholder }: Common & { value: string | undefined; onChange: (id: string) => void }) {
  const options = useOptions(kinds)
  return <Select showSearch={search} allowClear value={value || null} onChange={(v) => onChange(v ?? "")} options={options} placeholder={placeholder} style={{ width: "100%" }} data-test={test} />
}

export function InstitutionsPick({ value, onChange, kinds, test, placeholder }: Common & { value: string[]; onChange: (ids: string[]) => void }) {
  const options = useOptions(kinds)
  return <Select mode="multiple" showSearch={search} value={value} onChange={onChange} options={options} placeholder={placeholder} style={{ width: "100%" }} data-test={test} />
}
