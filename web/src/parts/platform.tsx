import { App, Button } from "antd"
import { useQueryClient } from "@tanstack/react-query"
import { useRef, useState } from "react"
import { api, newKey } from "../api/client"
import { useWords } from "../app/i18n"
import { useInstitutions } from "./names"
import { ProblemNote } from "./problem"

/** The signed file that is taken over to the national platform; only of what goes that way. */
export function EntryFile({ record, institution, sent }: { record: string; institution: string; sent: boolean }) {
  const { t } = useWords()
  const { data } = useInstitutions()
  if (!sent || data?.find((i) => i.id === institution)?.gateway !== "platform") return null
  return (
    <a href={`/api/v1/platform/entries/${record}`} download={`${record}.json`} data-test="entry-file">
      {t("platform.entry")}
    </a>
  )
}

/** Takes the platform's receipts, JSON or CSV: what fits no entry is shown with its reason. */
export function ReceiptButton() {
  const { t } = useWords()
  const { modal, message } = App.useApp()
  const queries = useQueryClient()
  const input = useRef<HTMLInputElement>(null)
  const [busy, setBusy] = useState(false)
  const take = async (file: File) => {
    setBusy(true)
    try {
      const r = await api.post("/platform/receipts", file, { key: newKey() })
      void queries.invalidateQueries({ queryKey: ["list"] })
      if (r.refused.length === 0) void message.success(t("platform.taken", { n: r.taken }))
      else
        modal.warning({
          title: t("platform.partly", { n: r.taken, bad: r.refused.length }),
          width: 560,
          content: (
            <ul>
              {r.refused.slice(0, 20).map((b) => (
                <li key={b.row}>
                  {t("problem.row", { n: b.row })} <code>{b.raw}</code> {b.reason}
                </li>
              ))}
            </ul>
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
        accept=".json,.csv,application/json,text/csv"
        hidden
        onChange={(e) => {
          const file = e.target.files?.[0]
          e.target.value = ""
          if (file) void take(file)
        }}
        data-test="receipts-file"
      />
      <Button size="small" loading={busy} onClick={() => input.current?.click()} data-test="receipts-import">
        {t("platform.receipts")}
      </Button>
    </>
  )
}
