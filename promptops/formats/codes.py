"""The codes of what `import` and `export` lose, change or assume: name, severity, explanation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, cast

from promptops.formats.document import Loss
from promptops.model.finding import Severity
from promptops.records import record
from promptops.records.outputs import shown

CodeKind = Literal["error", "loss", "change", "note"]


@record(frozen=True, slots=True, kw_only=True)
class LossCode:
    """One kind of loss.

    Attributes:
        code: Such as IMP102; it never changes its meaning.
        name: Words joined by hyphens.
        kind: `error`: the prompt, or the whole file, is not written. `loss`: something is missing
            in the result. `change`: all is there, and what is rendered or decided can differ.
            `note`: all is there, in other words, or the source does not define it.
        may_refuse: A `loss` without which some prompts can't be written: an error there.
        summary: What happened, in one line.
        fix: What the user can do, or "".
    """

    code: str
    name: str
    kind: CodeKind
    may_refuse: bool
    summary: str
    fix: str = ""

    @shown
    def severity(self) -> Severity:
        """The severity of a finding that does not refuse its prompt."""
        return _SEVERITIES[self.kind]


CHANGES_REQUEST = frozenset(
    str.split("IMP101 IMP102 IMP103 IMP104 IMP105 IMP106 IMP110 IMP117 IMP118 IMP119 IMP121 IMP124")
)
"""Losses without which the request differs: a prompt with one is a draft."""
_SEVERITIES: Mapping[CodeKind, Severity] = {
    "error": Severity.ERROR,
    "loss": Severity.WARNING,
    "change": Severity.WARNING,
    "note": Severity.INFO,
}


def severity_of(loss: Loss) -> Severity:
    """The severity of a loss; an error refuses its prompt."""
    return Severity.ERROR if loss.refuses else CODES[loss.code].severity


# The tables: code, name and kind, what happened, and after `fix:` what to do.

_IMPORT_CODES = """
IMP001 unknown-format error
    no reader recognises the file, or it is a prompt file of promptops already
    fix: name the format with `--from`; `promptops import --formats` lists all

IMP002 unreadable error
    the file is larger than 1 MB, not UTF-8, not valid in its format, or can't be opened
    fix: correct the file at the place of the finding, or save it as UTF-8

IMP003 nothing-in-it error
    the format is known, and the file contains no prompt

IMP004 data-set error
    the file has only data, such as more than 10 rows with the same keys, or rows with answers; or
    more than 200 strings or prompts
    fix: if its rows are test cases, make it a case file; if they are prompts, select them by name

IMP005 target-differs error
    a file with another content exists where a file of the prompt would be written
    fix: write elsewhere with `--to`, and compare the files with `git diff --no-index`

IMP006 id-taken error
    another source, or an existing prompt, has the same id, or an id that differs only in case
    fix: rename one of the sources, or import them into two folders with `--to`

IMP016 self-check error
    the file that would be written is not a valid prompt, or a test case can't be rendered with it
    fix: this is a bug of promptops: please report it with the source file

IMP101 computed-role loss may-refuse
    a message has a role that is computed, that does not exist in promptops, or that a template
    nests in a way that a prompt file can't write
    fix: write the role as a constant in the source

IMP102 no-counterpart loss may-refuse
    a helper, a filter, a method, a tag or a kind of prompt has no counterpart in promptops
    fix: replace it in the source, or compute the value in the application and pass it as an input

IMP103 runs-code loss may-refuse
    the template calls code: functions, format specifications, environment variables
    fix: compute the value in the application and pass it as an input

IMP104 missing-file loss may-refuse
    a file that the source names is missing, is outside of the source folder, is in a registry, or
    its name is computed
    fix: import the folder that contains both files

IMP105 media-in-template loss may-refuse
    an image or another part is inside of a condition or a loop, or has no address
    fix: move it to the top level of its message

IMP106 tools loss
    tools that are not JSON Schema functions are not carried, nor is where their arguments come from
    fix: write them below `tools` of the prompt file

IMP107 no-model loss
    the model or a parameter is a reference, a name of an editor, or a provider that calls no model
    fix: import with `--profiles`, or write `model:` of the prompt file

IMP108 out-of-range loss
    a parameter is outside of the range that providers accept; it is kept in `provider_options`

IMP110 section loss
    a placeholder of sections, which the application of the source fills, is not carried

IMP111 connection loss
    keys, endpoints and connection settings are never copied, and a value of them is never shown
    fix: write them to a profile below `[models.NAME]` of promptops.toml

IMP112 api-kind loss
    the source calls another API than that of chats

IMP113 sample-missing loss
    the sample that the source names is missing or can't be read, or an image in it is not valid

IMP114 unknown-key loss
    a key has no meaning in promptops, and is not carried

IMP115 unread-case-input loss
    no template reads a value of a test case or a sample; it is left out

IMP116 assertion loss
    an assertion, or the transform before it, has no counterpart, and is not carried
    fix: write another one, from the reference of assertions

IMP117 named-schema loss
    a schema is registered in code and only named in the source

IMP118 input-no-object loss may-refuse
    the input of the prompt is not an object, so that it has no names

IMP119 output-format loss
    the output format has no exact counterpart
    fix: write a schema below `output`

IMP120 output-parser loss
    an output parser is not carried
    fix: write its format below `output`

IMP121 chain loss
    only the first prompt of a chain is carried, with its model

IMP124 editor-context loss
    a file, a selection or the output of a command that an editor or a command line fills in; it
    stays as text
    fix: make it an input of the prompt

IMP127 red-team loss may-refuse
    a configuration of attacks contains no prompts
    fix: use `promptops probe`

IMP128 test-generator loss
    tests from code, a spreadsheet or an address, and tests above a limit, are not carried
    fix: write them to a case file

IMP129 configuration loss
    a setting of the other tool, which belongs to no prompt, is not carried

IMP130 more-providers loss
    the source compares several models; the prompt has the first
    fix: add a profile for each, and run `promptops compare`

IMP131 secret loss may-refuse
    a text of the prompt contains what looks like a key or a password; the prompt is not written
    fix: remove it from the source, and revoke the key

IMP132 unfit-case loss
    a test case or a sample of the source can't be rendered with its prompt, and is left out
    fix: correct its values in the source, and import again

IMP201 renamed-input note
    a template can't read the name of an input; its old name is in `x-aliases`

IMP202 kept-as-x note
    a key that the prompt file does not have is kept below `x-FORMAT-KEY`

IMP203 kept-as-metadata note
    a key that only describes is kept in `metadata`

IMP204 coerced note
    a number that the source wrote as text is a number

IMP205 means-default note
    a value that means the default is left out

IMP206 unknown-type note
    a type that JSON Schema does not have admits any value

IMP207 safe-filter note
    the filter `safe` is dropped, because promptops escapes nothing

IMP208 empty-message note
    a message without text is left out

IMP210 html-escape change
    the source replaces `<`, `&` and quotes by HTML entities; promptops does not

IMP211 partial-indent change
    the source indents each line of an included template; promptops does not

IMP212 tidied note
    `--tidy` dropped the blank lines that tags leave: the rendered text has fewer

IMP213 prints-otherwise change
    a list or a mapping is printed in another notation

IMP214 unenforced-output note
    the source declares an output that its engine did not enforce; promptops does

IMP215 engine-name note
    the source names a template engine that it does not use

IMP216 type-widened note
    a sample does not fit the declared type, so that the type is wider

IMP218 literal-placeholder note
    what looks like a variable is text for the source, and stays text
    fix: if your application fills it in, give the syntax with `--syntax`

IMP219 evaluator change
    an evaluator becomes an LLM judge with other instructions

IMP220 context-variable note
    a variable that the framework fills in is an input

IMP221 examples-inlined note
    the examples of a few-shot prompt are part of the text

IMP223 loose-front-matter note
    the header is not valid YAML, and was read line by line

IMP224 computed-in-code note
    an expression of the code is an input that the application passes

IMP225 conversation note
    the turns before the last one become an input, the caller's conversation

IMP227 assertion-changed change
    an assertion becomes a similar one that can decide differently

IMP228 score-added note
    an assertion with a weight or a metric gets a score of that name; the first of several scores
    is the primary one
    fix: name the primary score in `evaluation.score`

IMP229 not-rendered-there note
    the source's engine fails at a template and sends it as it is; so it is text

IMP230 templated-value change
    a value of a test case is a template in the source, and data in promptops

IMP231 empty-list change
    an empty list is true in the source, and false in promptops

IMP232 section-kind note
    nothing defines whether a section of Mustache is a loop or a condition
    fix: give an example with `--inputs`

IMP233 repeated-replacement change
    the source replaces names one after the other, so that a value that contains `{{b}}` is replaced
    as well

IMP301 provider-assumed note
    the model has no provider; `openai` is assumed

IMP302 history note
    the conversation of the caller is `history`

IMP303 partial-by-name note
    a template that is named without a path is taken from the source folder

IMP304 copy-file note
    a file that the prompt names, such as an image, is not copied
    fix: copy it to the place that the prompt file names

IMP305 inferred-input note
    the source does not declare an input; its type is inferred from the templates

IMP306 may-be-left-out note
    an input that only conditions and loops read gets a default

IMP307 text-prompt note
    a prompt without messages becomes one message

IMP308 maybe-variable note
    words such as `[NAME]` stay text; they may be variables

IMP309 syntax-guessed note
    nothing defines how variables are written; it is guessed
    fix: give it with `--syntax`

IMP310 role-lines-found note
    a text begins with a role line, so that its role lines begin messages

IMP311 role-assumed note
    nothing defines the role of a message
    fix: give it with `--role`

IMP312 case-file note
    more than 20 cases go to a case file

IMP313 not-jinja note
    a text that looks like Jinja can't be parsed, and stays text

IMP314 shared-paragraph note
    the same paragraph of 120 characters or more is in three files or more
    fix: move it to a partial, and include it

IMP315 left-out note
    of a map, rows of data and descriptions are left out
    fix: select a prompt among them by its name: `--include 'FILE::NAME'`

IMP316 kept note
    the prompt was imported from the same file before, and its file differs: it stays as it is
    fix: compare with an import to another folder, `--to`, and `git diff --no-index`

IMP320 uncallable-profile note
    promptops has no client for the provider of a new model profile
    fix: set the `base_url` of an OpenAI-compatible API in the profile
"""

_EXPORT_CODES = """
EXP002 file-differs error
    a file with another content exists where a file would be written
    fix: write elsewhere with `--to`

EXP003 not-readable error
    a prompt can't be read, or a test case of it can't be rendered: it is not exported
    fix: correct the file; `promptops lint` reports all its problems

EXP005 not-expressible error
    the format can't express a part of the prompt, so that the prompt is not written
    fix: export with `--case NAME`, which replaces all but printed inputs by the values of a case

EXP101 tests-left-out loss
    test cases are not carried

EXP102 role-replaced loss
    a role of a message is replaced by another one

EXP103 schema-left-out loss
    the schema of an input or of the output is not carried in full

EXP104 tools-left-out loss
    tools are not carried in full

EXP106 assertion-left-out loss
    an assertion has no counterpart

EXP107 evaluation-left-out loss
    scores, margins and settings of judges are not carried

EXP108 parameter-left-out loss
    the model, or a parameter of it, is not carried

EXP109 description-left-out loss
    keys that describe or limit the prompt are not carried: owners, tags, metadata, a budget

EXP110 templated-value change
    the target renders the value of an input as a template
    fix: export without `--templates`

EXP111 fixed-input loss
    with `--case`, an input that is more than printed text has the value of the test case

EXP112 part-left-out loss
    an image, a sound or a document of a message is not carried

EXP113 message-key-left-out loss
    `cache` or `name` of a message is not carried

EXP114 turns-left-out loss
    a test case with turns is not carried: the target has no conversations, or not this kind of turn
"""


def _codes(table: str) -> Iterator[LossCode]:
    """Parse a table: the head of each code, its explanation, and after `fix:` the fix."""
    for row in table.strip().split("\n\n"):
        head, *lines = row.split("\n")
        code, name, kind, *flags = head.split()
        summary, _, fix = " ".join(line.strip() for line in lines).partition(" fix: ")
        yield LossCode(
            code=code,
            name=name,
            kind=cast(CodeKind, kind),
            may_refuse="may-refuse" in flags,
            summary=summary,
            fix=fix,
        )


CODES: Mapping[str, LossCode] = {
    each.code: each for each in (*_codes(_IMPORT_CODES), *_codes(_EXPORT_CODES))
}
"""By code; those of `import`, then those of `export`."""
