import { useQuery, useQueryClient } from "@tanstack/react-query"
import { createContext, use, useEffect, type ReactNode } from "react"
import { api, Problem, whenSignedOut } from "../api/client"
import type { Me } from "../api/types"
import { Broken } from "../parts/problem"
import { may, type Action } from "./permits"
import { SignIn, NewPassword } from "./signin"

const Session = createContext<Me | null>(null)

/** Who is signed in. Only below the Gate. */
export function useMe(): Me {
  const me = use(Session)
  if (!me) throw new Error("useMe outside the gate")
  return me
}

/** Whether the signed-in person may do any of these. */
export function useMay(...actions: Action[]): boolean {
  return may(useMe().roles, ...actions)
}

/** Lets in who has signed in and has a password of their own; shows the others what they must do. */
export function Gate({ children }: { children: ReactNode }) {
  const queries = useQueryClient()
  const me = useQuery({
    queryKey: ["me"],
    queryFn: async () => {
      try {
        return await api.get("/me")
      } catch (e) {
        if (e instanceof Problem && e.status === 401) return null
        throw e
      }
    },
    staleTime: Infinity,
    retry: 2,
  })
  useEffect(() => {
    whenSignedOut(() => {
      // What the last user saw must not flash up for the next one.
      queries.removeQueries({ predicate: (q) => q.queryKey[0] !== "me" })
      queries.setQueryData(["me"], null)
    })
  }, [queries])
  if (me.isPending) return null
  if (me.isError) return <Broken error={me.error} retry={() => void me.refetch()} />
  if (!me.data) return <SignIn onDone={() => void me.refetch()} />
  if (me.data.mustChangePassword) return <NewPassword onDone={() => void me.refetch()} />
  return <Session value={me.data}>{children}</Session>
}
