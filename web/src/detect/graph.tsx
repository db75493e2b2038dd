import cytoscape, { type Core } from "cytoscape"
import { useEffect, useRef } from "react"
import type { Neighbour } from "../api/types"
import { useDark } from "../app/theme"
import { said } from "./said"

const shapes: Record<string, string> = { number: "ellipse", account: "round-rectangle", device: "hexagon", sim: "diamond", cell: "triangle", outlet: "pentagon", person: "round-diamond", other: "rectangle" }

/** A neighbour in the picture: of a long value its end tells it from others, and the table has it whole. */
const short = (domain: string, value: string) => (value.length > 13 ? `…${value.slice(-8)}` : said(domain, value))

/** The subject in the middle and its neighbours around it, the nearer the more they dealt with it. */
export default function Graph({ domain, value, neighbours, chosen, choose }: { domain: string; value: string; neighbours: readonly Neighbour[]; chosen: string; choose: (key: string) => void }) {
  const box = useRef<HTMLDivElement>(null)
  const drawn = useRef<Core>(null)
  const dark = useDark()
  useEffect(() => {
    const el = box.current
    if (!el) return
    const style = getComputedStyle(document.documentElement)
    const colour = (name: string) => style.getPropertyValue(`--${name}`).trim()
    const most = Math.max(1, ...neighbours.map((n) => n.count))
    const graph = cytoscape({
      container: el,
      elements: [
        { data: { id: "subject", label: said(domain, value), size: 34, shape: shapes[domain] ?? "rectangle", rank: 3 } },
        ...neighbours.flatMap((n) => {
          const id = `${n.domain} ${n.value}`
          return [
            { data: { id, label: short(n.domain, n.value), size: 13 + 17 * Math.sqrt(n.count / most), shape: shapes[n.domain] ?? "rectangle", rank: n.count >= most / 3 ? 2 : 1 } },
            { data: { id: `- ${id}`, source: "subject", target: id, width: 1 + 4 * (n.count / most) } },
          ]
        }),
      ],
      style: [
        { selector: "node", style: { label: "data(label)", width: "data(size)", height: "data(size)", shape: "data(shape)" as never, "background-color": colour("blue-soft"), "border-width": 1.5, "border-color": colour("blue"), color: colour("text"), "font-size": 10, "text-valign": "bottom", "text-margin-y": 3, "min-zoomed-font-size": 6, "text-background-color": colour("bg"), "text-background-opacity": 0.75 } },
        { selector: "#subject", style: { "background-color": colour("red-soft"), "border-color": colour("red"), "border-width": 2.5, "font-size": 12, "font-weight": "bold" } },
        { selector: "edge", style: { width: "data(width)", "line-color": colour("line-strong"), "curve-style": "straight" } },
        { selector: "node.chosen", style: { "background-color": colour("amber-soft"), "border-color": colour("amber"), "border-width": 3 } },
        { selector: "edge.chosen", style: { "line-color": colour("amber") } },
      ],
      layout: { name: "concentric", concentric: (n: { data: (k: string) => number }) => n.data("rank"), levelWidth: () => 1, minNodeSpacing: 30, padding: 16, animate: false } as never,
      userZoomingEnabled: false, // the page scrolls over it
      autoungrabify: true,
      maxZoom: 1.4,
    })
    graph.on("tap", "node", (e) => choose(e.target.id() === "subject" ? "" : e.target.id()))
    drawn.current = graph
    const observer = new ResizeObserver(() => graph.resize().fit(undefined, 12))
    observer.observe(el)
    return () => {
      observer.disconnect()
      graph.destroy()
      drawn.current = null
    }
  }, [domain, value, neighbours, choose, dark])
  useEffect(() => {
    const graph = drawn.current
    if (!graph) return
    graph.elements().removeClass("chosen")
    if (chosen) graph.getElementById(chosen).addClass("chosen").connectedEdges().addClass("chosen")
  }, [chosen])
  return <div ref={box} className="graph" />
}
