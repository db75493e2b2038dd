import { BarChart, LineChart } from "echarts/charts"
import { GridComponent, LegendComponent, MarkLineComponent, TooltipComponent } from "echarts/components"
import { init, use as register, type EChartsType } from "echarts/core"
import { CanvasRenderer } from "echarts/renderers"
import { useEffect, useRef } from "react"
import { useDark } from "../app/theme"

register([BarChart, LineChart, GridComponent, TooltipComponent, LegendComponent, MarkLineComponent, CanvasRenderer])

/** One row of values; of colours those of app.css, by meaning. */
export type Series = { name: string; values: (number | null)[]; colour: "blue" | "amber" | "red" | "green" | "violet" | "teal" | "dim"; line?: boolean; /** Bars of one stack stand on each other. */ stack?: string; /** Measured by the scale on the right. */ right?: boolean }

export type Plotted = {
  label: string
  /** Names along the axis, one for each value. */
  along: string[]
  series: Series[]
  /** How a value of the left scale, and of the right one, is said. */
  say?: (v: number) => string
  sayRight?: (v: number) => string
  /** Lies on its side: for names that are long. */
  lying?: boolean
  /** A place along the axis that is pointed out, with its word. */
  mark?: { at: number; word: string } | undefined
}

const colours = ["blue", "amber", "red", "green", "violet", "teal", "dim", "line", "text", "panel", "line-strong"] as const

/** The colours as the theme has them now. */
function palette(): Record<(typeof colours)[number], string> {
  const style = getComputedStyle(document.documentElement)
  return Object.fromEntries(colours.map((c) => [c, style.getPropertyValue(`--${c}`).trim()])) as never
}

export default function Plot({ label, along, series, say, sayRight, lying = false, mark }: Plotted) {
  const box = useRef<HTMLDivElement>(null)
  const chart = useRef<EChartsType>(null)
  const dark = useDark()
  useEffect(() => {
    const el = box.current
    if (!el) return
    const drawn = init(el)
    chart.current = drawn
    const observer = new ResizeObserver(() => drawn.resize())
    observer.observe(el)
    return () => {
      observer.disconnect()
      drawn.dispose()
      chart.current = null
    }
  }, [])
  useEffect(() => {
    const c = palette()
    const text = { color: c.dim, fontSize: 11, fontFamily: "inherit" }
    const names = { type: "category" as const, data: along, axisTick: { show: false }, axisLine: { lineStyle: { color: c["line-strong"] } }, axisLabel: { ...text, hideOverlap: true, ...(lying && { width: 150, overflow: "truncate" as const }) }, ...(lying && { inverse: true }) }
    const scale = (right: boolean) => ({
      type: "value" as const, minInterval: right ? 0 : 1, axisLabel: { ...text, formatter: (v: number) => ((right ? sayRight : say) ?? String)(v) }, splitLine: { show: !right, lineStyle: { color: c.line } }, splitNumber: 3, position: lying ? undefined : right ? ("right" as const) : ("left" as const),
    })
    const scales = series.some((s) => s.right) ? [scale(false), scale(true)] : [scale(false)]
    chart.current?.setOption(
      {
        animation: false,
        aria: { enabled: false }, // the frame says what it is, and a table says the figures
        grid: { left: 8, right: 24, top: series.length > 1 ? 28 : 12, bottom: 4, containLabel: true },
        ...(series.length > 1 && { legend: { top: 0, left: 0, itemWidth: 10, itemHeight: 8, textStyle: { ...text, color: c.text } } }),
        tooltip: {
          trigger: "axis", confine: true, axisPointer: { type: series.some((s) => !s.line) ? "shadow" : "line" }, backgroundColor: c.panel, borderColor: c["line-strong"], textStyle: { color: c.text, fontSize: 12 },
          valueFormatter: (v: unknown) => (typeof v === "number" ? (say ?? String)(v) : ""),
        },
        xAxis: lying ? scales : names,
        yAxis: lying ? names : scales,
        series: series.map((s, i) => ({
          name: s.name, data: s.values, type: s.line ? "line" : "bar", ...(s.stack && { stack: s.stack }), color: c[s.colour], barMaxWidth: 18, showSymbol: false, lineStyle: { width: 1.5 },
          ...(s.right && { yAxisIndex: 1, tooltip: { valueFormatter: (v: unknown) => (typeof v === "number" ? (sayRight ?? String)(v) : "") } }),
          ...(i === 0 && mark && { markLine: { symbol: "none", silent: true, lineStyle: { width: 0 }, label: { formatter: mark.word, color: c.red, fontSize: 11 }, data: [{ xAxis: mark.at }] } }),
        })),
      },
      { notMerge: true },
    )
  }, [along, series, say, sayRight, lying, mark, dark, label])
  return <div ref={box} className="plot" />
}
