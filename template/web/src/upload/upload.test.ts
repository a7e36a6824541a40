import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { uploadPanel } from "./upload";

let server: Server;
let respond: RequestListener;
let url: string;
const revoke = vi.fn();

// A real server: what the browser sends and how it fails are what matters here.
beforeEach(async () => {
  document.body.innerHTML = '<p id="status"></p>';
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  URL.createObjectURL = () => "blob:preview";
  URL.revokeObjectURL = revoke;
  server = createServer((request, response) => {
    response.setHeader("Access-Control-Allow-Origin", "*");
    const asked = request.headers["access-control-request-headers"] ?? "";
    response.setHeader("Access-Control-Allow-Headers", asked);
    response.setHeader("Access-Control-Expose-Headers", "Retry-After");
    if (request.method === "OPTIONS") response.end();
    else respond(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/analyze`;
  document.body.append(
    uploadPanel<string>({
      noun: "image",
      heading: "Image",
      promise: "You get words.",
      url,
      types: { "image/png": ["png"], "application/pdf": ["pdf"] },
      working: "Looking…",
      read: (body) => (typeof body === "string" ? body : undefined),
      render: (result) => {
        const section = document.createElement("section");
        section.textContent = result;
        return { sections: [section], summary: `Result: ${result}` };
      },
    }),
  );
});

afterEach(() => {
  document.body.replaceChildren();
  server.closeAllConnections();
  server.close();
});

const text = () => document.querySelector(".upload-output")?.textContent ?? "";
const alert = () => document.querySelector('[role="alert"]')?.textContent ?? "";
const png = (name = "a.png") => new File(["PNG data"], name, { type: "image/png" });
const give = (kind: "drop" | "paste", files: File[]) => {
  const event = new Event(kind, { bubbles: true, cancelable: true });
  const data = { files, types: ["Files"] };
  document.body.dispatchEvent(
    Object.assign(event, kind === "drop" ? { dataTransfer: data } : { clipboardData: data }),
  );
  return event;
};
const press = (name: string) => {
  for (const button of document.querySelectorAll("button")) {
    if (button.textContent === name) button.click();
  }
};

describe.each(["drop", "paste"] as const)("a %s", (kind) => {
  it("sends the file as it is, with its type, and shows the result", async () => {
    let received = "";
    respond = (request, response) => {
      expect(request.headers["content-type"]).toBe("image/png");
      request.on("data", (chunk) => (received += String(chunk)));
      request.on("end", () => response.end('"a cat"'));
    };
    give(kind, [png()]);
    expect(text()).toContain("Sending…");
    await vi.waitFor(() => {
      expect(text()).toContain("a cat");
    });
    expect(received).toBe("PNG data");
    expect(document.querySelector("img")?.getAttribute("src")).toBe("blob:preview");
    expect(document.querySelector("#status")?.textContent).toBe("Result: a cat");
  });
});

it("stops the browser from opening a dropped file", () => {
  respond = () => undefined;
  expect(give("drop", [png()]).defaultPrevented).toBe(true);
});

it("takes a chosen file, the same one again too", async () => {
  respond = (_request, response) => response.end('"a cat"');
  const input = document.querySelector<HTMLInputElement>('input[type="file"]');
  Object.defineProperty(input, "files", { value: [png()] });
  input?.dispatchEvent(new Event("change"));
  expect(input?.value).toBe("");
  await vi.waitFor(() => {
    expect(text()).toContain("a cat");
  });
});

it("does nothing on a hidden tab", () => {
  document.querySelector<HTMLElement>(".upload")?.toggleAttribute("hidden", true);
  give("paste", [png()]);
  expect(text()).toBe("");
});

describe("refuses before it sends anything", () => {
  let requests: () => void;
  beforeEach(() => {
    requests = vi.fn();
    respond = () => {
      requests();
    };
  });
  afterEach(() => {
    expect(requests).not.toHaveBeenCalled();
  });

  it("a wrong type", () => {
    give("drop", [new File(["x"], "a.txt", { type: "text/plain" })]);
    expect(alert()).toContain("“a.txt” is not a type");
  });

  it("several files", () => {
    give("drop", [png(), png()]);
    expect(alert()).toContain("Only one image");
  });
});

describe("explains", () => {
  it.each([
    [413, "larger than", false],
    [415, "type of file", false],
    [422, "refused", false],
    [429, "in 7 seconds", true],
    [502, "did not answer properly", true],
    [503, "not available", true],
    [504, "too long", true],
  ])("status %i", async (status, words, canRetry) => {
    respond = (_request, response) => {
      response.writeHead(status, { "Retry-After": "7" }).end("{}");
    };
    give("drop", [png()]);
    await vi.waitFor(() => {
      expect(alert()).toContain(words);
    });
    expect(text().includes("Try again")).toBe(canRetry);
  });

  it("a broken connection, and tries again", async () => {
    respond = (request) => request.socket.destroy();
    give("drop", [png()]);
    await vi.waitFor(() => {
      expect(alert()).toContain("cannot be reached");
    });
    respond = (_request, response) => response.end('"a cat"');
    press("Try again");
    await vi.waitFor(() => {
      expect(text()).toContain("a cat");
    });
    expect(alert()).toBe("");
  });

  it.each(["<html>", "{}"])("an answer of another shape: %s", async (body) => {
    respond = (_request, response) => response.end(body);
    give("drop", [png()]);
    await vi.waitFor(() => {
      expect(alert()).toContain("not understand");
    });
  });
});

it("can be cancelled", async () => {
  const closed = vi.fn();
  const arrived = new Promise<void>((resolve) => {
    respond = (request) => {
      request.on("close", closed);
      resolve();
    };
  });
  give("drop", [png()]);
  await arrived;
  press("Cancel");
  await vi.waitFor(() => {
    expect(closed).toHaveBeenCalled();
  });
  expect(text()).toBe("");
});

it("forgets the file before when another one comes", async () => {
  respond = (request, response) => {
    // The first request is never answered.
    if (request.headers["content-type"] === "application/pdf") response.end('"a page"');
  };
  give("drop", [png("first.png")]);
  give("drop", [new File(["x"], "second.pdf", { type: "application/pdf" })]);
  await vi.waitFor(() => {
    expect(text()).toContain("a page");
  });
  expect(text()).not.toContain("first.png");
  expect(revoke).toHaveBeenCalledWith("blob:preview");
});
