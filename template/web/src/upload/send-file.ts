import { fromProblem, notUnderstood, unreachable } from "../api/failure";

/**
 * Posts a file and returns the JSON that answers it. `onProgress` is called with the share that is
 * sent, from 0 to 1. Throws a Failure, or the signal's reason when it was cancelled.
 *
 * XMLHttpRequest, because fetch does not report the progress of an upload.
 */
export function sendFile(
  url: string,
  file: File,
  type: string,
  onProgress: (share: number) => void,
  signal: AbortSignal,
): Promise<unknown> {
  return new Promise((resolve, reject: (reason: Error) => void) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.setRequestHeader("Content-Type", type);
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      if (total > 0) onProgress(loaded / total);
    });
    request.addEventListener("load", () => {
      if (request.status < 200 || request.status > 299) {
        const retryAfter = request.getResponseHeader("Retry-After");
        reject(fromProblem(request.status, request.responseText, retryAfter));
        return;
      }
      try {
        resolve(JSON.parse(request.responseText));
      } catch {
        reject(notUnderstood());
      }
    });
    request.addEventListener("error", () => {
      reject(unreachable());
    });
    request.addEventListener("abort", () => {
      reject(signal.reason as Error);
    });
    signal.addEventListener("abort", () => {
      request.abort();
    });
    request.send(file);
  });
}
