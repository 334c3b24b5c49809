PROMPTS = {"triage": {"system": "You sort tickets into groups, and you give reasons for each of them."}}
SHORT_PROMPT = "Sort the ticket."
KEY_PROMPT = "prompt-of-the-application-for-the-support-team"
HINT = "A text with another name that is long enough for a prompt, but only with a good name."
QUERY_PROMPT = "SELECT name, text FROM prompts WHERE name = 'triage' AND version > 3"
ERROR_MESSAGE = "The ticket can't be sorted, because the model gave no answer to the question."
CN_PROMPT = "你是一个客服助手，请用简短的句子回答用户的问题，并且保持礼貌，不要编造事实。"
CN_SHORT = "你好，请回答我的问题。"


def check(system_text):
    template = "The ticket can't be sorted, because the model gave no answer to the question."
    raise ValueError(template.format(system_text))


def sized_prompt(size):
    if size:
        return f"Sort the ticket into {size:,} groups, and give the reasons for each of them."
    return f"Sort the ticket into groups, and give {json.dumps(size, indent=2)} for each of them."
