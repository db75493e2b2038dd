// The records as the API gives them. Instants are RFC 3339 in UTC, money is in
// fen, regions are GB/T 2260 codes.

export type Role = "officer" | "analyst" | "leader" | "unit" | "responder" | "admin" | "auditor"
export type ReportType = "report" | "tip" | "inquiry"
export type Channel = "phone" | "110" | "online" | "counter" | "platform"
export type ClueKind = "mobile" | "fixed" | "service" | "card" | "account" | "url" | "domain" | "app" | "im"
export type Truth = "unknown" | "true" | "spoofed" | "intermediate"
export type ClueState = "open" | "verified" | "closed"
export type LookupState = "asked" | "sent" | "answered" | "refused" | "overdue" | "unreadable" | "cancelled"
export type Field = "subscriber" | "outlet" | "openedOn" | "installAddress" | "status" | "location"
export type DisposalKind = "shutdown" | "intercept" | "block" | "recheck" | "restore"
export type DisposalState = "requested" | "approved" | "rejected" | "sent" | "acknowledged" | "done" | "refused" | "undone"
export type DenState =
  | "suspected" | "dismissed" | "analysed" | "approved" | "rejected" | "dispatched" | "received" | "confirmed" | "nothing_found"
export type Confidence = "low" | "medium" | "high"
export type InstitutionKind = "police" | "carrier" | "bank" | "payment" | "community" | "regulator" | "platform"
export type GatewayKind = "platform" | "manual" | "camara" | "sandbox"
export type AddressRole = "installation" | "use" | "identity" | "outlet" | "mass" | "unknown"

export type Page<T> = { items: T[]; next: string }

export type Me = {
  id: string
  login: string
  name: string
  roles: Role[]
  region: string
  institution?: string
  mustChangePassword?: boolean
}

export type Find = { kind: string; value: string; raw: string; start: number; end: number }

export type Party = { role: "caller" | "desk110" | "centre"; name?: string; phone?: string }

export type Report = {
  id: string
  version: number
  type: ReportType
  channel: Channel
  ref110?: string
  receivedAt: string
  occurredAt?: string
  region: string
  text?: string
  amountFen?: number
  caller?: { name?: string; phone?: string }
  parties?: Party[]
  finds?: Find[]
  state: "open" | "closed"
  clues?: string[]
}

export type Clue = {
  id: string
  version: number
  kind: ClueKind
  value: string
  truth: Truth
  state: ClueState
  regions?: string[]
  institution?: string
  reports?: number
  dueAt?: string
  dueFrom?: string
  createdAt?: string
  number?: NumberFacts
}

export type NumberFacts = { kind?: string; carrier?: string; province?: string; city?: string; region?: string; name?: string }

export type Answer = {
  subscriber?: { name?: string; idNumber?: string }
  outlet?: string
  openedOn?: string
  installAddress?: string
  addressRole?: string
  status?: string
  location?: string
  note?: string
}

export type Lookup = {
  id: string
  version: number
  clue: string
  clueKind?: ClueKind
  clueValue?: string
  truth?: Truth
  institution: string
  fields?: Field[]
  officers?: string[]
  purpose?: string
  legalBasis?: string
  documentNo?: string
  locationDecisionNo?: string
  state: LookupState
  askedAt: string
  sentAt?: string
  dueAt?: string
  answeredAt?: string
  answer?: Answer
  refusal?: string
  unreadable?: string
}

export type Disposal = {
  id: string
  version: number
  kind: DisposalKind
  state: DisposalState
  clue?: string
  clueKind?: ClueKind
  value?: string
  institution: string
  reason?: string
  legalBasis?: string
  documentNo?: string
  requestedBy?: string
  requestedAt: string
  approvedBy?: string
  dueAt?: string
  doneAt?: string
  protected?: boolean
  notice?: string
  remedy?: string
  papers?: string[]
}

export type Evidence = {
  clue: string
  kind?: ClueKind
  value: string
  lookup?: string
  lead?: string
  role: string
  raw: string
  answeredAt?: string
  institution?: string
}

export type Outcome = {
  people: number
  devices: { goip: number; router: number; simPool: number; phone: number; computer: number }
  cards: { phone: number; bank: number }
  note?: string
}

export type Den = {
  id: string
  version: number
  state: DenState
  place: string
  region: string
  clues?: number
  confidence: Confidence
  reasons?: string[]
  evidence?: Evidence[]
  documentNo?: string
  unit?: string
  outcome?: Outcome
  suspectedAt: string
  analysedBy?: string
  approvedBy?: string
  dueAt?: string
  dossier?: string
}

export type Dossier = {
  id: string
  version: number
  title?: string
  state: "open" | "filed"
  region?: string
  openedAt: string
  dens?: string[]
  clues?: string[]
  reports?: string[]
  documentNo?: string
  filedOn?: string
}

export type Contact = { name: string; phone?: string; role?: string }

export type Institution = {
  id: string
  version: number
  name: string
  kind: InstitutionKind
  region: string
  gateway: GatewayKind
  endpoint?: string
  contacts?: Contact[]
  ranges?: string[]
  answerTargetS: number
}

export type Figure = {
  institution: string
  asked: number
  answered: number
  refused?: number
  overdue?: number
  p50Ms?: number
  p95Ms?: number
  inTime?: number
}

export type Account = {
  id: string
  version: number
  login: string
  name: string
  roles: Role[]
  region: string
  institution?: string
  disabled?: boolean
  totp?: boolean
}

/** A journal row: what happened, as timelines and live events show it. */
export type Entry = {
  cursor?: string
  seq: number
  at: string
  actor: string
  kind: string
  record: string
  version?: number
  purpose?: string
  region?: string
  institution?: string
  payload?: Record<string, unknown>
}

/** The outcome of a file: good rows are taken, bad ones come back with reasons. */
export type Imported = { taken: number; refused: { location?: string; message: string; row?: number }[]; refusedCount: number; refusedFile: string }

export type Shift = { account: string; name: string; role?: string; phone?: string; from: string; to: string }

export type Hit = { kind: string; id: string; title: string; note?: string; state?: string }
