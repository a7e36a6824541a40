import { expect, it } from "vitest";
import { type ImageResult, read, render } from "./result";

const result: ImageResult = {
  caption: { text: "a <b>harbour</b>", confidence: 0.874 },
  tags: [{ name: "water<img src=x>", confidence: 0.981 }],
  text: ["FERRY", "07:30 <script>"],
};
const show = (value: ImageResult) => {
  const container = document.createElement("div");
  const { sections, summary } = render(value);
  container.append(...sections);
  return { container, summary };
};

it("shows the caption, the tags and the lines, each with what belongs to it", () => {
  const { container, summary } = show(result);
  expect(container.querySelector('[aria-label="Caption"]')?.textContent).toContain("87%");
  expect(container.querySelector('[aria-label="Tags"] li')?.textContent).toContain("98%");
  const lines = [...container.querySelectorAll('[aria-label="Text"] li')];
  expect(lines.map((line) => line.textContent)).toEqual(result.text);
  expect(summary).toBe("Result: a <b>harbour</b>");
});

it("shows everything as text", () => {
  const { container } = show(result);
  expect(container.querySelector("b, img, script")).toBeNull();
  expect(container.textContent).toContain("a <b>harbour</b>");
});

it("says what was not found", () => {
  const { container } = show({ caption: null, tags: [], text: [] });
  expect(container.textContent).toContain("No caption");
  expect(container.textContent).toContain("No text was found");
  expect(container.querySelector('[aria-label="Tags"]')).toBeNull();
});

it("takes the service's answer and nothing of another shape", () => {
  expect(read(result)).toEqual(result);
  for (const body of [null, "text", [], {}, { caption: null, tags: [] }, { ...result, tags: 1 }]) {
    expect(read(body)).toBeUndefined();
  }
});
