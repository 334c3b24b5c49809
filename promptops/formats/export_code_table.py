"""The codes of `export`, as in `code_table.py`."""

EXPORT = """
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
"""
