LINES = [("user", "name"), ("system", "id")]


def classify(ticket, history):
    return llm.invoke(
        [
            SystemMessage(content="You sort tickets, and answer with {one} word."),
            *history,
            HumanMessage(f"The ticket is: {ticket}"),
        ],
        config={"tags": ["sort"]},
    )


async def rewrite(text, tone):
    messages = [("system", "You rewrite texts in a {tone} way."), ("human", text)]
    return await llm.ainvoke(messages)


def later(last):
    told = [SystemMessage(content="You write titles of texts."), last()]
    return llm.stream(told)


def other(texts):
    llm.invoke([HumanMessage(texts[0])])
    return graph.invoke([1, 2])
