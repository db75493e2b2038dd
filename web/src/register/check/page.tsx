import { useMay } from "../../app/auth"
import { Find, useFilters } from "../../parts/filters"
import { useWords } from "../../app/i18n"
import { RegisterTabs } from "../tabs"
import { Quotas } from "./quotas"
import { Sweeps } from "./sweeps"

/** What institutions may ask of the register, what they asked, and what looked odd about it. */
export function Checks() {
  const { t } = useWords()
  const [f, set] = useFilters("q", "show")
  const reads = useMay("quota.read")
  return (
    <div className="page" data-test="checks-page">
      <div className="list-bar">
        <div className="filters">
          <RegisterTabs />
          {reads && <Find value={f.q} onChange={(v) => set("q", v)} placeholder={t("quota.find")} test="quota-find" />}
        </div>
      </div>
      <div className="narrow whole">
        <Sweeps all={f.show === "all"} show={(v) => set("show", v === "all" ? v : "")} />
        <Quotas find={f.q} />
      </div>
    </div>
  )
}
