import { describe, expect, it, vi } from "vitest";
import { eventParser, readEvents, type ServerSentEvent } from "./events";

const parts = [
  ": a comment",
  "event: delta",
  'data: {"text":"Grüße 👋 "}',
  "",
  "event:delta",
  "data: one",
  "data:two",
  "data",
  "id: 7",
  "retry: 10",
  "unknown: field",
  "",
  "data: without a type",
  "",
  "event: lost, for it has no data",
  "",
  "data:  keeps one space: and colons",
  "",
  "data: incomplete",
];

const expected: ServerSentEvent[] = [
  { event: "delta", data: '{"text":"Grüße 👋 "}' },
  { event: "delta", data: "one\ntwo\n" },
  { event: "message", data: "without a type" },
  { event: "message", data: " keeps one space: and colons" },
];

function streamOf(bytes: Uint8Array, cuts: number[]): ReadableStream<Uint8Array> {
  const ends = [...cuts, bytes.length];
  return new ReadableStream({
    start(controller) {
      ends.forEach((end, index) => {
        controller.enqueue(bytes.slice(ends[index - 1] ?? 0, end));
      });
      controller.close();
    },
  });
}

async function collect(stream: ReadableStream<Uint8Array>): Promise<ServerSentEvent[]> {
  const events: ServerSentEvent[] = [];
  for await (const event of readEvents(stream)) events.push(event);
  return events;
}

describe.each([
  ["LF", "\n"],
  ["CRLF", "\r\n"],
  ["CR", "\r"],
])("a stream with %s", (_name, lineEnd) => {
  const bytes = new TextEncoder().encode(parts.join(lineEnd));

  it("gives the same events wherever it is cut in two", async () => {
    for (let cut = 0; cut <= bytes.length; cut++) {
      expect(await collect(streamOf(bytes, [cut])), `cut at ${cut}`).toEqual(expected);
    }
  });

  it("gives the same events when every byte comes alone", async () => {
    const cuts = [...bytes.keys()];
    expect(await collect(streamOf(bytes, cuts))).toEqual(expected);
  });

  it("gives the same events for random cuts", async () => {
    let seed = 1;
    const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
    for (let round = 0; round < 200; round++) {
      const cuts = Array.from({ length: 8 }, () => Math.floor(random() * bytes.length));
      cuts.sort((a, b) => a - b);
      expect(await collect(streamOf(bytes, cuts)), cuts.join()).toEqual(expected);
    }
  });
});

it("gives an event as soon as its blank line is there", () => {
  const parse = eventParser();
  expect(parse("data: a\r")).toEqual([]);
  expect(parse("\n\r")).toEqual([{ event: "message", data: "a" }]);
  expect(parse("\ndata: b\n")).toEqual([]);
  expect(parse("\n")).toEqual([{ event: "message", data: "b" }]);
});

it("skips a byte order mark", async () => {
  const bytes = new TextEncoder().encode("\uFEFFdata: a\n\n");
  expect(await collect(streamOf(bytes, [1]))).toEqual([{ event: "message", data: "a" }]);
});

it("closes the connection when the reader leaves early", async () => {
  const cancel = vi.fn();
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => {
      controller.enqueue(new TextEncoder().encode("data: a\n\ndata: b\n\n"));
    },
    cancel,
  });
  const events = readEvents(stream);
  await events.next();
  await events.return();
  expect(cancel).toHaveBeenCalledOnce();
});
