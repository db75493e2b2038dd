import { NavLink } from "react-router"
import { useMay } from "../app/auth"
import { useWords } from "../app/i18n"

/** The lists of the register, in the order of the work. */
export function RegisterTabs() {
  const { t } = useWords()
  return (
    <nav className="tabs" aria-label={t("register.title")}>
      <NavLink to="/register" end>{t("listing.title")}</NavLink>
      <NavLink to="/register/proposals">{t("proposal.title")}</NavLink>
      <NavLink to="/register/notices">{t("notice.title")}</NavLink>
      <NavLink to="/register/objections">{t("objection.title")}</NavLink>
      <NavLink to="/register/batches">{t("batch.title")}</NavLink>
      {useMay("penalty.list") && <NavLink to="/register/penalties">{t("penalty.title")}</NavLink>}
      {useMay("quota.read", "sweep.read") && <NavLink to="/register/checks">{t("check.title")}</NavLink>}
      {useMay("listing.search") && <NavLink to="/register/find">{t("listing.find")}</NavLink>}
    </nav>
  )
}
