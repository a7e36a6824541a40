import { copyButton } from "../page/copy";
import { create } from "../page/dom";
import { percent, section } from "../upload/upload";

interface Labelled {
  confidence: number;
}

export interface ImageResult {
  caption: (Labelled & { text: string }) | null;
  tags: (Labelled & { name: string })[];
  text: string[];
}

/** The result in the service's answer, or undefined if that has another shape. */
export function read(body: unknown): ImageResult | undefined {
  const { caption, tags, text } = (body ?? {}) as Partial<ImageResult>;
  if (caption === undefined || !Array.isArray(tags) || !Array.isArray(text)) return undefined;
  return { caption, tags, text };
}

export function render({ caption, tags, text }: ImageResult) {
  const captionText = caption?.text ?? "No caption for this image.";
  const sections = [
    section(
      "Caption",
      caption ? [confidence(caption)] : [],
      create("p", { class: "caption" }, captionText),
    ),
  ];
  if (tags.length > 0) {
    const list = create("ul", { class: "tags" });
    for (const tag of tags) list.append(create("li", {}, tag.name, confidence(tag)));
    sections.push(section("Tags", [], list));
  }
  sections.push(
    text.length > 0
      ? section(
          "Text",
          [copyButton("Copy the text", () => text.join("\n"))],
          create("ol", { class: "lines" }, ...text.map((line) => create("li", {}, line))),
        )
      : section("Text", [], create("p", { class: "none" }, "No text was found in the image.")),
  );
  return { sections, summary: `Result: ${captionText}` };
}

function confidence({ confidence }: Labelled): HTMLElement {
  return create("span", { class: "confidence", title: "Confidence" }, percent(confidence));
}
