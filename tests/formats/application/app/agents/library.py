from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.prompts import ChatPromptTemplate, PromptTemplate

rental = ChatPromptTemplate.from_messages(
    [
        ("system", "You rent bicycles to the guests of {hotel}."),
        ("human", "{question}"),
    ]
)

tours = PromptTemplate.from_template("Suggest a tour of {length} km that begins in {town}.")
context = PromptTemplate.from_template("{context}\n\n{question}")


def weather(model, town):
    return model.invoke(
        [
            SystemMessage(content="You say whether the weather is good for a tour."),
            HumanMessage(content=f"Town: {town}"),
        ]
    )


def parts(ai, text):
    ai.system("You find the numbers of parts in the text of a customer.")
    ai.user(f"Text: {text}")
    return ai.run()


def club(text):
    return complete(
        Message(role="system", content="You write invitations of a club for bicycles."),
        Message(role="user", content=f"Occasion: {text}"),
    )


def insurance(model, case):
    return model.generate(
        system="You explain the insurance of a bicycle to its owner.",
        prompt=f"The case of the owner: {case}",
    )


def translate(model, text):
    return model.run([text], "Translate the text of the label into English, French and German.")


class Route(dspy.Signature):
    """Find the shortest route for a bicycle, and avoid large roads."""

    start = dspy.InputField(desc="Write the town in which the tour begins, with its region.")


def saddles(model, rider):
    return PromptTemplate(
        name="saddles",
        system_prompt="You choose a saddle for a rider, and give one reason.",
        user_prompt='The rider: {rider}\nWrite {{"kind": "race | tour", "reason": "…"}}',
    )
