import { anthropic } from "@ai-sdk/anthropic";
import { generateText, generateObject, streamText } from "ai";
import { rules } from "./rules";

const MOST = 5;
const SYSTEM = `You suggest at most ${MOST} places to travellers.`;

export async function translate(menu: string, locale = "en") {
  const { text } = await generateText({
    model: anthropic("claude-5"),
    temperature: 0.3,
    maxOutputTokens: 500,
    system: `You translate menus. The locale of the guest is ${locale}.`,
    prompt: `Translate this menu and explain the dishes: ${menu}`,
  });
  return text;
}

export const chat = (messages: Message[]) =>
  streamText({ model: openai.chat("gpt-5"), system: SYSTEM, messages });

export async function tags(article: string) {
  return generateObject({
    model: choose(),
    schema: z.object({ tags: z.array(z.string()) }),
    prompt: `Give at most five tags for this article: ${article}`,
  });
}

export async function reply(question: string, history: Message[]) {
  return client.messages.create({
    model: "claude-5",
    max_tokens: 400,
    system: rules,
    messages: [...history, { role: "user", content: `Answer the question of the guest: ${question}` }],
  });
}

export async function sort(email: string) {
  const messages = [
    { role: "system", content: "You sort emails of travellers into folders." },
    { role: "user", content: email },
  ];
  return client.chat.completions.create({ model: "gpt-5", messages, temperature: 0 });
}

export const PROMPTS = {
  packing: "Make a packing list for {{destination}} in {{month}}, by bag.",
} as const;

const translation = ChatPromptTemplate.fromMessages([
  new SystemMessage("You keep {braces} as they are."),
  ["system", "You translate from {input} to {output}."],
  new MessagesPlaceholder("history"),
  ["human", "{text}"],
]);
const joke = PromptTemplate.fromTemplate("Tell a joke about {topic}.").pipe(model);
