import { lazy, Suspense } from "react"
import type { Plotted } from "./plot"

export type { Plotted, Series } from "./plot"

const Plot = lazy(() => import("./plot"))

/**
 * Bars and lines over one axis of names or times. The drawing comes as a file of
 * its own when the first chart is looked at. A chart never stands alone: the
 * figures are beside it as text or as a table, and label says what it shows.
 */
export function Chart({ height = 180, ...of }: Plotted & { height?: number }) {
  return (
    <div className="chart" role="img" aria-label={of.label} style={{ height }} data-test="chart">
      <Suspense fallback={null}>
        <Plot {...of} />
      </Suspense>
    </div>
  )
}
