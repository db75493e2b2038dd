import { useEffect, useState, type FormEvent } from "react"
import { api, newKey, Problem } from "../api/client"
import type { Own, OwnListing, OwnObjection } from "../api/types"
import { speakerOf } from "../app/speech"
import { zone, type Language } from "../parts/format"
import { words } from "./words"

type Say = ReturnType<typeof speakerOf<typeof words>>

const idle = 10 * 60_000

/** The listed person's own page: the code from the notice opens it, and nothing is kept in the browser. */
export function OwnPage() {
  const [lang, setLang] = useState<Language>("zh")
  const [opened, setOpened] = useState<{ code: string; view: Own } | null>(null)
  const [left, setLeft] = useState(false)
  const say = speakerOf(words, lang)
  const other = lang === "zh" ? "EN" : "中文" // in both languages
  useEffect(() => {
    document.documentElement.lang = lang === "zh" ? "zh-CN" : "en"
    document.title = say.t("self.title")
  }, [lang, say])
  useEffect(() => {
    if (!opened) return
    // The device may be somebody else's, or a shop's.
    let timer: ReturnType<typeof setTimeout>
    const close = () => (setOpened(null), setLeft(true))
    const again = () => (clearTimeout(timer), (timer = setTimeout(close, idle)))
    again()
    const signs = ["pointerdown", "keydown", "scroll"] as const
    for (const s of signs) addEventListener(s, again)
    return () => {
      clearTimeout(timer)
      for (const s of signs) removeEventListener(s, again)
    }
  }, [opened])
  return (
    <div className="own-page" data-test="own-page">
      <header>
        <h1>{say.t("self.title")}</h1>
        <button type="button" onClick={() => setLang(lang === "zh" ? "en" : "zh")} lang={lang === "zh" ? "en" : "zh-CN"} data-test="own-language">
          {other}
        </button>
        {opened && (
          <button type="button" onClick={() => setOpened(null)} data-test="own-close">
            {say.t("self.close")}
          </button>
        )}
      </header>
      <main>
        {opened ? (
          <View view={opened.view} say={say} code={opened.code} update={(view) => setOpened({ ...opened, view })} />
        ) : (
          <Door say={say} left={left} open={(code, view) => (setLeft(false), setOpened({ code, view }))} />
        )}
      </main>
      <footer>{say.t("self.fraud")}</footer>
    </div>
  )
}

/** The one field that opens the page. */
function Door({ say: { t }, left, open }: { say: Say; left: boolean; open: (code: string, view: Own) => void }) {
  const [code, setCode] = useState("")
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const submit = async (e: FormEvent) => {
    e.preventDefault()
    setBusy(true)
    setError(undefined)
    try {
      open(code.trim(), await api.get("/register/own", undefined, undefined, { code: code.trim() }))
    } catch (e) {
      setError(e)
    } finally {
      setBusy(false)
    }
  }
  return (
    <form className="door" onSubmit={(e) => void submit(e)}>
      {left && <p role="status">{t("self.closed")}</p>}
      <p>{t("self.intro")}</p>
      <label>
        <span>{t("self.code")}</span>
        <input value={code} onChange={(e) => setCode(e.target.value)} autoComplete="off" autoCapitalize="characters" spellCheck={false} maxLength={40} placeholder="XXXX-XXXX-XXXX-XXXX" autoFocus data-test="own-code" />
        <small>{t("self.code.note")}</small>
      </label>
      <Failure error={error} say={{ t }} />
      <button type="submit" className="main" disabled={busy || code.trim().length < 16} data-test="own-open">
        {t("self.open")}
      </button>
    </form>
  )
}

function Failure({ error, say: { t } }: { error: unknown; say: Pick<Say, "t"> }) {
  if (!error) return null
  const status = error instanceof Problem ? error.status : 0
  return (
    <p className="failure" role="alert" data-test="own-failure">
      {t(status === 404 || status === 422 ? "self.wrong" : status === 429 ? "self.often" : "self.failed")}
    </p>
  )
}

function View({ view, say, code, update }: { view: Own; say: Say; code: string; update: (v: Own) => void }) {
  const { t, lang } = say
  return (
    <>
      <section className={view.binding ? "answer binds" : "answer free"} data-test="own-answer" data-binding={view.binding}>
        <p>{view.name} · {t("self.today", { day: day(view.today, lang) })}</p>
        <h2>{t(view.binding ? "self.binding" : "self.free")}</h2>
      </section>
      {view.listings.map((l) => <ListingCard key={l.id} l={l} say={say} />)}
      <Object view={view} say={say} code={code} update={update} />
    </>
  )
}

function ListingCard({ l, say }: { l: OwnListing; say: Say }) {
  const { t, code, lang } = say
  const kinds = [...new Set(l.measures.map((m) => m.kind))]
  const when = l.liftedAt
    ? t("self.lifted", { day: day(l.liftedAt, lang) })
    : !l.until
      ? t("self.until.unknown")
      : t(l.state === "ended" ? "self.ended" : "self.until", { day: day(l.until, lang) })
  return (
    <article data-test="own-listing" data-state={l.state}>
      <h3>
        {t("self.listing")} {l.documentNo} <span className={`mark ${l.state}`}>{code("self.state", l.state)}</span>
      </h3>
      <p>{t("self.decided", { unit: l.unit, day: day(l.decidedOn, lang) })}</p>
      <p className="when" data-test="own-until">
        {l.state === "upcoming" && t("self.from", { day: day(l.from, lang) })} {when}
      </p>
      {l.capped && <p>{t("self.capped")}</p>}
      {kinds.length > 0 && <h4>{t("self.measures")}</h4>}
      {kinds.map((k) => (
        <div key={k}>
          <h5>{code("self.kind", k)}</h5>
          <ul>
            {l.measures.filter((m) => m.kind === k).map((m) => (
              <li key={m.words.zh} data-test="own-measure">
                {m.words[lang]}
                {m.keeps && <small>{t("self.except", { what: m.keeps[lang] })}</small>}
              </li>
            ))}
          </ul>
        </div>
      ))}
      {kinds.length > 0 && l.keeps.length > 0 && (
        <>
          <h4>{t("self.keeps")}</h4>
          <ul className="keeps">{l.keeps.map((k) => <li key={k.words.zh}>{k.words[lang]}</li>)}</ul>
        </>
      )}
      {l.why.length > 0 && (
        <details>
          <summary data-test="own-why">{t("self.why")}</summary>
          <ul>
            {l.why.map((r) => (
              <li key={r.words.zh + r.citation.article}>
                {r.words[lang]}
                <small lang="zh-CN">
                  {r.citation.document} {r.citation.article}
                  {r.citation.inferred && `（${t("self.article.unchecked")}）`} {r.citation.phrase && `“${r.citation.phrase}”`}
                </small>
              </li>
            ))}
          </ul>
        </details>
      )}
      {l.silent.length > 0 && (
        <details>
          <summary>{t("self.silent")}</summary>
          <ul>{l.silent.map((s) => <li key={s.row}>{s.words[lang]}</li>)}</ul>
        </details>
      )}
      {l.objections.length > 0 && <h4>{t("self.objections")}</h4>}
      {l.objections.map((o) => <ObjectionWay key={o.steps[0]?.at} o={o} say={say} />)}
      <p className="contact">{t("self.contact", { unit: l.unit, contact: l.contact })}</p>
    </article>
  )
}

/** Where an objection stands. */
function ObjectionWay({ o, say: { t, code, lang } }: { o: OwnObjection; say: Say }) {
  const open = o.state === "received" || o.state === "accepted" || o.state === "verified"
  return (
    <div className="way" data-test="own-objection" data-state={o.state}>
      <b>{code("self.ground", o.ground)}</b>
      <ol>
        {o.steps.map((s) => (
          <li key={s.state}>
            <b>{code("self.step", s.state)}</b> <time>{day(s.at, lang)}</time>
            {s.words && <p>{s.words}</p>}
          </li>
        ))}
      </ol>
      {open && o.due.filter((d) => d.until).map((d) => <p key={d.words.zh}>{t("self.due", { what: d.words[lang], day: day(d.until, lang) })}</p>)}
      {open && o.due.some((d) => !d.until) && <p><small data-test="own-no-deadline">{t("self.due.none")}</small></p>}
    </div>
  )
}

/** Hands in an objection. */
function Object({ view, say: { t, code, lang }, code: secret, update }: { view: Own; say: Say; code: string; update: (v: Own) => void }) {
  const [ground, setGround] = useState<(typeof view.object.grounds)[number]>("designation")
  const [listing, setListing] = useState(view.listings[0]?.id ?? "")
  const [text, setText] = useState("")
  const [key, setKey] = useState(newKey) // one for one intention: pressing again hands in nothing twice
  const [busy, setBusy] = useState(false)
  const [sent, setSent] = useState(false)
  const [error, setError] = useState<unknown>()
  const submit = async (e: FormEvent) => {
    e.preventDefault()
    setBusy(true)
    setError(undefined)
    try {
      update(await api.post("/register/own/objections", { ground: ground as "designation", words: text.trim(), ...(listing && { listing }) }, { key, code: secret }))
      setText("")
      setSent(true)
      setKey(newKey())
    } catch (e) {
      if (e instanceof Problem && e.status >= 400 && e.status < 500) setKey(newKey())
      setError(e)
    } finally {
      setBusy(false)
    }
  }
  return (
    <form className="object" onSubmit={(e) => void submit(e)} data-test="own-object">
      <h3>{t("self.object")}</h3>
      <p>{view.object.words[lang]}</p>
      {view.listings.length > 1 && (
        <label>
          <span>{t("self.listing")}</span>
          <select value={listing} onChange={(e) => setListing(e.target.value)}>
            {view.listings.map((l) => <option key={l.id} value={l.id}>{l.documentNo || day(l.decidedOn, lang)}</option>)}
          </select>
        </label>
      )}
      <fieldset>
        <legend>{t("self.object.ground")}</legend>
        {view.object.grounds.map((g) => (
          <label key={g} className="pick">
            <input type="radio" name="ground" checked={ground === g} onChange={() => setGround(g)} data-test={`own-ground-${g}`} /> {code("self.ground", g)}
          </label>
        ))}
      </fieldset>
      <label>
        <span>{t("self.object.words")}</span>
        <textarea rows={6} maxLength={2000} value={text} onChange={(e) => (setText(e.target.value), setSent(false))} data-test="own-words" />
        <small>{t("self.object.note")}</small>
      </label>
      <Failure error={error} say={{ t }} />
      {sent && <p className="sent" role="status" data-test="own-sent">{t("self.object.sent")}</p>}
      <button type="submit" className="main" disabled={busy || text.trim().length < 2} data-test="own-send">
        {t("self.object.send")}
      </button>
    </form>
  )
}

/** A civil day, or the day of an instant in the centre's zone, in words. */
function day(iso: string, lang: Language): string {
  const at = Date.parse(iso)
  return Number.isNaN(at) ? iso : new Intl.DateTimeFormat(lang === "zh" ? "zh-CN" : "en-GB", { dateStyle: "long", timeZone: iso.length > 10 ? zone : "UTC" }).format(at)
}
