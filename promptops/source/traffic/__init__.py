"""Files with samples: logs, traces and exports, cut into parts and read part by part.

`with opened(paths) as files` (files.py) copies standard input to a temporary file for as long as
its parts are read. `parts(files, format, size) -> Iterator[Part]` (parts.py) cuts them;
`samples(part, fields) -> Iterator[Sample | BrokenLine | SimilarKey | PartEnd]` (parts.py) reads
one part in any process. `document_in(file)` (lines.py) has the value of a file that is one JSON
document; it is one part. `line_at(location, offset) -> int` (parts.py) finds the line of a place.
`reader_names() -> list[str]` (reading.py) has the formats.
"""
