import {
  AimOutlined, AuditOutlined, BankOutlined, DisconnectOutlined, FileProtectOutlined, MenuFoldOutlined, MenuUnfoldOutlined, PhoneOutlined, QuestionCircleOutlined, ScheduleOutlined, StopOutlined, TeamOutlined, UserOutlined, NodeIndexOutlined,
} from "@ant-design/icons"
import { useQuery, useQueryClient } from "@tanstack/react-query"
import { Dropdown, Modal } from "antd"
import { useState, type ReactNode } from "react"
import { Link, NavLink, Outlet, useNavigate } from "react-router"
import { api } from "../api/client"
import type { Disposal, Den, Lookup, OnDuty as Duty, Page, Role } from "../api/types"
import { useKeys } from "../parts/keys"
import { useMe } from "./auth"
import { useWords, type Key } from "./i18n"
import { useConnection, useLive } from "./live"
import { Search } from "./search"
import { useSetting } from "./settings"
import { LanguageSwitch, ThemeSwitch } from "./switches"

type Stage = { to: string; label: Key; icon: ReactNode; roles: Role[]; also?: string[] }

// In the order of the house. Only what a role works with is shown to it; what
// it may do, the server decides.
const stages: Stage[] = [
  { to: "/", label: "report.title", icon: <PhoneOutlined />, roles: ["officer", "analyst", "leader"] },
  { to: "/clues", label: "clue.title", icon: <NodeIndexOutlined />, roles: ["officer", "analyst", "leader"] },
  { to: "/lookups", label: "lookup.mine", icon: <NodeIndexOutlined />, roles: ["responder"] },
  { to: "/disposals", label: "disposal.title", icon: <StopOutlined />, roles: ["officer", "analyst", "leader", "responder"] },
  { to: "/dens", label: "den.title", icon: <AimOutlined />, roles: ["officer", "analyst", "leader", "unit"] },
  { to: "/dossiers", label: "dossier.title", icon: <FileProtectOutlined />, roles: ["officer", "analyst", "leader", "unit"] },
  { to: "/duty", label: "duty.title", icon: <ScheduleOutlined />, roles: ["officer", "analyst", "leader", "admin"] },
  { to: "/institutions", label: "institution.title", icon: <BankOutlined />, roles: ["officer", "analyst", "leader", "admin", "auditor"] },
  { to: "/users", label: "account.title", icon: <TeamOutlined />, roles: ["admin"] },
  { to: "/journal", label: "journal.title", icon: <AuditOutlined />, roles: ["leader", "admin", "auditor"] },
]

export function stagesOf(roles: readonly Role[]): Stage[] {
  return stages.filter((s) => s.roles.some((r) => roles.includes(r)))
}

export function Shell() {
  const { t } = useWords()
  const me = useMe()
  const go = useNavigate()
  const [rail, setRail] = useSetting("rail")
  const [help, setHelp] = useState(false)
  const own = stagesOf(me.roles)
  const takes = own.some((s) => s.to === "/")
  useKeys({
    n: () => takes && void go("/"),
    "/": () => document.querySelector<HTMLInputElement>("[data-test=search] input, input[data-test=search]")?.focus(),
    "?": () => setHelp(true),
  })
  return (
    <div className={`shell rail-${rail}`}>
      <a className="skip" href="#content">
        {t("shell.skip")}
      </a>
      <nav className="rail" aria-label={t("shell.rail")}>
        <Link to="/" className="rail-brand" aria-label={t("app.name")}>
          <img src="/icon.svg" alt="" width={20} height={20} />
          <strong>{t("app.name")}</strong>
        </Link>
        {own.map((s) => (
          <NavLink key={s.to} to={s.to} end={s.to === "/"} title={rail === "folded" ? t(s.label) : undefined} data-test={`rail${s.to.replace("/", "-")}`}>
            {s.icon}
            <span>{t(s.label)}</span>
          </NavLink>
        ))}
        <span className="spring" />
        <button type="button" className="quiet" onClick={() => setRail(rail === "open" ? "folded" : "open")} aria-label={t(rail === "open" ? "shell.fold" : "shell.unfold")}>
          {rail === "open" ? <MenuFoldOutlined /> : <MenuUnfoldOutlined />}
        </button>
      </nav>
      <header className="top">
        <Search />
        <span className="spring" />
        <OnDuty />
        <OwnItems />
        <button type="button" className="quiet" onClick={() => setHelp(true)} aria-label={t("help.title")} title={`${t("help.title")} ?`} data-test="help">
          <QuestionCircleOutlined />
        </button>
        <LanguageSwitch />
        <ThemeSwitch />
        <UserMenu />
      </header>
      <LostBar />
      <div className="content" id="content">
        <Outlet />
      </div>
      <Modal open={help} onCancel={() => setHelp(false)} footer={null} title={t("help.title")} width={380}>
        <dl className="help" data-test="help-list">
          {(
            [
              ["n", "help.n"], ["/", "help.search"], ["j k", "help.jk"], ["↵", "help.enter"], ["x", "help.x"], ["r", "help.r"], ["Ctrl ↵", "help.send"], ["Alt 1 2 3", "help.type"], ["Alt T", "help.threeway"], ["?", "help.help"],
            ] as const
          ).map(([k, label]) => (
            <div key={k}>
              <dt>{k.split(" ").map((x) => <kbd key={x}>{x}</kbd>)}</dt>
              <dd>{t(label)}</dd>
            </div>
          ))}
        </dl>
      </Modal>
    </div>
  )
}

function LostBar() {
  const { t } = useWords()
  return useConnection() === "lost" ? (
    <div className="lost" role="status" data-test="lost">
      <DisconnectOutlined /> {t("shell.lost")}
    </div>
  ) : null
}

function OnDuty() {
  const { t } = useWords()
  const me = useMe()
  const duty = useQuery({
    queryKey: ["duty", "now"],
    queryFn: ({ signal }) => api.get<{ items: Duty[] }>("/duty/now", undefined, signal),
    refetchInterval: 60_000,
    retry: false,
    enabled: me.roles.some((r) => r !== "responder"),
  })
  if (!duty.data) return null
  const names = [...new Set(duty.data.items.flatMap((p) => p.turns ?? []).map((s) => s.name || s.phone || s.account.slice(-6)))].join(" ") || t("duty.nobody")
  return (
    <Link to="/duty" className="quiet" title={t("duty.now")} data-test="on-duty">
      {t("shell.duty", { names })}
    </Link>
  )
}

const most = 100

/** What waits for the signed-in person, by their roles. */
function OwnItems() {
  const { t } = useWords()
  const me = useMe()
  const wanted: { path: string; state: string }[] = [
    ...(me.roles.includes("responder") ? [{ path: "/lookups", state: "sent" }, { path: "/disposals", state: "sent" }] : []),
    ...(me.roles.includes("analyst") ? [{ path: "/dens", state: "suspected" }] : []),
    ...(me.roles.includes("leader") ? [{ path: "/dens", state: "analysed" }, { path: "/disposals", state: "requested" }] : []),
    ...(me.roles.includes("unit") ? [{ path: "/dens", state: "dispatched" }, { path: "/dens", state: "received" }] : []),
    ...(me.roles.includes("officer") ? [{ path: "/lookups", state: "overdue" }] : []),
  ]
  const own = useQuery({
    queryKey: ["own", me.id],
    queryFn: ({ signal }) => Promise.all(wanted.map(async (w) => ({ ...w, n: (await api.get<Page<Lookup | Disposal | Den>>(w.path, { state: w.state, limit: most }, signal)).items.length }))),
    refetchInterval: 60_000,
    retry: false,
    enabled: wanted.length > 0,
  })
  useLive((e) => /^(lookup|disposal|den)\./.test(e.kind), () => void own.refetch(), 3000)
  if (!own.data) return null
  const total = own.data.reduce((sum, w) => sum + w.n, 0)
  const first = own.data.find((w) => w.n > 0)
  return (
    <Link to={first ? `${first.path}?state=${first.state}` : "#"} className={total > 0 ? "quiet own has" : "quiet own"} data-test="own">
      {total > 0 ? t("shell.own", { n: total >= most ? `${most}+` : total }) : t("shell.own.none")}
    </Link>
  )
}

function UserMenu() {
  const { t, code } = useWords()
  const me = useMe()
  const queries = useQueryClient()
  const out = async () => {
    await api.delete("/session").catch(() => undefined) // the session may be over already
    queries.clear()
    location.assign("/")
  }
  return (
    <Dropdown
      trigger={["click"]}
      menu={{ items: [{ key: "who", label: me.roles.map((r) => code("role", r)).join(" · "), disabled: true }, { type: "divider" }, { key: "out", label: <span data-test="sign-out">{t("shell.out")}</span>, onClick: () => void out() }] }}
    >
      <button type="button" className="quiet" aria-label={t("shell.user")} data-test="user">
        <UserOutlined /> {me.name}
      </button>
    </Dropdown>
  )
}
