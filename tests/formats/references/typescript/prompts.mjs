const STYLE_PROMPT = `Answer in short sentences, without any jargon at all.`;

export const plainPrompt = `You are a helper with \`ticks\`, \${dollars}, a \\ backslash, \u00e9 and \x41,
a tab\tand {"json": {"a": 1}} in it. Line \
continued.`;

export function greetingPrompt({ name, tags, facts, flag, user }) {
  return `You greet ${name} and ${name.toUpperCase()} with tags ${tags.join(", ")} of ${tags.length},
facts ${JSON.stringify(facts)} and ${user.name} in { ${name} } and {{${name}}}, ${flag}. ${STYLE_PROMPT}`;
}

export const listPrompt = ({ tags, name, count }) => `
  The list is ${tags} for ${name.trim()} and it has ${count} things, $5 each: ${tags.join()}
  ${name.toLowerCase()}
`;

export const conditionalPrompt = ({ name, formal }) =>
  `Please write a letter to ${name} ${formal ? `formally, to ${name}` : "as a friend"} and be kind.`;

export const quotedPrompt = "You are a \"helper\", and you don't use \u00e9 or \n tabs\t, {{but}} braces.";

export const placeholderPrompt = 'You are a helper for {{ page }} and {{lang}}, don\'t {forget} it.';

export const sumPrompt = ({ name, tone = "kind", count = 3 }) =>
  "You are a " + tone + " bot, and " + `you talk to ${name} ` + count + ' times\n' + "about it.";

export const linesPrompt = ({ name, tags }) => ["You are a bot, and you list:", `${tags.join(" | ")}`, name].join("\n- ");

export class Chat {
  chatMessages({ name, history }) {
    const messages = [
      { role: "system", content: `You answer ${name} in short sentences.` },
      ...history,
      { "role": "user", content: "My name is " + name + ", and I like {{braces}}." },
    ];
    return messages;
  }
}

export const nunjucksPrompt = `You are a helper.
{% if tags.length > 1 %}The tags are {{ tags | join(", ") }}.{% endif %}
Be kind to {{ name }}.`;
