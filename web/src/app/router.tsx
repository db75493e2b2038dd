import { createBrowserRouter, Navigate, useRouteError } from "react-router"
import { Broken } from "../parts/problem"
import { Empty } from "../parts/view"
import { Intake } from "../report/intake" // the first page is there at once
import { useMe } from "./auth"
import { useWords } from "./i18n"
import { Shell, stagesOf } from "./shell"

/** The first page of a role: the intake desk for the centre, for the others their own list: questions and dens are their daily work, an alert comes now and then. */
function Home() {
  const me = useMe()
  const first = stagesOf(me.roles).find((s) => s.to !== "/alerts")
  if (!first || first.to === "/") return <Intake />
  return <Navigate to={first.to} replace />
}

function NotFound() {
  const { t } = useWords()
  return <Empty>{t("notfound")}</Empty>
}

function Crashed() {
  return <Broken error={useRouteError() as Error} retry={() => location.reload()} />
}

// Each page is a file of its own, fetched when it is first opened.
export const router = createBrowserRouter([
  {
    element: <Shell />,
    children: [
      {
        errorElement: <Crashed />,
        children: [
          { index: true, element: <Home /> },
          { path: "reports", lazy: async () => ({ Component: (await import("../report/list")).Reports }) },
          { path: "reports/:id", lazy: async () => ({ Component: (await import("../report/page")).ReportPage }) },
          { path: "alerts", lazy: async () => ({ Component: (await import("../detect/alerts")).Alerts }) },
          { path: "alerts/:id", lazy: async () => ({ Component: (await import("../detect/alert")).AlertPage }) },
          { path: "rules", lazy: async () => ({ Component: (await import("../detect/rules")).Rules }) },
          { path: "rules/:id", lazy: async () => ({ Component: (await import("../detect/rules")).RulePage }) },
          { path: "rulepacks", lazy: async () => ({ Component: (await import("../detect/rulepacks")).RulePacks }) },
          { path: "rulepacks/new", lazy: async () => ({ Component: (await import("../detect/rulepacks")).RulePackEditor }) },
          { path: "rulepacks/:id", lazy: async () => ({ Component: (await import("../detect/rulepacks")).RulePackPage }) },
          { path: "lists", lazy: async () => ({ Component: (await import("../detect/lists")).NamedLists }) },
          { path: "lists/:list", lazy: async () => ({ Component: (await import("../detect/lists")).NamedList }) },
          { path: "suppressions", lazy: async () => ({ Component: (await import("../detect/suppressions")).Suppressions }) },
          { path: "feeds", lazy: async () => ({ Component: (await import("../detect/feeds")).Feeds }) },
          { path: "feeds/loads", lazy: async () => ({ Component: (await import("../detect/loads")).Loads }) },
          { path: "feeds/letters", lazy: async () => ({ Component: (await import("../detect/letters")).Letters }) },
          { path: "clues", lazy: async () => ({ Component: (await import("../clue/list")).Clues }) },
          { path: "clues/:id", lazy: async () => ({ Component: (await import("../clue/page")).CluePage }) },
          { path: "lookups", lazy: async () => ({ Component: (await import("../clue/lookups")).Lookups }) },
          { path: "lookups/:id", lazy: async () => ({ Component: (await import("../clue/lookups")).LookupPage }) },
          { path: "disposals", lazy: async () => ({ Component: (await import("../disposal/list")).Disposals }) },
          { path: "disposals/why", lazy: async () => ({ Component: (await import("../disposal/why")).Why }) },
          { path: "disposals/protected", lazy: async () => ({ Component: (await import("../disposal/protected")).Protected }) },
          { path: "disposals/:id", lazy: async () => ({ Component: (await import("../disposal/page")).DisposalPage }) },
          { path: "dens", lazy: async () => ({ Component: (await import("../den/list")).Dens }) },
          { path: "dens/:id", lazy: async () => ({ Component: (await import("../den/page")).DenPage }) },
          { path: "dossiers", lazy: async () => ({ Component: (await import("../cases/list")).Dossiers }) },
          { path: "dossiers/:id", lazy: async () => ({ Component: (await import("../cases/page")).DossierPage }) },
          { path: "register", lazy: async () => ({ Component: (await import("../register/list")).Listings }) },
          { path: "register/find", lazy: async () => ({ Component: (await import("../register/find")).Find }) },
          { path: "register/listings/:id", lazy: async () => ({ Component: (await import("../register/listing")).ListingPage }) },
          { path: "register/proposals", lazy: async () => ({ Component: (await import("../register/proposals")).Proposals }) },
          { path: "register/proposals/new", lazy: async () => ({ Component: (await import("../register/edit")).NewProposal }) },
          { path: "register/proposals/:id", lazy: async () => ({ Component: (await import("../register/proposal")).ProposalPage }) },
          { path: "register/proposals/:id/edit", lazy: async () => ({ Component: (await import("../register/edit")).EditProposal }) },
          { path: "register/notices", lazy: async () => ({ Component: (await import("../register/notices")).Notices }) },
          { path: "register/notices/:id", lazy: async () => ({ Component: (await import("../register/notice")).NoticePage }) },
          { path: "register/objections", lazy: async () => ({ Component: (await import("../register/objections")).Objections }) },
          { path: "register/objections/:id", lazy: async () => ({ Component: (await import("../register/objection")).ObjectionPage }) },
          { path: "register/batches", lazy: async () => ({ Component: (await import("../register/batches")).Batches }) },
          { path: "register/checks", lazy: async () => ({ Component: (await import("../register/check/page")).Checks }) },
          { path: "register/penalties", lazy: async () => ({ Component: (await import("../register/penalty/list")).Penalties }) },
          { path: "register/penalties/new", lazy: async () => ({ Component: (await import("../register/penalty/edit")).NewPenalty }) },
          { path: "register/penalties/totals", lazy: async () => ({ Component: (await import("../register/penalty/totals")).PenaltyTotals }) },
          { path: "register/penalties/:id", lazy: async () => ({ Component: (await import("../register/penalty/page")).PenaltyPage }) },
          { path: "register/penalties/:id/edit", lazy: async () => ({ Component: (await import("../register/penalty/edit")).EditPenalty }) },
          { path: "register/batches/:id", lazy: async () => ({ Component: (await import("../register/batch")).BatchPage }) },
          { path: "duty", lazy: async () => ({ Component: (await import("../duty/page")).DutyPage }) },
          { path: "institutions", lazy: async () => ({ Component: (await import("../institution/list")).Institutions }) },
          { path: "institutions/:id", lazy: async () => ({ Component: (await import("../institution/page")).InstitutionPage }) },
          { path: "packs", lazy: async () => ({ Component: (await import("../policy/list")).Packs }) },
          { path: "packs/:name", lazy: async () => ({ Component: (await import("../policy/page")).PackPage }) },
          { path: "drafts", lazy: async () => ({ Component: (await import("../policy/list")).Drafts }) },
          { path: "drafts/:id", lazy: async () => ({ Component: (await import("../policy/draft")).DraftPage }) },
          { path: "users", lazy: async () => ({ Component: (await import("../account/list")).Accounts }) },
          { path: "journal", lazy: async () => ({ Component: (await import("../journal/list")).Journal }) },
          { path: "*", element: <NotFound /> },
        ],
      },
    ],
  },
])
