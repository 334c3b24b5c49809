import { generateText, tool } from "ai";
import { Agent } from "@openai/agents";
import { ChatPromptTemplate } from "@langchain/core/prompts";
import { HumanMessage, SystemMessage } from "@langchain/core/messages";
import { prompt as gql } from "./tags";

export const SIZE_PROMPT = `You find the right size of a bicycle for a person of ${height} cm.`;
const greeting = "Hello, and welcome to the shop of the town!";
const label = "Write your question into the field below, and press the button.";

export const helmet = prompt`You recommend a helmet for ${person}. Name its size and its price.`;

export class Bell {
  private readonly instructions = "Describe the sound of a bell for a bicycle in one sentence.";
  static template = `Explain the law on bells in ${"country"} to the owner of a bicycle.`;

  async ring(model: Model, text: string) {
    return model.invoke([
      new SystemMessage("You choose a bell for a bicycle by the character of its owner."),
      new HumanMessage(`The owner: ${text}`),
    ]);
  }
}

export async function lights(text: string) {
  const { text: answer } = await generateText({
    model: openai("gpt-5"),
    system: "You explain which lights a bicycle needs in the country of the customer.",
    prompt: `Country: ${text}`,
  });
  return answer;
}

export const locks = new Agent({
  name: "Locks",
  instructions: "You recommend a lock for a bicycle and the place where it stands at night.",
});

export const rental = ChatPromptTemplate.fromMessages([
  ["system", "You rent bicycles to the guests of {hotel}."],
  ["human", "{question}"],
]);

const tires = ai.definePrompt({
  name: "tires",
  system: "You recommend tires for the roads of a region.",
  prompt: "The region is {{region}}, and the season is {{season}}.",
});

export async function saddle(client: OpenAI, pain: string) {
  const messages = [
    { role: "system", content: "You find a saddle that does not hurt." },
    { role: "user", content: `Where it hurts: ${pain}` },
  ];
  return client.chat.completions.create({ model: "gpt-5", messages });
}

export const search = tool({
  description: "Search the parts of the shop. Use it before you answer a question about prices.",
});

export async function frames(photo: string, hints: string) {
  const system = rules(hints);
  return model.invoke([
    new SystemMessage({ content: system }),
    new HumanMessage({
      content: [
        { type: "text", text: "Which frame is in this photo?" },
        { type: "image_url", image_url: photo },
      ],
    }),
  ]);
}

export async function routes(goal: string) {
  const prompt = `The goal of the tour: ${goal}`;
  return generateText({ prompt, systemInstruction: "You plan a tour without large roads." });
}

throw new Error("Please choose a bicycle first, and do not close this window.");
