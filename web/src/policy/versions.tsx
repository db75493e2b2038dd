import { useQuery } from "@tanstack/react-query"
import { Modal, Select } from "antd"
import { useState } from "react"
import { Link } from "react-router"
import { api } from "../api/client"
import type { Pack } from "../api/types"
import { useWords } from "../app/i18n"
import { Person } from "../parts/people"
import { Broken } from "../parts/problem"
import { Empty, Section, Skeleton, State, When } from "../parts/view"
import { Changes } from "./diff"
import { PlaceName } from "./list"

/** Every text that was ever in force under the pack's name, and two of them beside each other. */
export function Versions({ pack }: { pack: Pack }) {
  const { t, code } = useWords()
  const [text, setText] = useState("")
  // A pack may have been activated again for an overlay alone: what differs by its hash can be compared.
  const place = pack.view.jurisdiction
  const texts = pack.versions.flatMap((v) => {
    const sha = v.places[place] ?? v.sha256
    return [{ sha, label: `${t("version.number", { n: v.number })} · ${t("pack.version")} ${v.version}` }]
  }).filter((x, i, all) => all.findIndex((y) => y.sha === x.sha) === i)
  const [older, setOlder] = useState(texts[1]?.sha ?? "")
  const [newer, setNewer] = useState(texts[0]?.sha ?? "")
  return (
    <>
      <Section title={t("pack.tab.versions")} note={pack.versions.length} test="versions">
        <div className="scrolls">
          <table className="plain law-table">
            <colgroup><col /><col className="version-no" /><col /><col /><col /><col className="version-sha" /><col className="version-no" /></colgroup>
            <thead>
              <tr><th>{t("version.title")}</th><th>{t("pack.version")}</th><th>{t("pack.activatedAt")}</th><th>{t("version.proposedBy")}</th><th>{t("version.by")}</th><th>{t("version.sha")}</th><th>{t("version.draft")}</th></tr>
            </thead>
            <tbody>
              {pack.versions.map((v) => (
                <tr key={v.id} data-test="version" data-number={v.number}>
                  <td>{t("version.number", { n: v.number })} {v.inForce && <State group="version" value="now" tone="good" />}</td>
                  <td className="num">{v.version}</td>
                  <td><When at={v.activatedAt} /></td>
                  <td>{v.proposedBy ? <Person id={v.proposedBy} /> : <span className="dim">{code("pack.origin", v.origin)}</span>}</td>
                  <td>{v.activatedBy ? <Person id={v.activatedBy} /> : <span className="dim">{code("pack.origin", v.origin)}</span>}</td>
                  <td>
                    <ul className="bare">
                      {inOrder(v.places).map(([p, sha]) => (
                        <li key={p} className="sha"><span className="dim"><PlaceName place={p} /></span> <button type="button" className="link" onClick={() => setText(sha)} title={sha} data-test="open-text"><code>{sha.slice(0, 16)}…</code></button></li>
                      ))}
                    </ul>
                  </td>
                  <td>{v.draft && <Link to={`/drafts/${v.draft}`}>{t("version.draft")}</Link>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </Section>
      <Section title={t("version.compare")} test="compare">
        {texts.length < 2 ? (
          <Empty>{t("version.one")}</Empty>
        ) : (
          <>
            <div className="compare">
              {([["older", older, setOlder], ["newer", newer, setNewer]] as const).map(([which, sha, set]) => (
                <label key={which}>
                  <span className="dim">{t(`version.${which}`)}</span>
                  <Select size="small" value={sha} onChange={set} options={texts.map((x) => ({ value: x.sha, label: x.label }))} popupMatchSelectWidth={false} aria-label={t(`version.${which}`)} data-test={`compare-${which}`} />
                </label>
              ))}
            </div>
            <Compared name={pack.name} older={older} newer={newer} />
          </>
        )}
      </Section>
      <Modal open={text !== ""} onCancel={() => setText("")} footer={null} width={960} title={t("version.text")} destroyOnHidden>
        <WholeText sha={text} />
      </Modal>
    </>
  )
}

function Compared({ name, older, newer }: { name: string; older: string; newer: string }) {
  const diff = useQuery({ queryKey: ["pack-diff", older, newer], queryFn: ({ signal }) => api.get(`/policy/packs/${name}/diff`, { older, newer }, signal), staleTime: Infinity })
  if (diff.isError) return <Broken error={diff.error} retry={() => void diff.refetch()} />
  return diff.data ? <Changes changes={diff.data.changes} /> : <Skeleton rows={3} />
}

/** Places from wide to narrow. */
const inOrder = (places: Record<string, string>) => Object.entries(places).toSorted(([a], [b]) => wide(a) - wide(b) || a.localeCompare(b))
const wide = (place: string) => (place === "nation" ? 0 : place.length)

/** The text behind a hash, whole. */
function WholeText({ sha }: { sha: string }) {
  const text = useQuery({ queryKey: ["pack-text", sha], queryFn: ({ signal }) => api.get(`/policy/texts/${sha}`, undefined, signal), staleTime: Infinity, enabled: sha !== "" })
  if (text.isError) return <Broken error={text.error} retry={() => void text.refetch()} />
  if (!text.data) return <Skeleton />
  return (
    <div data-test="whole-text">
      <p className="dim small"><code className="wrap">{sha}</code></p>
      {text.data.files.map((f) => (
        <section key={f.name} className="section">
          <h2><code>{f.name}</code><small><PlaceName place={f.place} /></small></h2>
          <pre className="raw pack-text">{f.text}</pre>
        </section>
      ))}
    </div>
  )
}
