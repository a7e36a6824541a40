import { Failure } from "../api/failure";
import { failureBox } from "../api/failure-box";
import { copyButton } from "../page/copy";
import { announce, create, icon, isShown } from "../page/dom";
import "./chat.css";
import { limits, loadTurns, messagesFor, saveTurns, type Turn, type Usage } from "./conversation";
import { markdownView } from "./markdown";
import { ask } from "./request";

const examples = [
  "Explain vector embeddings to a new colleague",
  "Draft a friendly reminder about an overdue invoice",
  "Plan a two-day team workshop on a small budget",
  "Write a regular expression for ISO dates and explain it",
];

const notes: Record<string, string> = {
  length: "The answer reached its length limit.",
  content_filter: "The content filter ended this answer.",
};

/** The chat panel: a conversation with a composer below it. */
export function chat(apiBaseUrl: string): HTMLElement {
  let turns = loadTurns();
  let running: AbortController | undefined;

  const log = create("div", {
    class: "conversation",
    role: "log",
    "aria-label": "Conversation",
    // Finished answers are announced as a whole; single words would be noise.
    "aria-live": "off",
  });
  const input = create("textarea", {
    id: "message",
    rows: "1",
    placeholder: "Write a message",
    enterkeyhint: "send",
    "aria-describedby": "message-hint",
  });
  const send = create(
    "button",
    { type: "submit", class: "button-round", "aria-label": "Send" },
    icon("M12 19V5M6 11l6-6 6 6"),
  );
  const stop = create(
    "button",
    { type: "button", class: "button-round button-stop", "aria-label": "Stop", hidden: true },
    icon("M7 7h10v10H7z"),
  );
  const restart = create(
    "button",
    { type: "button", class: "button button-quiet button-small", hidden: true },
    "New chat",
  );
  const keys = create(
    "span",
    { class: "composer-keys" },
    "Enter sends, Shift + Enter starts a new line.",
  );
  const hint = create("p", { id: "message-hint", class: "composer-hint" });
  const form = create(
    "form",
    { class: "composer", novalidate: true },
    create(
      "div",
      { class: "composer-box" },
      create("label", { for: "message", class: "visually-hidden" }, "Message"),
      input,
      send,
      stop,
    ),
    create("div", { class: "composer-foot" }, hint, restart),
  );
  const welcome = emptyState((example) => void submit(example));
  const panel = create(
    "section",
    { class: "chat" },
    create("h2", { class: "visually-hidden" }, "Chat"),
    welcome,
    log,
    form,
  );

  /** Keeps the newest text in view, unless the reader has scrolled up. */
  const following = (change: () => void) => {
    const page = document.documentElement;
    const atEnd = page.scrollHeight - page.clientHeight - page.scrollTop < 80;
    change();
    if (atEnd && isShown(panel)) page.scrollTop = page.scrollHeight;
  };

  const draw = () => {
    const busy = running !== undefined;
    const stopHadFocus = document.activeElement === stop;
    send.hidden = busy;
    stop.hidden = !busy;
    if (!busy && stopHadFocus) send.focus();
    welcome.hidden = log.childElementCount > 0;
    restart.hidden = log.childElementCount === 0 || busy;
    check();
  };

  /** Says what is wrong with the text as it stands; returns whether it can be sent. */
  const check = (): boolean => {
    const excess = input.value.trim().length - limits.characters;
    input.setAttribute("aria-invalid", String(excess > 0));
    hint.classList.toggle("composer-hint-error", excess > 0);
    hint.replaceChildren(
      ...(excess > 0
        ? [`${excess.toLocaleString("en")} characters too long: shorten the message to send it.`]
        : ["Answers can be wrong. ", keys]),
    );
    // The height follows the text, once the panel is shown and has a layout.
    input.style.height = "auto";
    if (input.scrollHeight > 0) input.style.height = `${input.scrollHeight}px`;
    return excess <= 0 && input.value.trim() !== "";
  };

  async function submit(question: string): Promise<void> {
    if (running) return;
    const controller = new AbortController();
    running = controller;
    const turn: Turn = { question, answer: "" };
    const messages = messagesFor(turns, question);
    const view = turnView(turn);
    // The example, Send or Try again that was pressed is about to go.
    const writing = document.activeElement === input;
    log.append(...view.elements);
    draw();
    if (!writing) stop.focus();
    document.documentElement.scrollTop = document.documentElement.scrollHeight;
    view.wait();
    announce("Waiting for the answer.");

    let frame = 0;
    const show = () => {
      frame = 0;
      following(() => {
        view.show(turn.answer);
      });
    };
    try {
      const { usage, finishReason } = await ask(
        apiBaseUrl,
        messages,
        (text) => {
          turn.answer += text;
          frame ||= requestAnimationFrame(show);
        },
        controller.signal,
      );
      if (usage) turn.usage = usage;
      const note = notes[finishReason];
      if (note) turn.note = note;
      finish();
      announce(`Answer: ${view.text()} ${turn.note ?? ""}`);
    } catch (error) {
      if (controller.signal.aborted) {
        turn.note = "You stopped this answer.";
        finish();
        announce("Stopped.");
      } else {
        turn.note = "This answer is not complete.";
        finish(error instanceof Failure ? error : new Failure("Something went wrong. Try again."));
      }
    }

    function finish(failure?: Failure): void {
      cancelAnimationFrame(frame);
      running = undefined;
      turns = [...turns, turn];
      saveTurns(turns.filter(({ answer }) => answer !== ""));
      following(() => {
        view.finish(turn, failure, () => {
          if (running) return;
          turns = turns.filter((other) => other !== turn);
          for (const element of view.elements) element.remove();
          void submit(question);
        });
        draw();
      });
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (running || !check()) return;
    const question = input.value.trim();
    input.value = "";
    void submit(question);
  });
  input.addEventListener("input", check);
  input.addEventListener("keydown", (event) => {
    // While an input method composes a word, Enter belongs to it.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  panel.addEventListener("keydown", (event) => {
    if (event.key === "Escape") running?.abort();
  });
  stop.addEventListener("click", () => running?.abort());
  restart.addEventListener("click", () => {
    turns = [];
    saveTurns(turns);
    log.replaceChildren();
    draw();
    input.focus();
    announce("New chat.");
  });

  for (const turn of turns) {
    const view = turnView(turn);
    view.finish(turn);
    log.append(...view.elements);
  }
  draw();
  return panel;
}

function emptyState(choose: (example: string) => void): HTMLElement {
  const list = create("ul", { class: "examples" });
  for (const example of examples) {
    const button = create("button", { type: "button", class: "example" }, example);
    button.addEventListener("click", () => {
      choose(example);
    });
    list.append(create("li", {}, button));
  }
  return create(
    "div",
    { class: "welcome" },
    create("p", { class: "welcome-title" }, "What would you like to know?"),
    create("p", { class: "welcome-text" }, "Write a message below, or start with one of these."),
    list,
  );
}

/** The question and the answer of a turn on the page. */
function turnView(turn: Turn) {
  const body = create("div", { class: "answer-body" });
  const foot = create("div", { class: "answer-foot" });
  const question = create(
    "article",
    { class: "question", "aria-label": "You" },
    create("p", {}, turn.question),
  );
  const answer = create("article", { class: "answer", "aria-label": "Assistant" }, body, foot);
  const showText = markdownView(body);
  let slow = 0;

  const show = (text: string) => {
    if (text === "") return;
    window.clearTimeout(slow);
    foot.replaceChildren();
    answer.classList.add("answer-streaming");
    showText(text);
  };
  return {
    elements: [question, answer],
    text: () => body.textContent,
    wait() {
      const label = create("span", {}, "Thinking");
      const dots = create("span", { class: "dots", "aria-hidden": "true" });
      dots.append(create("i"), create("i"), create("i"));
      foot.replaceChildren(create("p", { class: "waiting" }, label, dots));
      slow = window.setTimeout(() => {
        label.textContent = "Still waiting: after a pause the service needs a moment to start";
      }, 8000);
    },
    show,
    finish(turn: Turn, failure?: Failure, retry?: () => void) {
      window.clearTimeout(slow);
      show(turn.answer);
      answer.classList.remove("answer-streaming");
      foot.replaceChildren();
      if (turn.answer !== "") {
        foot.append(copyButton("Copy the answer", () => turn.answer));
        if (turn.usage) foot.append(usageLine(turn.usage));
      }
      if (turn.note && !failure) foot.prepend(create("p", { class: "answer-note" }, turn.note));
      if (failure && retry) foot.append(failureBox(failure, retry));
    },
  };
}

function usageLine(usage: Usage): HTMLElement {
  const count = (tokens: number) => tokens.toLocaleString("en");
  const cached =
    usage.cached_input_tokens > 0 ? ` (${count(usage.cached_input_tokens)} cached)` : "";
  const reasoning =
    usage.reasoning_tokens > 0 ? ` (${count(usage.reasoning_tokens)} reasoning)` : "";
  return create(
    "p",
    { class: "usage", "aria-label": "Token usage" },
    `${count(usage.input_tokens)} tokens in${cached} · ${count(usage.output_tokens)} out${reasoning}`,
  );
}
