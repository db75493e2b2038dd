import { useQuery } from "@tanstack/react-query"
import { api, serverNow } from "../api/client"
import { useWords } from "../app/i18n"
import { useLive } from "../app/live"
import { count, duration, percent } from "../parts/format"

const days = 30
const day = 86_400_000

/** How good suspicion was over the last month: raised, confirmed, nothing found, and how long it took to be checked. */
export function DenFigures() {
  const { t, lang } = useWords()
  const figures = useQuery({
    queryKey: ["figures", "dens", days],
    queryFn: ({ signal }) => {
      const now = serverNow()
      return api.get("/figures/dens", { from: new Date(now - days * day).toISOString(), to: new Date(now + day).toISOString() }, signal)
    },
    staleTime: 30_000,
    retry: false,
  })
  useLive((e) => /^den\.(suspected|confirmed|nothing_found|dismissed)$/.test(e.kind), () => void figures.refetch(), 2000)
  const f = figures.data
  if (!f) return null
  return (
    <dl className="figure-line" aria-label={t("den.figures")} data-test="den-figures">
      <div><dt>{t("den.figures")}</dt></div>
      <div><dt>{t("den.figures.raised")}</dt><dd>{count(f.raised, lang)}</dd></div>
      <div><dt>{t("den.state.confirmed")}</dt><dd>{count(f.confirmed, lang)}</dd></div>
      <div><dt>{t("den.state.nothing_found")}</dt><dd>{count(f.nothingFound, lang)}</dd></div>
      <div><dt>{t("den.state.dismissed")}</dt><dd>{count(f.dismissed, lang)}</dd></div>
      {f.precision !== undefined && <div title={t("den.figures.precision.note")}><dt>{t("den.figures.precision")}</dt><dd>{percent(f.precision)}</dd></div>}
      {f.medianSeconds !== undefined && <div title={t("den.figures.median.note")}><dt>{t("den.figures.median")}</dt><dd>{duration(f.medianSeconds * 1000, lang)}</dd></div>}
    </dl>
  )
}
