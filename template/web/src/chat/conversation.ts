export interface Message {
  role: "user" | "assistant";
  content: string;
}

export interface Usage {
  input_tokens: number;
  cached_input_tokens: number;
  output_tokens: number;
  reasoning_tokens: number;
}

/** A question and what was answered to it; `note` says why the answer ended early. */
export interface Turn {
  question: string;
  answer: string;
  note?: string;
  usage?: Usage;
}

/** The limits of `POST /api/chat`. */
export const limits = { messages: 50, characters: 16_000, totalCharacters: 100_000 };

/** The messages to send: the question and as many of the latest answered turns as fit. */
export function messagesFor(turns: Turn[], question: string): Message[] {
  const earlier = turns
    .filter((turn) => turn.answer.trim() !== "")
    .flatMap((turn): Message[] => [
      { role: "user", content: turn.question },
      { role: "assistant", content: clip(turn.answer) },
    ]);
  // An even number is kept, so that the first message is a question.
  let kept = earlier.slice(-2 * Math.floor((limits.messages - 1) / 2));
  const characters = () => kept.reduce((sum, { content }) => sum + content.length, question.length);
  while (characters() > limits.totalCharacters) kept = kept.slice(2);
  return [...kept, { role: "user", content: question }];
}

/** Cuts a long answer without cutting a surrogate pair in two. */
function clip(text: string): string {
  return text.slice(0, limits.characters).replace(/[\uD800-\uDBFF]$/, "");
}

const key = "conversation";

/** Keeps the conversation until the browser tab is closed. */
export function saveTurns(turns: Turn[]): void {
  try {
    sessionStorage.setItem(key, JSON.stringify(turns));
  } catch {
    // Storage is blocked or full: the conversation is lost when the page is left.
  }
}

export function loadTurns(): Turn[] {
  try {
    const turns: unknown = JSON.parse(sessionStorage.getItem(key) ?? "[]");
    return Array.isArray(turns) && turns.every(isTurn) ? turns : [];
  } catch {
    return [];
  }
}

function isTurn(value: unknown): value is Turn {
  if (typeof value !== "object" || value === null) return false;
  const { question, answer, note, usage } = value as Record<string, unknown>;
  return (
    typeof question === "string" &&
    typeof answer === "string" &&
    (note === undefined || typeof note === "string") &&
    (usage === undefined || isUsage(usage))
  );
}

export function isUsage(value: unknown): value is Usage {
  if (typeof value !== "object" || value === null) return false;
  const counts = value as Record<string, unknown>;
  return ["input_tokens", "cached_input_tokens", "output_tokens", "reasoning_tokens"].every(
    (name) => typeof counts[name] === "number",
  );
}
