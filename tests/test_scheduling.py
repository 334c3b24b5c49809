"""Workers of the fast tier get whole files and groups, the largest first."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.scheduling import FilesAtATime

TESTS = (
    "tests/test_a.py::test_one",
    "tests/test_a.py::test_two[b::c]",
    "tests/test_a.py::test_page@browser",
    "tests/test_b.py::test_one",
    "tests/test_b.py::test_page@browser",
    "tests/test_b.py::test_other_page@browser",
)


class Worker:
    """A worker that keeps what it is sent."""

    def __init__(self, name: str) -> None:
        self.gateway = SimpleNamespace(id=name)
        self.shutting_down = False
        self.sent: list[str] = []

    def send_runtest_some(self, indices: list[int]) -> None:
        self.sent += [TESTS[index] for index in indices]

    def shutdown(self) -> None:
        self.shutting_down = True


def test_a_worker_gets_all_tests_of_a_file_or_group_at_once():
    option = SimpleNamespace(loadscopereorder=True)
    config = SimpleNamespace(option=option, getvalue=lambda name: ["popen", "popen"])
    scheduler = FilesAtATime(config)
    workers = [Worker("gw0"), Worker("gw1")]
    for worker in workers:
        scheduler.add_node(worker)
        scheduler.add_node_collection(worker, TESTS)

    scheduler.schedule()

    assert [worker.sent for worker in workers] == [
        [TESTS[2], TESTS[4], TESTS[5]],
        [TESTS[0], TESTS[1], TESTS[3]],
    ]


@pytest.mark.xdist_group("example")
def test_of_a_group_the_scheduler_reads_the_name_at_the_end_of_each_test(request):
    is_worker = hasattr(request.config, "workerinput")

    assert request.node.nodeid.endswith("@example") == is_worker
