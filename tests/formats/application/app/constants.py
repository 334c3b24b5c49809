"""The texts of the help desk of a shop for bicycles."""

import textwrap
from string import Template

SHOP = "Velo & Co"
MOST = 3
RULES = "Never promise a refund."
TRIAGE_SYSTEM = f"You sort the tickets of {SHOP} into groups. {RULES}"
TRIAGE_USER = "Ticket of {customer}:\n{ticket}\nAnswer with the group only."
SUMMARY_PROMPT = "Summarise the ticket in at most {most} sentences:\n{text}"
LETTER_PROMPT = Template("Write a letter to $name about the order ${order}. Keep it short.")
POLITE = textwrap.dedent(
    """
    You are a polite assistant of a shop for bicycles.
    Answer in the language of the customer, and never mention other shops.
    """
)
STEPS_PROMPT = "\n".join(
    [
        "Plan the repair of a bicycle in steps.",
        "Name the tools for each step.",
        f"Use at most {MOST} steps.",
    ]
)
SORT_PROMPT = "Sort these parts by their price, the most expensive first.\n"
SORT_PROMPT += "Write one line for each part.\n"
SORT_PROMPT += "Parts: {parts}"
ERROR_TEXT = "Please choose one of the orders in the list, and press the button again."
DEFAULT_ANSWER = "Thank you for your question, a colleague is going to answer it tomorrow."
TITLE_PROMPT = "Title?"
QUERY = "SELECT name, price FROM parts WHERE shop = 'main' ORDER BY price DESC LIMIT 10"
STYLES = {
    "formal": "Answer in full sentences, and use the last name of the customer.",
    "short": "Answer in one sentence of at most twenty words, without a greeting.",
}
PERSONAS = {
    "mechanic": "Mara is a patient mechanic who has repaired bicycles for twenty years.",
    "seller": "Sven is a seller who never sells what a customer does not need.",
}
