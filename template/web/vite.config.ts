import { env } from "node:process";
import type { PreviewServer, ViteDevServer } from "vite";
import { defineConfig } from "vitest/config";

/** Serves what the deployment writes to /config.json: the address of the API gateway. */
function runtimeConfig() {
  const serve = ({ middlewares }: PreviewServer | ViteDevServer) => {
    middlewares.use("/config.json", (_request, response) => {
      response.setHeader("Content-Type", "application/json");
      response.end(JSON.stringify({ apiBaseUrl: env.API_BASE_URL ?? "http://localhost:8080" }));
    });
  };
  return { name: "runtime-config", configureServer: serve, configurePreviewServer: serve };
}

// The gateway allows one origin in local runs, hence the fixed port.
const server = { host: "localhost", port: 5173, strictPort: true };

export default defineConfig({
  plugins: [runtimeConfig()],
  server,
  preview: server,
  test: { environment: "jsdom", restoreMocks: true, unstubGlobals: true },
});
