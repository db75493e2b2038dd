import { useMutation } from "@tanstack/react-query"
import { Button, Input } from "antd"
import { useState } from "react"
import { Link } from "react-router"
import { api } from "../api/client"
import { useWords } from "../app/i18n"
import { Field } from "../parts/form"
import { ProblemNote } from "../parts/problem"
import { RegionName } from "../parts/region"
import { Empty, State } from "../parts/view"
import { RegisterTabs } from "./tabs"
import { ClassMark, Named, Until } from "./view"

const purposes = ["case", "objection", "proposal"] as const

/**
 * Listings by the whole number or the whole name, on a stated purpose. Neither
 * goes into the address bar, which browsers and proxies remember.
 */
export function Find() {
  const { t } = useWords()
  const [number, setNumber] = useState("")
  const [name, setName] = useState("")
  const [purpose, setPurpose] = useState("")
  const by = name.trim() ? { name: name.trim() } : { number: number.trim() }
  const find = useMutation({ mutationFn: () => api.post("/register/listings/search", { ...by, purpose: purpose.trim() }) })
  const ready = (name.trim() !== "" || number.trim().length >= 5) && purpose.trim() !== ""
  return (
    <div className="page" data-test="find-page">
      <div className="list-bar">
        <div className="filters">
          <RegisterTabs />
        </div>
      </div>
      <form
        className="narrow"
        onSubmit={(e) => {
          e.preventDefault()
          if (ready) find.mutate()
        }}
      >
        <div className="two">
          <Field label={t("listing.number")}>
            <Input value={number} onChange={(e) => setNumber(e.target.value)} placeholder={t("listing.find.number")} disabled={name !== ""} autoComplete="off" autoFocus data-test="find-number" />
          </Field>
          <Field label={t("listing.name")}>
            <Input value={name} onChange={(e) => setName(e.target.value)} placeholder={t("listing.find.name")} disabled={number !== ""} maxLength={100} autoComplete="off" data-test="find-name" />
          </Field>
          <Field label={t("listing.find.purpose")}>
            <Input value={purpose} onChange={(e) => setPurpose(e.target.value)} maxLength={200} data-test="find-purpose" />
          </Field>
        </div>
        <div className="links">
          {purposes.map((p) => (
            <button type="button" className="toggle" key={p} onClick={() => setPurpose(t(`listing.find.purpose.${p}`))} data-test={`find-purpose-${p}`}>
              {t(`listing.find.purpose.${p}`)}
            </button>
          ))}
          <span className="spring" />
          <Button type="primary" htmlType="submit" disabled={!ready} loading={find.isPending} data-test="find-submit">
            {t("listing.find")}
          </Button>
        </div>
        <p className="dim">{t("listing.find.note")}</p>
        <ProblemNote error={find.error} />
        {find.data?.items.length === 0 && <Empty>{t("listing.find.none")}</Empty>}
        {find.data?.items.map((l) => (
          <article className="card line" key={l.id} data-test="found">
            <State group="listing.state" value={l.state} />
            <Named name={l.name} />
            <span className="num">{l.number}</span>
            <Link to={`/register/listings/${l.id}`}>
              <ClassMark listing={l} />
            </Link>
            <span className="spring" />
            <RegionName code={l.region} short />
            <Until listing={l} />
          </article>
        ))}
      </form>
    </div>
  )
}
