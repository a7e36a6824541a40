import { create } from "../page/dom";
import { duration, type Failure } from "./failure";
import "./failure-box.css";

/** Shows a failure and, where it makes sense, a button that tries again after the wait. */
export function failureBox(failure: Failure, retry: () => void): HTMLElement {
  const alert = create("div", { role: "alert" }, create("p", {}, failure.message));
  if (failure.detail) alert.append(create("p", { class: "failure-detail" }, failure.detail));
  if (failure.reference) {
    alert.append(create("p", { class: "failure-detail" }, `Reference: ${failure.reference}`));
  }
  const box = create("div", { class: "failure" }, alert);
  if (failure.canRetry) box.append(retryButton(failure.waitSeconds, retry));
  return box;
}

/** The countdown is in the button, outside the alert, so that it is not read out every second. */
function retryButton(waitSeconds: number, retry: () => void): HTMLButtonElement {
  const button = create("button", { type: "button", class: "button" });
  const end = Date.now() + waitSeconds * 1000;
  const draw = () => {
    const left = Math.ceil((end - Date.now()) / 1000);
    button.disabled = left > 0;
    button.textContent = left > 0 ? `Try again in ${duration(left)}` : "Try again";
    if (left > 0) window.setTimeout(tick, 250);
  };
  // The countdown ends with the box: a new request takes it off the page.
  const tick = () => {
    if (button.isConnected) draw();
  };
  draw();
  button.addEventListener("click", retry);
  return button;
}
