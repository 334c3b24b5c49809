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
