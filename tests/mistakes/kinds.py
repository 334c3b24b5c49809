"""Mistakes that people make, each one edit of the clean repository or one command line."""

from __future__ import annotations

from dataclasses import dataclass

from tests.mistakes.clean_repository import (
    CHANNELS,
    CONFIG,
    CSV_CASES,
    DESK,
    HOUSE_STYLE,
    ISSUE_SCHEMA,
    JSON_CASES,
    RECORDINGS,
    SQL,
    SQL_SYSTEM,
    TERMS,
    TERSE,
    TONE,
    TOOL,
    TRIAGE,
    YAML_CASES,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One edit: the first `old` in a file becomes `new`.

    Attributes:
        at: The file and line of a report, as `path` or `path:line`, where that is not the line of
            the edit: that of a reference, or of a case that fails because of it.
    """

    path: str
    old: str
    new: str
    at: str = ""

    @property
    def name(self) -> str:
        return f"{self.path.rpartition('/')[2]}: {self.old.strip()} -> {self.new.strip()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Renamed:
    """A file under another name; `at` is the file that needs it, or the file itself."""

    path: str
    to: str
    at: str = ""

    @property
    def name(self) -> str:
        return f"{self.path} -> {self.to}"


def _edits(path: str, *edits: tuple[str, str] | tuple[str, str, str]) -> tuple[Mistake, ...]:
    return tuple(
        Mistake(path=path, old=each[0], new=each[1], at=each[2] if len(each) > 2 else "")
        for each in edits
    )


IN_CONFIG = _edits(
    CONFIG,
    ('prompts = ["prompts"]', 'prompt = ["prompts"]'),
    ('schemas = ["schemas"]', 'schema = ["schemas"]'),
    ('schemas = ["schemas"]', 'schemas = ["shcemas"]', DESK),
    ("[models.fast]", "[model.fast]", CONFIG),
    ("[models.fast]", "[models.fats]", DESK),
    ("[models.embedder]", "[models.embeder]", CONFIG),
    ('provider = "echo"', 'provder = "echo"', CONFIG),
    ("temperature = 0", "temprature = 0"),
    ("temperature = 0", 'temperature = "0"'),
    ("input = 0.0", "inputs = 0.0"),
    ("api_key_env", "api_key"),
    ("OPENAI_API_KEY", "sk-proj-abc123"),
    ('fail-on = "warning"', 'fail-on = "warn"'),
    ('fail-on = "warning"', 'fail_on = "warning"'),
    ('TST001 = "error"', 'TST001 = "eror"'),
    ("required-metadata", "required-metdata"),
    ('["description", "owners"]', '["description", "owner"]', DESK),
    ("per-file-ignores", "per-files-ignores"),
    ('kind = "existence"', 'kind = "existance"'),
    ('tokens = ["Globex"]', 'token = ["Globex"]', CONFIG),
    ("concurrency = 4", 'concurrency = "4"'),
    ("timeout_s = 30", "timeout = 30"),
    ('embeddings = "embedder"', 'embeddings = "embeder"'),
    ("pull_request = 1.0", "pull-request = 1.0"),
    ("v{version}", "v{verson}"),
    ('sign = "never"', 'sign = "nevr"'),
    ('on_inconclusive = "warn"', 'on_inconclusive = "warning"'),
    ('whitespace = "patch"', 'whitespace = "pach"'),
    ('fail-on = ["breaking"]', 'fail-on = ["braking"]'),
    ("coverage = 50", "coverage = 150"),
    ('id = "echo-1"', 'id = "echo-1'),
    ('"gpt-5.4-mini', '"gtp-5.4-mini', CONFIG),
    ('provider = "openai"', 'provider = "opneai"'),
    ('select = ["ALL"]', 'select = ["VRA"]'),
    ('ignore = ["STY003"]', 'ignore = ["STY03"]'),
    ('extend-select = ["STY001"]', 'extend-select = ["STY01"]'),
    ('TST001 = "error"', 'TST010 = "error"'),
    ('"prompts/judges/**"', '"prompts/judegs/**"'),
    ("v{version}", "{version}v{version}"),
    ("v{version}", "v${version}"),
    ("v{version}", "v{{version}}"),
    ("v{version}", "release {version}"),
    ("v{version}", "prompts"),
    ("[models.strong]", "[model.strong]"),
    ('metric = "cost_1000"', 'metric = "cost_100"'),
    ('metric = "cost_1000"', 'metric = "const_100"'),
    ('prompts = ["support/*"]', 'prompts = ["suport/*"]'),
    ("above = 4.5", "abvoe = 4.5"),
    ('["TST001"]}', '["TST010"]}'),
)

IN_PROMPTS = (
    *_edits(
        TRIAGE,
        ("format: promptops/1", "format: promptops/2"),
        ("format: promptops/1", "fromat: promptops/1", TRIAGE),
        ("owners:", "owner:"),
        ("status: active", "status: actve"),
        ("input_tokens", "input_token"),
        ("input_tokens: 4000", "input_tokens: 4,000"),
        ("profile: fast", "profil: fast"),
        ("profile: fast", "profile: fsat"),
        ("temperature: 0.2", "temperature: 2.5"),
        ("temperature: 0.2", "temprature: 0.2"),
        ("max_output_tokens", "max_tokens"),
        ("required: [ticket, product]", "required: [ticket, prodcut]"),
        ("required: [ticket, product]", "requird: [ticket, product]"),
        ("    ticket: {", "    tikcet: {", TRIAGE),
        ("type: string", "type: sting"),
        ("type: string", "type: str"),
        ("minLength: 1", "minLegnth: 1"),
        ("x-untrusted", "x-untrusetd"),
        ("enum: [friendly", "enmu: [friendly"),
        ("enum: [friendly, formal]", "enum: [friendly, fromal]", TRIAGE),
        ("default: []", "defualt: []"),
        ("known-issue.schema.json", "known-issues.schema.json"),
        ("format: json", "format: jsno"),
        ("strict: true", "strict: yes"),
        ("required: [messages]", "required: [message]", TRIAGE),
        ("role: system", "role: sytem"),
        ("    content: |", "    contnet: |"),
        ("    content: |", "   content: |", TRIAGE),
        ("terms.macros.j2", "term.macros.j2"),
        ("import term %}", "import trem %}", TRIAGE),
        ("{{ product }}", "{{ prodcut }}"),
        ("{{ product }}", "{{ product }"),
        ("{{ product }}", "{{ inputs.product }}"),
        ("{{ product }}", "{{ pr\u043educt }}"),
        ("There are no", "Th\u0435re are no"),
        ("There are no", "There\u00a0are no"),
        ("      There are no", "      <<<<<<< HEAD\n      There are no", TRIAGE),
        ("minLength: 1", "optional: true"),
        ("{{ product }}", "{ product }"),
        ("{{ product }}", "{{ product | uper }}"),
        ("house-style.md.j2", "house-stlye.md.j2"),
        ("{% for issue", "{% fro issue"),
        ("in known_issues", "in known_isues"),
        ("issue.title", "issue.tittle"),
        ("term(issue.id", "tem(issue.id"),
        ("{% endfor %}", "{% endif %}"),
        ("{% endfor %}", "", TRIAGE),
        ("role: user", "role: usr"),
        ("</ticket>", "</tiket>", TRIAGE),
        ("  - name: no known issues", "  - name: a known issue is listed"),
        ("inputs:\n      product", "input:\n      product", TRIAGE),
        ("product: router", "product: ruoter"),
        ("ticket: The light", "tiket: The light"),
        ("id: KI-7", "id: KI-7-of-the-router"),
        ("rendered:", "renderd:", TRIAGE),
        ("type: contains", "type: contians"),
        ("role: system, value", "rol: system, value"),
        ("role: system, value", "role: sytem, value"),
        ("- KI-7: Red", "- KI-7: Rad"),
        ("type: message-count, value: 2", "type: message-count, value: 3"),
        ("type: message-count, value: 2", "type: message-count, valeu: 2"),
        ("path: /messages/1/role", "path: /mesages/1/role"),
        ("file: ./triage.cases.yaml", "file: ./triage.case.yaml"),
        ("file: ./triage.cases.csv", "file: triage.cases.csv"),
        ("judge: judges/tone", "judge: judges/tine"),
        ("repeats: 1", "repeat: 1"),
        ("value: There are", "value: 'There' # are"),
        ("value: There are no known issues right now.}", "value: There are no # issues\n        }"),
        ("      There are no", "<<<<<<< HEAD\n      There are no"),
        ("      There are no", "=======\n      There are no"),
        ("margin: 2", "margin: two"),
        ("max-chars", "max-char"),
        ("aliases: [support/sort]", "aliases: [support/desk]"),
        ("aliases: [support/sort]", "alias: [support/sort]"),
    ),
    *_edits(
        TERSE,
        ("extends:", "extend:"),
        ("description:", "replaced_by: support/triag\ndescription:", f"{TERSE}:3"),
        ("description:", "sunset: 2027-02-30\ndescription:", f"{TERSE}:3"),
        ("description:", "sunset: '2020-02-28'\ndescription:", f"{TERSE}:3"),
        ("./triage.prompt.yaml", "./triag.prompt.yaml"),
        ("./triage.prompt.yaml", "./triage.terse.prompt.yaml"),
        ("max_output_tokens: 200}}", "max_output_token: 200}}"),
        ("value: 200}", "value: 20}"),
    ),
    *_edits(
        DESK,
        ("find-order.tool.json", "find-orders.tool.json"),
        ("tool_choice:", "tool_choise:"),
        ("max: 5", "max: 0.05"),
        ("must: [tool-misuse]", "must: [tool-misue]"),
        ("must: [tool-misuse]", "must: [bias]"),
        (", tools: [find_order]", ""),
        ("tools: [find_order]", "tools: [find_oder]"),
        ("accept: [persona-unbound]", "accept: [persona]"),
        ("persona-unbound", "persona-unbond"),
        ("cache: true", "cach: true"),
        ("{name: find_order}", "{nam: find_order}"),
        ('when: "plus"', 'when: "pluss"'),
        ('when: "plus"', "when: plus == 'yes'"),
        ('when: "plus"', 'when: "{{ plus }}"'),
        ("history: conversation", "history: conversations"),
        ("last: 20", "lst: 20"),
        ("ignore[STY001]", "ignor[STY001]", DESK),
        ("ignore[STY001]", "ignore[STY01]", DESK),
        ("ignore[STY001] the tone comes with SUP-12", "ignore[STY001]", DESK),
        ("role: assistant, content", "role: asistant, content"),
        ("path: /tools/0/name", "path: /tools/1/name"),
        ("value: find_order}", "value: find_orders}"),
        ("not-tool-call, name", "not-tool-call, nam"),
        ("not-tool-call", "not-tool-cal"),
    ),
    *_edits(
        SQL,
        ("./sql.system.md.j2", "./sql.sytem.md.j2"),
        ("{file: ./sql", "{fiel: ./sql"),
        ("for_each: examples", "for_each: exampels"),
        ("for_each: examples", "foreach: examples"),
        ("as: example", "as: exmaple", SQL),
        ("{{ example.sql }}", "{{ example.sqll }}"),
        ("/messages/2/content", "/messages/9/content"),
        ("x-aliases: [database]", "x-alias: [database]"),
    ),
    *_edits(
        TONE,
        ("profile: strong", "profile: storng"),
        ("tags: [anchor]", "tag: [anchor]"),
        ("type: string, enum", "typ: string, enum"),
        ("expected:", "expectd:"),
        ("verdict: {", "verdcit: {", TONE),
        ("[reason, verdict]", "[reason, verdcit]"),
    ),
)

IN_TEMPLATES = (
    *_edits(
        HOUSE_STYLE,
        ("tone ==", "toen =="),
        ('"formal"', '"fromal"', TERSE),
        ('"formal"', '"finall"'),
        ("{% if", "{% fi"),
        ("{% endif %}", "{% endfi %}"),
        ("==", "="),
        ("Write short", "<<<<<<< HEAD\nWrite short"),
        ("{% endif %}", ">>>>>>> topic\n{% endif %}"),
    ),
    *_edits(
        TERMS,
        ("{% macro", "<<<<<<< HEAD\n{% macro"),
        ("macro term(name", "macro trem(name", TRIAGE),
        ("{{ name }}", "{{ nmae }}"),
        ("{%- endmacro %}", "{%- endmacr %}"),
        ("meaning) -%}", "meening) -%}", TERMS),
    ),
    *_edits(SQL_SYSTEM, ("{{ dialect }}", "{{ dialekt }}"), ("{{ dialect }}", "{{ dialect }")),
)

IN_CASE_FILES = (
    *_edits(
        YAML_CASES,
        ("- name:", "- nmae:"),
        ("inputs:", "imputs:"),
        ("product: camera", "product: camra"),
        ("ticket: The", "tickt: The"),
        ("rendered:", "rendred:"),
        ("type: contains", "type: contain"),
        ("value: The picture", "value: The pictures"),
        ("role: user", "role: users"),
    ),
    *_edits(
        CSV_CASES,
        ("name,", "nam,"),
        ("inputs.product", "input.product"),
        ("known_issues:json", "known_issues:jsno"),
        ("inputs.ticket", "inputs.tiket"),
        ("known_issues:json", "known_issues:jsn"),
        ("tags,", "tag,"),
        (",rendered", ",renderd"),
        (",hub,", ",hubb,"),
        ("contains", "contians"),
        ("waterproof?,,,", "waterproof?,,"),
        ('""id"": ""KI-8""', '""ID"": ""KI-8""'),
        ('""Slow""}]"', '""Slow""}"'),
    ),
    *_edits(
        JSON_CASES,
        ('"name"', '"nmae"'),
        ('"inputs"', '"input"'),
        ('"product": "hub"', '"product": "hbu"'),
        ('"ticket"', '"tikcet"'),
        ('"type": "contains"', '"type": "contain"'),
        ('"value"', '"vaule"'),
        ('"role": "user"', '"role": "usr"'),
        ("}]}", "}]"),
        ('{"name"', '>>>>>>> main\n{"name"'),
    ),
)

IN_SCHEMAS = (
    *_edits(
        ISSUE_SCHEMA,
        ('"type": "object"', '"tpye": "object"'),
        ('"type": "object"', '"type": "objct"', TRIAGE),
        ('"additionalProperties"', '"additonalProperties"'),
        ('"required"', '"require"'),
        ('["id", "title"]', '["id", "tilte"]', CSV_CASES),
        ('"maxLength": 8', '"maxLenght": 8'),
        ('"maxLength": 8', '"maxLength": "8"', TRIAGE),
        ('"title": {', '"titel": {', CSV_CASES),
    ),
    *_edits(
        TOOL,
        ('"name": "find_order"', '"name": "find_oder"', DESK),
        ('"name"', '"nmae"', DESK),
        ('"find_order"', '"find order"'),
        ('"strict": true', '"strict": "true"'),
        ('"strict"', '"strickt"'),
        ('"parameters"', '"parameter"'),
        ('"type": "object"', '"type": "objekt"', DESK),
        ('"properties"', '"propertys"'),
        ('["order_id"]', '["orderid"]', DESK),
    ),
)

IN_OTHER_FILES = (
    *_edits(
        RECORDINGS,
        ('"case"', '"caes"'),
        ('"output"', '"outptu"'),
        ('"format":1', '"format":2'),
        ('"request":"', '"request":"0', RECORDINGS),
        ('"usage":{', '"usage":[', RECORDINGS),
        ('"repeat":0', '"repeat":"0"'),
    ),
    *_edits(
        CHANNELS,
        ("release:", "relase:", CHANNELS),
        ("release: v1.0.0", "release: v1.0.1"),
        ("bundle:", "bundel:", CHANNELS),
        ("sha256:", "sha526:"),
        ("serial: 1", "serial: one"),
        ("serial: 1", "serial: 0"),
        ("serial:", "serail:", CHANNELS),
    ),
)

EDITS = (
    *IN_CONFIG,
    *IN_PROMPTS,
    *IN_TEMPLATES,
    *IN_CASE_FILES,
    *IN_SCHEMAS,
    *IN_OTHER_FILES,
)

RENAMED = (
    Renamed(path=HOUSE_STYLE, to="prompts/partials/house_style.md.j2", at=TRIAGE),
    Renamed(path=TERMS, to="prompts/partials/terms.macro.j2", at=TRIAGE),
    Renamed(path=SQL_SYSTEM, to="prompts/data/sql.system.md", at=SQL),
    Renamed(path=YAML_CASES, to="prompts/support/triage.cases.yml", at=TRIAGE),
    Renamed(path=CSV_CASES, to="prompts/support/triage.case.csv", at=TRIAGE),
    Renamed(path=JSON_CASES, to="prompts/support/triage.cases.json", at=TRIAGE),
    Renamed(path=ISSUE_SCHEMA, to="schemas/known_issue.schema.json", at=TRIAGE),
    Renamed(path=TOOL, to="schemas/find_order.tool.json", at=DESK),
    Renamed(path=SQL, to="prompts/data/sql.yaml", at="prompts/data/sql.yaml"),
    Renamed(path=SQL, to="prompts/data/sql.promt.yaml", at="prompts/data/sql.promt.yaml"),
    Renamed(path=SQL, to="prompts/data/sql.prompt.txt", at="prompts/data/sql.prompt.txt"),
    Renamed(path=TRIAGE, to="prompts/support/triages.prompt.yaml", at=TERSE),
    Renamed(path=TRIAGE, to="prompts/support/Triage.prompt.yaml", at=TERSE),
)

UNPLACED = (
    *_edits(
        CONFIG,
        ('prompts = ["prompts"]', 'prompts = ["propmts"]'),
        ('tokens = ["Globex"]', 'tokens = ["(Globex"]'),
    ),
    *_edits(TERSE, ("It is broken.", "It is brocken.")),
    Renamed(path=RECORDINGS, to="prompts/support/triage.recording.jsonl"),
    Renamed(path=RECORDINGS, to="prompts/support/triage.recordings.part2.jsonl"),
    Renamed(path=CONFIG, to="prompt-ops.toml"),
)
"""Mistakes that the gate refuses without the line: a root, a pattern, answers that are missing."""

ACCEPTED: tuple[tuple[Mistake | Renamed, str], ...] = tuple(
    (mistake, reason)
    for reason, mistakes in {
        "the variable is set on other machines": _edits(
            CONFIG, ("OPENAI_API_KEY", "OPENAI_APY_KEY")
        ),
        "the branch may not exist in this clone; `release` names those that are listed": _edits(
            CONFIG, ('branches = ["main"]', 'branches = ["mian"]')
        ),
        "a name, a pattern or a message of one's own": _edits(
            CONFIG, ("no-competitors", "no-compettiors"), ("Globex", "Glboex")
        ),
        "words for people": (
            *_edits(
                TRIAGE, ("title: Triage", "title: Traige"), ("tags: [support]", "tags: [suport]")
            ),
            *_edits(TRIAGE, ("risk: medium", "rsik: medium"), ("@acme/support", "@acme/suport")),
            *_edits(YAML_CASES, ("a broken camera", "a brokn camera")),
            *_edits(CSV_CASES, ("adversarial", "adverserial")),
        ),
        "an old id that nothing in the repository names": _edits(
            TRIAGE, ("[support/sort]", "[support/srot]")
        ),
        "a new channel: channels are added by hand, too": _edits(
            CHANNELS, ("production:", "prodution:")
        ),
    }.items()
    for mistake in mistakes
)
"""Mistakes that nothing can know to be one, each with the reason."""

ARGUMENTS: tuple[tuple[str, str], ...] = (
    ("lintt", "lint"),
    ("lint --fail-onn warning", "--fail-on"),
    ("lint --fail-on warn", "warning"),
    ("lint --rule VRA", "VRA"),
    ("lint --ignore STY01", "STY01"),
    ("lint --format jsno", "jsno"),
    ("lint support/triag", "support/triage"),
    ("lint --select tagg:support", "tagg"),
    ("lint --since mian", "mian"),
    ("lint --at v1.0.9", "v1.0.9"),
    ("check --since mian", "mian"),
    ("render support/triag", "support/triage"),
    ("render support/triage --case=nosuch", "nosuch"),
    ("render support/triage -i prodcut=hub -i ticket=x", "product"),
    ("render support/triage -i product=hubb -i ticket=x", "hub"),
    ("render --resolved support/triag", "support/triage"),
    ("blame support/triag", "support/triage"),
    ("test support/triag", "support/triage"),
    ("test --format junitt", "junitt"),
    ("diff mian", "mian"),
    ("log support/triag", "support/triage"),
    ("verify v1.0.9", "v1.0.9"),
    ("promote v1.0.9 production", "v1.0.9"),
    ("promote v1.0.0 prodution", "production"),
    ("promote v1.0.0 prod", "production"),
    ("rollback prodution", "production"),
    ("log support/triage --channel prodution", "production"),
    ("rule VAR01", "VAR001"),
    ("rule TST02", "TST002"),
    ("lint --unsafe-fixes", "--fix"),
    ("list --select owner:@acme/nobody", "nobody"),
    ("build --ref v1.0.9", "--ref"),
    ("lint --config lint.selct=1", "lint"),
    ("release --version one --yes", "one"),
)
"""A command line, and what its message has to name: what was meant, or else what was written."""
