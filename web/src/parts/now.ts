import { useSyncExternalStore } from "react"
import { serverNow } from "../api/client"

// One timer for all clocks of the page; it stops when none is shown.
const listeners = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | undefined
let now = serverNow()

function subscribe(l: () => void) {
  listeners.add(l)
  now = serverNow()
  timer ??= setInterval(() => {
    now = serverNow()
    for (const each of listeners) each()
  }, 1000)
  return () => {
    listeners.delete(l)
    if (listeners.size === 0) {
      clearInterval(timer)
      timer = undefined
    }
  }
}

/** The server's time, once a second. */
export const useNow = (): number => useSyncExternalStore(subscribe, () => now)
