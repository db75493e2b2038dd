import { useQueryClient } from "@tanstack/react-query"
import { createContext, use, useCallback, useEffect, useMemo, useRef, useState, type ReactNode } from "react"
import { concerns, follow, type Connection } from "../api/events"
import type { Entry } from "../api/types"
import { useMay } from "./auth"

type Listener = (e: Entry) => void
const Live = createContext<{ connection: Connection; subscribe: (l: Listener) => () => void } | null>(null)

/** Keeps one line to the journal for the whole page. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const queries = useQueryClient()
  const [connection, setConnection] = useState<Connection>("joining")
  const listeners = useRef(new Set<Listener>())
  const follows = useMay("event.read")
  useEffect(() => {
    if (!follows) return
    return follow({
      entry: (e) => listeners.current.forEach((l) => l(e)),
      connection: setConnection,
      signedOut: () => queries.setQueryData(["me"], null),
    })
  }, [queries, follows])
  const subscribe = useCallback((l: Listener) => {
    listeners.current.add(l)
    return () => void listeners.current.delete(l)
  }, [])
  const value = useMemo(() => ({ connection, subscribe }), [connection, subscribe])
  return <Live value={value}>{children}</Live>
}

export function useConnection(): Connection {
  return use(Live)?.connection ?? "joining"
}

/**
 * Calls back, at most every quarter of a second, after entries that the filter
 * takes. A burst of a hundred entries is one call.
 */
export function useLive(wanted: (e: Entry) => boolean, run: () => void, everyMs = 250) {
  const subscribe = use(Live)?.subscribe
  const latest = useRef({ wanted, run })
  useEffect(() => {
    latest.current = { wanted, run }
  })
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const end = subscribe?.((e) => {
      if (timer !== undefined || !latest.current.wanted(e)) return
      timer = setTimeout(() => {
        timer = undefined
        latest.current.run()
      }, everyMs)
    })
    return () => {
      clearTimeout(timer)
      end?.()
    }
  }, [subscribe, everyMs])
}

/** Reads the record again whenever the journal names it. */
export function useLiveRecord(id: string, ...keys: readonly (readonly unknown[])[]) {
  const queries = useQueryClient()
  useLive(
    (e) => concerns(e, id),
    () => keys.forEach((queryKey) => void queries.invalidateQueries({ queryKey })),
  )
}
