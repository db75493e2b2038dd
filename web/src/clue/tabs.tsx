import { NavLink } from "react-router"
import { useWords } from "../app/i18n"

/** Clues and the questions about them are two lists of one stage. */
export function Tabs() {
  const { t } = useWords()
  return (
    <nav className="tabs">
      <NavLink to="/clues" end>
        {t("clue.list")}
      </NavLink>
      <NavLink to="/lookups" end>
        {t("lookup.list")}
      </NavLink>
    </nav>
  )
}
