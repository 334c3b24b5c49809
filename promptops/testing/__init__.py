"""Run test cases: plan, find or request answers, judge, decide."""
