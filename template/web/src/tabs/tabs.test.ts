import { beforeEach, describe, expect, it } from "vitest";
import { tabs } from "./tabs";

const panel = (text: string) => {
  const element = document.createElement("section");
  element.textContent = text;
  return element;
};
const build = () => {
  const names = ["One", "Two", "Three"];
  document.body.replaceChildren(tabs(names.map((name) => ({ name, panel: panel(name) }))));
};
const all = () => [...document.querySelectorAll<HTMLElement>('[role="tab"]')];
const selected = () =>
  all().map((tab) => [tab.getAttribute("aria-selected") === "true", tab.tabIndex] as const);
const shown = () =>
  [...document.querySelectorAll<HTMLElement>('[role="tabpanel"]')]
    .filter((element) => !element.hidden)
    .map((element) => element.textContent);
const press = (key: string) =>
  document.activeElement?.dispatchEvent(
    new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }),
  );

beforeEach(() => {
  history.replaceState(null, "", "#");
  build();
});

it("ties tabs and panels together by name", () => {
  for (const tab of all()) {
    const controlled = document.getElementById(tab.getAttribute("aria-controls") ?? "");
    expect(controlled?.textContent).toBe(tab.textContent);
    expect(controlled?.getAttribute("aria-labelledby")).toBe(tab.id);
  }
});

it("has one tab in the tab order", () => {
  expect(selected()).toEqual([
    [true, 0],
    [false, -1],
    [false, -1],
  ]);
});

describe("the keyboard", () => {
  it.each([
    [["ArrowRight"], "Two"],
    [["ArrowRight", "ArrowRight", "ArrowRight"], "One"],
    [["ArrowLeft"], "Three"],
    [["End"], "Three"],
    [["End", "Home"], "One"],
    [["ArrowRight", "a"], "Two"],
  ])("%j shows %s", (keys, name) => {
    all()[0]?.focus();
    keys.forEach(press);
    expect(shown()).toEqual([name]);
    expect(document.activeElement?.textContent).toBe(name);
    expect(document.activeElement?.getAttribute("aria-selected")).toBe("true");
  });
});

it("keeps the chosen tab in the address", () => {
  all()[1]?.click();
  expect(location.hash).toBe("#two");
  build();
  expect(shown()).toEqual(["Two"]);
});

it("starts with the first tab at an unknown address", () => {
  history.replaceState(null, "", "#constructor");
  build();
  expect(shown()).toEqual(["One"]);
});
