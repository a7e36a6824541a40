import { expect, it, vi } from "vitest";
import { ConfigProblem, loadConfig } from "./config";

const serve = (body: string, init?: ResponseInit) => {
  vi.stubGlobal("fetch", () => Promise.resolve(new Response(body, init)));
};
const problem = async () => {
  const error: unknown = await loadConfig().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ConfigProblem);
  return (error as ConfigProblem).message;
};

it.each([
  ["https://api.example", "https://api.example"],
  ["https://api.example/", "https://api.example"],
  ["http://localhost:8080", "http://localhost:8080"],
])("takes %s", async (given, apiBaseUrl) => {
  serve(JSON.stringify({ apiBaseUrl: given }));
  expect(await loadConfig()).toEqual({ apiBaseUrl });
});

it.each([
  ["{}", "no"],
  ['{"apiBaseUrl":""}', "no"],
  ['{"apiBaseUrl":"api.example"}', "no"],
  ['{"apiBaseUrl":5}', "no"],
  ["null", "no"],
  ['{"apiBaseUrl":"javascript:alert(1)"}', "must start with https://"],
  ["<!doctype html>", "not valid JSON"],
])("says what is wrong with %s", async (body, words) => {
  serve(body);
  expect(await problem()).toContain(words);
});

it("says when the file is missing", async () => {
  serve("", { status: 404 });
  expect(await problem()).toMatch(/^config.json is missing. Deploy the web service again/);
});

it("says when the file cannot be loaded", async () => {
  serve("", { status: 500 });
  expect(await problem()).toContain("status 500");
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")));
  expect(await problem()).toContain("Check your connection");
});
