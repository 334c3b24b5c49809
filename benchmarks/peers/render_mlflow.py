"""MLflow: `format`, which looks for missing variables, and `load_prompt` of its client, cached.

Offline: the prompt is put where its client keeps what it fetched.
"""

from functools import partial

from mlflow import MlflowClient
from mlflow.entities.model_registry import PromptVersion
from mlflow.prompt.registry_utils import PromptCache, PromptCacheKey
from per_call import report
from templates import INPUTS, TEMPLATES, messages

REGISTRY = "http://127.0.0.1:1"
prompts = {name: PromptVersion(name, 1, messages(texts)) for name, texts in TEMPLATES.items()}
client = MlflowClient(tracking_uri=REGISTRY, registry_uri=REGISTRY)
key = PromptCacheKey.from_uri("prompts:/plain/1", registry_uri=REGISTRY)
PromptCache.get_instance().set(key, prompts["plain"], ttl_seconds=3600)

ways = {name: partial(prompts[name].format, **inputs) for name, inputs in INPUTS.items()}
said = {name: [each["content"] for each in way()] for name, way in ways.items()}
ways["warm"] = lambda: client.load_prompt("prompts:/plain/1")
assert ways["warm"]() is prompts["plain"]
report(ways, said)
