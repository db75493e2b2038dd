import { useQuery } from "@tanstack/react-query"
import { Input } from "antd"
import { useState } from "react"
import { Link, useParams } from "react-router"
import { api } from "../api/client"
import type { Disposal } from "../api/types"
import { useMe } from "../app/auth"
import { useWords, type Key } from "../app/i18n"
import { useLiveRecord } from "../app/live"
import { Clock } from "../parts/clock"
import { ActionForm, Field } from "../parts/form"
import { spoken } from "../parts/format"
import { InstitutionName } from "../parts/names"
import { Broken } from "../parts/problem"
import { Timeline } from "../parts/timeline"
import { Facts, Head, Section, Skeleton, State, When } from "../parts/view"
import { pending } from "./list"

type Step = { verb: string; label: Key; note: "reason" | "note" | "none"; primary?: boolean; danger?: boolean; own?: boolean }

/** What the signed-in person may do next with a measure; the first is the primary one. */
function steps(d: Disposal, roles: readonly string[], institution: string | undefined, self: string): Step[] {
  const executes = roles.includes("responder") && institution === d.institution
  const decides = roles.includes("leader") || (roles.includes("officer") && !d.protected)
  switch (d.state) {
    case "requested":
      return decides
        ? [
            { verb: "approve", label: "disposal.approve", note: "none", primary: true, own: d.requestedBy === self },
            { verb: "reject", label: "disposal.reject", note: "reason", danger: true, own: d.requestedBy === self },
          ]
        : []
    case "sent":
      return executes ? [{ verb: "acknowledge", label: "disposal.acknowledge", note: "none", primary: true }, { verb: "refuse", label: "disposal.refuse", note: "reason", danger: true }] : []
    case "acknowledged":
      return executes ? [{ verb: "done", label: "disposal.finish", note: "note", primary: true }, { verb: "refuse", label: "disposal.refuse", note: "reason", danger: true }] : []
    case "done":
      return decides ? [{ verb: "undo", label: "disposal.undo", note: "reason" }] : []
    default:
      return []
  }
}

export function DisposalPage() {
  const { id = "" } = useParams()
  const { t, code } = useWords()
  const me = useMe()
  const disposal = useQuery({ queryKey: ["disposal", id], queryFn: ({ signal }) => api.get<Disposal>(`/disposals/${id}`, undefined, signal) })
  useLiveRecord(id, ["disposal", id], ["timeline", id])
  if (disposal.isPending) return <Skeleton />
  if (disposal.isError) return <Broken error={disposal.error} retry={() => void disposal.refetch()} />
  const d = disposal.data
  const [first, ...rest] = steps(d, me.roles, me.institution, me.id)
  const value = spoken(d.clueKind ?? "", d.value ?? "")
  return (
    <div className="record" data-test="disposal-page">
      <Head
        back={{ to: "/disposals", label: t("disposal.title") }}
        kind={code("disposal.kind", d.kind)}
        title={<>{code("disposal.kind", d.kind)} <span className="num">{value}</span></>}
        state={<State group="disposal.state" value={d.state} />}
        clock={pending(d) && <Clock due={d.dueAt} from={d.requestedAt} />}
        action={first && <StepForm d={d} step={first} />}
        more={rest.map((s) => <StepForm key={s.verb} d={d} step={s} />)}
      />
      <div className="record-body">
        <main>
          {d.protected && <p className="notice-line tone-soon">{t("disposal.protected.yes")}</p>}
          <Facts
            facts={[
              { label: t("disposal.value"), value: d.clue && !me.roles.includes("responder") ? <Link to={`/clues/${d.clue}`} className="num">{value || d.clue}</Link> : value },
              { label: t("disposal.institution"), value: <InstitutionName id={d.institution} /> },
              { label: t("disposal.reason"), value: d.reason, wide: true },
              { label: t("disposal.basis"), value: d.legalBasis, wide: true },
              { label: t("disposal.requestedBy"), value: d.requestedBy },
              { label: t("disposal.approvedBy"), value: d.approvedBy },
              { label: t("disposal.requestedAt"), value: <When at={d.requestedAt} /> },
              { label: t("disposal.doneAt"), value: d.doneAt && <When at={d.doneAt} /> },
            ]}
          />
          {d.notice && (
            <Section title={t("disposal.notice")}>
              <div className="paper" lang="zh-CN">{d.notice}</div>
            </Section>
          )}
          <Facts
            facts={[
              { label: t("disposal.remedy"), value: d.remedy, wide: true },
              { label: t("disposal.papers"), value: d.papers?.length ? <ul className="bare">{d.papers.map((p) => <li key={p}>{p}</li>)}</ul> : undefined, wide: true },
            ]}
          />
        </main>
        <aside>
          <Section title={t("timeline.title")}>
            <Timeline of="/disposals" id={id} />
          </Section>
        </aside>
      </div>
    </div>
  )
}

function StepForm({ d, step }: { d: Disposal; step: Step }) {
  const { t } = useWords()
  const [text, setText] = useState("")
  return (
    <ActionForm
      label={t(step.label)}
      {...(step.primary && { primary: true })}
      {...(step.danger && { danger: true })}
      {...(step.own && { disabled: true, title: t("disposal.own") })}
      test={step.verb}
      ready={step.note !== "reason" || text.trim() !== ""}
      send={(key) => api.post(`/disposals/${d.id}/${step.verb}`, step.note === "none" ? {} : { [step.note]: text }, { key, version: d.version })}
      refresh={[["disposal", d.id], ["timeline", d.id], ["list", "/disposals"]]}
      fields={
        step.note !== "none" && (
          <Field label={t(step.note === "reason" ? "disposal.reason" : "disposal.note")}>
            <Input.TextArea rows={3} value={text} onChange={(e) => setText(e.target.value)} data-test={`${step.verb}-${step.note}`} />
          </Field>
        )
      }
    />
  )
}
