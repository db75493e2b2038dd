// The records as the API gives them. Instants are RFC 3339 in UTC, money is in
// fen, regions are GB/T 2260 codes.

export type Role = "officer" | "analyst" | "leader" | "unit" | "responder" | "admin" | "auditor"
export type ReportType = "report" | "tip" | "inquiry"
export type Channel = "phone" | "110" | "online" | "counter" | "platform"
export type ClueKind = "mobile" | "fixed" | "service" | "international" | "card" | "account" | "url" | "domain" | "app" | "im"
export type Truth = "unknown" | "true" | "spoofed" | "intermediate"
export type ClueState = "open" | "verified" | "closed"
export type LookupState = "asked" | "sent" | "answered" | "refused" | "overdue" | "unreadable" | "cancelled"
export type Field = "subscriber" | "outlet" | "openedOn" | "installAddress" | "status" | "location"
export type DisposalKind = "shutdown" | "intercept" | "block" | "recheck" | "restore"
export type DisposalState = "requested" | "approved" | "rejected" | "sent" | "acknowledged" | "done" | "refused" | "undone"
export type DenState =
  | "suspected" | "dismissed" | "analysed" | "approved" | "dispatched" | "received" | "confirmed" | "nothing_found"
export type Confidence = "low" | "medium" | "high"
export type InstitutionKind = "police" | "carrier" | "bank" | "payment" | "community" | "regulator" | "platform"
export type GatewayKind = "platform" | "manual" | "camara" | "sandbox"

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

export type Find = { kind: string; value: string; raw: string; start: number; end: number; note?: string }

export type Party = { role: "caller" | "desk110" | "centre"; name: string; note?: string }

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
  regionName?: string
  closeNote?: string
}

export type Clue = {
  id: string
  version: number
  kind: ClueKind
  value: string
  truth: Truth
  state: ClueState
  institution?: string
  carrier?: string
  home?: string
  homeName?: string
  reports?: number
  openedAt: string
  dueAt?: string
  via?: string
  closeReason?: string
  /** Only on the record, not in lists. */
  sources?: Source[]
  lookups?: Lookup[]
}

/** Who told of a clue; the ID is empty when it lies outside one's scope. */
export type Source = { id: string; kind: "report" | "lead" | "officer"; region: string; regionName?: string; at: string }

export type Answer = {
  subscriber?: { name?: string; idNumber?: string }
  outlet?: string
  openedOn?: string
  installAddress?: string
  addressRole?: string
  lineStatus?: string
  location?: string
  reason?: string
  platformNo?: string
  unreadable?: string
}

export type Lookup = {
  id: string
  version: number
  clue: string
  clueKind?: ClueKind
  clueValue?: string
  truth?: Truth
  institution: string
  institutionName?: string
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
  tookMs?: number
  late?: boolean
  escalation?: number
  answer?: Answer
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
  id: string
  clue: { id: string; kind: ClueKind; value: string; truth: Truth; via?: string }
  source: "lookup" | "lead"
  origin: string
  institution?: string
  institutionName?: string
  role: string
  /** counts speaks by itself; beside speaks beside one that counts; supports raises nothing. */
  weight: "supports" | "beside" | "counts"
  address: string
  agrees: string[] | null
  differs: string[] | null
  answeredAt: string
}

export type Outcome = {
  people: number
  devices: { goip: number; router: number; simPool: number; phone: number; computer: number }
  cards: { phone: number; bank: number }
  note?: string
}

export type DenReason = { code: string; weight: number; zh: string; en: string }
export type DenStep = { step: string; by: string; byName?: string; at: string; note?: string }

export type Den = {
  id: string
  version: number
  state: DenState
  address: string
  region: string
  regionName?: string
  confidence: Confidence
  clues: number
  unit?: string
  unitName?: string
  suspectedAt: string
  dispatchedAt?: string
  receiveBy?: string
  finishedAt?: string
  /** Only on the record, not in lists. */
  reasons?: DenReason[]
  evidence?: Evidence[]
  steps?: DenStep[]
  documentKind?: "" | "inspection" | "search"
  documentNo?: string
  checkedAt?: string
  outcome?: Outcome
}

export type DossierLink = { record: string; kind: string; by?: string; at: string }

export type Dossier = {
  id: string
  version: number
  no: string
  title: string
  state: "open" | "filed" | "closed"
  region: string
  regionName?: string
  den?: string
  result?: "" | "confirmed" | "nothing_found" | "dismissed"
  caseNo?: string
  people?: number
  openedAt: string
  /** Only on the record, not in lists. */
  outcome?: Outcome
  filing?: { documentNo: string; filedOn: string }
  closeReason?: string
  links?: DossierLink[]
}

export type Contact = { name: string; phone: string; role: string; email: string }
export type Range = { kind: string; prefix: string }

export type Institution = {
  id: string
  version: number
  code: string
  name: string
  nameEn?: string
  kind: InstitutionKind
  region: string
  gateway: GatewayKind
  endpoint?: string
  contacts?: Contact[]
  ranges?: Range[]
  answerTargetS: number
}

export type Figure = {
  institution: string
  asked: number
  answered: number
  refused?: number
  pending?: number
  due?: number
  inTime?: number
  share?: number
  p50Ms?: number
  p95Ms?: number
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

export type Turn = { id?: string; account: string; name?: string; role: "officer" | "leader"; phone?: string; from: string; to: string }
export type DutyDay = { id: string; version: number; region: string; regionName?: string; day: string; entries: Turn[]; remarks?: { kind: string; zh: string; en: string }[] }
export type OnDuty = { role: "officer" | "leader"; region: string; turns: Turn[] | null }

export type Hit = { kind: string; id: string; title: string; detail?: string }
