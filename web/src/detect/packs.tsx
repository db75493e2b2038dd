import { useQuery } from "@tanstack/react-query"
import { NavLink } from "react-router"
import { api } from "../api/client"
import type { DetectionRule, RuleFigures, RulePack, RuleNumbers } from "../api/types"
import { useMay } from "../app/auth"
import { useWords } from "../app/i18n"
import { useLive } from "../app/live"
import { useDetector } from "./strip"

/** Rules, their packs, the lists they read and who is left alone are one stage. */
export function Tabs() {
  const { t } = useWords()
  const lists = useMay("namedlist.read")
  const suppressions = useMay("suppression.read")
  return (
    <nav className="tabs" aria-label={t("rule.title")}>
      <NavLink to="/rules" end>{t("rule.list")}</NavLink>
      <NavLink to="/rulepacks" end data-test="to-rulepacks">{t("rulepack.title")}</NavLink>
      {lists && <NavLink to="/lists" data-test="to-lists">{t("namedlist.title")}</NavLink>}
      {suppressions && <NavLink to="/suppressions" end data-test="to-suppressions">{t("suppression.title")}</NavLink>}
    </nav>
  )
}

const most = 100

/** The packs in force, each with what its text says. */
export function usePacksInForce() {
  const packs = useQuery({
    queryKey: ["rulepacks", "active"],
    queryFn: async ({ signal }) => {
      const { items } = await api.get("/detector/packs", { state: "active", limit: most }, signal)
      return Promise.all(items.toSorted((a, b) => a.name.localeCompare(b.name)).map((p) => api.get(`/detector/packs/${p.id}`, undefined, signal)))
    },
    enabled: useMay("detector.read"),
    staleTime: 60_000,
    retry: false,
  })
  useLive((e) => e.kind.startsWith("rulepack."), () => void packs.refetch(), 1500)
  return packs
}

/** What became of the alerts of each rule over the last 30 days; read by who may see figures. */
export function useRuleNumbers() {
  return useQuery({ queryKey: ["figures", "alerts"], queryFn: async ({ signal }) => (await api.get("/figures/alerts", undefined, signal)).items, enabled: useMay("figures.read"), staleTime: 30_000, retry: false })
}

/** A rule in force, with what the detector counted of it and what became of its alerts. */
export type RuleRow = { id: string; pack: RulePack; rule: DetectionRule; figures: RuleFigures | undefined; numbers: RuleNumbers | undefined }

export function useRules() {
  const packs = usePacksInForce()
  const detector = useDetector()
  const numbers = useRuleNumbers()
  const rows: RuleRow[] = (packs.data ?? []).flatMap((pack) =>
    (pack.view?.rules ?? []).map((rule) => ({ id: rule.id, pack, rule, figures: detector.data?.rules.find((f) => f.rule === rule.id), numbers: numbers.data?.find((n) => n.rule === rule.id) })),
  )
  return { packs, rows }
}

/** The titles of rules, for the filter of alerts: of those in force, and of those that raised any lately. */
export function useRuleTitles(): Map<string, { zh: string; en: string }> {
  const numbers = useRuleNumbers()
  return new Map((numbers.data ?? []).map((n) => [n.rule, n.title]))
}
