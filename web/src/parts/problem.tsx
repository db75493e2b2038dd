import { Button } from "antd"
import { Problem } from "../api/client"
import { useWords, type Speaker } from "../app/i18n"

/** An error as sentences: what failed, what is safe, what to do. */
export function explain(error: Error, { t, code }: Speaker): { what: string; next: string } {
  if (!(error instanceof Problem)) return { what: t("problem.unknown"), next: t("problem.unknown.then") }
  if (error.status === 0) return { what: t("problem.unreachable"), next: t("problem.unreachable.then") }
  const kind = code("problem", error.code || "internal")
  // "Not found" says itself what was not found.
  const what = !error.detail ? kind : error.code === "not_found" ? error.detail : t("problem.kind", { kind, detail: error.detail })
  return { what, next: error.hint || (error.code === "conflict" ? t("problem.conflict.then") : "") }
}

/** Under a form: what was wrong, by field. */
export function ProblemNote({ error }: { error: Error | null | undefined }) {
  const words = useWords()
  if (!error) return null
  const { what, next } = explain(error, words)
  const fields = error instanceof Problem ? error.errors : []
  return (
    <div className="problem" role="alert" data-test="problem">
      {/* The detail is the first field's again. */}
      <p>{error instanceof Problem && fields.length > 0 ? words.code("problem", error.code) : what}</p>
      {fields.length > 0 && (
        <ul>
          {fields.map((f, i) => (
            <li key={i}>
              {f.row ? `${words.t("problem.row", { n: f.row })} ` : ""}
              <Location of={f.location} column={f.row !== undefined} /> {f.message}
            </li>
          ))}
        </ul>
      )}
      {next && <p className="dim">{next}</p>}
    </div>
  )
}

/** Which input: by its name where it has one, or else by its path. Columns of a file keep theirs. */
function Location({ of, column }: { of: string | undefined; column: boolean }) {
  const { code } = useWords()
  const path = (of ?? "").replace(/^body\./, "")
  const last = path.slice(path.lastIndexOf(".") + 1)
  const name = code("field", last)
  if (!path) return null
  return column || name === last ? <code>{path}</code> : <b>{name}</b>
}

/** In place of a page or a list that could not be read. */
export function Broken({ error, retry }: { error: Error; retry: () => void }) {
  const words = useWords()
  const { what, next } = explain(error, words)
  return (
    <div className="broken" role="alert" data-test="broken">
      <p>{what}</p>
      {next && <p className="dim">{next}</p>}
      <Button onClick={retry}>{words.t("retry")}</Button>
    </div>
  )
}
