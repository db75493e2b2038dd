import { DesktopOutlined, MoonOutlined, SunOutlined } from "@ant-design/icons"
import { Dropdown } from "antd"
import { useWords } from "./i18n"
import { useSetting } from "./settings"

export function LanguageSwitch() {
  const [lang, set] = useSetting("language")
  // Each language is named in itself, so that whoever cannot read the other finds it.
  const other = lang === "zh" ? "EN" : "中文" // in both languages
  return (
    <button type="button" className="quiet" onClick={() => set(lang === "zh" ? "en" : "zh")} data-test="language" lang={lang === "zh" ? "en" : "zh-CN"}>
      {other}
    </button>
  )
}

export function ThemeSwitch() {
  const { t } = useWords()
  const [theme, set] = useSetting("theme")
  const icon = { dark: <MoonOutlined />, light: <SunOutlined />, system: <DesktopOutlined /> }
  const items = (["dark", "light", "system"] as const).map((k) => ({ key: k, label: t(`theme.${k}`), icon: icon[k], onClick: () => set(k) }))
  return (
    <Dropdown menu={{ items, selectedKeys: [theme] }} trigger={["click"]}>
      <button type="button" className="quiet" aria-label={t("theme.title")} title={t("theme.title")} data-test="theme">
        {icon[theme]}
      </button>
    </Dropdown>
  )
}
