"""Langfuse: `compile`, which knows no logic and checks nothing, and its `get_prompt`, cached.

Offline: the prompt is put where its client keeps what it fetched.
"""

from langfuse import Langfuse
from langfuse.api import Prompt_Chat
from langfuse.model import ChatPromptClient
from per_call import report
from templates import INPUTS, TEMPLATES, messages

turns = [{"type": "chatmessage", **each} for each in messages(TEMPLATES["plain"])]
fetched = Prompt_Chat(
    type="chat", name="plain", version=1, prompt=turns, config={}, labels=[], tags=[]
)
prompt = ChatPromptClient(fetched)
client = Langfuse(
    public_key="none", secret_key="none", base_url="http://127.0.0.1:1", tracing_enabled=False
)
cache = client._resources.prompt_cache
cache.set(cache.generate_cache_key("plain", version=1, label=None), prompt, ttl_seconds=3600)

ways = {
    "plain": lambda: prompt.compile(**INPUTS["plain"]),
    "warm": lambda: client.get_prompt("plain", version=1, type="chat"),
}
assert ways["warm"]() is prompt
report(ways, {"plain": [each["content"] for each in ways["plain"]()]})
