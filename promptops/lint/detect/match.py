"""What a detector yields; it stands in `analysis`, where test cases find it, too."""

from promptops.analysis.match import TextMatch

__all__ = ["TextMatch"]
