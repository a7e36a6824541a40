import { copyButton } from "../page/copy";
import { create } from "../page/dom";
import { percent, section } from "../upload/upload";

interface Cell {
  row: number;
  column: number;
  text: string;
  is_header: boolean;
}

export interface Table {
  page: number;
  row_count: number;
  column_count: number;
  cells: Cell[];
}

interface Pair {
  key: string;
  value: string;
  confidence: number;
}

export interface DocumentResult {
  text: string;
  pages: number;
  tables: Table[];
  key_value_pairs: Pair[];
}

/** The result in the service's answer, or undefined if that has another shape. */
export function read(body: unknown): DocumentResult | undefined {
  const { text, pages, tables, key_value_pairs } = (body ?? {}) as Partial<DocumentResult>;
  if (typeof text !== "string" || typeof pages !== "number") return undefined;
  if (!Array.isArray(tables) || !Array.isArray(key_value_pairs)) return undefined;
  return { text, pages, tables, key_value_pairs };
}

export function render(result: DocumentResult) {
  const pages = counted(result.pages, "page");
  const pairs = result.key_value_pairs;
  const sections: HTMLElement[] = [];
  if (pairs.length > 0) sections.push(section("Key-value pairs", [], pairList(pairs)));
  result.tables.forEach((table, index) => {
    const name = `Table ${index + 1}`;
    sections.push(
      section(
        name,
        [
          create("span", { class: "page-number" }, `Page ${table.page}`),
          copyButton(`Copy ${name.toLowerCase()}`, () => tabSeparated(table)),
        ],
        // Focusable, because a wide table can only be scrolled with the keyboard that way.
        create(
          "div",
          { class: "table-frame", tabindex: "0", role: "group", "aria-label": name },
          tableElement(table),
        ),
      ),
    );
  });
  sections.push(
    result.text.trim() === ""
      ? section("Text", [], create("p", { class: "none" }, "No text was found in the document."))
      : section(
          "Text",
          [
            create("span", { class: "page-number" }, pages),
            copyButton("Copy the text", () => result.text),
          ],
          create("p", { class: "document-text" }, result.text),
        ),
  );
  const tables = counted(result.tables.length, "table");
  return {
    sections,
    summary: `Result: ${pages}, ${tables}, ${counted(pairs.length, "key-value pair")}.`,
  };
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function pairList(pairs: Pair[]): HTMLElement {
  const list = create("dl", { class: "pairs" });
  for (const { key, value, confidence } of pairs) {
    list.append(
      create(
        "div",
        {},
        create("dt", {}, key),
        create(
          "dd",
          {},
          value || "–",
          create("span", { class: "confidence", title: "Confidence" }, percent(confidence)),
        ),
      ),
    );
  }
  return list;
}

/** The cells in rows and columns; a place without a cell is undefined. */
function grid({ row_count, column_count, cells }: Table): (Cell | undefined)[][] {
  const rows = Array.from({ length: row_count }, () =>
    Array.from({ length: column_count }, (): Cell | undefined => undefined),
  );
  for (const cell of cells) {
    const row = rows[cell.row];
    if (row && cell.column < column_count) row[cell.column] = cell;
  }
  return rows;
}

function tableElement(table: Table): HTMLElement {
  return create(
    "table",
    {},
    ...grid(table).map((row, index) =>
      create(
        "tr",
        {},
        ...row.map((cell) =>
          cell?.is_header
            ? create("th", { scope: index === 0 ? "col" : "row" }, cell.text)
            : create("td", {}, cell?.text ?? ""),
        ),
      ),
    ),
  );
}

/** What a spreadsheet takes from the clipboard. */
export function tabSeparated(table: Table): string {
  return grid(table)
    .map((row) => row.map((cell) => (cell?.text ?? "").replace(/\s+/g, " ")).join("\t"))
    .join("\n");
}
