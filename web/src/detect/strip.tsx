import { useQuery } from "@tanstack/react-query"
import { api } from "../api/client"
import type { Detector } from "../api/types"
import { useMay } from "../app/auth"
import { useWords } from "../app/i18n"
import { count } from "../parts/format"
import { State, When, type Tone } from "../parts/view"

const tones: Record<Detector["state"], Tone> = { active: "good", standby: "action", starting: "soon", failed: "bad", off: "plain" }

/** How the detector of this process stands; read again every few seconds. */
export function useDetector() {
  return useQuery({ queryKey: ["detector"], queryFn: ({ signal }) => api.get("/detector", undefined, signal), enabled: useMay("detector.read"), refetchInterval: 5000, retry: false })
}

/** One line on the pages of detection: who appends, how far it is, what comes in. */
export function DetectorStrip() {
  const { t, lang, code } = useWords()
  const d = useDetector().data
  if (!d) return null
  return (
    <dl className="figure-line" aria-label={t("detector.title")} data-test="detector">
      <div>
        <dt>{t("detector.title")}</dt>
        <dd><State group="detector.state" value={d.state} tone={tones[d.state]} /></dd>
      </div>
      {d.state === "standby" && d.active && <div><dt>{t("detector.at")}</dt><dd><code>{d.active}</code></dd></div>}
      {d.state !== "off" && (
        <>
          <div title={t("detector.position.note")}><dt>{t("detector.position")}</dt><dd>{count(d.position, "en")}</dd></div>
          <div><dt>{t("detector.lag")}</dt><dd className={d.lag > 0 ? "tone-soon" : undefined}>{count(d.lag, lang)}</dd></div>
          {d.kinds.filter((k) => k.events > 0).map((k) => (
            <div key={k.kind} title={t("detector.events", { n: count(k.events, lang) })}>
              <dt>{code("feed.kind", k.kind)}</dt>
              <dd>{t("detector.rate", { n: count(Math.round(k.perSecond * 10) / 10, lang) })}</dd>
            </div>
          ))}
          {d.pending > 0 && <div><dt>{t("detector.pending")}</dt><dd className="tone-soon">{count(d.pending, lang)}</dd></div>}
        </>
      )}
      {d.trouble && (
        <div className="tone-bad" role="status">
          <dt>{t("detector.trouble")}</dt>
          <dd>{d.trouble} <When at={d.troubleAt} /></dd>
        </div>
      )}
    </dl>
  )
}
