"""What is asked about: tickets, no two the same, and the request for each."""

SYSTEM = "You triage support tickets for Acme. Answer with one JSON object."
MODEL = "mock-1"
PARAMETERS = {"temperature": 0, "max_completion_tokens": 60}


def tickets(count):
    """What so many customers write."""
    return [
        f"My router {number} blinks red since the last update. Is the line down?"
        for number in range(count)
    ]


def chat(ticket):
    """The arguments of a chat completion."""
    messages = [
        {"role": "system", "content": SYSTEM},
        {"role": "user", "content": f"Ticket: {ticket}"},
    ]
    return {"model": MODEL, "messages": messages, **PARAMETERS}
