import { SearchOutlined } from "@ant-design/icons"
import { Input, type InputRef } from "antd"
import { useRef, useState, type KeyboardEvent } from "react"
import { useNavigate } from "react-router"
import { api } from "../api/client"
import type { Hit } from "../api/types"
import { pathOf } from "../parts/paths"
import { ProblemNote } from "../parts/problem"
import { useWords } from "./i18n"

/** One box for a number, an account, a name, an address or an ID. One hit is gone to at once. */
export function Search() {
  const { t, code } = useWords()
  const go = useNavigate()
  const box = useRef<InputRef>(null)
  const [text, setText] = useState("")
  const [hits, setHits] = useState<Hit[] | null>(null)
  const [error, setError] = useState<Error | null>(null)
  const [at, setAt] = useState(0)
  const close = () => {
    setHits(null)
    setError(null)
  }
  const open = (h: Hit | undefined) => {
    const path = h && pathOf(h.kind, h.id)
    if (!path) return
    close()
    setText("")
    box.current?.blur()
    void go(path)
  }
  const look = async () => {
    const q = text.trim()
    if (!q) return
    try {
      setError(null)
      const { items } = await api.get("/search", { q })
      if (items.length === 1) open(items[0])
      else {
        setHits(items)
        setAt(0)
      }
    } catch (e) {
      setError(e as Error)
    }
  }
  const keys = (e: KeyboardEvent) => {
    if (e.key === "Escape") {
      close()
      box.current?.blur()
    } else if (e.key === "Enter") {
      e.preventDefault()
      if (hits?.length) open(hits[at])
      else void look()
    } else if (hits?.length && (e.key === "ArrowDown" || e.key === "ArrowUp")) {
      e.preventDefault()
      setAt((i) => (i + (e.key === "ArrowDown" ? 1 : -1) + hits.length) % hits.length)
    }
  }
  return (
    <div className="search">
      <Input
        ref={box}
        prefix={<SearchOutlined />}
        suffix={<kbd>/</kbd>}
        value={text}
        onChange={(e) => {
          setText(e.target.value)
          close()
        }}
        onKeyDown={keys}
        onBlur={() => setTimeout(close, 150)}
        placeholder={t("shell.search")}
        aria-label={t("shell.search")}
        data-test="search"
      />
      {(hits || error) && (
        <div className="search-hits" role="listbox" aria-label={t("shell.search")} data-test="hits">
          <ProblemNote error={error} />
          {hits?.length === 0 && <p className="empty">{t("shell.search.none")}</p>}
          {hits?.map((h, i) => (
            <button type="button" role="option" aria-selected={i === at} key={`${h.kind}-${h.id}`} onMouseDown={() => open(h)}>
              <span className="dim">{code("hit", h.kind)}</span>
              <b>{h.title}</b>
              <span className="dim clip">{code(`${h.kind}.state`, h.detail)}</span>
            </button>
          ))}
        </div>
      )}
    </div>
  )
}
