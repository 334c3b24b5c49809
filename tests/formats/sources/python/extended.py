def build(q):
    prompt = "You are a helpful assistant who answers in one short sentence."
    prompt += " Be kind to everyone."
    messages = [{"role": "system", "content": "Answer in one short sentence."}]
    messages.append({"role": "user", "content": q})
    return prompt, messages
