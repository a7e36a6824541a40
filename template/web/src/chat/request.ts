import { cutOff, Failure, fromProblem, notUnderstood, unreachable } from "../api/failure";
import { isUsage, type Message, type Usage } from "./conversation";
import { readEvents } from "./events";

export interface Outcome {
  usage?: Usage;
  finishReason: string;
}

/**
 * Sends the messages and calls `onText` with each piece of the answer.
 * Throws a Failure, or the signal's AbortError when it was stopped.
 */
export async function ask(
  apiBaseUrl: string,
  messages: Message[],
  onText: (text: string) => void,
  signal: AbortSignal,
): Promise<Outcome> {
  const body = await send(`${apiBaseUrl}/api/chat`, messages, signal);
  const events = readEvents(body);
  try {
    for await (const { event, data } of events) {
      if (event === "delta") onText(deltaText(read(data)));
      if (event === "done") return outcome(read(data));
      if (event === "error") throw streamFailure(data);
    }
  } catch (error) {
    if (error instanceof Failure || signal.aborted) throw error;
    throw cutOff();
  }
  throw cutOff();
}

async function send(
  url: string,
  messages: Message[],
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  let response: Response;
  try {
    response = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
      body: JSON.stringify({ messages }),
      signal,
    });
  } catch (error) {
    if (signal.aborted) throw error;
    throw unreachable();
  }
  if (!response.ok) {
    const problem = await response.text().catch(() => "");
    throw fromProblem(response.status, problem, response.headers.get("Retry-After"));
  }
  const type = response.headers.get("Content-Type") ?? "";
  if (!type.startsWith("text/event-stream") || !response.body) throw notUnderstood();
  return response.body;
}

function read(data: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(data);
    if (typeof value === "object" && value !== null) return { ...value };
  } catch {
    // Not JSON: the same message as for a value of the wrong kind.
  }
  throw notUnderstood();
}

function deltaText({ text }: Record<string, unknown>): string {
  if (typeof text !== "string") throw notUnderstood();
  return text;
}

function outcome({ usage, finish_reason }: Record<string, unknown>): Outcome {
  return {
    finishReason: typeof finish_reason === "string" ? finish_reason : "stop",
    ...(isUsage(usage) && { usage }),
  };
}

function streamFailure(data: string): Failure {
  const { status } = read(data);
  return fromProblem(typeof status === "number" ? status : 502, data, null);
}
