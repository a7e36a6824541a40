import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

const read = (path: string) => readFileSync(path, "utf8");
const site = JSON.parse(read("public/staticwebapp.config.json")) as {
  globalHeaders: Record<string, string>;
};
const policy = site.globalHeaders["Content-Security-Policy"] ?? "";

it("has a policy that allows no foreign or inline code", () => {
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/unsafe|\*|https?:|data:/);
});

it("lets the deployment add the gateway to what the page may call", () => {
  expect(policy.match(/connect-src 'self'/g)).toHaveLength(1);
});

it.each(["index.html", "public/404.html"])("%s obeys the policy", (file) => {
  const page = new DOMParser().parseFromString(read(file), "text/html");
  expect(page.querySelector("style, [style], script:not([src])")).toBeNull();
  for (const element of page.querySelectorAll("*")) {
    expect(element.getAttributeNames().filter((name) => name.startsWith("on"))).toEqual([]);
  }
});
