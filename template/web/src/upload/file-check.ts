/** Media types and the endings of their file names. */
export type FileTypes = Record<string, string[]>;

export const maxBytes = 20 * 1024 * 1024;

/** The file's media type, or in `problem` why it cannot be sent. */
export function checkFile(file: File, types: FileTypes): { type: string } | { problem: string } {
  const ending = /\.([^.]+)$/.exec(file.name.toLowerCase())?.[1] ?? "";
  // The browser leaves the type empty when the system does not know the ending.
  const type = Object.hasOwn(types, file.type)
    ? file.type
    : Object.keys(types).find((known) => types[known]?.includes(ending));
  if (type === undefined) {
    return { problem: `“${file.name}” is not a type that can be read. Choose ${names(types)}.` };
  }
  if (file.size === 0) return { problem: `“${file.name}” is empty.` };
  if (file.size > maxBytes) {
    return {
      problem: `“${file.name}” has ${readableSize(file.size)}. The limit is ${readableSize(maxBytes)}.`,
    };
  }
  return { type };
}

/** "PNG, JPEG or GIF": the first ending of each type. */
export function names(types: FileTypes): string {
  const all = Object.values(types).map(([ending = ""]) => ending.toUpperCase());
  return new Intl.ListFormat("en-GB", { type: "disjunction" }).format(all);
}

export function readableSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  const [value, unit] =
    bytes < 1024 ** 2 ? [bytes / 1024, "KiB"] : ([bytes / 1024 ** 2, "MiB"] as const);
  // Rounded up: a file a byte over the limit must not read as the limit.
  return `${Math.ceil(value * 10) / 10} ${unit}`;
}
