import { CheckOutlined, CloseOutlined } from "@ant-design/icons"
import { useQuery } from "@tanstack/react-query"
import { Link, useParams } from "react-router"
import { api } from "../api/client"
import type { DenPage as Den } from "../api/types"
import { useMay, useMe } from "../app/auth"
import { useWords } from "../app/i18n"
import { useLiveRecord } from "../app/live"
import { Clock } from "../parts/clock"
import { Broken } from "../parts/problem"
import { RegionName } from "../parts/region"
import { Facts, Head, Section, Skeleton, State, When } from "../parts/view"
import { DenAction, OutcomeFigures } from "./actions"
import { EvidenceCards } from "./evidence"
import { marks, verbs, way } from "./steps"

export function DenPage() {
  const { id = "" } = useParams()
  const { t, code, lang } = useWords()
  const me = useMe()
  const den = useQuery({ queryKey: ["den", id], queryFn: ({ signal }) => api.get(`/dens/${id}`, undefined, signal) })
  const dossiers = useQuery({ queryKey: ["den", id, "dossiers"], queryFn: ({ signal }) => api.get("/dossiers", { record: id }, signal), enabled: useMay("dossier.list") })
  const clues = useMay("clue.read")
  useLiveRecord(id, ["den", id], ["timeline", id])
  if (den.isPending) return <Skeleton />
  if (den.isError) return <Broken error={den.error} retry={() => void den.refetch()} />
  const d = den.data
  const [first, ...rest] = verbs(d, me.roles, me.institution)
  const step = marks(d.state)
  return (
    <div className="record" data-test="den-page">
      <Head
        back={{ to: "/dens", label: t("den.title") }}
        kind={t(d.state === "confirmed" ? "den.confirmed" : "den.one")}
        title={d.address}
        state={<State group="den.state" value={d.state} />}
        clock={d.state === "dispatched" && <Clock due={d.receiveBy} from={d.dispatchedAt} />}
        action={first && <DenAction den={d} verb={first} primary self={me.id} />}
        more={rest.map((v) => <DenAction key={v} den={d} verb={v} primary={false} self={me.id} />)}
      />
      <ol className="steps" data-test="steps">
        {way.map((w, i) => (
          <li key={w} className={`step-${step[i]}`} aria-current={step[i] === "now" ? "step" : undefined} data-step={w} data-mark={step[i]}>
            <i aria-hidden="true">{step[i] === "done" ? <CheckOutlined /> : step[i] === "ended" ? <CloseOutlined /> : i + 1}</i>
            {t(`den.step.${w}`)}
          </li>
        ))}
      </ol>
      <div className="record-body">
        <main>
          {d.outcome && (
            <Section title={t("den.outcome")}>
              <OutcomeFigures outcome={d.outcome} />
            </Section>
          )}
          <Section title={t("den.evidence")} note={t("den.evidence.note")}>
            <EvidenceCards items={d.evidence} links={clues} />
          </Section>
          <Section title={t("den.reasons")} extra={<State group="den.confidence" value={d.confidence} />}>
            <ul className="reasons">
              {d.reasons.map((r) => (
                <li key={r.code + r.zh} className={r.weight > 0 ? "for" : r.weight < 0 ? "against" : undefined}>
                  {r[lang]}
                </li>
              ))}
            </ul>
          </Section>
          <Facts
            facts={[
              { label: t("region"), value: d.regionName || <RegionName code={d.region} /> },
              { label: t("den.suspectedAt"), value: <When at={d.suspectedAt} /> },
              { label: d.documentKind ? code("den.document", d.documentKind) : t("den.document"), value: d.documentNo },
              { label: t("den.unit"), value: d.unitName },
              { label: t("dossier.one"), value: dossiers.data?.items.map((x) => <Link key={x.id} to={`/dossiers/${x.id}`}>{x.no}</Link>) },
            ]}
          />
        </main>
        <aside>
          <Section title={t("den.way")}>
            <DenSteps den={d} />
          </Section>
        </aside>
      </div>
    </div>
  )
}

/** What was done with a den, the newest first. */
export function DenSteps({ den: d }: { den: Den }) {
  const { t, code } = useWords()
  return (
    <ol className="timeline" data-test="timeline">
      {d.steps.toReversed().map((s) => (
        <li key={s.step + s.at} className="stage-den" data-kind={s.step}>
          <When at={s.at} />
          <div>
            <b>{code("den.step", s.step)}</b>
            <span className="dim"> · {s.byName || t("timeline.system")}</span>
            {s.note && <p>{s.note}</p>}
          </div>
        </li>
      ))}
    </ol>
  )
}
