import { create } from "../page/dom";
import type { Session } from "./session";
import "./account.css";

/** What stands where the page will be: a way to sign in. */
export function signInPanel(session: Session): HTMLElement {
  const button = create("button", { type: "button", class: "button" }, "Sign in");
  const panel = create(
    "div",
    { class: "notice" },
    create("h2", {}, "Sign in to go on"),
    create("p", {}, "This page is for people of one organization. Use your account there."),
    button,
  );
  button.addEventListener("click", () => {
    button.disabled = true;
    session.signIn().catch(() => {
      button.disabled = false;
      panel.append(create("p", { role: "alert" }, "Sign-in could not start. Try again."));
    });
  });
  return panel;
}

/** Who is signed in, and a way out. */
export function accountBar(session: Session): HTMLElement {
  const button = create("button", { type: "button", class: "button button-quiet" }, "Sign out");
  button.addEventListener("click", () => void session.signOut());
  return create(
    "div",
    { class: "account" },
    create("span", { class: "account-name" }, session.name ?? ""),
    button,
  );
}
