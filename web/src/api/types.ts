// The records by the names that the pages use. Every one of them is read from
// the generated schema, so that a drift of the API fails the type check.
import type { components, paths } from "./schema"

type Schemas = components["schemas"]

export type Role = "officer" | "analyst" | "leader" | "unit" | "responder" | "admin" | "auditor"
export type Me = Schemas["Me"]
export type Account = Schemas["Account"]
export type Credential = Schemas["Credential"]
export type Colleague = Schemas["Colleague"]

export type Find = Schemas["ExtractFind"]
export type Report = Schemas["ReportBody"]
export type ReportSummary = Schemas["ReportSummary"]
export type ReportType = Report["type"]
export type Channel = Report["channel"]
export type Party = Schemas["ReportParty"]

export type Clue = Schemas["ClueBody"]
export type CluePage = Schemas["CluePage"]
export type ClueKind = Clue["kind"]
export type Truth = Clue["truth"]
export type Lookup = Schemas["ClueLookupBody"]
export type LookupState = Lookup["state"]
export type Answer = Schemas["ClueAnswerBody"]
export type Answering = Schemas["AnswerLookupRequest"]
export type AskField = NonNullable<Schemas["ClueAskBody"]["fields"]>[number]

export type Disposal = Schemas["DisposalBody"]
export type DisposalKind = Disposal["kind"]
export type DisposalState = Disposal["state"]
export type DisposalCategory = Disposal["category"]
export type DisposalAsk = Schemas["DisposalRequestBody"]
export type Objection = Schemas["DisposalObjectionBody"]
export type Protected = Schemas["DisposalProtectedBody"]

export type Den = Schemas["DenBody"]
export type DenPage = Schemas["DenPage"]
export type DenState = Den["state"]
export type Evidence = Schemas["DenEvidence"]
export type Outcome = Schemas["DenOutcome"]

export type Dossier = Schemas["CasesBody"]
export type DossierSummary = Schemas["CasesSummary"]

export type Listing = Schemas["RegisterListingBody"]
export type ListingPage = Schemas["RegisterListingPage"]
export type ListingState = Listing["state"]
export type Measure = Schemas["RegisterMeasure"]
export type Proposal = Schemas["RegisterProposalBody"]
export type ProposalPage = Schemas["RegisterProposalPage"]
export type ProposalState = Proposal["state"]
export type Remark = Schemas["RegisterRemark"]

export type Notice = Schemas["NoticeBody"]
export type Printed = Schemas["NoticePrinted"]
export type ListingObjection = Schemas["ObjectionBody"]
export type ListingObjectionPage = Schemas["ObjectionPage"]
export type ListingObjectionState = ListingObjection["state"]
export type Batch = Schemas["BatchBody"]
export type BatchState = Batch["state"]
export type BatchEntry = Schemas["BatchEntryBody"]
export type Own = Schemas["OwnView"]
export type OwnListing = Schemas["OwnListing"]
export type OwnObjection = Schemas["OwnObjection"]

export type Penalty = Schemas["PenaltyBody"]
export type PenaltyPage = Schemas["PenaltyPage"]
export type PenaltyBand = Schemas["PenaltyBand"]
export type PenaltyTotal = Schemas["PenaltyTotal"]

export type Quota = Schemas["CheckQuotaBody"]
export type Usage = Schemas["CheckUsage"]
export type Sweep = Schemas["CheckSweepBody"]

export type LawAnswer = Schemas["PolicyAnswer"]
export type Match = Schemas["PolicyMatch"]
export type Need = Schemas["PolicyNeed"]
export type Citation = Schemas["PolicyCitation"]

export type Pack = Schemas["ShelfBody"]
export type PackSummary = Schemas["ShelfSummary"]
export type PackView = Schemas["PolicyView"]
export type PackInput = Schemas["PolicyInputView"]
export type PackParameter = Schemas["PolicyParameterView"]
export type PackTable = Schemas["PolicyTableView"]
export type PackRow = Schemas["PolicyRowView"]
export type PackCell = Schemas["PolicyCell"]
export type PackPeriod = Schemas["PolicyPeriod"]
export type PackVersion = Schemas["ShelfEditionBody"]
export type PackChange = Schemas["PolicyChange"]
export type PackCase = Schemas["PolicyCaseView"]
export type PackDraft = Schemas["ShelfDraftBody"]
export type PackDraftSummary = Schemas["ShelfDraftSummary"]
export type PackComment = Schemas["ShelfCommentBody"]
export type PackProblem = Schemas["ShelfProblem"]
export type PackValue = Schemas["ShelfValue"]

export type Alert = Schemas["AlertBody"]
export type AlertPage = Schemas["AlertPage"]
export type AlertHour = Schemas["AlertHour"]
export type Neighbour = Schemas["AlertNeighbour"]
export type RuleNumbers = Schemas["AlertFiguresBody"]
export type Suppression = Schemas["AlertSuppressionBody"]
export type ListEntry = Schemas["AlertEntryBody"]
export type Detector = Schemas["DetectStateBody"]
export type RulePack = Schemas["DetectPackBody"]
export type RulePackView = Schemas["DetectPackView"]
export type DetectionRule = Schemas["DetectRuleView"]
export type RuleFigures = Schemas["RuleFigures"]
export type CheckedPack = Schemas["DetectCheckedBody"]
export type Feeds = Schemas["IntakeFeedsBody"]
export type Load = Schemas["IntakeLoadBody"]
export type Letter = Schemas["IntakeLetterBody"]
export type LetterRecord = Schemas["IntakeRecordBody"]

export type Institution = Schemas["InstitutionBody"]
export type InstitutionSummary = Schemas["InstitutionSummary"]
export type InstitutionKind = Institution["kind"]
export type GatewayKind = Institution["gateway"]
export type Range = Schemas["InstitutionRange"]

export type DutyDay = Schemas["DutyBody"]
export type Turn = Schemas["DutyEntry"]

/** A journal row: what happened, as timelines and live events show it. */
export type Entry = Schemas["Event"]
/** The outcome of a file: good rows are taken, bad ones come back with reasons. */
export type Imported = Schemas["Imported"]
export type Hit = Schemas["IndexHit"]

export type Page<T> = { items: T[]; next: string }

// From here on: what an operation takes and gives, found by its path as a call
// writes it. `/clues/${id}/close` has the type `/clues/${string}/close`, which
// stands for one path of the schema and no other.

type Method = "get" | "post" | "put" | "delete"
type Pattern<K extends string> = K extends `${infer A}{${string}}${infer B}` ? `${A}${string}${Pattern<B>}` : K
type Of<M extends Method> = {
  [K in keyof paths & string as K extends `/api/v1${infer R}` ? (paths[K] extends { [_ in M]: infer O } ? (O extends undefined ? never : R) : never) : never]: paths[K] extends { [_ in M]: infer O } ? O : never
}
type Gets = Of<"get">
type Posts = Of<"post">
type Puts = Of<"put">
type Deletes = Of<"delete">
type All = { get: Gets; post: Posts; put: Puts; delete: Deletes }

/** The paths of a method as calls write them. */
export type PathOf<M extends Method> = { [K in keyof All[M] & string]: Pattern<K> }[keyof All[M] & string]

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false
type Operation<M extends Method, P extends string> = { [K in keyof All[M] & string]: Same<P, Pattern<K>> extends true ? All[M][K] : never }[keyof All[M] & string]

type Content<T> = T extends { content: infer C } ? C[keyof C] : undefined
type Answers<O> = O extends { responses: infer R } ? { [S in keyof R]: S extends 200 | 201 | 202 | 204 ? Content<R[S]> : never }[keyof R] : never

/** What a call answers. */
export type AnswerOf<M extends Method, P extends string> = P extends string ? Answers<Operation<M, P>> : never
/** What a call wants in its body; a file goes as it is, in the encoding in which it was saved. */
export type BodyOf<M extends Method, P extends string> = P extends string ? (Operation<M, P> extends { requestBody?: infer B } ? ([NonNullable<B>] extends [never] ? undefined : FileOr<Content<NonNullable<B>>>) : undefined) : never
type FileOr<T> = T extends string ? Blob : T
/** What a call may ask by. */
export type QueryOf<M extends Method, P extends string> = P extends string ? (Operation<M, P> extends { parameters: { query?: infer Q } } ? Q : never) : never

/** The lists: what is read page by page. */
export type ListPath = { [K in keyof Gets & string]: Answers<Gets[K]> extends { items: unknown[] } ? (K extends `${string}{${string}` ? never : K) : never }[keyof Gets & string]
export type RowOf<P extends ListPath> = AnswerOf<"get", P> extends { items: (infer R)[] } ? R : never
