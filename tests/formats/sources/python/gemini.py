def answer(question):
    return client.models.generate_content(
        model="models/gemini-2.5-flash",
        contents=f"Answer this question of a customer: {question}",
        config=types.GenerateContentConfig(
            system_instruction="You are a helper with short answers.",
            max_output_tokens=100,
            top_k=4,
            response_mime_type="application/json",
        ),
    )


def look(image, question):
    return client.models.generate_content(
        model="gemini-2.5-flash",
        contents=[image, "Describe this image in one sentence, please."],
        config={"temperature": 0.1, "response_mime_type": "text/plain"},
    )


async def talk(name):
    return await client.aio.models.generate_content_stream(
        model="gemini-2.5-flash",
        contents=[
            types.Content(
                role="user", parts=[types.Part.from_text(text=f"Say hello to {name}, please.")]
            ),
            {"role": "model", "parts": [{"text": "Hello to you, too."}]},
            "And what comes after that?",
        ],
    )


def relay(prompt, history):
    client.models.generate_content(model="gemini-2.5-flash", contents=prompt)
    client.models.generate_content(model="gemini-2.5-flash", contents=[prompt, image])
    return model.generate_content(
        f"The question of the customer is {prompt}", generation_config={"temperature": 0}
    )


RULES = "Answer in one sentence, and cite the page."
STYLE = f"Use the words of {company}."


def cite(question, page):
    return client.models.generate_content(
        model="gemini-2.5-flash", contents=[RULES, STYLE, page, f"Question: {question}"]
    )
