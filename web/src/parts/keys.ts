import { useEffect, useRef } from "react"

/** Whether a key press belongs to a field or an open dialog rather than to the page. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName) || target.closest('[role="dialog"],[role="listbox"],[role="menu"]') !== null
}

/** Arrow keys move within a group of radio buttons, as they do in a form. */
export function arrowKeys(e: { key: string; currentTarget: HTMLElement; preventDefault: () => void }) {
  const step = e.key === "ArrowRight" || e.key === "ArrowDown" ? 1 : e.key === "ArrowLeft" || e.key === "ArrowUp" ? -1 : 0
  if (!step) return
  const all = [...e.currentTarget.querySelectorAll<HTMLElement>("[role=radio]")]
  const next = all[(all.findIndex((b) => b.getAttribute("aria-checked") === "true") + step + all.length) % all.length]
  e.preventDefault()
  next?.focus()
  next?.click()
}

/** Single keys of the page. They rest while somebody types. */
export function useKeys(keys: Record<string, (e: KeyboardEvent) => void>) {
  const latest = useRef(keys)
  useEffect(() => {
    latest.current = keys
  })
  useEffect(() => {
    const listen = (e: KeyboardEvent) => {
      if (e.ctrlKey || e.metaKey || e.altKey || e.defaultPrevented || isTyping(e.target)) return
      const run = latest.current[e.key]
      if (run) {
        e.preventDefault()
        run(e)
      }
    }
    addEventListener("keydown", listen)
    return () => removeEventListener("keydown", listen)
  }, [])
}
