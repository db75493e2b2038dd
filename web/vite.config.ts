import react from "@vitejs/plugin-react"
import { defineConfig } from "vitest/config"

// The console is served by the binary under "/"; in development Vite passes
// the API on to a running `lanzha serve`.
export default defineConfig({
  plugins: [react()],
  build: {
    target: "es2022",
    assetsInlineLimit: 0, // the content policy allows no data: scripts or fonts
    chunkSizeWarningLimit: 1600,
    emptyOutDir: true,
    rolldownOptions: { input: ["index.html", "own.html"] }, // the console, and the listed person's own page
  },
  server: {
    host: "127.0.0.1",
    // The server compares Origin with Host: both must stay this page's.
    proxy: { "/api": { target: process.env["LANZHA_API"] ?? "http://127.0.0.1:9611", changeOrigin: false } },
  },
  test: { environment: "node", include: ["src/**/*.test.ts"] },
})
