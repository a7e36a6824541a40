import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Failure } from "./failure";
import { failureBox } from "./failure-box";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const button = (box: HTMLElement) => box.querySelector("button");

it("counts down before it lets the user try again", () => {
  const retry = vi.fn();
  const box = failureBox(new Failure("Busy.", { waitSeconds: 3 }), retry);
  document.body.append(box);
  expect(button(box)?.disabled).toBe(true);
  expect(button(box)?.textContent).toBe("Try again in 3 seconds");
  vi.advanceTimersByTime(2000);
  expect(button(box)?.textContent).toBe("Try again in 1 second");
  button(box)?.click();
  expect(retry).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1250);
  expect(button(box)?.textContent).toBe("Try again");
  button(box)?.click();
  expect(retry).toHaveBeenCalledOnce();
});

it("stops counting once it is off the page", () => {
  const box = failureBox(new Failure("Busy.", { waitSeconds: 3 }), vi.fn());
  document.body.append(box);
  vi.advanceTimersByTime(500);
  box.remove();
  vi.advanceTimersByTime(250);
  expect(vi.getTimerCount()).toBe(0);
});

it("keeps the countdown out of the alert, which is read out on every change", () => {
  const box = failureBox(new Failure("Busy.", { waitSeconds: 3 }), vi.fn());
  expect(box.querySelector('[role="alert"]')?.contains(button(box))).toBe(false);
});

it("has no button where trying again cannot help", () => {
  expect(button(failureBox(new Failure("Refused.", { canRetry: false }), vi.fn()))).toBeNull();
});

it("shows what the service said as text", () => {
  const box = failureBox(new Failure("No.", { detail: "<img src=x>", reference: "r-1" }), vi.fn());
  expect(box.textContent).toContain("<img src=x>");
  expect(box.textContent).toContain("Reference: r-1");
  expect(box.querySelector("img")).toBeNull();
});
