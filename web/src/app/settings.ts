import { useSyncExternalStore } from "react"

// What a user chooses for this browser. Nothing of a record is ever kept here.
const defaults = {
  language: (navigatorLanguage().startsWith("zh") ? "zh" : "en") as "zh" | "en",
  theme: "system" as "system" | "dark" | "light",
  rail: "open" as "open" | "folded",
}

type Settings = typeof defaults

function navigatorLanguage(): string {
  return typeof navigator === "undefined" ? "zh" : navigator.language
}

const listeners = new Set<() => void>()
let current: Settings = load()

function load(): Settings {
  try {
    return { ...defaults, ...(JSON.parse(localStorage.getItem("lanzha") ?? "{}") as Partial<Settings>) }
  } catch {
    return defaults // storage is switched off or damaged: the defaults do
  }
}

/** A choice as it stands now, for what is no component. */
export const setting = <K extends keyof Settings>(name: K): Settings[K] => current[name]

export function useSetting<K extends keyof Settings>(name: K): [Settings[K], (value: Settings[K]) => void] {
  const value = useSyncExternalStore(subscribe, () => current[name])
  return [
    value,
    (next) => {
      current = { ...current, [name]: next }
      store("lanzha", current)
      for (const l of listeners) l()
    },
  ]
}

function subscribe(l: () => void) {
  listeners.add(l)
  return () => listeners.delete(l)
}

/** Keeps a choice in the browser where it can. */
export function store(key: string, value: unknown) {
  try {
    localStorage.setItem(key, JSON.stringify(value))
  } catch {
    // Without storage the choice lasts as long as the page.
  }
}

/** A kept choice, or null. */
export function stored<T>(key: string): T | null {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null") as T | null
  } catch {
    return null
  }
}
