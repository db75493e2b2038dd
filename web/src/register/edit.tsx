import { keepPreviousData, useQuery } from "@tanstack/react-query"
import { Button, Input, Select } from "antd"
import { useDeferredValue, useState } from "react"
import { useNavigate, useParams, useSearchParams } from "react-router"
import { api } from "../api/client"
import type { BodyOf, ProposalPage } from "../api/types"
import { useMe } from "../app/auth"
import { useWords } from "../app/i18n"
import { Field, sendKeys, useAction } from "../parts/form"
import { Broken, ProblemNote } from "../parts/problem"
import { RegionPick } from "../parts/region"
import { Head, Skeleton } from "../parts/view"
import { asks, type Facts } from "./facts"
import { FactsForm } from "./form"
import { Conclusion, LawSays } from "./law"
import { useSettled } from "./settled"

type Who = BodyOf<"post", "/register/proposals">["subject"]

/** A new proposal: the facts on the left, and live beside them what the law says of them. */
export function NewProposal() {
  const { t } = useWords()
  const me = useMe()
  const go = useNavigate()
  const [params] = useSearchParams()
  const unitOf = params.get("unitOf") ?? ""
  const [who, setWho] = useState<Who>({ kind: "individual", name: "", number: "" })
  const [region, setRegion] = useState(me.region ?? "")
  const [draft, setDraft] = useState<Draft>({ facts: {}, evidence: "" })
  const ready = who.name.trim() !== "" && who.number.trim().length >= 5 && region !== ""
  const save = useAction<boolean, ProposalPage>(
    async (then, key) => {
      const made = await api.post("/register/proposals", { subject: who, region, ...(unitOf && { unitOf }), facts: draft.facts, evidence: lines(draft.evidence) }, { key })
      // Proposing is a second step: where it is refused, the draft is there and says why.
      return then ? api.post(`/register/proposals/${made.id}/propose`, {}, { version: made.version }).catch(() => made) : made
    },
    (made) => void go(`/register/proposals/${made.id}`),
    [["list", "/register/proposals"]],
  )
  return (
    <Desk
      title={t(unitOf ? "proposal.new.person" : "proposal.new")}
      back={{ to: unitOf ? `/register/proposals/${unitOf}` : "/register/proposals", label: t("register.title") }}
      kind={t("proposal.one")}
      draft={draft}
      change={setDraft}
      preview={{ kind: who.kind, region, ...(unitOf && { unitOf }), ...(who.number.length >= 18 && { number: who.number }) }}
      ready={ready}
      busy={save.busy}
      error={save.error}
      save={() => save.go(false)}
      propose={() => save.go(true)}
      fields={
        <fieldset className="facts-group" data-test="who">
          <legend>{t("proposal.subject")}</legend>
          <div className="two">
            <SubjectFields who={who} change={setWho} unit={unitOf === ""} />
            <Field label={t("region")}>
              <RegionPick value={region} onChange={setRegion} within={me.region} test="proposal-region" />
            </Field>
          </div>
        </fieldset>
      }
    />
  )
}

function SubjectFields({ who, change, unit }: { who: Who; change: (w: Who) => void; unit: boolean }) {
  const { t, code } = useWords()
  const papers = who.kind === "unit" ? (["credit_code"] as const) : (["resident_id", "other"] as const)
  return (
    <>
      <Field label={t("listing.kind")}>
        <Select value={who.kind} onChange={(kind) => change({ kind, name: who.name, number: who.number })} disabled={!unit} options={(["individual", "unit"] as const).map((k) => ({ value: k, label: code("listing.kind", k) }))} data-test="who-kind" />
      </Field>
      <Field label={t("listing.name")}>
        <Input value={who.name} onChange={(e) => change({ ...who, name: e.target.value })} autoComplete="off" autoFocus data-test="who-name" />
      </Field>
      <Field label={t("listing.number")} note={t("proposal.subject.number.note")}>
        <Input value={who.number} onChange={(e) => change({ ...who, number: e.target.value })} autoComplete="off" data-test="who-number" />
      </Field>
      {papers.length > 1 && (
        <Field label={t("listing.paper")}>
          <Select value={who.numberKind ?? papers[0]} onChange={(numberKind) => change({ ...who, numberKind })} options={papers.map((p) => ({ value: p, label: code("listing.number", p) }))} data-test="who-paper" />
        </Field>
      )}
    </>
  )
}

/** The facts of a draft, changed. */
export function EditProposal() {
  const { id = "" } = useParams()
  const proposal = useQuery({ queryKey: ["proposal", id], queryFn: ({ signal }) => api.get(`/register/proposals/${id}`, undefined, signal), staleTime: Infinity })
  if (proposal.isPending) return <Skeleton />
  if (proposal.isError) return <Broken error={proposal.error} retry={() => void proposal.refetch()} />
  return <Edit key={id} p={proposal.data} />
}

function Edit({ p }: { p: ProposalPage }) {
  const { t } = useWords()
  const go = useNavigate()
  const [draft, setDraft] = useState<Draft>({ facts: p.facts, evidence: p.evidence.join("\n") })
  const save = useAction<void, ProposalPage>(
    (_, key) => api.put(`/register/proposals/${p.id}`, { facts: draft.facts, evidence: lines(draft.evidence) }, { key, version: p.version }),
    () => void go(`/register/proposals/${p.id}`),
    [["proposal", p.id], ["timeline", p.id], ["list", "/register/proposals"]],
  )
  return (
    <Desk
      title={p.who.name}
      back={{ to: `/register/proposals/${p.id}`, label: t("proposal.one") }}
      kind={t("proposal.edit")}
      draft={draft}
      change={setDraft}
      preview={{ kind: p.kind, region: p.region, ...(p.unitOf && { unitOf: p.unitOf }) }}
      ready
      busy={save.busy}
      error={save.error}
      save={() => save.go()}
    />
  )
}

type Draft = { facts: Facts; evidence: string }

const lines = (text: string) => text.split("\n").map((l) => l.trim()).filter((l) => l !== "")

/** Facts on the left, the articles on the right. */
function Desk({ title, back, kind, draft, change, preview, fields, ready, busy, error, save, propose }: {
  title: string
  /** What stands before the page in the crumb, and where it leads. */
  back: { to: string; label: string }
  kind: string
  draft: Draft
  change: (d: Draft) => void
  preview: Omit<BodyOf<"post", "/register/proposals/preview">, "facts">
  fields?: React.ReactNode
  ready: boolean
  busy: boolean
  error: Error | null
  save: () => void
  propose?: () => void
}) {
  const { t } = useWords()
  const asked = useSettled(draft.facts)
  const law = useQuery({
    queryKey: ["preview", preview, asked],
    queryFn: ({ signal }) => api.post("/register/proposals/preview", { ...preview, facts: asked as Record<string, unknown> }, { signal }),
    placeholderData: keepPreviousData,
    retry: false,
    staleTime: Infinity,
  })
  const missing = useDeferredValue(law.data?.answer.missing ?? none)
  return (
    <form
      className="record"
      data-test="proposal-edit"
      onKeyDown={sendKeys(() => ready && !busy && save())}
      onSubmit={(e) => {
        e.preventDefault()
        if (ready && !busy) save()
      }}
    >
      <Head
        back={back}
        kind={kind}
        title={title}
        more={
          <Button htmlType="submit" loading={busy} disabled={!ready} aria-keyshortcuts="Control+Enter" data-test="proposal-save">
            {t(propose ? "proposal.save" : "proposal.save.changes")}
          </Button>
        }
        action={
          propose && (
            <Button type="primary" loading={busy} disabled={!ready || !law.data || law.data.blocked !== ""} onClick={propose} data-test="proposal-propose">
              {t("proposal.propose")}
            </Button>
          )
        }
      />
      <div className="record-body halves">
        <main>
          <ProblemNote error={error} />
          {fields}
          <FactsForm facts={draft.facts} change={(facts) => change({ ...draft, facts })} missing={missing} />
          <Field label={t("proposal.evidence")} note={t("proposal.evidence.note")}>
            <Input.TextArea autoSize={{ minRows: 2, maxRows: 8 }} value={draft.evidence} onChange={(e) => change({ ...draft, evidence: e.target.value })} data-test="proposal-evidence" />
          </Field>
        </main>
        <aside aria-live="polite" aria-busy={law.isFetching} aria-label={t("proposal.answer")}>
          <ProblemNote error={law.error} />
          {law.isPending && <Skeleton rows={8} />}
          {law.data && <LawSays answer={law.data.answer} head={<Conclusion answer={law.data.answer} level={law.data.level} />} blocked={law.data.blocked} asks={(name) => asks(name, draft.facts, missing)} />}
        </aside>
      </div>
    </form>
  )
}

const none: readonly string[] = []

