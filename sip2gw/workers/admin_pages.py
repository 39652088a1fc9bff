"""The pages of the admin endpoint, from the answers of all workers. A stuck worker is named, and waited for briefly."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from prometheus_client import CollectorRegistry
from twisted.internet.defer import Deferred, DeferredList, DeferredLock
from twisted.web.http import SERVICE_UNAVAILABLE

from sip2gw.admin.health import Content, Health
from sip2gw.admin.journal import Question
from sip2gw.connect.ladder import SHOWN, Asked
from sip2gw.metrics import Metrics
from sip2gw.record import NotUnderstood
from sip2gw.slices import in_slices
from sip2gw.store import StoreFailed
from sip2gw.workers import sums
from sip2gw.workers.channel import WorkerGone, WorkerRefused
from sip2gw.workers.supervisor import Supervisor
from sip2gw.workers.worker import Phase

ANSWER = 2.0
"""Seconds that a worker may take to answer."""

Key = tuple[int, int]
"""The number of a worker, and how many processes it has had: so one of its processes."""


class AdminPages:
    """Ask `workers`, and add up. `metrics` are those of the parent."""

    def __init__(self, workers: Sequence[Supervisor], metrics: Metrics) -> None:
        self._workers = workers
        self._metrics = metrics
        self._seen: dict[Key, list[str]] = {}
        """The metrics of each process as they were when they were last seen: parts, each in JSON."""
        self._adding = DeferredLock()
        self._retired = sums.Sum()
        """Counters of processes that have ended: a sum never goes back."""

    async def health(self, own: Health) -> Health:
        """Return the health of all, from that of the parent."""
        answers = await self._ask("health")
        return sums.health(own, answers.values(), [self._row(worker, answers) for worker in self._workers])

    async def terminals(self) -> dict[str, Any]:
        """Return the terminals of all, and the seats of their libraries."""
        return sums.terminals({number: page for (number, _), page in (await self._ask("terminals")).items()})

    async def operator(self, question: Question) -> Content:
        """Have one worker answer; another one if it does not, unless the question changes something."""
        for worker in self._workers:
            if worker.serving is None:
                continue
            try:
                status, content = await worker.serving.channel.ask("operator", question, seconds=2 * ANSWER)
            except WorkerGone:
                if question.method == "POST":
                    error = "the worker has not answered: look whether it was done"
                    return SERVICE_UNAVAILABLE, {"error": error}
                continue
            return status, content
        return SERVICE_UNAVAILABLE, {"error": "no worker answers"}

    async def record(self, what: str, about: Mapping[str, str], worker: str) -> list[tuple[str, Any]]:
        """Return the parts of an answer of the record, of all workers or of one. Raises `NotUnderstood`."""
        answers = await self._ask("record", (what, dict(about)), worker)
        for part in answers.values():
            if "wrong" in part:
                raise NotUnderstood(part["wrong"])
        return [(str(number), part["part"]) for (number, _), part in answers.items()]

    async def enter(self, who: str, what: str, subject: str, why: str) -> None:
        """Have a worker enter something in the audit table. Raises `StoreFailed`."""
        serving = next((one.serving for one in self._workers if one.serving is not None), None)
        if serving is None:
            raise StoreFailed("gone", "no worker serves terminals")
        try:
            await serving.channel.ask("audit", (who, what, subject, why), seconds=ANSWER)
        except (WorkerGone, WorkerRefused) as failed:
            raise StoreFailed("gone", getattr(failed, "problem", "the worker does not answer")) from None

    async def attempts(self, asked: Asked) -> list[dict[str, Any]]:
        """Return the attempts at all workers, the latest first."""
        answers = await self._ask("attempts", asked)
        every = [one for page in answers.values() for one in page]
        return sorted(every, key=lambda one: -float(one["at"]))[:SHOWN]

    async def metrics(self) -> CollectorRegistry:
        """Return the metrics of all. They are added up in slices, for one question after the other."""
        answers = await self._ask("metrics")
        for worker in self._workers:
            up = worker.serving is not None and _key(worker) in answers
            self._metrics.worker_up.labels(str(worker.number)).set(up)
        total = sums.Sum()
        await self._adding.acquire()
        try:
            await in_slices(self._added(answers, total))
        finally:
            self._adding.release()
        return sums.registry_of(total)

    def _added(self, answers: dict[Key, list[str]], total: sums.Sum) -> Iterator[None]:
        """Add the metrics of all processes to `total`, part by part."""
        current = {_key(worker) for worker in self._workers}
        for key in self._seen.keys() - current:
            for text in self._seen.pop(key):
                self._retired.add("", sums.counters([json.loads(text)]))
                yield
        self._seen.update((key, page) for key, page in answers.items() if key in current)
        total.add("parent", sums.samples(self._metrics.registry))
        for part in sums.samples(sums.registry_of(self._retired)):
            total.add("", [part])
            yield
        for key in current & self._seen.keys():
            for text in self._seen[key]:
                part = json.loads(text)
                # A process that has not answered still counts what it has counted.
                total.add(str(key[0]), [part] if key in answers else sums.counters([part]))
                yield

    async def _ask(self, what: str, about: object = None, number: str = "") -> dict[Key, Any]:
        """Return the answers that came in time; of one worker, if it is named by its number."""
        asked: dict[Key, Deferred[Any]] = {
            _key(worker): worker.process.channel.ask(what, about, seconds=ANSWER)
            for worker in self._workers
            if worker.process is not None
            and worker.process.phase in (Phase.SERVING, Phase.LEAVING)
            and number in ("", str(worker.number))
        }
        answers = await DeferredList(list(asked.values()), consumeErrors=True)
        return {key: answer for key, (ok, answer) in zip(asked, answers, strict=True) if ok}

    def _row(self, worker: Supervisor, answers: dict[Key, Any]) -> dict[str, Any]:
        process, answer = worker.process, answers.get(_key(worker))
        status = "down" if process is None else process.phase.value
        if process is not None and process.phase is Phase.SERVING and answer is None:
            status = "no answer"
        return {
            "worker": worker.number,
            "process": process.pid if process is not None else None,
            "status": status,
            "terminals": answer["terminals"] if answer is not None else None,
            "memory_mib": process.memory >> 20 if process is not None else None,
            "starts": worker.starts,
        }


def _key(worker: Supervisor) -> Key:
    return worker.number, worker.starts
