import { copyButton } from "../page/copy";
import { create } from "../page/dom";
import { percent, section, uploadPanel } from "../upload/upload";
import "./vision.css";

interface Labelled {
  confidence: number;
}

export interface ImageResult {
  caption: (Labelled & { text: string }) | null;
  tags: (Labelled & { name: string })[];
  text: string[];
}

/** The image panel: a caption, tags and the text in the picture. */
export function vision(apiBaseUrl: string): HTMLElement {
  return uploadPanel<ImageResult>({
    noun: "image",
    heading: "Image",
    promise: "You get a caption, tags and the text in the image.",
    url: `${apiBaseUrl}/api/vision/analyze`,
    types: {
      "image/png": ["png"],
      "image/jpeg": ["jpeg", "jpg"],
      "image/gif": ["gif"],
      "image/bmp": ["bmp"],
      "image/webp": ["webp"],
      "image/tiff": ["tiff", "tif"],
    },
    working: "Looking at the image…",
    read,
    render,
  });
}

function read(body: unknown): ImageResult | undefined {
  const { caption, tags, text } = (body ?? {}) as Partial<ImageResult>;
  if (caption === undefined || !Array.isArray(tags) || !Array.isArray(text)) return undefined;
  return { caption, tags, text };
}

function render({ caption, tags, text }: ImageResult) {
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
