from langchain_core.messages import SystemMessage
from langchain_core.prompts import ChatPromptTemplate, FewShotPromptTemplate
from langchain_core.prompts import HumanMessagePromptTemplate, MessagesPlaceholder, PromptTemplate

MOST = 3
RULES_PROMPT = f"Answer in at most {MOST} sentences, and name your sources."

answer = ChatPromptTemplate(
    [
        SystemMessage(content="You answer questions in {braces} of hikers."),
        MessagesPlaceholder("history", optional=True),
        ("human", "Trail: {trail}"),
        HumanMessagePromptTemplate.from_template("{question} Answer in {language}."),
    ]
).partial(language="English")

trails = (
    PromptTemplate(
        template="List the best trails in {{ region }}.{% if season %} Season: {{ season }}.{% endif %}",
        template_format="jinja2",
        partial_variables={"region": "Tyrol"},
    )
    | model
    | parser
)

greeting = ChatPromptTemplate.from_messages(
    messages=[("system", "You greet {{name}} of the team.")], template_format="mustache"
)

few = FewShotPromptTemplate(examples=EXAMPLES, example_prompt=trails, suffix="{input}")

ESCALATE_PROMPT = "Must {ticket} be escalated? The limit is {limit:.2f} EUR, the name {name!r}."


def classify(text):
    messages = [
        {"role": "system", "content": "You sort the messages of customers."},
        {"role": "user", "content": text},
    ]
    return client.chat.completions.create(model="gpt-5", temperature=0, messages=messages)


POEM_PROMPT = Template("Write a poem about {{ topic }}.{% if short %} Keep it short.{% endif %}")
LETTER_PROMPT = string.Template("Write a letter to $name about ${topic}. The price is $$5.")
PAGE = Template("<p>{{ text }}</p>")

agent = Agent("openai:gpt-5", instructions="You decide which agent helps the customer with a question.")


def ask(question):
    messages = []
    messages.append({"role": "system", "content": f"You answer questions. Today is {today()}."})
    messages.append({"role": "user", "content": question})
    return client.chat.completions.create(model="gpt-5", messages=messages)
