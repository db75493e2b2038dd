import type { Entry } from "./types"

/** One server-sent event, as far as this platform uses them. */
export type Event = { id?: string; event?: string; data: string }

/**
 * Reads server-sent events from pieces of text that may break anywhere, also
 * between the two characters of a line end.
 */
export function reader(emit: (e: Event) => void): (chunk: string) => void {
  let rest = ""
  let event: Event = { data: "" }
  let some = false
  return (chunk) => {
    rest += chunk
    for (;;) {
      const m = /\r\n|\n|\r(?=[^])/.exec(rest)
      if (!m) return
      const line = rest.slice(0, m.index)
      rest = rest.slice(m.index + m[0].length)
      if (line === "") {
        if (some) emit(event)
        event = { data: "" }
        some = false
        continue
      }
      const colon = line.indexOf(":")
      if (colon === 0) continue // a comment: the server says that it is alive
      const name = colon < 0 ? line : line.slice(0, colon)
      const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "")
      if (name === "data") {
        event.data += (some && event.data !== "" ? "\n" : "") + value
        some = true
      } else if (name === "event") event.event = value
      else if (name === "id") event.id = value
    }
  }
}

export type Connection = "joining" | "live" | "lost"

type Handlers = { entry: (e: Entry) => void; connection: (c: Connection) => void; signedOut: () => void }

/** Whether an entry is of a record or names it: IDs are unique over all records. */
export function concerns(e: Pick<Entry, "record" | "payload">, id: string): boolean {
  return e.record === id || (JSON.stringify(e.payload) ?? "").includes(id)
}

/** How long to wait before the next attempt: 0.5 s doubling to 15 s, spread so that all desks do not return at once. */
export function backoff(attempt: number, random: number): number {
  return Math.min(15_000, 500 * 2 ** Math.min(attempt, 10)) * (0.75 + random / 2)
}

// The server sends something every 15 s; silence means that a proxy holds a dead line.
const silence = 40_000

/**
 * Follows the journal. After a break it re-joins from the last event seen, so
 * that nothing is missed. Returns what ends it.
 */
export function follow({ entry, connection, signedOut }: Handlers): () => void {
  const end = new AbortController()
  let cursor: string | undefined
  const run = async () => {
    for (let attempt = 0; !end.signal.aborted; attempt++) {
      const once = new AbortController()
      const stop = () => once.abort()
      end.signal.addEventListener("abort", stop)
      // A page that the browser keeps for "back" would hold its connection, of
      // which there are six to a site; it joins again when it is shown.
      globalThis.addEventListener?.("pagehide", stop)
      let watchdog = setTimeout(stop, silence)
      try {
        const res = await fetch("/api/v1/events", {
          headers: { Accept: "text/event-stream", ...(cursor !== undefined && { "Last-Event-ID": cursor }) },
          credentials: "same-origin",
          cache: "no-store",
          signal: once.signal,
        })
        if (res.status === 401) {
          signedOut()
          return
        }
        if (res.status === 422) cursor = undefined // the journal began anew: its old places mean nothing
        if (!res.ok || !res.body) throw new Error(String(res.status))
        connection("live")
        attempt = 0
        const read = reader((e) => {
          if (e.id !== undefined) cursor = e.id
          if (e.event === "journal") entry(JSON.parse(e.data) as Entry)
        })
        const stream = res.body.pipeThrough(new TextDecoderStream()).getReader()
        for (;;) {
          const { done, value } = await stream.read()
          if (done) break
          clearTimeout(watchdog)
          watchdog = setTimeout(stop, silence)
          read(value)
        }
      } catch {
        // Lost: the bar says so, and the next turn joins again.
      } finally {
        clearTimeout(watchdog)
        end.signal.removeEventListener("abort", stop)
        globalThis.removeEventListener?.("pagehide", stop)
      }
      if (end.signal.aborted) return
      connection("lost")
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, backoff(attempt, Math.random()))
        end.signal.addEventListener("abort", () => (clearTimeout(timer), resolve()))
      })
    }
  }
  void run()
  return () => end.abort()
}
