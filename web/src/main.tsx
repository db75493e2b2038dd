import { QueryClient, QueryClientProvider } from "@tanstack/react-query"
import { StrictMode } from "react"
import { createRoot } from "react-dom/client"
import { RouterProvider } from "react-router"
import { Problem } from "./api/client"
import { Gate } from "./app/auth"
import { WordsProvider } from "./app/i18n"
import { LiveProvider } from "./app/live"
import { router } from "./app/router"
import { ThemeProvider } from "./app/theme"
import "./app/app.css"

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // What the server has refused it will refuse again; only a broken line is worth another try.
      retry: (failures, error) => failures < 2 && (!(error instanceof Problem) || error.status === 0 || error.status >= 500),
      staleTime: 2_000,
      refetchOnWindowFocus: false,
    },
  },
})

const root = document.getElementById("root")
if (!root) throw new Error("no root element")
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <ThemeProvider>
        <WordsProvider>
          <Gate>
            <LiveProvider>
              <RouterProvider router={router} />
            </LiveProvider>
          </Gate>
        </WordsProvider>
      </ThemeProvider>
    </QueryClientProvider>
  </StrictMode>,
)
