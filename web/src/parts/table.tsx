import { DownloadOutlined, ReloadOutlined, SettingOutlined } from "@ant-design/icons"
import { useInfiniteQuery, useQueryClient, type InfiniteData } from "@tanstack/react-query"
import { App, Checkbox, Popover } from "antd"
import { useEffect, useLayoutEffect, useRef, useState, type ReactNode } from "react"
import { useNavigate } from "react-router"
import { api } from "../api/client"
import type { Entry, ListPath, Page, RowOf } from "../api/types"
import { useWords } from "../app/i18n"
import { useLive } from "../app/live"
import { store, stored } from "../app/settings"
import { useKeys } from "./keys"
import { Broken } from "./problem"
import { csv, flatten, refresh, visible, type Row } from "./rows"
import { Empty, Skeleton } from "./view"

const rowHeight = 32
const pageSize = 100
const exportMost = 20_000

export type Column<T> = {
  key: string
  title: string
  /** Pixels, or a share of what is left: "2fr". */
  width: number | string
  cell: (row: T) => ReactNode
  /** As plain text, for the export. */
  text: (row: T) => string
  right?: boolean
  /** Not shown until chosen. */
  extra?: boolean
}

type Query = Record<string, string | undefined>

type Props<P extends ListPath, T = RowOf<P>> = {
  name: string
  path: P
  query?: Query
  columns: Column<T>[]
  to?: (row: T) => string
  /** Journal entries after which the list is read again. */
  live?: (e: Entry) => boolean
  empty: ReactNode
  tools?: ReactNode
  /** A line of figures under the bar. */
  note?: ReactNode
  filters?: ReactNode
  select?: { ids: ReadonlySet<string>; change: (ids: Set<string>) => void }
  mark?: (row: T) => string | undefined
  /** The parameter by which the list is read on. */
  cursor?: string
  /** For rows without an ID of their own. */
  id?: (row: T) => string
}

/**
 * A dense list: one line a record, read by cursor as it is scrolled, only the
 * lines on the screen in the page. Rows that change do so in their place; new
 * ones wait behind a notice until they are asked for.
 */
export function Table<P extends ListPath>({ name, path, query = {}, columns, to, live, empty, tools, note, filters, select, mark, cursor: after = "cursor", id }: Props<P>) {
  type T = RowOf<P> & Row
  const words = useWords()
  const { t } = words
  const { message } = App.useApp()
  const go = useNavigate()
  const queries = useQueryClient()
  const box = useRef<HTMLDivElement>(null)
  const [view, setView] = useState({ top: 0, height: 800 })
  const [at, setAt] = useState(-1)
  const [fresh, setFresh] = useState<ReadonlySet<string>>(new Set())
  const [hidden, setHidden] = useColumns(name, columns)
  const shown = columns.filter((c) => !hidden.has(c.key))
  const key = ["list", path, query]
  const keyText = JSON.stringify(key)
  const read = async (limit: number, cursor: string, signal?: AbortSignal): Promise<Page<T>> => {
    // The path is one of the lists: it answers a page of its rows.
    const page = (await api.get(path as never, { ...query, limit, [after]: cursor } as never, signal)) as unknown as Page<T>
    return id ? { ...page, items: page.items.map((r) => ({ ...r, id: id(r) })) } : page
  }
  const list = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam, signal }) => read(pageSize, pageParam, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.next || undefined,
    staleTime: 5_000,
    refetchOnWindowFocus: false,
  })
  const rows = flatten(list.data?.pages ?? [])
  const { from, to: end } = visible(rows.length, rowHeight, view.top, view.height)

  useEffect(() => {
    setFresh(new Set())
    setAt(-1)
    box.current?.scrollTo({ top: 0 })
  }, [keyText])

  const peek = async () => {
    const now = queries.getQueryData<InfiniteData<Page<T>>>(key)
    if (!now) return
    const first = await read(pageSize, "").catch(() => null) // the bar already says that the line is lost
    if (!first) return
    const { pages, added } = refresh(now.pages, first.items)
    if (now.pages[0]?.items.length === 0) {
      queries.setQueryData(key, { pages: [first], pageParams: [""] }) // nothing to jump: an empty list fills by itself
      return
    }
    queries.setQueryData(key, { ...now, pages })
    setFresh((old) => new Set([...old, ...added]))
  }
  useLive(live ?? (() => false), () => void peek(), 800)
  const showFresh = () => {
    setFresh(new Set())
    box.current?.scrollTo({ top: 0 })
    void queries.resetQueries({ queryKey: key, exact: true })
  }

  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && end > rows.length - 30) void fetchNextPage()
  }, [end, rows.length, hasNextPage, isFetchingNextPage, fetchNextPage])

  useLayoutEffect(() => {
    const el = box.current
    if (!el) return
    const observer = new ResizeObserver(() => setView((v) => ({ ...v, height: el.clientHeight })))
    observer.observe(el)
    return () => observer.disconnect()
  }, [])

  const move = (by: number) => {
    const next = Math.max(0, Math.min(rows.length - 1, at + by))
    setAt(next)
    const el = box.current
    if (!el) return
    const y = next * rowHeight
    if (y < el.scrollTop) el.scrollTop = y
    else if (y + 2 * rowHeight > el.scrollTop + el.clientHeight) el.scrollTop = y + 2 * rowHeight - el.clientHeight
  }
  const open = (row: T | undefined) => {
    if (row && to) void go(to(row))
  }
  const toggle = (row: T | undefined) => {
    if (!select || !row) return
    const ids = new Set(select.ids)
    if (!ids.delete(row.id)) ids.add(row.id)
    select.change(ids)
  }
  useKeys({ j: () => move(1), k: () => move(-1), Enter: () => open(rows[at]), x: () => toggle(rows[at]), r: showFresh })

  const save = async () => {
    const all: T[] = []
    for (let cursor = ""; all.length < exportMost; ) {
      const page = await read(500, cursor)
      all.push(...page.items)
      if (!page.next) break
      cursor = page.next
    }
    const whole = flatten([{ items: all }])
    download(`${name}.csv`, csv(shown.map((c) => c.title), whole.map((r) => shown.map((c) => c.text(r)))))
    void message.success(t("list.exported", { n: whole.length }))
  }
  const template = [...(select ? ["28px"] : []), ...shown.map((c) => (typeof c.width === "number" ? `${c.width}px` : `minmax(0, ${c.width})`))].join(" ")
  // Every row is a grid of its own: one least width for all keeps the columns in line.
  const minWidth = 24 + 12 * shown.length + (select ? 40 : 0) + shown.reduce((sum, c) => sum + (typeof c.width === "number" ? c.width : 90 * Math.max(1, parseFloat(c.width) * 0.8)), 0)
  return (
    <div className="list" data-test={`list-${name}`}>
      <div className="list-bar">
        <div className="filters">{filters}</div>
        <div className="list-tools">
          {fresh.size > 0 && (
            <button type="button" className="fresh" onClick={showFresh} data-test="fresh" aria-live="polite">
              <ReloadOutlined /> {t("list.fresh", { n: fresh.size })}
            </button>
          )}
          {tools}
          <Popover
            trigger="click"
            placement="bottomRight"
            content={
              <div className="columns" data-test="columns">
                {columns.map((c) => (
                  <Checkbox key={c.key} checked={!hidden.has(c.key)} disabled={shown.length === 1 && !hidden.has(c.key)} onChange={(e) => setHidden(c.key, !e.target.checked)}>
                    {c.title}
                  </Checkbox>
                ))}
              </div>
            }
          >
            <button type="button" className="quiet" title={t("list.columns")} aria-label={t("list.columns")} data-test="choose-columns">
              <SettingOutlined />
            </button>
          </Popover>
          <button type="button" className="quiet" title={t("list.export")} aria-label={t("list.export")} onClick={() => void save().catch((e: Error) => message.error(e.message))} data-test="export">
            <DownloadOutlined />
          </button>
        </div>
      </div>
      {note}
      <div className="grid" ref={box} onScroll={(e) => setView({ top: e.currentTarget.scrollTop, height: e.currentTarget.clientHeight })} role="table" aria-rowcount={hasNextPage ? -1 : rows.length} tabIndex={0} aria-label={t("list.keys")}>
        <div role="rowgroup" className="grid-head">
          <div role="row" className="tr" style={{ gridTemplateColumns: template, minWidth }}>
            {select && <span role="columnheader" aria-label={t("list.select")} />}
            {shown.map((c) => (
              <span role="columnheader" key={c.key} className={c.right ? "right" : undefined}>
                {c.title}
              </span>
            ))}
          </div>
        </div>
        {list.isPending && <Skeleton rows={12} />}
        {list.isError && rows.length === 0 && <Broken error={list.error} retry={() => void list.refetch()} />}
        {list.isSuccess && rows.length === 0 && <Empty>{empty}</Empty>}
        <div role="rowgroup" style={{ paddingTop: from * rowHeight, paddingBottom: Math.max(0, rows.length - end) * rowHeight }}>
          {rows.slice(from, end).map((row, i) => (
            // The keyboard has its own way: j, k and enter, told in the help.
            <div
              role="row"
              key={row.id}
              aria-rowindex={from + i + 1}
              className={["tr", from + i === at && "at", to && "opens", mark?.(row)].filter(Boolean).join(" ")}
              style={{ gridTemplateColumns: template, minWidth }}
              onClick={(e) => {
                if ((e.target as HTMLElement).closest("a,button,input,label")) return
                setAt(from + i)
                if (getSelection()?.isCollapsed !== false) open(row)
              }}
              data-test="row"
              data-id={row.id}
            >
              {select && (
                <span role="cell">
                  <input type="checkbox" checked={select.ids.has(row.id)} onChange={() => toggle(row)} aria-label={t("list.select")} />
                </span>
              )}
              {shown.map((c) => (
                <span role="cell" key={c.key} className={c.right ? "right" : undefined}>
                  {c.cell(row)}
                </span>
              ))}
            </div>
          ))}
        </div>
        {isFetchingNextPage && <Skeleton rows={2} />}
      </div>
    </div>
  )
}

function useColumns<T>(name: string, columns: Column<T>[]): [ReadonlySet<string>, (key: string, hide: boolean) => void] {
  const at = `lanzha.columns.${name}`
  const [hidden, set] = useState<ReadonlySet<string>>(() => new Set(stored<string[]>(at) ?? columns.filter((c) => c.extra).map((c) => c.key)))
  return [
    hidden,
    (key, hide) => {
      const next = new Set(hidden)
      if (hide) next.add(key)
      else next.delete(key)
      set(next)
      store(at, [...next])
    },
  ]
}

/** Hands the browser a file. */
export function download(name: string, text: string) {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }))
  const a = document.createElement("a")
  a.href = url
  a.download = name
  a.click()
  URL.revokeObjectURL(url)
}
