import { uploadPanel } from "../upload/upload";
import { type ImageResult, read, render } from "./result";
import "./vision.css";

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
