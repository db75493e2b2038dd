import { useFilters } from "../../parts/filters"
import { RegisterTabs } from "../tabs"
import { Quotas } from "./quotas"
import { Sweeps } from "./sweeps"

/** What institutions may ask of the register, what they asked, and what looked odd about it. */
export function Checks() {
  const [f, set] = useFilters("q", "show")
  return (
    <div className="page" data-test="checks-page">
      <div className="list-bar">
        <div className="filters">
          <RegisterTabs />
        </div>
      </div>
      <div className="narrow whole">
        <Sweeps all={f.show === "all"} show={(v) => set("show", v === "all" ? v : "")} />
        <Quotas find={f.q} change={(v) => set("q", v)} />
      </div>
    </div>
  )
}
