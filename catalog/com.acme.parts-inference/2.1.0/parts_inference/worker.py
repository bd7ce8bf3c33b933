"""The worker: one image at each tick of the timer, and whatever is dropped into ``requests/``.

    requests/<name>.pgm   written under another name first and renamed, so that it is whole
    responses/<name>.json the answer to it, or what is wrong with it
    predictions.jsonl     every prediction that the sample rate takes, one JSON object a line

An image that cannot be read is reported and passed over. Anything else that goes wrong ends the worker with an error:
a worker that cannot record what it sees must not look alive.
"""

from __future__ import annotations

import itertools
import signal
import sys
import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from parts_inference import COMPONENT_VERSION
from parts_inference.errors import ComponentError
from parts_inference.model import Model
from parts_inference.pgm import features, read
from parts_inference.process import forget, record
from parts_inference.records import Lines, Sampler, write_json

if TYPE_CHECKING:
    from pathlib import Path

    from parts_inference.settings import Settings

LOOK = 0.2  # seconds between two looks into requests/
RESPONSES = 1000  # older answers are deleted


def serve(settings: Settings) -> int:
    """Run until SIGTERM or SIGINT; return 0."""
    ended = Ended()
    for folder in (settings.work, settings.work / "requests", settings.work / "responses"):
        folder.mkdir(parents=True, exist_ok=True)
    record(settings.work)
    try:
        worker = Worker(settings, Model.load(settings.model))
        worker.next_image()  # an image folder that is empty fails the start, not the first tick
        write_json(settings.work / "ready.json", worker.about())
        worker.run(ended)
    finally:
        forget(settings.work)
    return 0


class Ended:
    """Whether SIGTERM or SIGINT came. A plain flag: an Event could lock up when its own waiter is interrupted."""

    def __init__(self) -> None:
        self._ended = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)

    def __bool__(self) -> bool:
        return self._ended

    def _end(self, *_: object) -> None:
        self._ended = True


class Worker:
    """Classifies with one model under one configuration."""

    def __init__(self, settings: Settings, model: Model) -> None:
        self._settings = settings
        self._model = model
        self._lines = Lines(settings.work / "predictions.jsonl", settings.predictions_limit)
        self._sampler = Sampler(settings.sample_rate)
        self._place = itertools.count()
        self._reported: set[tuple[str, int]] = set()

    def about(self) -> dict[str, Any]:
        """What runs, for ready.json and the log."""
        return {
            "componentVersion": COMPONENT_VERSION,
            "modelName": self._model.name,
            "modelVersion": self._model.version,
            "modelDigest": self._model.digest,
        }

    def run(self, ended: Ended) -> None:
        """Work until ``ended``; SIGTERM is seen within a look."""
        due = time.monotonic()
        while not ended:
            self.answer_requests()
            if time.monotonic() >= due:
                self.tick()
                due = max(due + self._settings.interval, time.monotonic())
            time.sleep(min(LOOK, max(0.0, due - time.monotonic())))

    def tick(self) -> None:
        """Classify the next image of the folder."""
        file = self.next_image()
        try:
            self.predict(file, "timer")
        except ComponentError as error:
            self._report(file, error)

    def next_image(self) -> Path:
        """The images of the folder in turn, by name; the folder is read anew each time.

        Raises:
            ComponentError: the folder is not there, or has no image.
        """
        folder = self._settings.images
        files = sorted(folder.glob("*.pgm")) if folder.is_dir() else []
        if not files:
            message = f"configuration imagesDirectory: {folder} has no .pgm image"
            raise ComponentError(message)
        return files[next(self._place) % len(files)]

    def answer_requests(self) -> None:
        """Answer every image in requests/ and take it away."""
        responses = self._settings.work / "responses"
        for file in sorted((self._settings.work / "requests").glob("*.pgm")):
            try:
                answer = self.predict(file, "request")
            except ComponentError as error:
                answer = {"error": str(error)}
            write_json(responses / f"{file.stem}.json", answer)
            file.unlink(missing_ok=True)
            _keep_newest(responses, RESPONSES)

    def predict(self, file: Path, trigger: str) -> dict[str, Any]:
        """Classify one image and record it when it is sampled."""
        began = time.perf_counter()
        image = read(file)
        answer = self._model.classify(image)
        latency = (time.perf_counter() - began) * 1000
        prediction = {
            "eventVersion": "1",
            "eventMetadata": {
                "deviceFleetName": self._settings.fleet,
                "deviceId": self._settings.thing,
                "eventId": str(uuid.uuid4()),
                "inferenceTime": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "modelName": self._model.name,
                "modelVersion": self._model.version,
            },
            "features": features(image),
            "prediction": answer.label,
            "confidence": round(answer.confidence, 6),
            "accepted": answer.confidence >= self._settings.threshold,
            "latencyMs": round(latency, 3),
            "componentVersion": COMPONENT_VERSION,
            "modelDigest": self._model.digest,
            "source": file.name,
            "trigger": trigger,
        }
        if self._sampler.take():
            self._lines.append(prediction)
        return prediction

    def _report(self, file: Path, error: ComponentError) -> None:
        """Say once for each content of a file what is wrong: the log must not grow with every tick."""
        try:
            seen = (file.name, file.stat().st_mtime_ns)
        except OSError:
            seen = (file.name, 0)
        if seen not in self._reported:
            self._reported.add(seen)
            print(f"parts-inference: {error}", file=sys.stderr, flush=True)


def _keep_newest(folder: Path, count: int) -> None:
    files = list(folder.glob("*.json"))
    if len(files) > count:
        for file in sorted(files, key=lambda each: each.stat().st_mtime_ns)[:-count]:
            file.unlink(missing_ok=True)
