import { StrictMode } from "react"
import { createRoot } from "react-dom/client"
import { OwnPage } from "./page"
import "./own.css"

// A page of its own beside the console: it is read on a telephone by somebody
// who signs in nowhere, and fetches nothing of the console.
const root = document.getElementById("root")
if (!root) throw new Error("no root element")
createRoot(root).render(
  <StrictMode>
    <OwnPage />
  </StrictMode>,
)
