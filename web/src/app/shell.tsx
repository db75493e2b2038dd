import {
  AimOutlined, AlertOutlined, AuditOutlined, BankOutlined, BookOutlined, CloudUploadOutlined, ContainerOutlined, DisconnectOutlined, FileProtectOutlined, MenuFoldOutlined, MenuUnfoldOutlined, PhoneOutlined, QuestionCircleOutlined, RadarChartOutlined, ScheduleOutlined, StopOutlined, TeamOutlined, UserOutlined, NodeIndexOutlined,
} from "@ant-design/icons"
import { useQuery, useQueryClient } from "@tanstack/react-query"
import { Dropdown, Modal } from "antd"
import { useState, type ReactNode } from "react"
import { Link, NavLink, Outlet, useNavigate } from "react-router"
import { api } from "../api/client"
import type { Alert, DenState, DisposalState, ListingObjectionState, LookupState, ProposalState, Role } from "../api/types"
import { useKeys } from "../parts/keys"
import { usePersonNames } from "../parts/people"
import { useMay, useMe } from "./auth"
import { useWords, type Key } from "./i18n"
import { NewPasswordForm, Totp } from "./own"
import { may, type Action } from "./permits"
import { useConnection, useLive } from "./live"
import { Search } from "./search"
import { useSetting } from "./settings"
import { LanguageSwitch, ThemeSwitch } from "./switches"

type Stage = { to: string; label: Key; icon: ReactNode; permits: Action[]; unless?: Action }

// In the order of the house. Only what a role works with is shown to it.
const stages: Stage[] = [
  { to: "/", label: "report.title", icon: <PhoneOutlined />, permits: ["report.create"] },
  { to: "/alerts", label: "alert.title", icon: <AlertOutlined />, permits: ["alert.list"] },
  { to: "/clues", label: "clue.title", icon: <NodeIndexOutlined />, permits: ["clue.list"] },
  { to: "/lookups", label: "lookup.mine", icon: <NodeIndexOutlined />, permits: ["lookup.list"], unless: "clue.list" },
  { to: "/disposals", label: "disposal.title", icon: <StopOutlined />, permits: ["disposal.list"] },
  { to: "/dens", label: "den.title", icon: <AimOutlined />, permits: ["den.list"] },
  { to: "/dossiers", label: "dossier.title", icon: <FileProtectOutlined />, permits: ["dossier.list"] },
  { to: "/register", label: "register.title", icon: <ContainerOutlined />, permits: ["listing.list"] },
  { to: "/duty", label: "duty.title", icon: <ScheduleOutlined />, permits: ["duty.read"] },
  { to: "/rules", label: "rule.title", icon: <RadarChartOutlined />, permits: ["detector.read"] },
  { to: "/feeds", label: "feed.title", icon: <CloudUploadOutlined />, permits: ["feed.read"] },
  { to: "/packs", label: "pack.title", icon: <BookOutlined />, permits: ["policy.list"] },
  { to: "/institutions", label: "institution.title", icon: <BankOutlined />, permits: ["figures.read", "institution.write"] },
  { to: "/users", label: "account.title", icon: <TeamOutlined />, permits: ["account.list"] },
  { to: "/journal", label: "journal.title", icon: <AuditOutlined />, permits: ["journal.read"] },
]

export function stagesOf(roles: readonly string[]): Stage[] {
  return stages.filter((s) => may(roles, ...s.permits) && !(s.unless && may(roles, s.unless)))
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
        {may(me.roles, "search") && <Search />}
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
              ["n", "help.n"], ["/", "help.search"], ["j k", "help.jk"], ["↵", "help.enter"], ["x", "help.x"], ["r", "help.r"], ["Ctrl ↵", "help.send"], ["Alt 1 2 3", "help.type"], ["Alt T", "help.threeway"], ["Alt R", "help.ref110"], ["?", "help.help"],
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
  const nameOf = usePersonNames()
  const duty = useQuery({ queryKey: ["duty", "now"], queryFn: ({ signal }) => api.get("/duty/now", undefined, signal), refetchInterval: 60_000, retry: false, enabled: useMay("duty.read") })
  if (!duty.data) return null
  const names = [...new Set(duty.data.items.flatMap((p) => p.turns).map((s) => nameOf(s.account)))].join(" ") || t("duty.nobody")
  return (
    <Link to="/duty" className="quiet" title={t("duty.now")} data-test="on-duty">
      {t("shell.duty", { names })}
    </Link>
  )
}

const most = 100

type Waiting = { path: "/alerts"; state?: Alert["state"]; waiting?: true } | { path: "/lookups"; state: LookupState } | { path: "/disposals"; state: DisposalState } | { path: "/dens"; state: DenState } | { path: "/register/proposals"; state: ProposalState } | { path: "/register/objections"; state: ListingObjectionState } | { path: "/register/sweeps"; state?: never; page: string }

/** What waits for the signed-in person, by the duty of their roles. */
function waitingFor(roles: readonly string[]): Waiting[] {
  const all: (Waiting & { role: Role })[] = [
    { role: "responder", path: "/alerts", waiting: true },
    { role: "unit", path: "/alerts", waiting: true },
    { role: "officer", path: "/alerts", state: "new" },
    { role: "responder", path: "/lookups", state: "sent" },
    { role: "responder", path: "/lookups", state: "overdue" },
    { role: "responder", path: "/disposals", state: "sent" },
    { role: "analyst", path: "/dens", state: "suspected" },
    { role: "leader", path: "/dens", state: "analysed" },
    { role: "leader", path: "/disposals", state: "requested" },
    { role: "leader", path: "/register/proposals", state: "proposed" },
    { role: "leader", path: "/register/objections", state: "verified" },
    { role: "leader", path: "/register/sweeps", page: "/register/checks" },
    { role: "unit", path: "/dens", state: "dispatched" },
    { role: "unit", path: "/dens", state: "received" },
    { role: "officer", path: "/disposals", state: "requested" },
    { role: "officer", path: "/lookups", state: "overdue" },
    { role: "officer", path: "/register/objections", state: "received" },
  ]
  return all.filter((w) => roles.includes(w.role))
}

function OwnItems() {
  const { t } = useWords()
  const me = useMe()
  const wanted = waitingFor(me.roles)
  const own = useQuery({
    queryKey: ["own", me.id],
    queryFn: ({ signal }) => Promise.all(wanted.map(async (w) => ({ ...w, n: (await api.get(w.path, { state: w.state as never, limit: most, ...("waiting" in w && { waiting: true }) }, signal)).items.length }))),
    refetchInterval: 60_000,
    retry: false,
    enabled: wanted.length > 0,
  })
  useLive((e) => /^(alert|lookup|disposal|den|proposal|objection|sweep)\./.test(e.kind), () => void own.refetch(), 3000)
  if (!own.data) return null
  const total = own.data.reduce((sum, w) => sum + w.n, 0)
  const first = own.data.find((w) => w.n > 0)
  if (!first)
    return (
      <span className="own" data-test="own">
        {t("shell.own.none")}
      </span>
    )
  return (
    <Link to={"page" in first ? first.page : `${first.path}?${"waiting" in first ? "waiting=true" : `state=${first.state}`}`} className="quiet own has" data-test="own">
      {t("shell.own", { n: total >= most ? `${most}+` : total })}
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
  const [open, setOpen] = useState<"totp" | "password">()
  const close = () => setOpen(undefined)
  return (
    <>
      <Dropdown
        trigger={["click"]}
        menu={{
          items: [
            { key: "who", label: me.roles.map((r) => code("role", r)).join(" · "), disabled: true },
            { type: "divider" },
            { key: "password", label: <span data-test="own-password">{t("own.password")}</span>, onClick: () => setOpen("password") },
            { key: "totp", label: <span data-test="own-totp">{t(me.totp ? "own.totp.on" : "own.totp.off")}</span>, onClick: () => setOpen("totp") },
            { type: "divider" },
            { key: "out", label: <span data-test="sign-out">{t("shell.out")}</span>, onClick: () => void out() },
          ],
        }}
      >
        <button type="button" className="quiet" aria-label={`${t("shell.user")} ${me.name}`} data-test="user">
          <UserOutlined /> <span className="user-name">{me.name}</span>
        </button>
      </Dropdown>
      <Modal open={open === "totp"} onCancel={close} footer={null} title={t("own.totp")} width={360} destroyOnHidden>
        <Totp on={me.totp} done={close} />
      </Modal>
      <Modal open={open === "password"} onCancel={close} footer={null} title={t("own.password")} width={360} destroyOnHidden>
        <NewPasswordForm done={close} />
      </Modal>
    </>
  )
}
