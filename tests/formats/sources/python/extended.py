PROMPT = "You are a helpful assistant who answers in one short sentence."
PROMPT += " Be kind to everyone."
CHANGED_PROMPT = "You are a helpful assistant who answers in one short sentence."
CHANGED_PROMPT = CHANGED_PROMPT + " Be kind to everyone."
MESSAGES = [{"role": "system", "content": "Answer in one short sentence."}]
if debug:
    MESSAGES.append({"role": "user", "content": q})


def build(q):
    prompt = "You are a helpful assistant who answers in one short sentence."
    try:
        prompt += " Be kind to everyone."
    except ValueError:
        prompt += " Be brief."
    messages = [{"role": "system", "content": "Answer in one short sentence."}]
    for each in q:
        messages.append({"role": "user", "content": each})
    return prompt, messages


class Bot:
    persona_prompt = "You are a friendly bot who answers in one short sentence."

    def __init__(self):
        self.rules_prompt = "Never promise a refund. Keep it short and plain, always."

    def add(self, rule):
        self.persona_prompt += rule
        self.rules_prompt = f"{self.rules_prompt} {rule}"
        MESSAGES.extend(rule)


def edit(name):
    first_prompt = "Greet {name} in one short sentence, and ask for the number."
    first_prompt = first_prompt.replace("{name}", name).strip()
    second_prompt = "Greet the user in one short sentence, and ask for the number."
    second_prompt = second_prompt.replace("number", "name")
    third_prompt = "Greet the user in one short sentence, and ask for the number."
    return third_prompt + name
