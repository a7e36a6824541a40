import { beforeEach, describe, expect, it } from "vitest";
import { limits, loadTurns, messagesFor, saveTurns, type Turn } from "./conversation";

const turns = (count: number): Turn[] =>
  Array.from({ length: count }, (_, index) => ({ question: `q${index}`, answer: `a${index}` }));

describe("messagesFor", () => {
  it("sends the conversation so far and the question", () => {
    expect(messagesFor(turns(1), "next")).toEqual([
      { role: "user", content: "q0" },
      { role: "assistant", content: "a0" },
      { role: "user", content: "next" },
    ]);
  });

  it("keeps the latest turns within the number of messages", () => {
    const messages = messagesFor(turns(60), "next");
    expect(messages).toHaveLength(limits.messages - 1);
    expect(messages[0]).toEqual({ role: "user", content: "q36" });
    expect(messages.at(-1)).toEqual({ role: "user", content: "next" });
  });

  it("keeps the latest turns within the number of characters", () => {
    const long = { question: "q", answer: "x".repeat(limits.characters) };
    const messages = messagesFor(Array<Turn>(20).fill(long), "x".repeat(limits.characters));
    const sum = messages.reduce((total, { content }) => total + content.length, 0);
    expect(sum).toBeLessThanOrEqual(limits.totalCharacters);
    expect(messages).toHaveLength(2 * 5 + 1);
  });

  it("leaves out turns without an answer: they failed", () => {
    expect(messagesFor([{ question: "q", answer: " \n" }], "next")).toHaveLength(1);
  });

  it("cuts a long answer to what the service takes, never inside a character", () => {
    const answer = "x".repeat(limits.characters - 1) + "👋";
    const content = messagesFor([{ question: "q", answer }], "next")[1]?.content;
    expect(content).toBe("x".repeat(limits.characters - 1));
  });
});

describe("storage", () => {
  beforeEach(() => {
    sessionStorage.clear();
  });

  it("gives back what was saved", () => {
    const saved = [{ ...turns(1)[0], note: "Stopped." }] as Turn[];
    saveTurns(saved);
    expect(loadTurns()).toEqual(saved);
  });

  it.each(["{", "5", '[{"question":1}]', '[{"question":"q","answer":"a","usage":{}}]'])(
    "starts anew from what it does not know: %s",
    (stored) => {
      sessionStorage.setItem("conversation", stored);
      expect(loadTurns()).toEqual([]);
    },
  );
});
