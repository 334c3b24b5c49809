"""Compare arms: find their answers, judge and decide them, and say which one to use."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence

from promptops.catalog.files import Files
from promptops.errors import UsageError
from promptops.evals.deciding.noninferiority import DEFAULT_MARGIN
from promptops.evals.deciding.recommending import concluded
from promptops.jobs.comparing.alternatives import (
    Alternative,
    Alternatives,
    alternatives,
    arms_of,
)
from promptops.jobs.comparing.arm_run import ArmRun
from promptops.jobs.comparing.options import CompareOptions
from promptops.jobs.comparing.prompt_arms import PromptArms, prompt_arms
from promptops.jobs.comparing.reporting import comparison_of
from promptops.jobs.comparing.rounds import Rounds
from promptops.jobs.comparing.same_requests import refuse_equal_arms, with_reference_named
from promptops.jobs.recordings.roots import RecordingsAside, arm_folder
from promptops.jobs.recordings.store import AnswerCache, Store
from promptops.jobs.testing.answering import Answering
from promptops.jobs.testing.arm import Arm
from promptops.jobs.testing.model_calls import ModelCalls
from promptops.jobs.testing.options import model_calls
from promptops.jobs.testing.plan import PlannedCase, named_cases, needed_cases, plan_cases
from promptops.jobs.testing.running import why_no_cases
from promptops.jobs.workspace.selection import Selected, SelectionOptions, select
from promptops.jobs.workspace.workspace import Workspace
from promptops.model.arm import ArmComparison
from promptops.source.paths import overlapping
from promptops.suggestions import did_you_mean
