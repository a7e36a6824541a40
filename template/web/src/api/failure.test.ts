import { describe, expect, it, vi } from "vitest";
import { duration, fromProblem } from "./failure";

const problem = (fields: object) => JSON.stringify({ type: "about:blank", ...fields });

describe("fromProblem", () => {
  it.each([
    [400, "refused", false],
    [401, "may not use", false],
    [403, "may not use", false],
    [404, "unexpected status (404)", false],
    [413, "larger than", false],
    [415, "type of file", false],
    [422, "refused", false],
    [429, "Too many requests", true],
    [500, "internal error", true],
    [502, "did not answer properly", true],
    [503, "not available", true],
    [504, "too long", true],
  ])("says what status %i means", (status, words, canRetry) => {
    const failure = fromProblem(status, problem({ status }), null);
    expect(failure.message).toContain(words);
    expect(failure.canRetry).toBe(canRetry);
  });

  it("takes the wait from Retry-After in seconds", () => {
    const failure = fromProblem(429, problem({}), "12");
    expect(failure.waitSeconds).toBe(12);
    expect(failure.message).toContain("in 12 seconds");
  });

  it("takes the wait from Retry-After as a date", () => {
    vi.spyOn(Date, "now").mockReturnValue(Date.parse("2026-01-01T00:00:00Z"));
    expect(fromProblem(429, "", "Thu, 01 Jan 2026 00:00:30 GMT").waitSeconds).toBe(30);
    expect(fromProblem(429, "", "Wed, 31 Dec 2025 00:00:00 GMT").waitSeconds).toBe(0);
  });

  it.each([null, "", "soon", "-5"])("does without a usable Retry-After: %j", (header) => {
    const failure = fromProblem(429, problem({}), header);
    expect(failure.waitSeconds).toBe(0);
    expect(failure.message).toContain("Wait a little");
  });

  it("shows the detail of a refusal and the correlation id", () => {
    const body = problem({ detail: "Too many messages.", correlation_id: "abcd1234" });
    expect(fromProblem(422, body, null)).toMatchObject({
      detail: "Too many messages.",
      reference: "abcd1234",
    });
  });

  it("prefers the first validation error to the detail", () => {
    const errors = [{ pointer: "/messages", detail: "At most 50." }, { detail: "Second." }];
    const body = problem({ detail: "The request is not valid.", errors });
    expect(fromProblem(422, body, null).detail).toBe("At most 50.");
  });

  it("keeps the inner words of a server error to itself", () => {
    expect(fromProblem(502, problem({ detail: "upstream said no" }), null).detail).toBe("");
  });

  it.each(["<html>Bad gateway</html>", "", "null", "[1]", '{"detail": 5, "errors": [null]}'])(
    "does without a problem in the body: %j",
    (body) => {
      expect(fromProblem(502, body, null).message).toContain("did not answer properly");
      expect(fromProblem(422, body, null).detail).toBe("");
    },
  );
});

it("puts durations in words", () => {
  expect([1, 2, 89, 90, 121].map(duration)).toEqual([
    "1 second",
    "2 seconds",
    "89 seconds",
    "2 minutes",
    "3 minutes",
  ]);
});
