import { useQueryClient, type InfiniteData } from "@tanstack/react-query"
import { useState } from "react"
import { useNavigate } from "react-router"
import type { Clue, ClueKind, Page } from "../api/types"
import { useMay, useMe } from "../app/auth"
import { useWords } from "../app/i18n"
import { NewDisposal } from "../disposal/form"
import { Clock } from "../parts/clock"
import { Choice, Find, Pick, useFilters } from "../parts/filters"
import { exact, spoken } from "../parts/format"
import { InstitutionName, useInstitutionNames } from "../parts/names"
import { Table, type Column } from "../parts/table"
import { State, When } from "../parts/view"
import { Ask } from "./ask"
import { Tabs } from "./tabs"

export const clueKinds: ClueKind[] = ["mobile", "fixed", "service", "international", "card", "account", "url", "domain", "app", "im", "device"]

/** Kinds that call: only their presented value may be false. */
export const isNumber = (kind: ClueKind) => kind === "mobile" || kind === "fixed" || kind === "service" || kind === "international"

/** All clues of the scope: the late ones first, then those that are due soonest. */
export function Clues() {
  const { t, code } = useWords()
  const me = useMe()
  const go = useNavigate()
  const asks = useMay("lookup.ask")
  const institution = useInstitutionNames()
  const [f, set] = useFilters("state", "kind", "region", "q")
  const queries = useQueryClient()
  const [ids, setIDs] = useState<Set<string>>(new Set())
  // What is ticked stands on the pages that the list has read.
  const chosen = () =>
    queries
      .getQueriesData<InfiniteData<Page<Clue>>>({ queryKey: ["list", "/clues"] })
      .flatMap(([, list]) => list?.pages.flatMap((p) => p.items) ?? [])
      .filter((c, i, all) => ids.has(c.id) && all.findIndex((x) => x.id === c.id) === i)
  const columns: Column<Clue>[] = [
    { key: "clock", title: t("clue.clock"), width: 104, cell: (c) => <Clock due={c.dueAt} from={c.dueFrom} />, text: (c) => (c.dueAt ? exact(c.dueAt) : "") },
    { key: "kind", title: t("clue.kind"), width: 76, cell: (c) => <span className={`find find-${c.kind}`}>{code("clue.kind", c.kind)}</span>, text: (c) => code("clue.kind", c.kind) },
    { key: "value", title: t("clue.value"), width: 206, cell: (c) => <b className="num">{spoken(c.kind, c.value)}</b>, text: (c) => c.value },
    { key: "truth", title: t("clue.truth"), width: 84, cell: (c) => isNumber(c.kind) && (c.truth === "unknown" ? <span className="dim">{code("clue.truth", c.truth)}</span> : <State group="clue.truth" value={c.truth} />), text: (c) => code("clue.truth", c.truth) },
    { key: "institution", title: t("clue.institution"), width: "1.6fr", cell: (c) => <InstitutionName id={c.institution} />, text: (c) => institution(c.institution) },
    { key: "carrier", title: t("clue.carrier"), width: "1fr", extra: true, cell: (c) => c.carrier, text: (c) => c.carrier },
    { key: "home", title: t("clue.home"), width: "1.2fr", cell: (c) => c.homeName, text: (c) => c.homeName },
    { key: "reports", title: t("clue.reports"), width: 68, right: true, cell: (c) => c.reports, text: (c) => String(c.reports) },
    { key: "state", title: t("clue.state"), width: 84, cell: (c) => <State group="clue.state" value={c.state} />, text: (c) => code("clue.state", c.state) },
    { key: "openedAt", title: t("clue.opened"), width: 92, cell: (c) => <When at={c.openedAt} />, text: (c) => exact(c.openedAt) },
    { key: "id", title: "ID", width: 230, extra: true, cell: (c) => <code>{c.id}</code>, text: (c) => c.id },
  ]
  return (
    <Table
      name="clues"
      path="/clues"
      query={f}
      columns={columns}
      to={(c) => `/clues/${c.id}`}
      live={(e) => /^(clue|lookup)\./.test(e.kind)}
      empty={t("clue.empty")}
      {...(asks && { select: { ids, change: setIDs } })}
      filters={
        <>
          <Tabs />
          <Choice whole={false} value={f.state || "open"} onChange={(v) => set("state", v)} group="clue.state" options={["open", "verified", "closed"]} label={t("clue.state")} test="filter-state" />
          <Pick value={f.kind} onChange={(v) => set("kind", v)} group="clue.kind" options={clueKinds} placeholder={t("clue.kind")} test="filter-kind" />
          <Find value={f.q} onChange={(v) => set("q", v)} placeholder={t("clue.find")} test="filter-q" />
        </>
      }
      tools={
        ids.size > 0 && (
          <>
            <NewDisposal key={[...ids].join()} clues={chosen()} label={t("disposal.request.n", { n: ids.size })} done={() => setIDs(new Set())} />
            <Ask clues={[...ids]} label={t("clue.ask.n", { n: ids.size })} officer={me.name} done={() => (setIDs(new Set()), void go("/lookups"))} />
          </>
        )
      }
    />
  )
}
