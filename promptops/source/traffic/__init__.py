"""Files with samples: logs, traces and exports, cut into parts and read part by part.

`with opened(paths) as files` (files.py) copies standard input to a temporary file for as long as
its parts are read. `parts(files, format, size) -> Iterator[Part]` (parts.py) cuts them;
`samples(part, fields) -> Iterator[Sample | BrokenLine | SimilarKey | PartEnd]` (samples.py) reads
one part in any process. `document_in(file)` (documents.py) has the value of a file that is one JSON
document; it is one part. `line_at(location, offset) -> int` (places.py) finds the line of a place.
`reader_names() -> list[str]` (readers.py) has the formats.
"""
