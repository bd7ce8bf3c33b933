"""The one error of this component that an operator can put right."""

from __future__ import annotations


class ComponentError(Exception):
    """Says what is wrong, with which value, and what to do."""
