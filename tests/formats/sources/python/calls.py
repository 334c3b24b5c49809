RULES = "Never promise a refund. Keep it short and plain, always."
TEMPLATE = "Sort this ticket, please, and give reasons: {ticket}"


class Agent:
    def answer(self, question, history, tone="kind"):
        return self.client.chat.completions.create(
            model="gpt-5-2025-08-07",
            temperature=0.2,
            max_tokens=self.limit,
            stream=True,
            logit_bias={},
            messages=[
                {"role": "system", "content": f"You are {self.name}, and you are {tone}. {RULES}"},
                *history,
                {"role": "user", "content": TEMPLATE.format(ticket=question), "name": "ada"},
                {"role": role, "content": question},
                self.last_message(),
            ],
        )

    async def respond(self, question):
        first = await client.responses.create(
            model="gpt-5-2025-08-07",
            instructions="You are a helper with short answers.",
            input=f"Answer this question: {question}",
        )
        return client.messages.create(
            model="claude-opus-4-1-20250805",
            max_tokens=100,
            system="You are a helper with short answers.",
            messages=[{"role": "user", "content": question}],
        )

    def values_only(self, question):
        return self.client.chat.completions.create(messages=[{"role": "user", "content": question}])

    def look(self, url, question):
        return self.client.chat.completions.create(
            messages=[
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": f"Look at this image, and answer: {question}"},
                        {"type": "image_url", "image_url": {"url": url}},
                    ],
                }
            ]
        )
