import { beforeEach, expect, it, vi } from "vitest";
import { start } from "./start";

beforeEach(() => {
  document.body.innerHTML = '<button id="theme" hidden></button><main></main>';
  delete document.documentElement.dataset.theme;
  localStorage.clear();
  vi.stubGlobal("matchMedia", () => ({ matches: false, addEventListener: vi.fn() }));
  vi.stubGlobal("fetch", () => Promise.resolve(new Response('{"apiBaseUrl":"https://a.example"}')));
});

const build = (apiBaseUrl: string) => {
  const panel = document.createElement("p");
  panel.textContent = apiBaseUrl;
  return panel;
};

it("builds the page for the gateway's address", async () => {
  await start(build);
  expect(document.querySelector("main")?.innerHTML).toBe("<p>https://a.example</p>");
});

it("shows an alert instead when the configuration is missing", async () => {
  vi.stubGlobal("fetch", () => Promise.resolve(new Response("", { status: 404 })));
  const builder = vi.fn(build);
  await start(builder);
  expect(builder).not.toHaveBeenCalled();
  expect(document.querySelector('[role="alert"]')?.textContent).toContain("config.json is missing");
});

it("switches the theme, says what the button does and remembers it", async () => {
  await start(build);
  const button = document.querySelector<HTMLButtonElement>("#theme");
  expect(button?.hidden).toBe(false);
  expect(button?.textContent).toBe("Use the dark theme");
  button?.click();
  expect(document.documentElement.dataset.theme).toBe("dark");
  expect(button?.textContent).toBe("Use the light theme");
  delete document.documentElement.dataset.theme;
  await start(build);
  expect(document.documentElement.dataset.theme).toBe("dark");
});
