type Attributes = Record<string, string | boolean>;

/** Builds an element. Children that are strings become text, never markup. */
export function create<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "string") element.setAttribute(name, value);
    else element.toggleAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** A line drawing on a grid of 24 by 24, hidden from assistive technology. */
export function icon(path: string): SVGSVGElement {
  const namespace = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(namespace, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(namespace, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

/** Says a sentence to users of screen readers; the text is not shown. */
export function announce(sentence: string): void {
  document.querySelector("#status")?.replaceChildren(sentence);
}

/** Whether the element is on a tab that is shown. */
export function isShown(element: Element): boolean {
  return element.closest("[hidden]") === null;
}
