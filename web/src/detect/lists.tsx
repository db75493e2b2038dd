import "./detect.css"
import { useQuery } from "@tanstack/react-query"
import { Input, Select } from "antd"
import { useState } from "react"
import { Link, Navigate, useNavigate, useParams } from "react-router"
import { api } from "../api/client"
import type { BodyOf, ListEntry } from "../api/types"
import { useMay } from "../app/auth"
import { useWords } from "../app/i18n"
import { useFilters } from "../parts/filters"
import { ActionForm, Field } from "../parts/form"
import { exact, fromWall, toWall } from "../parts/format"
import { Broken } from "../parts/problem"
import { Table, type Column } from "../parts/table"
import { Empty, Skeleton, When } from "../parts/view"
import { domains } from "./alerts"
import { Tabs } from "./packs"
import { said } from "./said"
import { Standing } from "./suppressions"

function useLists() {
  return useQuery({ queryKey: ["namedlists"], queryFn: async ({ signal }) => (await api.get("/lists", undefined, signal)).items, staleTime: 30_000, retry: false })
}

/** The stage's first list: those that an officer keeps come before those of the house. */
export function NamedLists() {
  const { t } = useWords()
  const lists = useLists()
  if (lists.isPending) return <Skeleton />
  if (lists.isError) return <Broken error={lists.error} retry={() => void lists.refetch()} />
  const first = lists.data.find((l) => !l.house) ?? lists.data[0]
  return first ? <Navigate to={`/lists/${first.name}`} replace /> : <div className="page"><div className="list-bar"><Tabs /></div><Empty>{t("namedlist.none")}</Empty></div>
}

/** A named list that rules ask for: who stands on it, why, until when. */
export function NamedList() {
  const { list = "" } = useParams()
  const { t, code } = useWords()
  const go = useNavigate()
  const writes = useMay("namedlist.write")
  const clues = useMay("clue.read")
  const lists = useLists()
  const [f, set] = useFilters("inForce")
  const is = lists.data?.find((l) => l.name === list)
  const columns: Column<ListEntry>[] = [
    { key: "standing", title: t("standing.title"), width: 92, cell: (e) => <Standing of={e} />, text: (e) => code("standing", e.standing) },
    { key: "domain", title: t("alert.domain"), width: 64, cell: (e) => <span className={`find find-${e.domain}`}>{code("domain", e.domain)}</span>, text: (e) => code("domain", e.domain) },
    { key: "subject", title: t("namedlist.value"), width: 210, cell: (e) => (e.clue ? (clues ? <Link to={`/clues/${e.clue}`}>{t("clue.one")} {e.clue.slice(-8)}</Link> : e.clue.slice(-8)) : <b className="num">{said(e.domain, e.subject)}</b>), text: (e) => e.subject || e.clue },
    { key: "until", title: t("suppression.until"), width: 104, cell: (e) => (e.until ? <When at={e.until} /> : <span className="dim">{t("namedlist.always")}</span>), text: (e) => (e.until ? exact(e.until) : "") },
    { key: "why", title: t("suppression.why"), width: "2fr", cell: (e) => <span title={e.why}>{e.why}</span>, text: (e) => e.why },
    { key: "by", title: t("suppression.by"), width: 120, cell: (e) => e.madeByName || <span className="dim">{t("namedlist.byHouse")}</span>, text: (e) => e.madeByName },
    { key: "at", title: t("suppression.at"), width: 100, cell: (e) => <When at={e.madeAt} />, text: (e) => exact(e.madeAt) },
    { key: "removed", title: t("namedlist.removed"), width: "1fr", cell: (e) => e.removedAt && <span title={e.removeWhy}>{e.removedByName} · {e.removeWhy}</span>, text: (e) => e.removeWhy },
    { key: "remove", title: "", width: 116, cell: (e) => writes && is && !is.house && e.standing === "in_force" && <span className="row-actions"><ChangeForm key={`change ${e.version}`} e={e} /><RemoveForm key={e.version} e={e} /></span>, text: () => "" },
  ]
  const path = `/lists/${list}/entries` as "/lists"
  return (
    <Table
      key={list}
      name="entries"
      path={path as never}
      query={{ inForce: f.inForce }}
      columns={columns as never}
      live={(e) => e.kind.startsWith("namedlist.")}
      empty={t(is?.house ? "namedlist.empty.house" : "namedlist.empty")}
      filters={
        <>
          <Tabs />
          <Select size="small" value={list} onChange={(v) => void go(`/lists/${v}`)} options={(lists.data ?? []).map((l) => ({ value: l.name, label: `${code("namedlist.name", l.name)}${l.asked ? "" : ` (${t("namedlist.unasked")})`}` }))} popupMatchSelectWidth={false} aria-label={t("namedlist.one")} style={{ minWidth: 160 }} data-test="pick-list" />
          <button type="button" className={f.inForce ? "toggle on" : "toggle"} aria-pressed={!!f.inForce} onClick={() => set("inForce", f.inForce ? "" : "true")} data-test="filter-inForce">{t("standing.only")}</button>
        </>
      }
      tools={writes && is && !is.house && <EnterForm list={list} />}
      note={is && <p className="simulated">{t(is.house ? (list === "dens" ? "namedlist.house.dens" : "namedlist.house.clues") : is.asked ? "namedlist.asked" : "namedlist.unasked.note")}</p>}
    />
  )
}

type Domain = BodyOf<"post", `/lists/${string}/entries`>["domain"]

function EnterForm({ list }: { list: string }) {
  const { t, code } = useWords()
  const [domain, setDomain] = useState<Domain>("number")
  const [value, setValue] = useState("")
  const [until, setUntil] = useState("")
  const [why, setWhy] = useState("")
  return (
    <ActionForm
      label={t("namedlist.enter")}
      title={`${t("namedlist.enter")} · ${code("namedlist.name", list)}`}
      test="enter"
      ready={value.trim() !== "" && why.trim() !== ""}
      send={(key) => api.post(`/lists/${list}/entries`, { domain, value: value.trim(), why: why.trim(), ...(until && { until: fromWall(`${until}T23:59`) ?? until }) }, { key })}
      done={() => (setValue(""), setWhy(""))}
      refresh={[["list", `/lists/${list}/entries`], ["namedlists"]]}
      fields={
        <>
          <div className="two">
            <Field label={t("alert.domain")}>
              <Select value={domain} onChange={setDomain} options={domains.map((d) => ({ value: d as Domain, label: code("domain", d) }))} data-test="enter-domain" />
            </Field>
            <Field label={t("namedlist.value")}>
              <Input value={value} onChange={(e) => setValue(e.target.value)} maxLength={100} data-test="enter-value" />
            </Field>
          </div>
          <Field label={t("suppression.until")} note={t("namedlist.until.note")}>
            <Input type="date" value={until} onChange={(e) => setUntil(e.target.value)} data-test="enter-until" />
          </Field>
          <Field label={t("suppression.why")}>
            <Input.TextArea rows={2} value={why} onChange={(e) => setWhy(e.target.value)} maxLength={2000} data-test="enter-why" />
          </Field>
        </>
      }
    />
  )
}

/** Until when an entry holds, and why, may be written anew. */
function ChangeForm({ e }: { e: ListEntry }) {
  const { t } = useWords()
  const [until, setUntil] = useState(e.until ? toWall(e.until).slice(0, 10) : "")
  const [why, setWhy] = useState(e.why)
  return (
    <ActionForm
      label={t("namedlist.change")}
      title={`${t("namedlist.change")} · ${said(e.domain, e.subject)}`}
      test="change"
      ready={why.trim() !== ""}
      send={(key) => api.put(`/lists/${e.list}/entries/${e.id}`, { why: why.trim(), ...(until && { until: fromWall(`${until}T23:59`) ?? until }) }, { key, version: e.version })}
      refresh={[["list", `/lists/${e.list}/entries`]]}
      fields={
        <>
          <Field label={t("suppression.until")} note={t("namedlist.until.note")}>
            <Input type="date" value={until} onChange={(x) => setUntil(x.target.value)} data-test="change-until" />
          </Field>
          <Field label={t("suppression.why")}>
            <Input.TextArea rows={2} value={why} onChange={(x) => setWhy(x.target.value)} maxLength={2000} data-test="change-why" />
          </Field>
        </>
      }
    />
  )
}

function RemoveForm({ e }: { e: ListEntry }) {
  const { t } = useWords()
  const [reason, setReason] = useState("")
  return (
    <ActionForm
      label={t("namedlist.remove")}
      test="remove"
      ready={reason.trim() !== ""}
      send={(key) => api.post(`/lists/${e.list}/entries/${e.id}/remove`, { reason: reason.trim() }, { key, version: e.version })}
      refresh={[["list", `/lists/${e.list}/entries`]]}
      fields={
        <Field label={t("suppression.lift.why")}>
          <Input.TextArea rows={2} value={reason} onChange={(x) => setReason(x.target.value)} data-test="remove-reason" />
        </Field>
      }
    />
  )
}
