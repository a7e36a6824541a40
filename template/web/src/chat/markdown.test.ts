import { describe, expect, it } from "vitest";
import { markdownView } from "./markdown";

function rendered(text: string): HTMLElement {
  const container = document.createElement("div");
  markdownView(container)(text);
  return container;
}

/** The markup without the buttons and captions around code. */
function html(text: string): string {
  const container = rendered(text);
  for (const caption of container.querySelectorAll("figcaption")) caption.remove();
  return container.innerHTML.replaceAll(/ (?:class|role|tabindex|aria-label)="[^"]*"/g, "");
}

describe("renders", () => {
  it.each([
    ["one\ntwo\n\nthree", "<p>one\ntwo</p><p>three</p>"],
    [
      "**bold** and *soft* and `a*b*c`",
      "<p><strong>bold</strong> and <em>soft</em> and <code>a*b*c</code></p>",
    ],
    [
      "**bold with *soft* and `code`**",
      "<p><strong>bold with <em>soft</em> and <code>code</code></strong></p>",
    ],
    ["2 * 3 * 4, a*b*c, ** and ` alone", "<p>2 * 3 * 4, a*b*c, ** and ` alone</p>"],
    ["## Title\ntext", "<h3>Title</h3><p>text</p>"],
    ["#hashtag", "<p>#hashtag</p>"],
    ["a\n\n---\n\nb", "<p>a</p><hr><p>b</p>"],
    ["- a\n- b", "<ul><li>a</li><li>b</li></ul>"],
    ["Some:\n- a\n\n- b\n\nafter", "<p>Some:</p><ul><li>a</li><li>b</li></ul><p>after</p>"],
    ["3. a\n4. b", '<ol start="3"><li>a</li><li>b</li></ol>'],
    [
      "1. a\n   - b\n     - c\n2. d",
      '<ol start="1"><li>a<ul><li>b<ul><li>c</li></ul></li></ul></li><li>d</li></ol>',
    ],
    ["- a\n  goes on\n- b", "<ul><li>a\ngoes on</li><li>b</li></ul>"],
    [
      "```js\nif (a) {\n  b\n}\n```\nafter",
      "<figure><pre><code>if (a) {\n  b\n}</code></pre></figure><p>after</p>",
    ],
    [
      "1. a\n\n   ```\n   x\n     y\n   ```\n2. b",
      '<ol start="1"><li>a</li></ol><figure><pre><code>x\n  y</code></pre></figure><ol start="2"><li>b</li></ol>',
    ],
    [
      "```\n**not bold**\n\n# no title",
      "<figure><pre><code>**not bold**\n\n# no title</code></pre></figure>",
    ],
    ["````\n```\n````", "<figure><pre><code>```</code></pre></figure>"],
    [
      "| a | b |\n|---|:-:|\n| 1 \\| 2 | **3** |",
      "<div><table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>1 | 2</td><td><strong>3</strong></td></tr></tbody></table></div>",
    ],
    ["", ""],
  ])("%j", (text, expected) => {
    expect(html(text)).toBe(expected);
  });
});

const attacks = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  '"><svg onload=alert(1)>',
  "[link](javascript:alert(1))",
  "![image](https://example.com/?secret)",
  "<javascript:alert(1)>",
  "&lt;b&gt; &#x3c;b&#x3e;",
  "<style>body{display:none}</style><a href=//evil>x</a><iframe srcdoc=x>",
];

describe("never lets text become an element", () => {
  const allowed = new Set(
    "P H3 STRONG EM CODE UL OL LI HR TABLE THEAD TBODY TR TH TD DIV FIGURE FIGCAPTION BUTTON PRE".split(
      " ",
    ),
  );
  const attributes = new Set(["class", "type", "aria-label", "role", "tabindex", "start"]);
  const places = [
    (text: string) => text,
    (text: string) => `# ${text}`,
    (text: string) => `- ${text}\n  - ${text}`,
    (text: string) => `**${text}** *${text}* \`${text}\``,
    (text: string) => `\`\`\`${text.replaceAll(" ", "")}\n${text}\n\`\`\``,
    (text: string) => `| ${text} |\n|---|\n| ${text} |`,
  ];

  it.each(attacks)("%s", (attack) => {
    for (const place of places) {
      const container = rendered(place(attack));
      for (const element of container.querySelectorAll("*")) {
        expect(allowed).toContain(element.tagName);
        for (const name of element.getAttributeNames()) expect(attributes).toContain(name);
      }
      expect(container.textContent).toContain(attack.slice(0, 7));
    }
  });
});

describe("while the text grows", () => {
  const text =
    "Intro **bold**.\n\n- a\n  - b\n\n| x | y |\n|---|---|\n| 1 | 2 |\n\n```py\nprint(1)\n```\n\nEnd.";

  it("comes to the same as the whole text at once", () => {
    const container = document.createElement("div");
    const show = markdownView(container);
    for (let end = 1; end <= text.length; end++) show(text.slice(0, end));
    expect(container.innerHTML).toBe(rendered(text).innerHTML);
  });

  it("leaves finished blocks alone, so that a selection in them survives", () => {
    const container = document.createElement("div");
    const show = markdownView(container);
    show("First.\n\nSec");
    const first = container.firstElementChild;
    show("First.\n\nSecond.");
    expect(container.firstElementChild).toBe(first);
    expect(container.textContent).toBe("First.Second.");
  });
});

it.each(["**a **", "*a *", "`", "_", "|", "- ", "# ", "```", " ", "\n", "[", "<"])(
  "takes a long run of %j in its stride",
  (piece) => {
    const start = performance.now();
    rendered(piece.repeat(20_000 / piece.length) + "x");
    expect(performance.now() - start).toBeLessThan(2000);
  },
);
