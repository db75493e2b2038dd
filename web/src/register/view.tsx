import type { Listing } from "../api/types"
import { useWords } from "../app/i18n"
import { useNow } from "../parts/now"
import { daysLeft, today } from "./days"

/** When a listing ends: the day, how far off it is, and where it is not known why. */
export function Until({ listing: l, short }: { listing: Pick<Listing, "state" | "until" | "start">; short?: boolean }) {
  const { t } = useWords()
  const now = useNow()
  if (!l.until) return <span className="state tone-soon" title={t("listing.until.unknown.note")} data-test="end-unknown"><i aria-hidden="true" />{t("listing.until.unknown")}</span>
  const left = daysLeft(l.until, today(now))
  return (
    <span className="num" title={t("listing.until.note")} data-test="until">
      {l.until}
      {l.state === "running" && !short && <span className="dim"> · {t("listing.left", { n: left })}</span>}
    </span>
  )
}

/** Whom a row is about: the name, masked. */
export function Named({ name }: { name: string }) {
  const { t } = useWords()
  return name ? <b data-test="name">{name}</b> : <span className="dim" data-test="name">{t("listing.name.erased")}</span>
}

/** Class and grounds in few words. */
export function ClassMark({ listing: l }: { listing: Pick<Listing, "class" | "grounds"> }) {
  const { t, code } = useWords()
  return (
    <>
      <b>{l.class ? code("listing.class", l.class) : t("listing.older")}</b>
      <span className="dim"> {l.grounds.map((g) => code("listing.ground", g)).join(" · ")}</span>
    </>
  )
}

/** A length of time in whole years where it is one. */
export function Term({ months }: { months: number }) {
  const { t } = useWords()
  if (months === 0) return null
  return <>{months % 12 === 0 ? t("listing.term.years", { n: months / 12 }) : t("listing.term.months", { n: months })}</>
}
