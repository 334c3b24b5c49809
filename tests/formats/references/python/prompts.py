"""Prompts of a program, of each kind that the reader knows."""

import json
from inspect import cleandoc
from textwrap import dedent

STYLE = "Answer in short sentences, without any jargon."

FORMAT_PROMPT = 'Read {text} with {meta[lang]} and {person.name}. Answer {{"a": {text}}} or {text!r} {text!s} {{}}.'
NUMBER_PROMPT = "The price of the thing is {price:.2f}, that is {price:8.3f} or {price:e} of it all."

CLEAN_PROMPT = cleandoc("""
    You are a helper, and you read what the user writes.

      - indented \t tab
    Ends here.   
    """)


def greeting_prompt(name, tags, facts, flag):
    """An f-string with expressions."""
    return dedent(f"""\
        You greet {name} as {name!r} and {name.upper()} with {{braces}} and {{{name}}}.
          Tags: {", ".join(tags)} of {len(tags)}, the first one is {tags[0]} or {name[:2]}.
        Facts: {json.dumps(facts)} with {facts["colour"]} and {flag}, {STYLE}
        And {name.strip()} {str(name)} {name.title()}
        """)


def joined_prompt(name):
    """Strings that are added and joined."""
    return "You are a bot that talks " "about \"one\" thing, \\ and only " + f"that: {name}\n" + 'with {"json": true} and {{double}} at the end.'


def stripped_prompt(name, count):
    """A string whose white space is stripped."""
    return f"""

    Please write {count} words about the following thing, which is a name: {name}

    """.strip()


def computed_prompt(name):
    """An expression that has no counterpart."""
    return f"This prompt has a value that is computed in code, which is {name * 2} or {name.swapcase()}."


def formatted(**values):
    """The two format strings are called."""
    return FORMAT_PROMPT.format(**values), NUMBER_PROMPT.format(**values)


PERCENT_PROMPT = "Rate %(title)s with %(stars)d of 5 stars: %(share)5.1f%% of %(stars)x, or %(title)r."
POSITION_PROMPT = "You read %s and |%-6s| with %03d of them, 100%% of it, and {braces} or {{ more }}."
TUPLE_PROMPT = "You compare the first thing, %s, with the second thing, which is %s."


def filled(title, stars, share):
    """A string with named fields."""
    return PERCENT_PROMPT % {"title": title, "stars": stars, "share": share}


def placed(text, name, count):
    """A string with fields by position."""
    return POSITION_PROMPT % (text, name, count)


def compared(pair):
    """A tuple that is not written here."""
    return TUPLE_PROMPT % pair


def inline_prompt(name, count):
    """A string that is filled in where it stands."""
    return "Please write %d words about %s, a %s name, or %s." % (count, name, "good", name.upper())


def called_prompt(name, meta):
    """A format string that is called where it stands."""
    return "Write to {} in {lang}, again {} and {}, {{please}}.".format(
        name, meta["city"], name.lower(), lang="de"
    )


def lines_prompt(name, tags, tone="kind", count=3):
    """Joined lines, and arguments with defaults."""
    return "\n".join(["You are a " + tone + " bot.", f"Talk to {name} {count} times:", ", ".join(tags)])


def chat_messages(name, history):
    """A list of messages with the conversation of the caller."""
    messages = [
        {"role": "system", "content": f"You answer {name} in short sentences. " + STYLE},
        *history,
        {"role": "user", "content": "My name is %s, and I like JSON: {\"a\": 1}." % name},
    ]
    return messages
