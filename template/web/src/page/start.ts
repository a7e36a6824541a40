import { ConfigProblem, loadConfig } from "./config";
import { create } from "./dom";
import { themeSwitch } from "./theme";

/** Loads the configuration and shows the page that `build` makes for the gateway's address. */
export async function start(build: (apiBaseUrl: string) => HTMLElement): Promise<void> {
  const button = document.querySelector<HTMLButtonElement>("#theme");
  if (button) themeSwitch(button);
  const main = document.querySelector("main");
  try {
    const { apiBaseUrl } = await loadConfig();
    main?.replaceChildren(build(apiBaseUrl));
  } catch (error) {
    if (!(error instanceof ConfigProblem)) throw error;
    main?.replaceChildren(notice(error.message));
  }
}

function notice(message: string): HTMLElement {
  const reload = create("button", { type: "button", class: "button" }, "Load the page again");
  reload.addEventListener("click", () => {
    location.reload();
  });
  return create(
    "div",
    { class: "notice" },
    create(
      "div",
      { role: "alert" },
      create("h2", {}, "This page cannot start"),
      create("p", {}, message),
    ),
    reload,
  );
}
