import { useQuery } from "@tanstack/react-query"
import { useMemo } from "react"
import { api } from "../api/client"
import { useMay, useMe } from "../app/auth"
import { useWords } from "../app/i18n"

/** How colleagues are called: small, read once. Institutions may not read it and see no names. */
export function usePeople() {
  const may = useMay("people.list")
  return useQuery({ queryKey: ["people"], queryFn: async ({ signal }) => (await api.get("/people", undefined, signal)).items, enabled: may, staleTime: 5 * 60_000 })
}

/** The name of an account; of one that cannot be named, the end of its ID. No account is the system itself. */
export function usePersonNames(): (id: string | undefined) => string {
  const { t } = useWords()
  const me = useMe()
  const { data } = usePeople()
  const names = useMemo(() => new Map([...(data ?? []).map((p) => [p.id, p.name] as const), [me.id, me.name]]), [data, me])
  return (id) => (id ? (names.get(id) ?? id.slice(-6)) : t("timeline.system"))
}

export function Person({ id }: { id: string | undefined }) {
  const name = usePersonNames()(id)
  return id ? <span title={id}>{name}</span> : <span className="dim">{name}</span>
}
