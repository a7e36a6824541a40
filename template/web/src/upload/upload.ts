import { Failure, notUnderstood } from "../api/failure";
import { failureBox } from "../api/failure-box";
import { announce, create, icon, isShown } from "../page/dom";
import { checkFile, type FileTypes, maxBytes, names, readableSize } from "./file-check";
import { sendFile } from "./send-file";
import "./upload.css";

export interface UploadOptions<Result> {
  /** "image" or "document": used in labels and messages. */
  noun: string;
  heading: string;
  promise: string;
  url: string;
  types: FileTypes;
  working: string;
  /** Checks the service's answer; undefined means it has another shape. */
  read: (body: unknown) => Result | undefined;
  /** The sections of the result and a sentence that sums it up. */
  render: (result: Result) => { sections: HTMLElement[]; summary: string };
}

/** A panel that takes a file by choice, drop or paste, sends it and shows the result. */
export function uploadPanel<Result>(options: UploadOptions<Result>): HTMLElement {
  const { noun, types } = options;
  let running: AbortController | undefined;
  let previewUrl = "";

  const inputId = `${noun}-file`;
  const input = create("input", {
    type: "file",
    id: inputId,
    class: "visually-hidden",
    accept: Object.entries(types)
      .flatMap(([type, endings]) => [type, ...endings.map((ending) => `.${ending}`)])
      .join(),
    "aria-describedby": `${noun}-hint`,
  });
  const choose = create("label", { for: inputId, class: "button button-primary" });
  const zone = create(
    "div",
    { class: "drop" },
    icon("M12 15V4M7.500 8.500 12 4l4.500 4.500M4 15v3a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-3"),
    create("p", { class: "drop-title" }, `Drop or paste ${article(noun)} here`),
    create("p", { class: "drop-promise" }, options.promise),
    input,
    choose,
    create(
      "p",
      { id: `${noun}-hint`, class: "drop-hint" },
      `${names(types)}, up to ${readableSize(maxBytes)}`,
    ),
  );
  const output = create("div", { class: "upload-output" });
  const panel = create(
    "section",
    { class: "upload" },
    create("h2", { class: "visually-hidden" }, options.heading),
    zone,
    output,
  );

  const draw = (...children: HTMLElement[]) => {
    const hadFocus = output.contains(document.activeElement);
    output.replaceChildren(...children);
    const isEmpty = children.length === 0;
    zone.classList.toggle("drop-small", !isEmpty);
    choose.textContent = isEmpty ? `Choose ${article(noun)}` : `Choose another ${noun}`;
    // The control that had the focus is gone: the file input is where to go on.
    if (hadFocus) input.focus();
  };

  const take = (files: FileList | File[]) => {
    const [file] = files;
    if (!file) return;
    if (files.length > 1) {
      refuse(`Only one ${noun} at a time.`);
      return;
    }
    const checked = checkFile(file, types);
    if ("problem" in checked) refuse(checked.problem);
    else void analyse(file, checked.type);
  };

  const refuse = (problem: string) => {
    running?.abort();
    draw(create("div", { class: "failure" }, create("p", { role: "alert" }, problem)));
  };

  async function analyse(file: File, type: string): Promise<void> {
    running?.abort();
    const controller = new AbortController();
    running = controller;
    const { signal } = controller;
    URL.revokeObjectURL(previewUrl);
    previewUrl = type.startsWith("image/") ? URL.createObjectURL(file) : "";
    const card = fileCard(file, previewUrl, noun);
    const progress = progressView(options.working, () => {
      controller.abort();
      draw();
      announce("Cancelled.");
    });
    draw(card, progress.element);
    announce(`Sending ${file.name}.`);

    try {
      const answer = await sendFile(options.url, file, type, progress.show, signal);
      const result = options.read(answer);
      if (result === undefined) throw notUnderstood();
      const { sections, summary } = options.render(result);
      draw(card, create("div", { class: "result" }, ...sections));
      announce(summary);
    } catch (error) {
      // Whoever cancelled this has already drawn what comes next.
      if (signal.aborted) return;
      const failure =
        error instanceof Failure ? error : new Failure("Something went wrong. Try again.");
      draw(
        card,
        failureBox(failure, () => void analyse(file, type)),
      );
    }
  }

  input.addEventListener("change", () => {
    take([...(input.files ?? [])]);
    // The same file can be chosen again.
    input.value = "";
  });
  // On the whole window: a file dropped beside the panel must not replace the page.
  for (const kind of ["dragover", "dragleave", "drop"] as const) {
    window.addEventListener(kind, (event) => {
      if (!isShown(panel) || !event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      const left = kind === "dragleave" && event.relatedTarget === null;
      zone.classList.toggle("drop-over", kind !== "drop" && !left);
      if (kind === "drop") take(event.dataTransfer.files);
    });
  }
  document.addEventListener("paste", (event) => {
    if (isShown(panel) && event.clipboardData) take(event.clipboardData.files);
  });

  draw();
  return panel;
}

/** A part of a result, with a heading and what belongs beside it. */
export function section(
  heading: string,
  beside: HTMLElement[],
  ...children: HTMLElement[]
): HTMLElement {
  return create(
    "section",
    { class: "result-section", "aria-label": heading },
    create("div", { class: "result-head" }, create("h3", {}, heading), ...beside),
    ...children,
  );
}

/** "93%": how sure the service is. */
export function percent(confidence: number): string {
  return new Intl.NumberFormat("en", { style: "percent" }).format(confidence);
}

function article(noun: string): string {
  return /^[aeiou]/.test(noun) ? `an ${noun}` : `a ${noun}`;
}

function fileCard(file: File, previewUrl: string, noun: string): HTMLElement {
  const sheet = icon("M14 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V8zM14 3v5h5");
  const card = create("figure", { class: "file" });
  const caption = create(
    "figcaption",
    {},
    create("span", { class: "file-name" }, file.name),
    create("span", { class: "file-size" }, readableSize(file.size)),
  );
  if (previewUrl === "") {
    card.append(sheet, caption);
    return card;
  }
  const image = create("img", { src: previewUrl, alt: `Preview of the ${noun}` });
  // Browsers do not draw every type that the service reads, TIFF for one.
  image.addEventListener("error", () => {
    image.replaceWith(sheet);
    card.classList.remove("file-preview");
  });
  card.classList.add("file-preview");
  card.append(image, caption);
  return card;
}

function progressView(working: string, cancel: () => void) {
  const bar = create("progress", { "aria-label": "Progress", max: "1" });
  const label = create("p", {}, "Sending…");
  const button = create("button", { type: "button", class: "button" }, "Cancel");
  button.addEventListener("click", cancel);
  return {
    element: create("div", { class: "progress" }, label, button, bar),
    show: (share: number) => {
      if (share < 1) {
        bar.value = share;
        return;
      }
      // Everything is sent; how long the service takes is not known.
      bar.removeAttribute("value");
      label.textContent = working;
    },
  };
}
