import { useQuery, useQueryClient } from "@tanstack/react-query"
import { App, Button, Input, QRCode } from "antd"
import { useState, type FormEvent } from "react"
import { api } from "../api/client"
import { Field, useAction } from "../parts/form"
import { ProblemNote } from "../parts/problem"
import { Skeleton } from "../parts/view"
import { useWords } from "./i18n"

const sixDigits = (s: string) => s.replaceAll(/\D/g, "").slice(0, 6)

/** Puts an authenticator on one's own account, or takes it off; both need a code from it. */
export function Totp({ on, done }: { on: boolean; done: () => void }) {
  const { t } = useWords()
  const { message } = App.useApp()
  const queries = useQueryClient()
  const [code, setCode] = useState("")
  // Each offer is a new secret: asked for once, when this opens.
  const offer = useQuery({ queryKey: ["totp"], queryFn: () => api.post("/me/totp", undefined), enabled: !on, staleTime: Infinity, gcTime: 0, retry: false })
  const save = useAction<void, unknown>(
    () => (on ? api.delete("/me/totp", { body: { totp: code } }) : api.put("/me/totp", { totp: code })),
    () => {
      void queries.invalidateQueries({ queryKey: ["me"] })
      void message.success(t("done"), 1.5)
      done()
    },
  )
  const submit = (e: FormEvent) => {
    e.preventDefault()
    if (code.length === 6 && !save.busy) save.go()
  }
  return (
    <form className="action-form" onSubmit={submit} data-test="totp-form">
      <p className="dim">{t(on ? "own.totp.drop.note" : "own.totp.note")}</p>
      {!on && !offer.data && !offer.isError && <Skeleton rows={4} />}
      <ProblemNote error={offer.error} />
      {offer.data && (
        <>
          {/* The secret below says the same to those who cannot see it. */}
          <div aria-hidden="true">
            <QRCode value={offer.data.address} type="svg" bordered={false} color="#000" bgColor="#fff" className="qr" />
          </div>
          <code className="once" data-test="totp-secret">{offer.data.secret}</code>
        </>
      )}
      {(on || offer.data) && (
        <Field label={t("signin.totp")}>
          <Input value={code} onChange={(e) => setCode(sixDigits(e.target.value))} inputMode="numeric" autoComplete="one-time-code" data-test="totp-code" />
        </Field>
      )}
      <ProblemNote error={save.error} />
      <div className="form-end">
        <Button onClick={done}>{t("cancel")}</Button>
        <Button type="primary" htmlType="submit" danger={on} loading={save.busy} disabled={code.length !== 6} data-test="totp-submit">
          {t(on ? "own.totp.drop" : "own.totp.confirm")}
        </Button>
      </div>
    </form>
  )
}

/** Changes one's own password; every other session of the account ends. */
export function NewPasswordForm({ done }: { done: () => void }) {
  const { t } = useWords()
  const { message } = App.useApp()
  const [current, setCurrent] = useState("")
  const [next, setNext] = useState("")
  const [again, setAgain] = useState("")
  const differs = again !== "" && again !== next
  const ready = current !== "" && next.length >= 12 && again === next
  const save = useAction<void, unknown>(
    () => api.post("/me/password", { current, next }),
    () => {
      void message.success(t("done"), 1.5)
      done()
    },
  )
  const submit = (e: FormEvent) => {
    e.preventDefault()
    if (ready && !save.busy) save.go()
  }
  return (
    <form className="action-form" onSubmit={submit} data-test="password-form">
      <Field label={t("password.current")}>
        <Input.Password value={current} onChange={(e) => setCurrent(e.target.value)} autoComplete="current-password" data-test="current" />
      </Field>
      <Field label={t("password.next")} note={t("password.rule")}>
        <Input.Password value={next} onChange={(e) => setNext(e.target.value)} autoComplete="new-password" data-test="next" />
      </Field>
      <Field label={t("password.again")} error={differs ? t("password.differs") : undefined}>
        <Input.Password value={again} onChange={(e) => setAgain(e.target.value)} autoComplete="new-password" data-test="again" />
      </Field>
      <ProblemNote error={save.error} />
      <div className="form-end">
        <Button onClick={done}>{t("cancel")}</Button>
        <Button type="primary" htmlType="submit" loading={save.busy} disabled={!ready} data-test="password-submit">
          {t("own.password.save")}
        </Button>
      </div>
    </form>
  )
}
