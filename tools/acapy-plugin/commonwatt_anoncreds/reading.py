"""Reads the registry through any node, and believes only what the proof shows."""

import asyncio
import json
import time
import urllib.parse
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Optional

import aiohttp
import commonwatt_resolve
from commonwatt_resolve import ANSWER_BYTES_MAX, NODE_TIMEOUT_SECONDS, Question, Trust
from commonwatt_verify import Refused

from .settings import Settings

# Schemas, definitions and registries, which never change once they are there.
KEPT_MAX = 256


class ReadError(Exception):
    """No node gave an answer that can be believed; the text says what each did."""


@dataclass(frozen=True)
class Answer:
    """What the registry has: `content` is None when there is nothing, or the DID is deactivated."""

    content: Optional[dict]
    metadata: dict
    is_deactivated: bool = False

    @property
    def version(self) -> int:
        """0 when there is nothing."""
        return int(self.metadata["versionId"]) if self.metadata.get("versionId") else 0


class RegistryReader:
    """Asks the nodes in turn. Reads its own writes: `reached` is the height that an answer must have."""

    def __init__(self, settings: Settings):
        self._settings = settings
        self._kept: OrderedDict[str, Answer] = OrderedDict()
        self.reached = 0

    async def read(self, url: str, at_seconds: Optional[int] = None) -> Answer:
        """The newest version at `url`, or the one that was it at a time. Raises ReadError."""
        query = "" if at_seconds is None else f"?versionTime={_time(at_seconds)}"
        try:
            question = Question(url + query, self.reached)
        except ValueError as error:
            raise ReadError(str(error)) from error
        refusals = []
        for node in self._settings.nodes:
            try:
                return await self._ask(node, question)
            except (ReadError, Refused) as refusal:
                refusals.append(f"{node}: {refusal}")
        raise ReadError(f"{url} could not be resolved; " + "; ".join(refusals))

    async def read_fixed(self, url: str) -> Answer:
        """The same for an object that never changes, which is asked for once."""
        kept = self._kept.get(url)
        if kept is not None:
            self._kept.move_to_end(url)
            return kept
        answer = await self.read(url)
        if answer.content is not None:
            self._kept[url] = answer
            while len(self._kept) > KEPT_MAX:
                self._kept.popitem(last=False)
        return answer

    async def _ask(self, node: str, question: Question) -> Answer:
        data = await _fetch(node, question)
        if self._settings.trust is None:
            return _believe(data, question)
        # Big numbers in plain Python: some milliseconds, which are not the event loop's.
        return await asyncio.to_thread(_verify, data, question, self._settings.trust)


def _time(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, OSError, ValueError) as error:
        raise ReadError(f"{seconds} is no time") from error


async def _fetch(node: str, question: Question) -> bytes:
    """What a node says with an error's status is an answer, too."""
    address = f"{node}/1.0/identifiers/{urllib.parse.quote(question.url, safe='')}"
    if question.query:
        address += "?" + urllib.parse.urlencode(question.query)
    kind = "did-resolution" if question.path is None else "did-url-dereferencing"
    timeout = aiohttp.ClientTimeout(total=NODE_TIMEOUT_SECONDS)
    data = bytearray()
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session:
            headers = {"Accept": f"application/{kind}"}
            async with session.get(address, headers=headers, allow_redirects=False) as response:
                async for part in response.content.iter_any():
                    data += part
                    if len(data) > ANSWER_BYTES_MAX:
                        raise ReadError("the answer is too large")
    except (aiohttp.ClientError, asyncio.TimeoutError, OSError) as error:
        raise ReadError(f"no answer ({error or type(error).__name__})") from error
    return bytes(data)


def _verify(data: bytes, question: Question, trust: Trust) -> Answer:
    now = Trust(trust.genesis, int(time.time() * 1000), trust.max_age)
    verdict, _, document, _ = commonwatt_resolve.verify_answer(data, question, now)
    _, metadata, _ = commonwatt_resolve.parse_answer(data, question)
    if verdict == "absent":
        return Answer(None, {})
    # The verifier's own text, not the one that came: a member that stands twice reads differently elsewhere.
    content = None if document is None else json.loads(document)
    return Answer(content, _told(metadata), verdict == "deactivated")


def _believe(data: bytes, question: Question) -> Answer:
    content, metadata, process = commonwatt_resolve.parse_answer(data, question)
    error: Any = process.get("error")
    if error is not None:
        kind = error.get("type") if isinstance(error, dict) else None
        if kind != commonwatt_resolve.NOT_FOUND:
            raise ReadError(f"{error.get('detail') or kind}" if isinstance(error, dict) else "an unknown error")
        return Answer(None, {})
    number = metadata.get("versionId")
    if not isinstance(number, str) or not number.isascii() or not number.isdecimal():
        raise ReadError("the answer has no version")
    return Answer(content, _told(metadata), content is None)


def _told(metadata: dict) -> dict:
    """The metadata without its proof, which is long and served its purpose."""
    return {name: value for name, value in metadata.items() if name != "proof"}
