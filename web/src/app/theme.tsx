import { App, ConfigProvider, theme as antd, type ThemeConfig } from "antd"
import enUS from "antd/locale/en_US"
import zhCN from "antd/locale/zh_CN"
import { useEffect, useSyncExternalStore, type ReactNode } from "react"
import { useSetting } from "./settings"

const prefersDark = typeof matchMedia === "undefined" ? undefined : matchMedia("(prefers-color-scheme: dark)")

function subscribe(l: () => void) {
  prefersDark?.addEventListener("change", l)
  return () => prefersDark?.removeEventListener("change", l)
}

/** Dark or light, as chosen or as the system has it. */
export function useDark(): boolean {
  const [choice] = useSetting("theme")
  const system = useSyncExternalStore(subscribe, () => prefersDark?.matches ?? true)
  return choice === "system" ? system : choice === "dark"
}

// The same values as in app.css: the component library computes shades from
// them and so needs them here.
const shared = {
  fontSize: 13,
  controlHeight: 28,
  controlHeightSM: 24,
  borderRadius: 4,
  borderRadiusLG: 6,
  motionDurationMid: "0.1s",
  motionDurationSlow: "0.12s",
  fontFamily: "var(--font)",
}

const dark: ThemeConfig = {
  algorithm: antd.darkAlgorithm,
  token: {
    ...shared,
    colorPrimary: "#2f7de0", colorPrimaryHover: "#2a72cf", colorErrorHover: "#f0807a", colorLink: "#6cb0ff", colorBgBase: "#0e1116", colorBgContainer: "#11161c", colorBgElevated: "#1a2028", colorBorder: "#38424e",
    colorBorderSecondary: "#252c35", colorText: "#dbe1e8", colorTextSecondary: "#9aa7b4", colorTextPlaceholder: "#8592a0", colorError: "#ff7066",
  },
}

const light: ThemeConfig = {
  algorithm: antd.defaultAlgorithm,
  token: {
    ...shared,
    colorPrimary: "#1259c3", colorPrimaryHover: "#0e4aa6", colorErrorHover: "#a31b19", colorLink: "#1259c3", colorBgBase: "#ffffff", colorBgContainer: "#ffffff", colorBorder: "#c4ccd5", colorBorderSecondary: "#e1e5ea",
    colorText: "#1a2129", colorTextSecondary: "#55616d", colorTextPlaceholder: "#66727e", colorError: "#c2221f",
  },
}

const components: ThemeConfig["components"] = {
  Button: { defaultHoverColor: "var(--blue)", defaultHoverBorderColor: "var(--blue)", primaryShadow: "none", defaultShadow: "none", dangerShadow: "none", fontWeight: 500 },
  Tooltip: { fontSize: 12 },
}

export function ThemeProvider({ children }: { children: ReactNode }) {
  const [language] = useSetting("language")
  const isDark = useDark()
  useEffect(() => {
    document.documentElement.dataset["theme"] = isDark ? "dark" : "light"
  }, [isDark])
  return (
    <ConfigProvider
      locale={language === "zh" ? zhCN : enUS}
      theme={{ ...(isDark ? dark : light), components }}
      button={{ autoInsertSpace: false }}
      wave={{ disabled: true }}
    >
      <App component={false}>{children}</App>
    </ConfigProvider>
  )
}
