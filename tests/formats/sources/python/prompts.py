from textwrap import dedent

RULES = "Never promise a refund. Keep it short and plain, always."
SYSTEM_PROMPT = f"""You sort tickets for {product.name}.
{RULES}
Total {total:.2f} of {len(items)} items: {", ".join(tags)}; é {compute(x) + 1}"""
USER = "Sort this ticket please: {ticket} and answer in {language}."


def make(ticket):
    return USER.format(ticket=ticket, language="en")


class Bot:
    persona = dedent("""
        You are a friendly bot for {brand} and you like
          JSON such as {{"a": 1}}.
    """).strip()

    def build_messages(self, q):
        messages = [
            {"role": "system", "content": RULES},
            {"role": "user", "content": f"<q>{q}</q> {self.name}"},
            {"role": "user", "content": q},
        ]
        return messages


chat = ChatPromptTemplate.from_messages(
    [("system", "Answer in {lang}."), MessagesPlaceholder("history"), ("human", "{question}")]
)
t = PromptTemplate(template="Say {x}", input_variables=["x"])
SQL = "SELECT 1"
