// `const a = \`not this\``
const STYLE = `Write short sentences and plain words only.`;
export const triagePrompt = (ticket: Ticket, xs: string[]) => `You sort tickets.
${STYLE}
<ticket>${ticket.text}</ticket> ${xs.join(", ")} ${xs.length} ${xs.map(x => `${x}!`).join("")} \`code\` \${no}`;
const page = `<div class="prompt">this is a page and not a prompt at all, really</div>`;
export const prompts = { systemPrompt: `You are helpful and answer in {{language}} at all times, please.` };
function buildPrompt(name) {
  return `Hello ${name.trim()}, this is a message for you: ${JSON.stringify(data)} thanks a lot.`;
}
const sql = `SELECT name FROM prompts WHERE id = ${id} AND something is else`;
const regex = /`/;
const text = "a ` b";
