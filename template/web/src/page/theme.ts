import { create, icon } from "./dom";

const moon = "M20 14.500A8 8 0 1 1 9.500 4a6.500 6.500 0 0 0 10.500 10.500z";
const sun =
  "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M4.900 4.900l1.400 1.400M17.700 17.700l1.400 1.400M2 12h2M20 12h2M4.900 19.100l1.400-1.400M17.700 6.300l1.400-1.400";

/** Turns the button into a switch between light and dark; the system decides until it is used. */
export function themeSwitch(button: HTMLButtonElement): void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;
  const saved = load();
  if (saved) root.dataset.theme = saved;

  const isDark = () => (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
  const draw = () => {
    const label = isDark() ? "Use the light theme" : "Use the dark theme";
    button.replaceChildren(
      icon(isDark() ? sun : moon),
      create("span", { class: "visually-hidden" }, label),
    );
    button.title = label;
    button.hidden = false;
  };
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    save(root.dataset.theme);
    draw();
  });
  system.addEventListener("change", draw);
  draw();
}

function load(): "dark" | "light" | undefined {
  try {
    const theme = localStorage.getItem("theme");
    return theme === "dark" || theme === "light" ? theme : undefined;
  } catch {
    return undefined; // Storage is blocked: the system's theme is used.
  }
}

function save(theme: string): void {
  try {
    localStorage.setItem("theme", theme);
  } catch {
    // Storage is blocked: the choice holds until the page is left.
  }
}
