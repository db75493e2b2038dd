import "./detect.css"
import { useQuery } from "@tanstack/react-query"
import { NavLink } from "react-router"
import { api } from "../api/client"
import { useMay } from "../app/auth"
import { useWords } from "../app/i18n"
import { count } from "../parts/format"
import { InstitutionName } from "../parts/names"
import { Broken } from "../parts/problem"
import { Empty, Skeleton, When } from "../parts/view"
import { DetectorStrip } from "./strip"

/** What comes in, the files that were loaded, and what was refused are three lists of one stage. */
export function FeedTabs() {
  const { t } = useWords()
  const letters = useMay("letter.list")
  return (
    <nav className="tabs" aria-label={t("feed.title")}>
      <NavLink to="/feeds" end>{t("feed.title")}</NavLink>
      <NavLink to="/feeds/loads" data-test="to-loads">{t("load.title")}</NavLink>
      {letters && <NavLink to="/feeds/letters" data-test="to-letters">{t("letter.title")}</NavLink>}
    </nav>
  )
}

/** Rates by way, sender and kind. */
export function Feeds() {
  const { t, code, lang } = useWords()
  const letters = useMay("letter.list")
  const feeds = useQuery({ queryKey: ["feeds"], queryFn: ({ signal }) => api.get("/feeds", undefined, signal), refetchInterval: 5000 })
  return (
    <div className="page" data-test="feeds-page">
      <div className="list-bar">
        <div className="filters"><FeedTabs /></div>
        {feeds.data && feeds.data.openLetters > 0 && letters && (
          <div className="list-tools">
            <NavLink to="/feeds/letters" className="chip tone-soon" data-test="open-letters">{t("feed.letters", { n: feeds.data.openLetters >= 10_000 ? "10000+" : count(feeds.data.openLetters, lang) })}</NavLink>
          </div>
        )}
      </div>
      <DetectorStrip />
      {feeds.isPending ? <Skeleton /> : feeds.isError ? <Broken error={feeds.error} retry={() => void feeds.refetch()} /> : (
        <div className="narrow wide">
          <p className="dim">{t("feed.since")} <When at={feeds.data.since} /></p>
          {feeds.data.feeds.length === 0 ? <Empty>{t("feed.empty")}</Empty> : (
            <div className="scrolls">
              <table className="plain roomy" data-test="feeds">
                <thead>
                  <tr><th>{t("feed.channel")}</th><th>{t("feed.sender")}</th><th>{t("feed.kind")}</th><th className="right">{t("feed.rate")}</th><th className="right">{t("feed.taken")}</th><th className="right">{t("feed.refused")}</th><th>{t("feed.last")}</th></tr>
                </thead>
                <tbody>
                  {feeds.data.feeds.map((f) => (
                    <tr key={`${f.channel} ${f.institution} ${f.kind}`} data-test="feed">
                      <td>{code("feed.channel", f.channel)}</td>
                      <td>{f.institution ? <InstitutionName id={f.institution} /> : t("alert.centre")}</td>
                      <td>{code("feed.kind", f.kind)}</td>
                      <td className="right num">{t("feed.rate.minute", { n: count(f.lastMinute, lang) })}</td>
                      <td className="right num">{count(f.taken, lang)}</td>
                      <td className={f.refused > 0 ? "right num tone-bad" : "right num dim"}>{count(f.refused, lang)}</td>
                      <td><When at={f.lastAt} ago /></td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
        </div>
      )}
    </div>
  )
}
