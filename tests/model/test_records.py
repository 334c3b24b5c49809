"""Records behave as dataclasses do, and are declared without importing `dataclasses`."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar

import pytest

import promptops
from promptops.records import field, fields, record, replace


@record(frozen=True, slots=True, kw_only=True)
class Named:
    """A frozen record with every kind of default."""

    name: str
    size: int = 3
    tags: list[str] = field(default_factory=list)
    secret: str = field(default="s", repr=False)


@record(frozen=True, slots=True, order=True)
class Placed:
    path: str
    line: int = 1


@record(slots=True)
class Counted:
    count: int = 0
    double: int = field(init=False)

    def __post_init__(self) -> None:
        self.double = self.count * 2


@record(frozen=True, slots=True, eq=False)
class Identity:
    name: str


@record(kw_only=True, eq=False)
class Failed(Exception):
    message: str
    retry: bool = False


class FailedTwice(Failed):
    """No record itself."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class NamedDataclass:
    name: str
    size: int = 3
    tags: list[str] = dataclasses.field(default_factory=list)
    secret: str = dataclasses.field(default="s", repr=False)


def test_defaults_are_applied_and_factories_are_called_for_each_record() -> None:
    first, second = Named(name="a"), Named(name="a")

    assert first == second
    assert first.tags is not second.tags
    assert (first.size, first.secret) == (3, "s")
    assert repr(first) == "Named(name='a', size=3, tags=[])"


def test_records_of_different_classes_are_never_equal() -> None:
    assert Placed("a", 1) != Identity("a")
    assert Placed("a") == Placed("a", 1)
    assert Placed("a").__eq__(("a", 1)) is NotImplemented
    assert Identity("a") != Identity("a")


def test_records_are_sorted_and_hashed_by_their_fields() -> None:
    assert sorted({Placed("b", 1), Placed("a", 2), Placed("a", 1), Placed("a", 1)}) == [
        Placed("a", 1),
        Placed("a", 2),
        Placed("b", 1),
    ]
    assert hash(Placed("a", 1)) == hash(("a", 1))
    with pytest.raises(TypeError, match="unhashable type: 'Counted'"):
        hash(Counted())
    with pytest.raises(TypeError, match="'<' not supported"):
        assert Placed("a") < 1  # type: ignore[operator]


def test_a_field_that_is_not_compared_affects_neither_equality_nor_order_nor_hash() -> None:
    @record(frozen=True, order=True)
    class Noted:
        line: int
        note: str = field(default="", compare=False)

    assert Noted(1, "a") == Noted(1, "b")
    assert not Noted(1, "a") < Noted(1, "b")
    assert len({Noted(1, "a"), Noted(1, "b"), Noted(2)}) == 2
    assert [each.compare for each in dataclasses.fields(Noted)] == [True, False]  # type: ignore[arg-type]


def test_the_first_call_and_later_ones_refuse_wrong_arguments_alike() -> None:
    for _ in range(2):
        with pytest.raises(TypeError, match=re.escape("Placed.__init__() missing 1 required")):
            Placed()  # type: ignore[call-arg]
        with pytest.raises(TypeError, match="unexpected keyword argument 'nmae'"):
            Named(nmae="a")  # type: ignore[call-arg]
        with pytest.raises(TypeError, match="positional argument"):
            Named("a")  # type: ignore[misc]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((), {}),
        (("a",), {}),
        (("a", 2), {"tags": ["x"]}),
        (("a", 2, 3), {"tags": ["x"]}),
        (("a",), {"tags": ["x"], "path": "b"}),
        ((), {"path": "a", "tags": (), "line": 7}),
        (("a",), {"tags": (), "total": 1}),
        (("a",), {"tags": (), "other": 1}),
        (("a",), {"line": 2}),
    ],
    ids=str,
)
def test_the_first_objects_are_initialised_as_later_ones(
    arguments: tuple[Any, ...], named: dict[str, Any]
) -> None:
    @record(slots=True)
    class Mixed:
        path: str
        line: int = 1
        tags: Any = field(kw_only=True)
        notes: list[str] = field(default_factory=list)
        total: int = field(init=False)

        def __post_init__(self) -> None:
            self.total = self.line + len(self.tags)

    made = []
    for _ in range(5):
        try:
            made.append(repr(Mixed(*arguments, **named)))
        except TypeError as error:
            made.append(str(error))
        Mixed("a", tags=()).notes.append("a list of each object's own")

    assert made == made[-1:] * 5


def test_a_frozen_record_refuses_assignment_and_has_no_other_attributes() -> None:
    placed = Placed("a")

    with pytest.raises(AttributeError, match="cannot assign to field 'path'"):
        placed.path = "b"  # type: ignore[misc]
    with pytest.raises(AttributeError, match="cannot delete field 'path'"):
        del placed.path
    with pytest.raises(AttributeError):
        Counted().other = 1  # type: ignore[attr-defined]


def test_post_init_sets_what_the_caller_may_not() -> None:
    assert Counted(count=4).double == 8
    with pytest.raises(TypeError):
        Counted(count=4, double=1)  # type: ignore[call-arg]


T = TypeVar("T")


@record(frozen=True, slots=True, kw_only=True)
class NamedOf(Generic[T]):
    """As `Named`, for a type."""

    name: str
    size: int = 3
    tags: list[T] = field(default_factory=list)


class NamedTwice(Named):
    """No record itself, and with a `__dict__`."""


def _at_the_end_of_the_stack(create: Callable[[], Any]) -> Any:
    """The first result of a call that the rest of the stack has room for."""
    try:
        return _at_the_end_of_the_stack(create)
    except RecursionError:
        return create()


@pytest.mark.parametrize("cls", [Named, NamedTwice, NamedOf])
def test_every_object_of_a_frozen_record_is_frozen(cls: type[Named]) -> None:
    created = [cls(name=f"{number}") for number in range(20)]
    created += [_at_the_end_of_the_stack(lambda: cls(name="20"))]

    assert [(type(each), each.name, each.size, each.tags) for each in created] == [
        (cls, f"{number}", 3, []) for number in range(21)
    ]
    for each in created:
        with pytest.raises(AttributeError, match="cannot assign to field 'size'"):
            each.size = 4  # type: ignore[misc]


def test_an_exception_can_be_a_record_and_have_subclasses() -> None:
    error = FailedTwice(message="no", retry=True)

    assert (error.message, error.retry) == ("no", True)
    assert Failed(message="yes").retry is False
    with pytest.raises(Failed):
        raise error


@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))]
)
@pytest.mark.parametrize("value", [Named(name="a", tags=["b"]), Placed("a", 2), Counted(count=3)])
def test_copies_and_pickles_are_equal(again: Callable[[Any], Any], value: Any) -> None:
    assert again(value) == value


def test_replace_changes_some_fields_and_refuses_unknown_ones() -> None:
    assert replace(Placed("a", 2), line=3) == Placed("a", 3)
    with pytest.raises(TypeError, match="unexpected keyword argument 'lin'"):
        replace(Placed("a"), lin=3)  # type: ignore[call-arg]


def test_positional_fields_match_by_position() -> None:
    match Placed("a", 2):
        case Placed(path, line):
            assert (path, line) == ("a", 2)
    assert Named.__match_args__ == ()


def test_a_mutable_default_is_refused() -> None:
    with pytest.raises(ValueError, match=r"the default of Wrong\.tags is mutable"):

        @record(slots=True)
        class Wrong:
            tags: list[str] = []  # noqa: RUF012


def test_dataclasses_functions_take_records() -> None:
    named = Named(name="a", tags=["b"])

    assert dataclasses.asdict(named) == {"name": "a", "size": 3, "tags": ["b"], "secret": "s"}
    assert dataclasses.replace(named, size=4) == Named(name="a", size=4, tags=["b"])
    assert [each.name for each in dataclasses.fields(FailedTwice)] == ["message", "retry"]
    assert dataclasses.is_dataclass(named)


def test_what_the_functions_of_dataclasses_need_is_created_once_for_a_class() -> None:
    """It takes milliseconds."""
    first: Any = Failed
    found = first.__dataclass_fields__

    assert [*found] == ["message", "retry"]
    assert first.__dataclass_fields__ is found


def test_fields_are_the_same_for_a_record_and_a_dataclass() -> None:
    def told(cls: Any) -> list[tuple[Any, ...]]:
        return [(f.name, f.type, f.default, f.default_factory, f.init) for f in fields(cls)]

    assert told(Named) == told(NamedDataclass)


def test_no_module_but_a_command_imports_dataclasses() -> None:
    """Each class would cost half a millisecond of every commit."""
    folder = Path(promptops.__file__).parent
    below = [path for path in folder.rglob("*.py") if "commands" not in path.parts]

    importing = [
        path.relative_to(folder).as_posix()
        for path in below
        if path.parent != folder / "records"
        and re.search(r"^\s*(from|import) dataclasses\b", path.read_text(), re.MULTILINE)
    ]

    assert importing == []


def test_loading_a_bundle_imports_neither_dataclasses_nor_inspect() -> None:
    script = (
        "import sys, promptops; promptops.load, promptops.RenderedRequest; "
        "print(sorted({'dataclasses', 'inspect'} & {*sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout == "[]\n"


def test_a_method_that_another_thread_has_replaced_since_it_was_looked_up_still_works() -> None:
    @record(frozen=True, slots=True)
    class Point:
        x: int

    looked_up = Point.__init__
    Point(1)
    late = object.__new__(Point)
    looked_up(late, 2)

    assert late == Point(2)
