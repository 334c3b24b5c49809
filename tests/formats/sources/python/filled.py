NAMED_PROMPT = "Sort the ticket %(ticket)s of %(user name)s into %(count)03d groups, 100%% of them."
PLACED_PROMPT = "Sort the ticket %s of %s into %5.1f groups, and give reasons for %r."
REFUSED_PROMPT = "Sort the ticket %s of the user %s into some groups, if you can."
STARRED_PROMPT = "Sort the ticket %*d into some groups, if you can, and give reasons."
UNUSED_PROMPT = "Sort the ticket %s, and be 100% sure of it, or write nothing at all."
CALLED_PROMPT = "Sort the ticket {0} of {user.name} into groups for {1}, and give reasons."


def ask(ticket, user, size, groups):
    first = NAMED_PROMPT % {"ticket": ticket, "user name": user, "count": 3}
    second = PLACED_PROMPT % (ticket, user.name, size * 2, groups)
    third = REFUSED_PROMPT % (ticket,)
    fourth = STARRED_PROMPT % (size, ticket)
    return first, second, third, fourth, CALLED_PROMPT.format(ticket, groups[0], user=user)


def inline_prompt(ticket, language="English", size=3, *, tone: str = "calm", note=None):
    language = language or "French"
    return "Sort %s into %d groups in %s, in a %s way, with the note %s: %s" % (
        ticket, size, language, tone, note, "a constant"
    )  # fmt: skip


def joined_prompt(ticket):
    return "\n".join(["Sort the ticket into some groups:", ticket, "In {lang}.".format(lang="en")])


greet_prompt = lambda name, tone="kind": f"Greet {name} in a {tone} way, and ask for the number."  # noqa: E731
CONSTANT_PROMPT = "Sort the ticket {0} into {1} and {2} groups, and give your reasons."
CONSTANT_PROMPT.format(ticket, "two", *more)
PLAIN_PROMPT = "Sort the ticket %s into %s and %s groups, and give reasons." % ("a", True, 2)
