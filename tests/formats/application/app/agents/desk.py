from agents import Agent as DeskAgent
from crewai import Agent, Task
from pydantic import BaseModel, Field
from pydantic_ai import Agent as PydanticAgent

desk = DeskAgent(
    name="desk",
    instructions="You decide which agent of the shop helps the customer with a question.",
)

warranty = PydanticAgent(
    "openai:gpt-5",
    system_prompt="You check whether a repair is covered by the warranty of the bicycle.",
)


@warranty.system_prompt
def terms(ctx):
    return f"The warranty of {ctx.deps.brand} lasts {ctx.deps.years} years; cite its paragraphs."


researcher = Agent(
    role="Researcher of parts",
    goal="Find the part that fits the bicycle {bicycle}",
    backstory="You have catalogs of all makers, and you never guess the number of a part.",
)

order = Task(
    description="Write the order of the part for the bicycle {bicycle}.",
    expected_output="A table with the number, the name and the price.",
    agent=researcher,
)


class Ticket(BaseModel):
    group: str = Field(description="The group of the ticket: write `repair`, `order` or `other`.")
    text: str = "A text."


class Mechanic:
    template = "Explain the repair of {part} to a person who repairs a bicycle for the first time."
    system = "You explain repairs of bicycles, and you warn of mistakes that are dangerous."

    def __init__(self, persona="You are a mechanic who likes to explain things in pictures."):
        self.persona = persona


class Warehouse(Step):
    def build(self):
        return Step(
            template="List the parts that are missing in the warehouse: {parts}",
            output="list",
        )
