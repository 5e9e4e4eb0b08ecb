import { defineConfig } from "vite";

/** The player of exported films: one script and one sheet without addresses, put into each file by the server. */
export default defineConfig({
  publicDir: false,
  build: {
    outDir: "../chroma/server/static/player",
    emptyOutDir: true,
    target: "es2022",
    cssCodeSplit: false,
    lib: {
      entry: "src/player/player.ts",
      formats: ["iife"],
      name: "chromaPlayer",
      fileName: () => "player.js",
      cssFileName: "player",
    },
  },
});
