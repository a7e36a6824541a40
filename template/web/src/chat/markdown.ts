import { copyButton } from "../page/copy";
import { create } from "../page/dom";

/**
 * The part of Markdown that models write most, as nodes: every character of the answer goes through
 * a text node, so nothing in it can become an element. Links and images stay text on purpose.
 */
interface Block {
  kind: "paragraph" | "heading" | "code" | "list" | "rule" | "table";
  lines: string[];
  info: string;
}

/** Returns a function that shows a growing text and touches only the blocks that changed. */
export function markdownView(container: HTMLElement): (text: string) => void {
  let shown: string[] = [];
  return (text) => {
    const blocks = split(text);
    const keys = blocks.map((block) => JSON.stringify(block));
    blocks.forEach((block, index) => {
      if (keys[index] === shown[index]) return;
      const node = render(block);
      const old = container.children[index];
      if (old) old.replaceWith(node);
      else container.append(node);
    });
    while (container.children.length > blocks.length) container.lastElementChild?.remove();
    shown = keys;
  };
}

const fence = /^(\s*)(`{3,}|~{3,})\s*([^\s`]*)[^`]*$/;
const heading = /^ {0,3}#{1,6} +(\S.*)$/;
const rule = /^ {0,3}(?:-{3,}|\*{3,}|_{3,})\s*$/;
const tableRule = /^[ |:-]*-[ |:-]*$/;
const item = /^(\s*)(?:[-*+]|(\d{1,9})[.)])\s+(.*)$/;

function split(text: string): Block[] {
  const blocks: Block[] = [];
  let open: Block | undefined;
  let closing = "";
  let indent = 0;
  const start = (kind: Block["kind"], line: string, info = "") => {
    open = { kind, info, lines: kind === "code" ? [] : [line] };
    blocks.push(open);
  };

  for (const line of text.split(/\r\n|\r|\n/)) {
    const marker = fence.exec(line);
    if (closing !== "") {
      if (marker?.[2]?.startsWith(closing) && line.trim() === marker[2]) {
        closing = "";
        open = undefined;
      } else open?.lines.push(line.slice(Math.min(indent, line.search(/\S|$/))));
    } else if (marker) {
      // In a list the whole block is indented.
      indent = marker[1]?.length ?? 0;
      closing = marker[2] ?? "";
      start("code", "", marker[3]);
    } else if (line.trim() === "") {
      // A blank line ends a paragraph; a list may go on after it.
      if (open?.kind !== "list") open = undefined;
      else open.lines.push("");
    } else if (heading.test(line) || rule.test(line)) {
      start(heading.test(line) ? "heading" : "rule", line);
      open = undefined;
    } else if (isTableHead(open) && line.includes("|") && tableRule.test(line)) {
      open.kind = "table";
    } else if (open?.kind === "table" && !line.includes("|")) {
      start("paragraph", line);
    } else if (item.test(line)) {
      if (open?.kind === "list") open.lines.push(line);
      else start("list", line);
    } else if (open && (open.lines.at(-1) !== "" || /^\s/.test(line))) {
      open.lines.push(line);
    } else start("paragraph", line);
  }
  return blocks;
}

/** A table shows itself by its second line only. */
function isTableHead(block: Block | undefined): block is Block {
  return (
    block?.kind === "paragraph" &&
    block.lines.length === 1 &&
    block.lines[0]?.includes("|") === true
  );
}

function render(block: Block): HTMLElement {
  switch (block.kind) {
    case "code":
      return codeBlock(block.lines.join("\n"), block.info);
    case "heading":
      return create("h3", {}, ...inline(heading.exec(block.lines[0] ?? "")?.[1] ?? ""));
    case "list":
      return list(block.lines);
    case "rule":
      return create("hr");
    case "table":
      return table(block.lines);
    case "paragraph":
      return create("p", {}, ...inline(block.lines.join("\n")));
  }
}

function codeBlock(code: string, language: string): HTMLElement {
  return create(
    "figure",
    { class: "code" },
    create(
      "figcaption",
      {},
      language || "Code",
      copyButton("Copy the code", () => code),
    ),
    // Focusable, because a long line can only be scrolled to with the keyboard that way.
    create(
      "pre",
      { tabindex: "0", role: "region", "aria-label": "Code" },
      create("code", {}, code),
    ),
  );
}

/** Nests by indentation; a line that is no item continues the item above it. */
function list(lines: string[]): HTMLElement {
  const open: { indent: number; element: HTMLElement }[] = [];
  let root: HTMLElement | undefined;
  let last: HTMLElement | undefined;
  for (const line of lines) {
    const [, space = "", number, text = ""] = item.exec(line) ?? [];
    if (!item.test(line)) {
      if (line !== "") last?.append("\n", ...inline(line.trim()));
      continue;
    }
    while (open.length > 1 && space.length < (open.at(-1)?.indent ?? 0)) open.pop();
    let parent = open.at(-1);
    if (!parent || space.length > parent.indent + 1) {
      const element =
        number === undefined ? create("ul") : create("ol", { start: String(Number(number)) });
      (last ?? { append: (node: HTMLElement) => (root = node) }).append(element);
      parent = { indent: space.length, element };
      open.push(parent);
    }
    last = create("li", {}, ...inline(text));
    parent.element.append(last);
  }
  return root ?? create("ul");
}

function table([head = "", ...rows]: string[]): HTMLElement {
  const row = (tag: "td" | "th", line: string) =>
    create("tr", {}, ...cells(line).map((cell) => create(tag, {}, ...inline(cell))));
  return create(
    "div",
    // Focusable, because a wide table can only be scrolled with the keyboard that way.
    { class: "answer-table", tabindex: "0", role: "group", "aria-label": "Table" },
    create(
      "table",
      {},
      create("thead", {}, row("th", head)),
      create("tbody", {}, ...rows.map((line) => row("td", line))),
    ),
  );
}

function cells(line: string): string[] {
  const inner = line.trim().replace(/^\|/, "").replace(/\|$/, "");
  return inner.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
}

// No part looks past the next mark of its own kind: unclosed marks must not cost quadratic time.
const span =
  /`([^`]+)`|\*\*(?=\S)((?:(?!\*\*).)+)(?<=\S)\*\*|(?<![\w*])\*(?=[^\s*])([^*]+)(?<=\S)\*(?![\w*])/s;

function inline(text: string): (Node | string)[] {
  const nodes: (Node | string)[] = [];
  let rest = text;
  for (let match = span.exec(rest); match; match = span.exec(rest)) {
    const [all, code, bold, italic] = match;
    nodes.push(rest.slice(0, match.index));
    if (code !== undefined) nodes.push(create("code", {}, code));
    else if (bold !== undefined) nodes.push(create("strong", {}, ...inline(bold)));
    else nodes.push(create("em", {}, ...inline(italic ?? "")));
    rest = rest.slice(match.index + all.length);
  }
  nodes.push(rest);
  return nodes;
}
