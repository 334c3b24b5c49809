CHECK = """Read the message of the customer and the terms of the shop.
Decide whether the bicycle can be sent back, and give the reason in one sentence.
Terms: {terms}
Message: {message}"""

REASONS = "Extract the reasons for which the customer sends the bicycle back, one in each line."
FOOTER = "Terms of 2026, and of no other year."
