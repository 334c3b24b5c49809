"""The colors of the HTML page, reckoned from its style."""

import re
from functools import cache

import pytest

from promptops.commands.diff.page import write_html
from tests.report.diff.html_pages import read
from tests.report.diff.html_reports import unchanged

SCHEMES = {
    "light": ("#fdfdfb", r":root \{(.*?)\n\}"),
    "dark": ("#15171a", r"prefers-color-scheme: dark\) \{\s*:root \{(.*?)\n  \}"),
}
PAIRS = [
    *((ink, back) for ink in ("ink", "muted", "link") for back in ("paper", "raised")),
    *((ink, back) for ink in ("ink", "muted") for back in ("removed", "added")),
    *((level, "paper") for level in ("bad", "doubtful", "good", "risk-ink")),
    *((f"{kind}-ink", back) for kind in ("removed", "added") for back in (kind, f"{kind}-word")),
    ("risk-ink", "risk"),
    ("on-bad", "bad"),
]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("ink", "back"), PAIRS)
def test_text_stands_out_from_what_is_behind_it(scheme, ink, back):
    colors = _colors(scheme)

    assert _contrast(colors[ink], colors[back]) >= 4.5


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_edge_of_a_control_stands_out_from_the_page(scheme):
    colors = _colors(scheme)

    assert _contrast(colors["strong-rule"], colors["paper"]) >= 3


@cache
def _colors(scheme):
    paper, block = SCHEMES[scheme]
    (style,) = read(write_html(unchanged())).all("style")
    colors = dict(re.findall(r"--([\w-]+): (#\w{6});", re.search(block, style.text, re.S)[1]))
    assert colors["paper"] == paper
    return colors


def _contrast(one, other):
    """As the Web Content Accessibility Guidelines define it: 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color):
    shares = (int(color[start : start + 2], 16) / 255 for start in (1, 3, 5))
    red, green, blue = (
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
