import { Input } from "antd"
import { useState } from "react"
import { useWords } from "../../app/i18n"
import { Field } from "../../parts/form"
import { parseMoney } from "../../parts/format"

/** An amount of money as an officer types it, in fen; undefined while it is none. */
export function Amount({ label, note, value, onChange, test }: { label: string; note?: string; value: number | undefined; onChange: (fen: number | undefined) => void; test: string }) {
  const { t } = useWords()
  const [text, setText] = useState(value === undefined ? "" : String(value / 100))
  const wrong = text.trim() !== "" && parseMoney(text) === null
  return (
    <Field label={label} note={note} error={wrong ? t("penalty.amount.wrong") : undefined}>
      <Input
        value={text}
        inputMode="decimal"
        onChange={(e) => {
          setText(e.target.value)
          onChange(parseMoney(e.target.value) ?? undefined)
        }}
        data-test={test}
      />
    </Field>
  )
}
