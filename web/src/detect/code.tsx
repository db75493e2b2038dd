import { useEffect, useRef } from "react"

const lineHeight = 18 // as in detect.css

/** A text with the numbers of its lines; one that is wrong is lit. */
export function Code({ text, wrong, test }: { text: string; wrong?: number | undefined; test?: string }) {
  const lines = text.replace(/\n$/, "").split("\n")
  return (
    <ol className="code-lines" tabIndex={0} data-test={test}>
      {lines.map((l, i) => <li key={i} className={wrong === i + 1 ? "wrong" : undefined}>{l || " "}</li>)}
    </ol>
  )
}

/** A field for a text of many lines, numbered; one that is wrong is lit. */
export function CodeField({ label, value, change, rows, wrong, test }: { label: string; value: string; change: (v: string) => void; rows: number; wrong?: number | undefined; test: string }) {
  const numbers = useRef<HTMLOListElement>(null)
  const field = useRef<HTMLTextAreaElement>(null)
  useEffect(() => {
    if (wrong) field.current?.scrollTo({ top: (wrong - 6) * lineHeight })
  }, [wrong])
  const n = Math.max(rows, value.split("\n").length)
  return (
    <div className="code-field" style={{ height: rows * lineHeight + 14 }}>
      <ol ref={numbers} className="code-numbers" aria-hidden="true">
        {Array.from({ length: n }, (_, i) => <li key={i} className={wrong === i + 1 ? "wrong" : undefined}>{i + 1}</li>)}
      </ol>
      <textarea
        ref={field}
        value={value}
        onChange={(e) => change(e.target.value)}
        onScroll={(e) => numbers.current?.scrollTo({ top: e.currentTarget.scrollTop })}
        aria-label={label}
        spellCheck={false}
        wrap="off"
        data-test={test}
      />
    </div>
  )
}
