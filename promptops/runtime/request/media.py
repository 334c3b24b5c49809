"""The data and the media type of a media part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptops.records import record

# Not those of `mimetypes`, which differ between machines and Python versions.
_TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "heic": "image/heic",
    "heif": "image/heif",
    "pdf": "application/pdf",
    "txt": "text/plain",
    "md": "text/markdown",
    "csv": "text/csv",
    "html": "text/html",
    "json": "application/json",
    "xml": "text/xml",
    "wav": "audio/wav",
    "mp3": "audio/mp3",
    "aac": "audio/aac",
    "ogg": "audio/ogg",
    "flac": "audio/flac",
    "aiff": "audio/aiff",
}
_FILE_TYPES = _TYPES | {
    "wav": "audio/x-wav",
    "mp3": "audio/mpeg",
    "aiff": "audio/x-aiff",
    "bmp": "image/bmp",
    "svg": "image/svg+xml",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "mp4": "video/mp4",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""Of files in the repository. They are part of the digest of a request, so they do not change."""

_SAME = {
    "audio/mpeg": "audio/mp3",
    "audio/x-wav": "audio/wav",
    "audio/wave": "audio/wav",
    "audio/vnd.wave": "audio/wav",
    "image/jpg": "image/jpeg",
}


@record(frozen=True, slots=True, kw_only=True)
class MediaSource:
    """The source of a media part.

    Attributes:
        media_type: In lower case and without parameters; None if it is not known.
        data: Base64; None for an address.
        url: The address; None for data.
    """

    media_type: str | None
    data: str | None = None
    url: str | None = None


def media_source(part: Mapping[str, Any]) -> MediaSource | None:
    """The source of a part in the neutral form; None if the part has none."""
    url, data = part.get("url"), part.get("data")
    if isinstance(url, str) and url.startswith("data:"):
        return _embedded(url)
    if isinstance(url, str) and url:
        return MediaSource(media_type=_type_of_address(url), url=url)
    return MediaSource(media_type=None, data=data) if isinstance(data, str) else None


def is_base64(data: str) -> bool:
    """Whether data is base64 as a whole; line breaks are allowed."""
    from binascii import a2b_base64

    try:
        a2b_base64("".join(data.split()), strict_mode=True)
    except ValueError:
        return False
    return True


def is_address(value: Any) -> bool:
    """Whether a value of an input is an address or a `data:` URL, and not base64."""
    return isinstance(value, str) and value.startswith(("https://", "http://", "data:"))


def is_media(value: Any) -> bool:
    """Whether the value of an input can be an image, a sound or a document."""
    return is_address(value) or (isinstance(value, str) and is_base64(value))


def no_media(name: str) -> str:
    """The problem with the value of an input that is neither."""
    return f"`{name}` is neither base64, a `data:` URL nor an address"


def media_type_of_path(path: str) -> str | None:
    """The media type of a file by its ending; None if it is not known."""
    return _TYPES.get(path.rpartition(".")[2].lower())


def media_type_of_file(path: str) -> str:
    """The media type of a file in the repository by its ending, the same on every machine."""
    return _FILE_TYPES.get(path.rpartition(".")[2].lower(), "application/octet-stream")


def _type_of_address(url: str) -> str | None:
    from urllib.parse import urlsplit

    try:
        return media_type_of_path(urlsplit(url).path)
    except ValueError:
        return None


def _embedded(url: str) -> MediaSource:
    head, _, data = url.removeprefix("data:").partition(",")
    kind, *parameters = head.split(";")
    if "base64" not in parameters:
        import base64
        from urllib.parse import unquote_to_bytes

        data = base64.b64encode(unquote_to_bytes(data)).decode()
    kind = kind.strip().lower()
    media_type = None if kind in ("", "application/octet-stream") else _SAME.get(kind, kind)
    return MediaSource(media_type=media_type, data=data)
