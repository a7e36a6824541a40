export interface ServerSentEvent {
  event: string;
  data: string;
}

/** Reads server-sent events as they arrive; an event the stream ends in the middle of is dropped. */
export async function* readEvents(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<ServerSentEvent, void, undefined> {
  const parse = eventParser();
  const decoder = new TextDecoder();
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield* parse(decoder.decode(value, { stream: true }));
    }
  } finally {
    // Also reached when the consumer leaves early: the connection must not stay open.
    void reader.cancel().catch(() => undefined);
  }
}

/** Returns a function that takes the next piece of the stream and returns the events it completes. */
export function eventParser(): (piece: string) => ServerSentEvent[] {
  let rest = "";
  let skipLineFeed = false;
  let event = "";
  let data: string[] = [];

  const readLine = (line: string): ServerSentEvent | undefined => {
    if (line === "") {
      const complete = { event: event || "message", data: data.join("\n") };
      const hasData = data.length > 0;
      event = "";
      data = [];
      return hasData ? complete : undefined;
    }
    const colon = line.indexOf(":");
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") event = value;
    else if (field === "data") data.push(value);
    return undefined;
  };

  return (piece) => {
    // A piece may end between the two characters of CRLF.
    let text = skipLineFeed && piece.startsWith("\n") ? piece.slice(1) : piece;
    if (piece !== "") skipLineFeed = piece.endsWith("\r");
    text = rest + text;
    const lines = text.split(/\r\n|\r|\n/);
    rest = lines.pop() ?? "";
    return lines.map(readLine).filter((complete) => complete !== undefined);
  };
}
