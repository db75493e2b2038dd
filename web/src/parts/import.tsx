import { App, Button } from "antd"
import { useRef, useState } from "react"
import { api, newKey } from "../api/client"
import type { Imported } from "../api/types"
import { useWords } from "../app/i18n"
import { ProblemNote } from "./problem"
import { download } from "./table"

/** Takes a CSV file: good rows are taken, bad ones come back as a file with reasons. */
export function ImportButton({ path, name, label, done }: { path: "/reports/import" | "/lookups/import" | "/institutions/import" | `/institutions/${string}/ported`; name: string; label: string; done: () => void }) {
  const { t } = useWords()
  const { modal, message } = App.useApp()
  const input = useRef<HTMLInputElement>(null)
  const [busy, setBusy] = useState(false)
  const take = async (file: File) => {
    setBusy(true)
    try {
      const r = await api.post(path, file, { key: newKey() })
      done()
      if (r.refusedCount === 0) void message.success(t("import.taken", { n: r.taken }))
      else
        modal.warning({
          title: t("import.partly", { n: r.taken, bad: r.refusedCount }),
          width: 560,
          content: (
            <>
              <ProblemRows rows={r.refused.slice(0, 8)} />
              <Button onClick={() => download(`${name}-refused.csv`, "\uFEFF" + r.refusedFile)}>{t("import.back")}</Button>
            </>
          ),
        })
    } catch (e) {
      modal.error({ title: t("import.failed"), content: <ProblemNote error={e as Error} /> })
    } finally {
      setBusy(false)
    }
  }
  return (
    <>
      <input
        ref={input}
        type="file"
        accept=".csv,text/csv"
        hidden
        onChange={(e) => {
          const file = e.target.files?.[0]
          e.target.value = ""
          if (file) void take(file)
        }}
        data-test={`${name}-file`}
      />
      <Button size="small" loading={busy} onClick={() => input.current?.click()} data-test={`${name}-import`}>
        {label}
      </Button>
    </>
  )
}

function ProblemRows({ rows }: { rows: Imported["refused"] }) {
  const { t } = useWords()
  return (
    <ul>
      {rows.map((r, i) => (
        <li key={i}>
          {r.row ? t("problem.row", { n: r.row }) : ""} {r.location && <code>{r.location}</code>} {r.message}
        </li>
      ))}
    </ul>
  )
}
