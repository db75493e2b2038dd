import { Input, Select } from "antd"
import { useEffect, useState } from "react"
import { useSearchParams } from "react-router"
import { useWords } from "../app/i18n"
import { arrowKeys } from "./keys"

/** Filters live in the address bar, so that a link is a view. */
export function useFilters<K extends string>(...keys: K[]): [Record<K, string>, (key: K, value: string) => void] {
  const [params, set] = useSearchParams()
  const values = Object.fromEntries(keys.map((k) => [k, params.get(k) ?? ""])) as Record<K, string>
  return [
    values,
    (key, value) =>
      set(
        (old) => {
          const next = new URLSearchParams(old)
          if (value) next.set(key, value)
          else next.delete(key)
          return next
        },
        { replace: true },
      ),
  ]
}

/** One choice of a closed list, as a row of words with the chosen one lit. */
export function Choice({ value, onChange, group, options, label, test, whole = true }: { value: string; onChange: (v: string) => void; group: string; options: readonly string[]; label?: string; test: string; whole?: boolean }) {
  const { t, code } = useWords()
  return (
    <div className="choice" role="radiogroup" aria-label={label} onKeyDown={arrowKeys} data-test={test}>
      {(whole ? ["", ...options] : options).map((o) => (
        <button type="button" role="radio" aria-checked={value === o} key={o} onClick={() => onChange(o)} data-value={o} tabIndex={value === o ? 0 : -1}>
          {o === "" ? t("all") : code(group, o)}
        </button>
      ))}
    </div>
  )
}

export function Pick({ value, onChange, group, options, placeholder, test, width = 120 }: { value: string; onChange: (v: string) => void; group: string; options: readonly string[]; placeholder: string; test: string; width?: number }) {
  const { code } = useWords()
  return (
    <Select
      size="small"
      value={value || null}
      onChange={(v) => onChange(v ?? "")}
      allowClear
      placeholder={placeholder}
      aria-label={placeholder}
      options={options.map((o) => ({ value: o, label: code(group, o) }))}
      style={{ minWidth: width }}
      popupMatchSelectWidth={false}
      data-test={test}
    />
  )
}

/** Words to look for; taken when the typing pauses. */
export function Find({ value, onChange, placeholder, test }: { value: string; onChange: (v: string) => void; placeholder: string; test: string }) {
  const [text, setText] = useState(value)
  useEffect(() => setText(value), [value])
  useEffect(() => {
    if (text === value) return
    const timer = setTimeout(() => onChange(text.trim()), 300)
    return () => clearTimeout(timer)
  }, [text, value, onChange])
  return <Input size="small" allowClear value={text} onChange={(e) => setText(e.target.value)} placeholder={placeholder} aria-label={placeholder} style={{ width: 190 }} data-test={test} />
}
