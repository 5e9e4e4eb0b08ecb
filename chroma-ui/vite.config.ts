import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const server = process.env.CHROMA_DEV_SERVER ?? "http://127.0.0.1:8000";

export default defineConfig({
  // Relative addresses, so that the dashboard works behind any proxy prefix.
  base: "./",
  plugins: [react()],
  build: {
    outDir: "../chroma/server/static",
    emptyOutDir: true,
    target: "es2022",
    chunkSizeWarningLimit: 1500,
    rolldownOptions: { input: ["index.html", "graphiql.html"] },
  },
  server: {
    // The server checks Origin against its own address.
    proxy: {
      "/graphql": { target: server, ws: true, rewriteWsOrigin: true, headers: { origin: server } },
      "/api": { target: server, headers: { origin: server } },
    },
  },
  test: { environment: "happy-dom", include: ["src/**/*.test.{ts,tsx}"] },
});
