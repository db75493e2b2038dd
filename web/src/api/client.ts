import createClient, { type Middleware } from "openapi-fetch"
import { setting } from "../app/settings"
import { nextOffset } from "../parts/deadline"
import type { paths } from "./schema"
import type { AnswerOf, BodyOf, PathOf, QueryOf } from "./types"

/** What the API says when it refuses: RFC 9457 with this platform's code and hint. */
export class Problem extends Error {
  override name = "Problem"
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly hint: string,
    readonly errors: { location?: string; message: string; row?: number }[],
  ) {
    super(detail)
  }
}

let offset: number | undefined
let onSignedOut = () => {}

/** The server's clock: deadlines are its, whatever the browser believes. */
export const serverNow = (): number => Date.now() + (offset ?? 0)

/** Calls back once when the session has ended. */
export function whenSignedOut(callback: () => void) {
  onSignedOut = callback
}

const sentAt = new WeakMap<Request, number>()

const watch: Middleware = {
  onRequest({ request }) {
    sentAt.set(request, Date.now())
    return undefined
  },
  onResponse({ request, response }) {
    const sent = sentAt.get(request)
    const date = response.headers.get("Date")
    if (sent !== undefined && date) offset = nextOffset(offset, date, sent, Date.now())
    if (response.status === 401 && !request.url.endsWith("/session")) onSignedOut()
    return undefined
  },
}

const client = createClient<paths>({ baseUrl: "/api/v1", credentials: "same-origin" })
client.use(watch)

type Query = Record<string, unknown>
type Options = {
  /** The version that the user saw: the change is refused if the record has moved on. */
  version?: number | undefined
  /** One key for one intention: a repeat after a broken connection does nothing twice. */
  key?: string
  /** The code from a notice, which stands in place of an account. */
  code?: string
  signal?: AbortSignal
}
type Method = "GET" | "POST" | "PUT" | "DELETE"

async function call<T>(method: Method, path: string, body: unknown, { query, version, key, code, signal }: Options & { query?: Query | undefined }): Promise<T> {
  // What the server refuses it says in the language of the page, not of the browser.
  const headers: Record<string, string> = { "Accept-Language": setting("language") === "zh" ? "zh-CN" : "en" }
  if (key) headers["Idempotency-Key"] = key
  if (code) headers["Notice-Code"] = code
  if (version !== undefined) headers["If-Match"] = `"${version}"`
  let result: { data?: unknown; error?: unknown; response: Response }
  try {
    // The path is written out already and the types are the caller's: here it is only sent.
    result = await client.request(method.toLowerCase() as "get", path as never, {
      params: { query: clean(query) },
      headers: body instanceof Blob ? { ...headers, "Content-Type": "text/csv" } : headers,
      signal,
      ...(body !== undefined && { body }),
      ...(body instanceof Blob && { bodySerializer: (b: unknown) => b }), // its bytes: the server knows the encodings
    } as never)
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause
    throw new Problem(0, "unreachable", "", "", [])
  }
  const { response } = result
  if (!response.ok) throw problem(response.status, result.error)
  return result.data as T
}

function clean(query: Query | undefined): Query {
  return Object.fromEntries(Object.entries(query ?? {}).filter(([, v]) => v !== undefined && v !== ""))
}

function problem(status: number, body: unknown): Problem {
  const b = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>
  const text = (k: string) => (typeof b[k] === "string" ? b[k] : "")
  const errors = Array.isArray(b["errors"]) ? (b["errors"] as Problem["errors"]) : []
  return new Problem(status, text("code"), text("detail") || text("title"), text("hint"), errors)
}

// A path says all: which bodies it takes and what it answers is the schema's.
// A union of paths (`/disposals/${id}/${verb}`) answers what any of them does.
export const api = {
  get: <P extends PathOf<"get">>(path: P, query?: QueryOf<"get", P>, signal?: AbortSignal, options: Options = {}) => call<AnswerOf<"get", P>>("GET", path, undefined, { ...options, query: query as Query | undefined, ...(signal && { signal }) }),
  post: <P extends PathOf<"post">>(path: P, body: BodyOf<"post", P>, options: Options = {}) => call<AnswerOf<"post", P>>("POST", path, body, options),
  put: <P extends PathOf<"put">>(path: P, body: BodyOf<"put", P>, options: Options = {}) => call<AnswerOf<"put", P>>("PUT", path, body, options),
  delete: <P extends PathOf<"delete">>(path: P, options: Options & { body?: BodyOf<"delete", P> } = {}) => call<AnswerOf<"delete", P>>("DELETE", path, options.body, options),
}

/** A fresh key for one intention of the user. */
export const newKey = (): string => crypto.randomUUID()
