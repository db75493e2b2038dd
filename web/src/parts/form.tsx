import { useMutation, useQueryClient } from "@tanstack/react-query"
import { App, Button, Modal } from "antd"
import { useRef, useState, type FormEvent, type KeyboardEvent, type ReactNode } from "react"
import { newKey, Problem } from "../api/client"
import { useWords } from "../app/i18n"
import { ProblemNote } from "./problem"

export function Field({ label, note, error, hint, children, wide }: { label: string; note?: ReactNode; error?: string | undefined; hint?: string; children: ReactNode; wide?: boolean }) {
  return (
    // The control is inside, so the label needs no id to name it.
    <label className={wide ? "field wide" : "field"}>
      <span className="field-label">
        {label}
        {hint && <kbd>{hint}</kbd>}
      </span>
      {children}
      {error ? <span className="field-error">{error}</span> : note && <span className="field-note">{note}</span>}
    </label>
  )
}

/**
 * One change to a record. It keeps one key for one intention: pressing again
 * after a broken connection repeats, it does not do twice. Only a definite
 * answer ends the intention.
 */
export function useAction<V, R>(run: (value: V, key: string) => Promise<R>, done?: (result: R) => void, refresh: readonly (readonly unknown[])[] = []) {
  const queries = useQueryClient()
  const key = useRef(newKey())
  const mutation = useMutation({
    mutationFn: (value: V) => run(value, key.current),
    onSuccess: async (result) => {
      key.current = newKey()
      await Promise.all(refresh.map((queryKey) => queries.invalidateQueries({ queryKey })))
      done?.(result)
    },
    onError: (e) => {
      if (e instanceof Problem && e.status >= 400 && e.status < 500) key.current = newKey()
      if (e instanceof Problem && e.code === "conflict") refresh.forEach((queryKey) => void queries.invalidateQueries({ queryKey }))
    },
  })
  return { go: mutation.mutate, busy: mutation.isPending, error: mutation.error, reset: mutation.reset }
}

/** Ctrl/Cmd+Enter sends the form from any of its fields. */
export function sendKeys(send: () => void) {
  return (e: KeyboardEvent) => {
    if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) {
      e.preventDefault()
      send()
    }
  }
}

/** A short form over the record, opened by a button and sent by Ctrl+Enter. */
export function ActionForm<R>({ label, title, primary, danger, disabled, ready = true, fields, send, done, refresh, test, width = 480, hotkey }: {
  label: string
  title?: string
  primary?: boolean
  danger?: boolean
  disabled?: boolean
  ready?: boolean
  fields: ReactNode
  send: (key: string) => Promise<R>
  done?: (r: R) => void
  refresh?: readonly (readonly unknown[])[]
  test: string
  width?: number
  hotkey?: string
}) {
  const { t } = useWords()
  const { message } = App.useApp()
  const [open, setOpen] = useState(false)
  const action = useAction<void, R>(
    (_, key) => send(key),
    (r) => {
      setOpen(false)
      void message.success(t("done"), 1.5)
      done?.(r)
    },
    refresh,
  )
  const submit = () => {
    if (ready && !action.busy) action.go()
  }
  return (
    <>
      <Button type={primary ? "primary" : "default"} danger={danger ?? false} disabled={disabled ?? false} onClick={() => (action.reset(), setOpen(true))} data-test={test} aria-keyshortcuts={hotkey}>
        {label}
      </Button>
      <Modal open={open} title={title ?? label} onCancel={() => setOpen(false)} footer={null} width={width} destroyOnHidden>
        <form
          className="action-form"
          data-test={`${test}-form`}
          onKeyDown={sendKeys(submit)}
          onSubmit={(e: FormEvent) => {
            e.preventDefault()
            submit()
          }}
        >
          {fields}
          <ProblemNote error={action.error} />
          <div className="form-end">
            <kbd>Ctrl ↵</kbd>
            <Button onClick={() => setOpen(false)}>{t("cancel")}</Button>
            <Button type="primary" danger={danger ?? false} htmlType="submit" loading={action.busy} disabled={!ready} data-test={`${test}-submit`}>
              {label}
            </Button>
          </div>
        </form>
      </Modal>
    </>
  )
}
