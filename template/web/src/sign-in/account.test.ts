import { expect, it, vi } from "vitest";
import { accountBar, signInPanel } from "./account";
import { openSession } from "./development";
import type { Session } from "./session";

const session = (changes: Partial<Session> = {}): Session => ({
  name: "Ada",
  signIn: vi.fn(() => Promise.resolve()),
  signOut: vi.fn(() => Promise.resolve()),
  token: () => Promise.resolve("token"),
  ...changes,
});

it("starts the sign-in, and says when it does not start", async () => {
  const signIn = vi.fn(() => Promise.reject(new Error("blocked")));
  const panel = signInPanel(session({ signIn }));
  const button = panel.querySelector("button");
  button?.click();
  expect(signIn).toHaveBeenCalledOnce();
  expect(button?.disabled).toBe(true);
  await vi.waitFor(() => {
    expect(panel.querySelector('[role="alert"]')?.textContent).toContain("could not start");
  });
  expect(button?.disabled).toBe(false);
});

it("shows who is signed in and signs out", () => {
  const signOut = vi.fn(() => Promise.resolve());
  const bar = accountBar(session({ signOut }));
  expect(bar.textContent).toContain("Ada");
  bar.querySelector("button")?.click();
  expect(signOut).toHaveBeenCalledOnce();
});

it("takes the token of the local run", async () => {
  vi.stubGlobal("fetch", (url: string) => Promise.resolve(new Response(`token of ${url}`)));
  expect(await (await openSession()).token()).toBe("token of /development-token");
  vi.stubGlobal("fetch", () => Promise.resolve(new Response("", { status: 502 })));
  await expect((await openSession()).token()).rejects.toThrow("cannot be reached");
});
