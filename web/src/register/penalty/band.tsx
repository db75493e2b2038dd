import type { Penalty, PenaltyBand } from "../../api/types"
import { useWords } from "../../app/i18n"
import { money } from "../../parts/format"

/** What the law allows on the facts, in few words. */
export function Band({ band: b }: { band: PenaltyBand | undefined }) {
  const { t, lang } = useWords()
  if (!b)
    return (
      <section className="conclusion" data-test="band" data-settled="false">
        <div>{t("penalty.band.none")}</div>
      </section>
    )
  const range = (min: number, max: number, say: (n: number) => string) => (min > 0 ? t("penalty.band.between", { min: say(min), max: say(max) }) : t("penalty.band.upTo", { max: say(max) }))
  return (
    <section className="conclusion" data-test="band" data-settled="true">
      <div>
        <b>{b.article}</b>
      </div>
      <dl>
        <div><dt>{t("penalty.band.fine")}</dt><dd>{range(b.fineMinFen, b.fineMaxFen, (n) => money(n, lang))}</dd></div>
        <div><dt>{t("penalty.band.days")}</dt><dd>{b.detentionMaxDays > 0 ? range(b.detentionMinDays, b.detentionMaxDays, (n) => t("penalty.days", { n })) : t("penalty.band.noDetention")}</dd></div>
        <div><dt>{t("penalty.band.confiscate")}</dt><dd>{money(b.confiscateFen, lang)}</dd></div>
      </dl>
    </section>
  )
}

/** A fine and days of detention. */
export function Imposed({ measure: m }: { measure: Penalty["measure"] }) {
  const { t, lang } = useWords()
  return (
    <>
      {m.fineFen > 0 && <span className="item num">{t("penalty.band.fine")} {money(m.fineFen, lang)}</span>}
      {m.detentionDays > 0 && <span className="item num">{t("penalty.band.days")} {t("penalty.days", { n: m.detentionDays })}</span>}
      {m.fineFen === 0 && m.detentionDays === 0 && <span className="item dim">{t("penalty.band.confiscate")}</span>}
    </>
  )
}
