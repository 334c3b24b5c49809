import OpenAI from "openai";

const pagePrompt = "Write the title of {{page}} in a few words, and don't use quotes.";
const plainPrompt = 'Write a title in a few words, and don\'t use "quotes", \u00e9 or a\ttab.';
const sumPrompt = "Write a title in a few words for " + name + " and " + names.join(", ") + ".";
const linesPrompt = ["Write a title.", `It is for ${name}.`, other].join("\n");
const { a = "not this one" } = { a: "this one is not a prompt either" };
let addedPrompt = "Write a title in a few words, and give the reasons for it.";
addedPrompt += " Be brief.";
addedPrompt = `${addedPrompt} In ${language}.`;
const short = "A text with another name that is long enough for a prompt with a good name.";
const errorMessage = "The title can't be written, because the model gave no answer to the question.";
const castPrompt = `Write a title in a few words, and give the reasons for it.` as const;

export const rewritePrompt = (text: string, tone = "kind", count: number = 3) =>
  `Rewrite this text in a ${tone} way, in ${count} sentences: ${text}`;

export class Writer {
  private systemPrompt = 'You write titles, and you give the reasons for each of them.';

  async write(text: string, history: Message[], tone = "kind"): Promise<string> {
    const answer = await this.client.chat.completions.create({
      model: "gpt-5-2025-08-07",
      temperature: 0.2,
      max_tokens: this.limit,
      stream: true,
      tools: this.tools,
      messages: [
        { role: "system", content: "You write titles in a " + tone + " way." },
        ...history,
        { role: 'user', content: `Write a title of ${text}`, name: "ada" },
        { role: speaker, content: text },
        last(text),
      ],
    });
    return answer.text;
  }

  buildPrompt = async ({ text, tone = "kind" }: Options) => {
    if (text) { return `Write a title in a ${tone} way of this text: ${text}`; }
    return dedent`
      Write a title
        in a ${tone} way, and give the reasons.
    `;
  };
}

const messages: Message[] = [{ role: "system", content: "You write titles of texts." }];
messages.push({ role: "user", content: question });
const parts = [
  { role: "user", content: [{ type: "text", text: `Look at this: ${a}` }, { type: "image_url", image_url: { url } }] },
];
