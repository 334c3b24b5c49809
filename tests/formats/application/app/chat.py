import json

from app.constants import POLITE

LANGUAGE_TEXT = """# Role
You translate the messages of a shop. Keep the names of parts, and write numbers as they are.
Respond in JSON with the keys `language` and `text`, and with nothing else. If the message has no
text, write an empty string. Do not explain the translation, and do not add greetings."""


def answer(client, question, history):
    return client.chat.completions.create(
        model="gpt-5",
        temperature=0,
        messages=[
            {"role": "system", "content": "You answer questions about bicycles in one sentence."},
            *history,
            {"role": "user", "content": f"Question: {question}"},
        ],
    )


def compare(client, first, second):
    system_prompt = "You compare two bicycles for a customer who knows little about them."
    user_prompt = f"Compare {first} with {second}, and recommend one of them."
    messages = [
        {"role": "system", "content": system_prompt},
        {"role": "user", "content": user_prompt},
    ]
    return client.chat.completions.create(model="gpt-5", messages=messages)


CONVERSATION = [
    {"role": "system", "content": "You collect the data of an accident with a bicycle."},
    {"role": "user", "content": "What happened: {report}"},
]


def accident(client, report):
    filled = [{**one, "content": one["content"].format(report=report)} for one in CONVERSATION]
    return client.chat.completions.create(model="gpt-5", messages=filled)


def price(client, bicycle):
    messages = [{"role": "system", "content": "You estimate the price of a used bicycle."}]
    messages.append({"role": "user", "content": f"Bicycle: {bicycle}"})
    return client.chat.completions.create(model="gpt-5", messages=messages)


def polite(client, text):
    return client.messages.create(
        model="claude-opus-4-1",
        max_tokens=500,
        system=POLITE,
        messages=[{"role": "user", "content": text}],
    )


def reasons(client, text):
    return client.messages.create(
        model="claude-opus-4-1",
        max_tokens=500,
        system="You name the reasons for a complaint, and you name each of them once.",
        messages=[{"role": "user", "content": f"Complaint: {text}"}],
    )


def rewrite(text, tone="kind"):
    return ask(f"Rewrite the text of a customer in a {tone} tone, and keep its facts: {text}")


def checked(order):
    if order is None:
        raise ValueError("Please write the number of the order, and do not use blanks in it.")
    print("You can close this window now. Please keep the number of your order.")
    return json.dumps(order)
