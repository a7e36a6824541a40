import { create } from "../page/dom";
import "./tabs.css";

interface Tab {
  name: string;
  panel: HTMLElement;
}

/** Tabs after the ARIA pattern: arrow keys, Home and End move; the address keeps the choice. */
export function tabs(entries: Tab[]): HTMLElement {
  const list = create("div", { class: "tabs", role: "tablist", "aria-label": "Services" });
  const all = entries.map(({ name, panel }) => {
    const id = name.toLowerCase();
    const tab = create(
      "button",
      {
        type: "button",
        role: "tab",
        id: `tab-${id}`,
        class: "tab",
        "aria-controls": `panel-${id}`,
      },
      name,
    );
    panel.id = `panel-${id}`;
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", tab.id);
    list.append(tab);
    return { id, tab, panel };
  });

  const select = (index: number) => {
    all.forEach(({ tab, panel }, position) => {
      const isSelected = position === index;
      tab.setAttribute("aria-selected", String(isSelected));
      tab.tabIndex = isSelected ? 0 : -1;
      panel.hidden = !isSelected;
    });
  };
  const choose = (index: number) => {
    select(index);
    const { id = "" } = all[index] ?? {};
    history.replaceState(null, "", `#${id}`);
  };
  all.forEach(({ tab }, index) => {
    tab.addEventListener("click", () => {
      choose(index);
    });
    tab.addEventListener("keydown", (event) => {
      const last = all.length - 1;
      const next = new Map([
        ["ArrowRight", index === last ? 0 : index + 1],
        ["ArrowLeft", index === 0 ? last : index - 1],
        ["Home", 0],
        ["End", last],
      ]).get(event.key);
      if (next === undefined) return;
      event.preventDefault();
      choose(next);
      all[next]?.tab.focus();
    });
  });

  select(
    Math.max(
      0,
      all.findIndex(({ id }) => location.hash === `#${id}`),
    ),
  );
  return create("div", { class: "tabbed" }, list, ...all.map(({ panel }) => panel));
}
