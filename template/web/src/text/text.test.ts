import { expect, it } from "vitest";
import { type DocumentResult, read, render, tabSeparated } from "./result";

const cell = (row: number, column: number, text: string, is_header = false) => ({
  row,
  column,
  text,
  is_header,
});
const table = {
  page: 2,
  row_count: 3,
  column_count: 2,
  cells: [
    cell(0, 0, "Item", true),
    cell(0, 1, "Price", true),
    cell(1, 0, "Tea\n(black)", true),
    cell(1, 1, "€ 3"),
    cell(2, 1, "<b>€ 4</b>"),
    cell(9, 9, "outside"),
  ],
};
const result: DocumentResult = {
  text: "Line one\n  <i>two</i>",
  pages: 2,
  tables: [table],
  key_value_pairs: [
    { key: "Total", value: "€ 7", confidence: 0.961 },
    { key: "Note", value: "", confidence: 0.5 },
  ],
};
const show = (value: DocumentResult) => {
  const container = document.createElement("div");
  const { sections, summary } = render(value);
  container.append(...sections);
  return { container, summary };
};

it("shows tables as tables, with header cells and gaps in their places", () => {
  const { container } = show(result);
  const rows = [...container.querySelectorAll("tr")].map((row) =>
    [...row.children].map((place) => [
      place.tagName,
      place.getAttribute("scope"),
      place.textContent,
    ]),
  );
  expect(rows).toEqual([
    [
      ["TH", "col", "Item"],
      ["TH", "col", "Price"],
    ],
    [
      ["TH", "row", "Tea\n(black)"],
      ["TD", null, "€ 3"],
    ],
    [
      ["TD", null, ""],
      ["TD", null, "<b>€ 4</b>"],
    ],
  ]);
});

it("shows pairs, pages and the text, all of it as text", () => {
  const { container, summary } = show(result);
  expect([...container.querySelectorAll("dt")].map((key) => key.textContent)).toEqual([
    "Total",
    "Note",
  ]);
  expect(container.querySelector("dd")?.textContent).toContain("96%");
  expect(container.querySelector(".document-text")?.textContent).toBe(result.text);
  expect(container.querySelector("b, i")).toBeNull();
  expect(summary).toBe("Result: 2 pages, 1 table, 2 key-value pairs.");
});

it("copies a table as a spreadsheet takes it", () => {
  expect(tabSeparated(table)).toBe("Item\tPrice\nTea (black)\t€ 3\n\t<b>€ 4</b>");
});

it("says when there is no text", () => {
  const { container } = show({ text: " ", pages: 1, tables: [], key_value_pairs: [] });
  expect(container.textContent).toContain("No text was found");
  expect(container.querySelector("table, dl")).toBeNull();
});

it("takes the service's answer and nothing of another shape", () => {
  expect(read(result)).toEqual(result);
  for (const body of [
    null,
    "text",
    [],
    {},
    { ...result, tables: null },
    { ...result, pages: "2" },
  ]) {
    expect(read(body)).toBeUndefined();
  }
});
