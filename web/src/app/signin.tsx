import { useQuery } from "@tanstack/react-query"
import { Button, Input } from "antd"
import { useState, type FormEvent, type ReactNode } from "react"
import { api, Problem } from "../api/client"
import { ProblemNote } from "../parts/problem"
import { Field } from "../parts/form"
import { useWords } from "./i18n"
import { LanguageSwitch, ThemeSwitch } from "./switches"

function Card({ title, children, onSubmit, test }: { title: string; children: ReactNode; onSubmit: () => void; test: string }) {
  const { t } = useWords()
  const submit = (e: FormEvent) => {
    e.preventDefault()
    onSubmit()
  }
  return (
    <div className="signin">
      <div className="signin-switches">
        <LanguageSwitch />
        <ThemeSwitch />
      </div>
      <form className="signin-card" onSubmit={submit} data-test={test}>
        <div className="brand">
          <img src="/icon.svg" alt="" width={26} height={26} />
          <strong>{t("app.name")}</strong>
          <span>{t("app.tagline")}</span>
        </div>
        <h1>{title}</h1>
        {children}
      </form>
    </div>
  )
}

/** Login and password, and the one-time code when the server asks for it. */
export function SignIn({ onDone }: { onDone: () => void }) {
  const { t } = useWords()
  const [login, setLogin] = useState("")
  const [password, setPassword] = useState("")
  const [totp, setTotp] = useState("")
  const [asked, setAsked] = useState(false)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<Error | null>(null)
  const ways = useQuery({ queryKey: ["ways"], queryFn: () => api.get("/session"), staleTime: Infinity, retry: false })
  const submit = async () => {
    setBusy(true)
    setError(null)
    try {
      await api.post("/session", { login, password, ...(totp && { totp }) })
      onDone()
    } catch (e) {
      const wantsCode = e instanceof Problem && e.errors.some((x) => x.location?.endsWith("totp"))
      if (wantsCode && !asked) setAsked(true)
      else setError(e as Error)
      setTotp("")
    } finally {
      setBusy(false)
    }
  }
  return (
    <Card title={t("signin.title")} onSubmit={() => void submit()} test="signin">
      <Field label={t("signin.login")}>
        <Input value={login} onChange={(e) => setLogin(e.target.value)} autoComplete="username" autoFocus data-test="login" />
      </Field>
      <Field label={t("signin.password")}>
        <Input.Password value={password} onChange={(e) => setPassword(e.target.value)} autoComplete="current-password" data-test="password" />
      </Field>
      {asked && (
        <Field label={t("signin.totp")} note={t("signin.totp.note")}>
          <Input value={totp} onChange={(e) => setTotp(e.target.value.replaceAll(/\D/g, "").slice(0, 6))} inputMode="numeric" autoComplete="one-time-code" autoFocus data-test="totp" />
        </Field>
      )}
      {error instanceof Problem && error.status === 401 ? <p className="problem" role="alert">{t("signin.refused")}</p> : <ProblemNote error={error} />}
      <Button type="primary" htmlType="submit" block loading={busy} disabled={!login || !password || (asked && totp.length !== 6)} data-test="signin-submit">
        {t("signin.submit")}
      </Button>
      {ways.data?.oidc && (
        <Button block href="/api/v1/session/oidc" data-test="signin-oidc">
          {t("signin.oidc")}
        </Button>
      )}
      <p className="dim small">{t("signin.note")}</p>
    </Card>
  )
}

/** A password given by somebody else is used once, to set one's own. */
export function NewPassword({ onDone }: { onDone: () => void }) {
  const { t } = useWords()
  const [current, setCurrent] = useState("")
  const [next, setNext] = useState("")
  const [again, setAgain] = useState("")
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<Error | null>(null)
  const submit = async () => {
    setBusy(true)
    setError(null)
    try {
      await api.post("/me/password", { current, next })
      onDone()
    } catch (e) {
      setError(e as Error)
    } finally {
      setBusy(false)
    }
  }
  const differs = again !== "" && again !== next
  return (
    <Card title={t("password.title")} onSubmit={() => void submit()} test="new-password">
      <p className="dim">{t("password.why")}</p>
      <Field label={t("password.current")}>
        <Input.Password value={current} onChange={(e) => setCurrent(e.target.value)} autoComplete="current-password" autoFocus data-test="current" />
      </Field>
      <Field label={t("password.next")} note={t("password.rule")}>
        <Input.Password value={next} onChange={(e) => setNext(e.target.value)} autoComplete="new-password" data-test="next" />
      </Field>
      <Field label={t("password.again")} error={differs ? t("password.differs") : undefined}>
        <Input.Password value={again} onChange={(e) => setAgain(e.target.value)} autoComplete="new-password" data-test="again" />
      </Field>
      <ProblemNote error={error} />
      <Button type="primary" htmlType="submit" block loading={busy} disabled={!current || next.length < 12 || again !== next} data-test="password-submit">
        {t("password.submit")}
      </Button>
    </Card>
  )
}
