// Builds the page into dist/, where the server reads it.
import { defineConfig } from "vite";

export default defineConfig({
  root: import.meta.dirname,
  build: { outDir: "../../../dist/studio/page", emptyOutDir: true, target: "es2022" },
});
