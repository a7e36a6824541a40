import { announce, create } from "./dom";

/** A button that copies what `text` returns at the time of the click. */
export function copyButton(label: string, text: () => string): HTMLButtonElement {
  const button = create(
    "button",
    { type: "button", class: "button button-quiet button-small", "aria-label": label },
    "Copy",
  );
  const say = (word: string, sentence: string) => {
    button.textContent = word;
    announce(sentence);
    window.setTimeout(() => (button.textContent = "Copy"), 2000);
  };
  button.addEventListener("click", () => {
    // Promise.resolve() first: without a secure context `clipboard` is undefined and throws.
    Promise.resolve()
      .then(() => navigator.clipboard.writeText(text()))
      .then(
        () => {
          say("Copied", "Copied to the clipboard.");
        },
        () => {
          say("Not copied", "The browser did not allow copying.");
        },
      );
  });
  return button;
}
