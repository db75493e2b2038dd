import { CheckOutlined, ClockCircleOutlined, ExclamationCircleFilled, HourglassOutlined, WarningFilled } from "@ant-design/icons"
import { useWords } from "../app/i18n"
import { span, urgency, type Urgency } from "./deadline"
import { duration, exact } from "./format"
import { useNow } from "./now"

const icons: Record<Urgency, React.ReactNode> = {
  calm: <ClockCircleOutlined />,
  half: <HourglassOutlined />,
  last: <WarningFilled />,
  late: <ExclamationCircleFilled />,
}

/** A deadline that counts down by the server's clock. Its urgency is told by icon and word as well as by colour. */
export function Clock({ due, from }: { due: string | undefined; from?: string | undefined }) {
  const { t } = useWords()
  const now = useNow()
  if (!due) return null
  const state = urgency({ due, from }, now)
  const left = span(Date.parse(due) - now)
  return (
    <span className={`clock clock-${state}`} title={t("clock.due", { at: exact(due) })} data-test="clock" data-urgency={state}>
      {icons[state]}
      {state === "late" ? t("clock.late", { span: left }) : left}
    </span>
  )
}

/** What became of a deadline: how long it took, and whether that was in time. */
export function Took({ from, to, due }: { from: string; to: string; due?: string | undefined }) {
  const { t, lang } = useWords()
  const late = due !== undefined && Date.parse(to) > Date.parse(due)
  return (
    <span className={late ? "clock clock-over" : "clock clock-done"} title={exact(to)} data-test="took">
      {late ? <ExclamationCircleFilled /> : <CheckOutlined />}
      {duration(Date.parse(to) - Date.parse(from), lang)}
      {late && ` ${t("clock.over")}`}
    </span>
  )
}
