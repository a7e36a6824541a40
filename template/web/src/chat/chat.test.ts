import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { chat } from "./chat";
import { limits } from "./conversation";

const delta = (text: string) => `event: delta\ndata: ${JSON.stringify({ text })}\n\n`;
const done = (reason = "stop") =>
  `event: done\ndata: ${JSON.stringify({
    usage: {
      input_tokens: 1200,
      cached_input_tokens: 1000,
      output_tokens: 30,
      reasoning_tokens: 0,
    },
    finish_reason: reason,
  })}\n\n`;

/** A gateway whose answers the test writes piece by piece. */
function gateway() {
  const encoder = new TextEncoder();
  const requests: { messages: unknown[]; signal: AbortSignal | null | undefined }[] = [];
  const streams: ReadableStreamDefaultController<Uint8Array>[] = [];
  vi.stubGlobal("fetch", (_url: string, init: RequestInit) => {
    const { messages } = JSON.parse(init.body as string) as { messages: unknown[] };
    requests.push({ messages, signal: init.signal });
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        streams.push(controller);
        init.signal?.addEventListener("abort", () => {
          controller.error(init.signal?.reason);
        });
      },
    });
    return Promise.resolve(
      new Response(body, { headers: { "Content-Type": "text/event-stream" } }),
    );
  });
  return {
    requests,
    write: (text: string) => {
      streams.at(-1)?.enqueue(encoder.encode(text));
    },
    end: () => {
      streams.at(-1)?.close();
    },
  };
}

const find = (selector: string): HTMLElement => {
  const found = document.querySelector<HTMLElement>(selector);
  if (!found) throw new Error(`No ${selector}`);
  return found;
};
const input = () => find("#message") as HTMLTextAreaElement;
const button = (name: string) => {
  const found = [...document.querySelectorAll("button")].find(
    (candidate) => (candidate.getAttribute("aria-label") ?? candidate.textContent) === name,
  );
  if (!found) throw new Error(`No button ${name}`);
  return found;
};
const articles = (name: string) => [...document.querySelectorAll(`article[aria-label="${name}"]`)];
const status = () => find("#status").textContent;
const type = (text: string) => {
  input().focus();
  input().value = text;
  input().dispatchEvent(new Event("input"));
};
const press = (key: string, options: KeyboardEventInit = {}) =>
  input().dispatchEvent(
    new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...options }),
  );
/** Lets a request go out, which it does a moment after the question. */
const sent = () => new Promise((resolve) => setTimeout(resolve));
const ask = async (text: string) => {
  type(text);
  press("Enter");
  await sent();
};

beforeEach(() => {
  sessionStorage.clear();
  document.body.innerHTML = '<p id="status"></p>';
  document.body.append(chat("https://api.example"));
});

afterEach(() => {
  document.body.replaceChildren();
});

it("shows the answer as it arrives, then its usage", async () => {
  const { write } = gateway();
  await ask("Hello?");
  expect(articles("You")[0]?.textContent).toBe("Hello?");
  expect(articles("Assistant")[0]?.textContent).toContain("Thinking");
  write(delta("Good "));
  await vi.waitFor(() => {
    expect(find(".answer-body").textContent).toBe("Good ");
  });
  write(delta("**day**") + done());
  await vi.waitFor(() => {
    expect(find('[aria-label="Token usage"]').textContent).toBe(
      "1,200 tokens in (1,000 cached) · 30 out",
    );
  });
  expect(find(".answer-body").innerHTML).toBe("<p>Good <strong>day</strong></p>");
  expect(status()).toContain("Answer: Good day");
});

it("sends the conversation so far with the next question", async () => {
  const { requests, write } = gateway();
  await ask("One?");
  write(delta("1") + done());
  await vi.waitFor(() => {
    expect(button("Send").hidden).toBe(false);
  });
  await ask("Two?");
  expect(requests[1]?.messages).toEqual([
    { role: "user", content: "One?" },
    { role: "assistant", content: "1" },
    { role: "user", content: "Two?" },
  ]);
});

describe("stopping", () => {
  it.each([
    [
      "the button",
      () => {
        button("Stop").click();
      },
    ],
    [
      "Escape",
      () => {
        press("Escape");
      },
    ],
  ])("with %s keeps what has arrived", async (_name, stop) => {
    const { requests, write } = gateway();
    await ask("Hello?");
    write(delta("Half an ans"));
    await vi.waitFor(() => {
      expect(find(".answer-body").textContent).toBe("Half an ans");
    });
    stop();
    await vi.waitFor(() => {
      expect(articles("Assistant")[0]?.textContent).toContain("You stopped this answer.");
    });
    expect(requests[0]?.signal?.aborted).toBe(true);
    expect(find(".answer-body").textContent).toBe("Half an ans");
    expect(document.querySelector('[role="alert"]')).toBeNull();
    expect(button("Send").hidden).toBe(false);
  });
});

it("sends one message at a time", async () => {
  const { requests } = gateway();
  await ask("One?");
  await ask("Two?");
  expect(requests).toHaveLength(1);
  expect(input().value).toBe("Two?");
});

it("explains a failure and tries again in the same place", async () => {
  const { requests, write, end } = gateway();
  await ask("Hello?");
  write(delta("Half"));
  end();
  await vi.waitFor(() => {
    expect(find('[role="alert"]').textContent).toContain("broke before");
  });
  button("Try again").focus();
  button("Try again").click();
  await sent();
  expect(articles("You")).toHaveLength(1);
  expect(document.activeElement).toBe(button("Stop"));
  expect(requests[1]?.messages).toEqual([{ role: "user", content: "Hello?" }]);
  write(delta("Whole") + done());
  await vi.waitFor(() => {
    expect(find(".answer-body").textContent).toBe("Whole");
  });
});

it.each([
  ["length", "length limit"],
  ["content_filter", "content filter"],
])("says why an answer ended: %s", async (reason, words) => {
  const { write } = gateway();
  await ask("Hello?");
  write(delta("Some") + done(reason));
  await vi.waitFor(() => {
    expect(articles("Assistant")[0]?.textContent).toContain(words);
  });
});

describe("the composer", () => {
  it("starts a new line with Shift + Enter and leaves Enter to an input method", () => {
    const { requests } = gateway();
    type("Hello");
    press("Enter", { shiftKey: true });
    press("Enter", { isComposing: true });
    expect(requests).toHaveLength(0);
  });

  it("sends nothing for blanks", async () => {
    const { requests } = gateway();
    await ask("  \n ");
    expect(requests).toHaveLength(0);
  });

  it("refuses a message that is too long, and says by how much", async () => {
    const { requests } = gateway();
    await ask("x".repeat(limits.characters + 3));
    expect(requests).toHaveLength(0);
    expect(find("#message-hint").textContent).toContain("3 characters too long");
    expect(input().getAttribute("aria-invalid")).toBe("true");
    type("short");
    expect(input().getAttribute("aria-invalid")).toBe("false");
  });
});

it("starts with an example", async () => {
  const { requests } = gateway();
  const example = find(".example");
  example.focus();
  example.click();
  await sent();
  expect(requests[0]?.messages).toEqual([{ role: "user", content: example.textContent }]);
  expect(find(".welcome").hidden).toBe(true);
  expect(document.activeElement).toBe(button("Stop"));
});

it("keeps the conversation when the page is loaded again, until a new chat", async () => {
  const { write } = gateway();
  await ask("Hello?");
  write(delta("Hi") + done());
  await vi.waitFor(() => {
    expect(button("New chat").hidden).toBe(false);
  });
  document.querySelector(".chat")?.replaceWith(chat("https://api.example"));
  expect(articles("You")[0]?.textContent).toBe("Hello?");
  expect(find(".answer-body").textContent).toBe("Hi");
  button("New chat").click();
  expect(articles("You")).toHaveLength(0);
  document.querySelector(".chat")?.replaceWith(chat("https://api.example"));
  expect(articles("You")).toHaveLength(0);
});
