import { describe, expect, it, vi } from "vitest";
import { Failure } from "../api/failure";
import { ask } from "./request";

const usage = {
  input_tokens: 10,
  cached_input_tokens: 4,
  output_tokens: 3,
  reasoning_tokens: 0,
};
const delta = (text: string) => `event: delta\ndata: ${JSON.stringify({ text })}\n\n`;
const done = `event: done\ndata: ${JSON.stringify({ usage, model: "m", finish_reason: "stop" })}\n\n`;

function answerWith(body: BodyInit | null, init: ResponseInit = {}) {
  const headers = new Headers(init.headers);
  if (!headers.has("Content-Type")) headers.set("Content-Type", "text/event-stream");
  const respond = vi.fn<typeof fetch>(() =>
    Promise.resolve(new Response(body, { ...init, headers })),
  );
  vi.stubGlobal("fetch", respond);
  return respond;
}

async function run(signal = new AbortController().signal) {
  const texts: string[] = [];
  const outcome = await ask(
    "https://api.example",
    [{ role: "user", content: "Hi" }],
    (text) => texts.push(text),
    signal,
  );
  return { texts, outcome };
}

it("posts the messages and passes the pieces on", async () => {
  const respond = answerWith(delta("Hel") + delta("lo") + done);
  expect(await run()).toEqual({
    texts: ["Hel", "lo"],
    outcome: { finishReason: "stop", usage },
  });
  const [url, init] = respond.mock.calls[0] ?? [];
  expect(url).toBe("https://api.example/api/chat");
  expect(init).toMatchObject({
    method: "POST",
    body: '{"messages":[{"role":"user","content":"Hi"}]}',
  });
});

it("does without usage of another shape", async () => {
  answerWith('event: done\ndata: {"usage":{"input_tokens":"10"}}\n\n');
  expect((await run()).outcome).toEqual({ finishReason: "stop" });
});

describe("fails with a message", () => {
  const message = async () => {
    const error: unknown = await run().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Failure);
    return (error as Failure).message;
  };

  it("when the network is down", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")));
    expect(await message()).toContain("cannot be reached");
  });

  it("when the service answers with a problem", async () => {
    answerWith('{"status":429}', { status: 429, headers: { "Retry-After": "7" } });
    expect(await message()).toContain("in 7 seconds");
  });

  it("when the stream ends without an outcome", async () => {
    answerWith(delta("Hel"));
    expect(await message()).toContain("broke before");
  });

  it("when the stream ends in the middle of an event", async () => {
    answerWith(delta("Hel") + done.slice(0, -1));
    expect(await message()).toContain("broke before");
  });

  it("when the connection breaks", async () => {
    const stream = new ReadableStream({
      pull: (controller) => {
        controller.error(new TypeError("network error"));
      },
    });
    answerWith(stream);
    expect(await message()).toContain("broke before");
  });

  it("when an error event comes", async () => {
    answerWith(delta("Hel") + 'event: error\ndata: {"status":504}\n\n');
    expect(await message()).toContain("too long");
  });

  it("when a page of HTML comes", async () => {
    answerWith("<html></html>", { headers: { "Content-Type": "text/html" } });
    expect(await message()).toContain("not understand");
  });

  it.each([
    "event: delta\ndata: {\n\n",
    'event: delta\ndata: {"text":1}\n\n',
    "event: done\ndata: 1\n\n",
  ])("when an event has another shape: %j", async (body) => {
    answerWith(body);
    expect(await message()).toContain("not understand");
  });
});

it("passes an abort on as it is", async () => {
  const controller = new AbortController();
  const stream = new ReadableStream<Uint8Array>({
    start(stream) {
      stream.enqueue(new TextEncoder().encode(delta("Hel")));
      controller.signal.addEventListener("abort", () => {
        stream.error(controller.signal.reason);
      });
    },
  });
  answerWith(stream);
  window.setTimeout(() => {
    controller.abort();
  }, 5);
  await expect(run(controller.signal)).rejects.toMatchObject({ name: "AbortError" });
});

it("ignores events of unknown types", async () => {
  answerWith("event: ping\ndata: x\n\n" + delta("Hi") + done);
  expect((await run()).texts).toEqual(["Hi"]);
});
