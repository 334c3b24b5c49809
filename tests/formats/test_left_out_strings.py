"""Files of code whose strings are left out get a note where the user would miss a prompt."""

from __future__ import annotations

import pytest

from promptops.formats.document import Loss
from promptops.formats.readers import python, typescript
from promptops.formats.source_file import ReadOptions, SourceFile, SourceFolder

OTHER = "'A text with another name that is long enough for a prompt.'"
SHORT = "'Sort the ticket.'"
READERS = [("a.py", python), ("a.ts", typescript)]


@pytest.mark.parametrize(("name", "reader"), READERS)
@pytest.mark.parametrize(
    ("code", "alone", "noted"),
    [
        (f"TITLE = {OTHER}", False, False),
        (f"TITLE = {OTHER}", True, True),
        (f"TITLE_PROMPT = {SHORT}", False, True),
        (f"SYSTEM_NAME = {OTHER}", False, True),
        (f"TITLE_TEMPLATE = {OTHER}", False, False),
        (f"TITLE = {OTHER}\nTITLE_PROMPT = {OTHER}", False, True),
    ],
)
def test_a_file_of_a_folder_without_any_prompt_gets_no_note(
    name, reader, code, alone, noted, tmp_path
):
    file = SourceFile(SourceFolder(tmp_path, "", alone=alone), name, code.encode())

    found = [one.code for one in reader.documents(file, ReadOptions()) if isinstance(one, Loss)]

    assert found == (["IMP315"] if noted else [])
