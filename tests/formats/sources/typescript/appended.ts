const messages: ChatMessage[] = [];
// messages.push({ role: "system", content: "A comment is no code at all." });
messages.push({ role: "system", content: "You answer questions about the weather." });
messages.push({ role: "user", content: `The question is ${question}` });

class Bot {
  private turns: { role: "user" | "system"; content: string }[] = [];

  ask(name: string) {
    this.turns.push({ role: "user", content: "Answer the question of " + name });
  }
}

function retold(history: Message[]) {
  const turns = [...history];
  turns.unshift({ role: "system", content: `Be brief and ${tone}, please.` });
  return turns;
}

function shown(input: string) {
  const lines = [];
  lines.push({ role: "assistant", content: "Sorry, this did not work." });
  lines.push({ role: "user", content: input });
  lines.push({ role: "alert", content: "The answer is not complete." });
  return lines;
}
