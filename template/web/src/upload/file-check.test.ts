import { expect, it } from "vitest";
import { checkFile, maxBytes, names, readableSize } from "./file-check";

const types = { "image/png": ["png"], "image/jpeg": ["jpeg", "jpg"], "image/tiff": ["tiff"] };
const fileOf = (name: string, size: number, type = "") => {
  const file = new File(["x"], name, { type });
  Object.defineProperty(file, "size", { value: size });
  return file;
};

it.each([
  ["a.png", "image/png", "image/png"],
  ["wrong-name.txt", "image/png", "image/png"],
  ["PHOTO.JPG", "", "image/jpeg"],
  ["scan.old.tiff", "application/octet-stream", "image/tiff"],
])("takes %s with the type %j as %s", (name, type, expected) => {
  expect(checkFile(fileOf(name, 1, type), types)).toEqual({ type: expected });
});

it.each([
  ["a.svg", "image/svg+xml"],
  ["png", ""],
  ["constructor", "constructor"],
  ["a.exe", ""],
])("refuses %s with the type %j and names what it takes", (name, type) => {
  expect(checkFile(fileOf(name, 1, type), types)).toEqual({
    problem: `“${name}” is not a type that can be read. Choose PNG, JPEG or TIFF.`,
  });
});

it("takes exactly 20 MiB and not a byte more", () => {
  expect(checkFile(fileOf("a.png", maxBytes), types)).toEqual({ type: "image/png" });
  expect(checkFile(fileOf("a.png", maxBytes + 1), types)).toEqual({
    problem: "“a.png” has 20.1 MiB. The limit is 20 MiB.",
  });
});

it("refuses an empty file", () => {
  expect(checkFile(fileOf("a.png", 0), types)).toEqual({ problem: "“a.png” is empty." });
});

it("writes sizes and types for people", () => {
  expect([512, 1024, 1536, maxBytes].map(readableSize)).toEqual([
    "512 bytes",
    "1 KiB",
    "1.5 KiB",
    "20 MiB",
  ]);
  expect(names(types)).toBe("PNG, JPEG or TIFF");
});
