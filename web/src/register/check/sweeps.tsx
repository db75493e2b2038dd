import { useInfiniteQuery } from "@tanstack/react-query"
import { Button, Input, Radio } from "antd"
import { useState } from "react"
import { api } from "../../api/client"
import type { Sweep } from "../../api/types"
import { useMay } from "../../app/auth"
import { useWords } from "../../app/i18n"
import { useLive } from "../../app/live"
import { Choice } from "../../parts/filters"
import { ActionForm, Field } from "../../parts/form"
import { count } from "../../parts/format"
import { InstitutionName, useInstitutionNames } from "../../parts/names"
import { Person } from "../../parts/people"
import { Broken } from "../../parts/problem"
import { flatten } from "../../parts/rows"
import { Empty, Section, Skeleton, State, When, type Tone } from "../../parts/view"

const key = ["list", "/register/sweeps"]
const tones: Record<Sweep["finding"] | "open", Tone> = { "": "soon", open: "soon", explained: "good", misuse: "bad" }

/** Checks that look as if somebody went through persons: the open ones, or all. */
export function Sweeps({ all, show }: { all: boolean; show: (v: string) => void }) {
  const { t } = useWords()
  const answers = useMay("sweep.answer")
  const list = useInfiniteQuery({
    queryKey: [...key, all],
    queryFn: ({ pageParam, signal }) => api.get("/register/sweeps", { all, limit: 50, cursor: pageParam }, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.next || undefined,
    retry: false,
  })
  useLive((e) => e.kind.startsWith("sweep."), () => void list.refetch())
  const rows = flatten(list.data?.pages ?? [])
  return (
    <Section
      title={t("sweep.title")}
      note={t("sweep.note")}
      test="sweeps"
      extra={<Choice whole={false} value={all ? "all" : "open"} onChange={show} group="sweep.show" options={["open", "all"]} label={t("sweep.show")} test="sweep-show" />}
    >
      {list.isPending && <Skeleton rows={3} />}
      {list.isError && rows.length === 0 && <Broken error={list.error} retry={() => void list.refetch()} />}
      {list.isSuccess && rows.length === 0 && <Empty>{t(all ? "sweep.empty.all" : "sweep.empty")}</Empty>}
      {rows.length > 0 && (
        <div className="scrolls" tabIndex={0} role="region" aria-label={t("sweep.title")}>
          <table className="plain sweeps">
            <thead>
              <tr>
                <th>{t("sweep.state")}</th>
                <th>{t("sweep.institution")}</th>
                <th>{t("sweep.hour")}</th>
                <th>{t("sweep.what")}</th>
                <th>{t("sweep.noticedAt")}</th>
                {all && <th>{t("sweep.answered")}</th>}
                {answers && <th aria-label={t("sweep.answer")} />}
              </tr>
            </thead>
            <tbody>
              {rows.map((s) => (
                <tr key={s.id} data-test="sweep" data-kind={s.kind} data-finding={s.finding}>
                  <td><State group="sweep.state" value={s.finding || "open"} tone={tones[s.finding]} /></td>
                  <td><b><InstitutionName id={s.institution} /></b></td>
                  <td className="num"><When at={s.hour} /></td>
                  <td className="words"><Noticed sweep={s} /></td>
                  <td className="num"><When at={s.noticedAt} /></td>
                  {all && (
                    <td className="words">
                      {s.finding && <>{s.note} <span className="dim"><Person id={s.answeredBy} /> <When at={s.answeredAt} /></span></>}
                    </td>
                  )}
                  {answers && <td className="right">{!s.finding && <AnswerSweep sweep={s} />}</td>}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {list.hasNextPage && (
        <Button size="small" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()} data-test="sweeps-more">
          {t("sweep.more")}
        </Button>
      )}
    </Section>
  )
}

/** By what it was noticed, as a sentence with its values. */
function Noticed({ sweep: s }: { sweep: Sweep }) {
  const { t, lang } = useWords()
  const persons = count(s.persons, lang)
  if (s.kind === "sequence") return <>{t("sweep.sequence", { n: count(s.sequences, lang), persons })}</>
  return <>{s.usual > 0 ? t("sweep.volume", { persons, usual: count(s.usual, lang) }) : t("sweep.volume.unknown", { persons })}</>
}

const findings = ["explained", "misuse"] as const

function AnswerSweep({ sweep: s }: { sweep: Sweep }) {
  const { t, code } = useWords()
  const name = useInstitutionNames()(s.institution)
  const [finding, setFinding] = useState<(typeof findings)[number]>()
  const [note, setNote] = useState("")
  return (
    <ActionForm
      label={t("sweep.answer")}
      title={`${t("sweep.title")} · ${name}`}
      test="sweep-answer"
      ready={finding !== undefined && note.trim() !== ""}
      send={(key) => api.post(`/register/sweeps/${s.id}/answer`, { finding: finding ?? "explained", note: note.trim() }, { key, version: s.version })}
      refresh={[key, ["own"]]}
      fields={
        <>
          <p><Noticed sweep={s} /></p>
          <Field label={t("sweep.finding")}>
            <Radio.Group value={finding} onChange={(e) => setFinding(e.target.value as (typeof findings)[number])} options={findings.map((f) => ({ value: f, label: code("sweep.state", f) }))} data-test="sweep-finding" />
          </Field>
          <Field label={t("sweep.words")} note={t("sweep.words.note")}>
            <Input.TextArea rows={3} maxLength={1000} value={note} onChange={(e) => setNote(e.target.value)} data-test="sweep-note" />
          </Field>
        </>
      }
    />
  )
}
