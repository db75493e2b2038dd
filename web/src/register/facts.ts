// The facts of a proposal: the input of the joint-punishment pack, as the form
// holds it. Names are the pack's own, dotted; what is not given is not there,
// because absent means unknown and not "no". Pure, without React.

export type Given = string | number | boolean
export type Item = { kind: string; count: number }
export type Facts = { readonly [name: string]: unknown }

/** The value at a dotted name; undefined where it is not given. */
export function given(facts: Facts, name: string): Given | undefined {
  const v = name.split(".").reduce<unknown>((in_, part) => (in_ as Record<string, unknown> | undefined)?.[part], facts)
  return typeof v === "object" ? undefined : (v as Given | undefined)
}

/** The facts with a value at a dotted name; undefined and "" take it away, and an emptied group with it. */
export function put(facts: Facts, name: string, value: Given | undefined): Facts {
  const [group = "", field] = name.split(".")
  if (field === undefined) return without(facts, group, value)
  const inner = without((facts[group] ?? {}) as Facts, field, value)
  return without(facts, group, Object.keys(inner).length > 0 ? inner : undefined)
}

function without(object: Facts, key: string, value: unknown): Facts {
  const { [key]: _, ...rest } = object
  return value === undefined || value === "" || value === null ? rest : { ...rest, [key]: value }
}

/** The objects that the conduct concerned. */
export const items = (facts: Facts): Item[] => (Array.isArray(facts["objects"]) ? (facts["objects"] as Item[]) : [])

export const putItems = (facts: Facts, list: readonly Item[]): Facts => without(facts, "objects", list.length > 0 ? list : undefined)

/** The nine kinds that the final text lists; the draft's two; and what lies beyond. */
export const kinds = ["phone_card", "iot_card", "fixed_line", "telecom_line", "sms_port", "bank_account", "payment_account", "ecny_wallet", "internet_account", "domain", "ip_address", "other"] as const
const beyond: readonly string[] = ["domain", "ip_address", "other"]

const law = "2022-12-01" // first day of the Anti-Fraud Law

export type Field = {
  name: string
  type: "enum" | "bool" | "date" | "int"
  of?: readonly string[]
  /** Whether the facts so far make it worth asking; what is missing or given is always shown. */
  asked?: (f: Facts) => boolean
}

const sentenced = (f: Facts) => f["ground"] === "sentenced" || f["ground"] === "both"
const designated = (f: Facts) => f["ground"] === "designated" || f["ground"] === "both"
const spans = (f: Facts) => String(given(f, "conduct.firstOn") ?? law) < law && String(given(f, "conduct.lastOn") ?? "") >= law
const mixed = (f: Facts) => items(f).some((o) => beyond.includes(o.kind)) && items(f).some((o) => !beyond.includes(o.kind))

/** What is asked, in the order in which an officer has it before them. */
export const groups: readonly { name: string; asked?: (f: Facts) => boolean; fields: readonly Field[] }[] = [
  {
    name: "ground",
    fields: [
      { name: "ground", type: "enum", of: ["designated", "sentenced", "both", "relative"] },
      { name: "subject.firstOffence", type: "bool", asked: () => false },
    ],
  },
  {
    name: "sentence",
    asked: sentenced,
    fields: [
      { name: "offence.kind", type: "enum", of: ["telecom_fraud", "aiding_information_crime", "credit_card_management", "personal_information", "concealing_proceeds", "organising_border_crossing", "border_crossing", "other"] },
      { name: "offence.fraudRelated", type: "bool", asked: (f) => given(f, "offence.kind") !== undefined && given(f, "offence.kind") !== "telecom_fraud" },
      { name: "sentence.kind", type: "enum", of: ["fixed_term", "detention", "suspended", "life", "control", "other", "none"] },
      { name: "sentence.effectiveOn", type: "date" },
      { name: "sentence.releasedOn", type: "date", asked: (f) => ["fixed_term", "detention"].includes(String(given(f, "sentence.kind"))) },
    ],
  },
  {
    name: "conduct",
    asked: (f) => sentenced(f) || designated(f),
    fields: [
      { name: "conduct.kind", type: "enum", of: ["trade", "rent", "lend", "mixed", "verification_help", "open_as_another", "sham_agency", "other"], asked: designated },
      { name: "conduct.firstOn", type: "date" },
      { name: "conduct.lastOn", type: "date" },
      { name: "conduct.occasions", type: "int", asked: designated },
      { name: "conduct.counterparties", type: "int", asked: designated },
      { name: "conduct.listedOccasions", type: "int", asked: (f) => designated(f) && mixed(f) },
      { name: "conduct.listedCounterparties", type: "int", asked: (f) => designated(f) && mixed(f) },
      { name: "before.items", type: "int", asked: (f) => designated(f) && spans(f) },
      { name: "before.occasions", type: "int", asked: (f) => designated(f) && spans(f) },
      { name: "before.counterparties", type: "int", asked: (f) => designated(f) && spans(f) },
      { name: "conduct.largeImpact", type: "bool", asked: () => false },
      { name: "conduct.necessary", type: "bool", asked: () => false },
    ],
  },
]

const fields = groups.flatMap((g) => g.fields)

/** The fields to show: those that are asked, given, or named as missing. */
export function shown(group: (typeof groups)[number], facts: Facts, missing: readonly string[]): Field[] {
  const open = group.asked?.(facts) ?? true
  // Before the ground is known everything is missing: it is asked first.
  const named = (f: Field) => facts["ground"] !== undefined && missing.includes(f.name)
  return group.fields.filter((f) => given(facts, f.name) !== undefined || named(f) || (open && (f.asked?.(facts) ?? true)))
}

/** Whether the form shows a place for an input; the rest comes later, is filled in by the register, or is another organ's to answer. */
export const asks = (name: string, facts: Facts, missing: readonly string[]): boolean =>
  groups.some((g) => {
    const place = shown(g, facts, missing)
    return place.some((f) => f.name === name) || (name === "objects" && g.name === "conduct" && place.length > 0)
  })

/** All given facts but the objects as dotted names, those of the form first and in its order. */
export function listed(facts: Facts): { name: string; value: Given }[] {
  const out = Object.entries(facts).flatMap(([group, v]) =>
    Array.isArray(v) ? [] : typeof v === "object" && v !== null ? Object.keys(v).map((k) => `${group}.${k}`) : [group],
  )
  const place = (name: string) => {
    const i = fields.findIndex((f) => f.name === name)
    return i < 0 ? fields.length : i
  }
  return out.toSorted((a, b) => place(a) - place(b)).map((name) => ({ name, value: given(facts, name) as Given }))
}
