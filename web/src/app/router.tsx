import { createBrowserRouter, Navigate } from "react-router"
import { Accounts } from "../account/list"
import { Dossiers } from "../cases/list"
import { DossierPage } from "../cases/page"
import { Clues } from "../clue/list"
import { LookupPage, Lookups } from "../clue/lookups"
import { CluePage } from "../clue/page"
import { Dens } from "../den/list"
import { DenPage } from "../den/page"
import { Disposals } from "../disposal/list"
import { DisposalPage } from "../disposal/page"
import { Protected } from "../disposal/protected"
import { Why } from "../disposal/why"
import { DutyPage } from "../duty/page"
import { Institutions } from "../institution/list"
import { InstitutionPage } from "../institution/page"
import { Journal } from "../journal/list"
import { Broken } from "../parts/problem"
import { Empty } from "../parts/view"
import { Intake } from "../report/intake"
import { Reports } from "../report/list"
import { ReportPage } from "../report/page"
import { useMe } from "./auth"
import { useWords } from "./i18n"
import { Shell, stagesOf } from "./shell"
import { useRouteError } from "react-router"

/** The first page of a role: the intake desk for the centre, their own list for the others. */
function Home() {
  const me = useMe()
  const first = stagesOf(me.roles)[0]
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

export const router = createBrowserRouter([
  {
    element: <Shell />,
    children: [
      {
        errorElement: <Crashed />,
        children: [
          { index: true, element: <Home /> },
          { path: "reports", element: <Reports /> },
          { path: "reports/:id", element: <ReportPage /> },
          { path: "clues", element: <Clues /> },
          { path: "clues/:id", element: <CluePage /> },
          { path: "lookups", element: <Lookups /> },
          { path: "lookups/:id", element: <LookupPage /> },
          { path: "disposals", element: <Disposals /> },
          { path: "disposals/why", element: <Why /> },
          { path: "disposals/protected", element: <Protected /> },
          { path: "disposals/:id", element: <DisposalPage /> },
          { path: "dens", element: <Dens /> },
          { path: "dens/:id", element: <DenPage /> },
          { path: "dossiers", element: <Dossiers /> },
          { path: "dossiers/:id", element: <DossierPage /> },
          { path: "duty", element: <DutyPage /> },
          { path: "institutions", element: <Institutions /> },
          { path: "institutions/:id", element: <InstitutionPage /> },
          { path: "users", element: <Accounts /> },
          { path: "journal", element: <Journal /> },
          { path: "*", element: <NotFound /> },
        ],
      },
    ],
  },
])
