// The facts of a question to a pack: a dotted name is a place in a JSON object.
import type { PackInput } from "../api/types"

export type Facts = { readonly [name: string]: unknown }

const isObject = (x: unknown): x is Facts => typeof x === "object" && x !== null && !Array.isArray(x)

/** The value at a dotted name; undefined is not given. */
export function given(facts: Facts, name: string): unknown {
  return name.split(".").reduce<unknown>((at, key) => (isObject(at) ? at[key] : undefined), facts)
}

/** The facts with a value at a dotted name; undefined takes it out, and with it what is then empty. */
export function put(facts: Facts, name: string, value: unknown): Facts {
  const [key = "", ...rest] = name.split(".")
  const inside = facts[key]
  const next = rest.length === 0 ? value : put(isObject(inside) ? inside : {}, rest.join("."), value)
  const gone = next === undefined || (isObject(next) && Object.keys(next).length === 0)
  const { [key]: _, ...others } = facts
  return gone ? others : { ...facts, [key]: next }
}

/** The inputs by the first part of their names, in the pack's order; those without one stand together under "". */
export function groups(inputs: readonly PackInput[]): { name: string; inputs: PackInput[] }[] {
  const out = new Map<string, PackInput[]>()
  for (const i of inputs) {
    const name = i.name.includes(".") ? i.name.slice(0, i.name.indexOf(".")) : ""
    out.set(name, [...(out.get(name) ?? []), i])
  }
  return [...out].map(([name, of]) => ({ name, inputs: of }))
}

/** An instant as a wall clock of the centre has it, and back. */
export const toInstant = (wall: string): string | undefined => (wall ? `${wall.length === 16 ? `${wall}:00` : wall}+08:00` : undefined)
export const fromInstant = (instant: unknown): string => {
  const at = typeof instant === "string" ? Date.parse(instant) : NaN
  return Number.isNaN(at) ? "" : new Date(at + 8 * 3_600_000).toISOString().slice(0, 16)
}
