"""How an inference component is asked: files in a folder of its work folder, answers in another, or as lines of a file.

A component declares it in component.yaml (``requests:``); for versions that were published without it, edgewright.yaml
does (``models.groups[].ask``). Nothing here says how files get onto a device.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

_Entry = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$")]


class Requests(BaseModel):
    """The requests that a component takes, one file a request, renamed into the folder when it is whole."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    format: Literal["json", "pgm"] = Field(
        "json",
        description="json: an object, input name -> rows (one row); pgm: the only input's row as a plain PGM image.",
    )
    folder: _Entry = Field("requests", description="Below the component's work folder.")
    answers: _Entry = Field(
        "predictions.jsonl",
        description="A file of JSON lines (NAME.jsonl), or a folder with <request>.json, below the work folder.",
    )
    request: str = Field("request", min_length=1, description="Key of an answer's line with the request's file name.")
    prediction: str | None = Field(
        None,
        min_length=1,
        description="Key of the answer with the label; else `outputs`, whose first output is largest at it.",
    )
    latency: str = Field("latencyMs", min_length=1, description="Key of the answer with the milliseconds it took.")
    digest: str | None = Field(
        None, min_length=1, description="Key of the answer with the SHA-256 of the model's file that gave it."
    )
    process: _Entry | None = Field(
        None, description="A file of the work folder with the worker's process id: a number, or JSON with `pid`."
    )
    width: int = Field(1, ge=1, le=16384, description="Of a pgm image, in pixels.")
    brightest: int = Field(255, ge=1, le=65535, description="The largest grey value of a pgm image.")

    @model_validator(mode="after")
    def _apart(self) -> Requests:
        if self.folder == self.answers:
            msg = f"has the folder {self.folder!r} for requests and for answers; name two"
            raise ValueError(msg)
        return self

    @property
    def lines(self) -> bool:
        """Whether answers are lines of a file."""
        return self.answers.endswith(".jsonl")
