import { uploadPanel } from "../upload/upload";
import { type DocumentResult, read, render } from "./result";
import "./text.css";

/** The document panel: text, tables and key-value pairs. */
export function text(apiBaseUrl: string): HTMLElement {
  const office = "application/vnd.openxmlformats-officedocument";
  return uploadPanel<DocumentResult>({
    noun: "document",
    heading: "Document",
    promise: "You get the text, the tables and the key-value pairs of the document.",
    url: `${apiBaseUrl}/api/text/extract`,
    types: {
      "application/pdf": ["pdf"],
      "image/png": ["png"],
      "image/jpeg": ["jpeg", "jpg"],
      "image/tiff": ["tiff", "tif"],
      "image/bmp": ["bmp"],
      [`${office}.wordprocessingml.document`]: ["docx"],
      [`${office}.spreadsheetml.sheet`]: ["xlsx"],
      [`${office}.presentationml.presentation`]: ["pptx"],
    },
    working: "Reading the document…",
    read,
    render,
  });
}
