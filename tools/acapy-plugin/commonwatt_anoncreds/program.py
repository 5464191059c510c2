"""Registers through the `commonwatt` program, which alone opens wallets and keys."""

import asyncio
import json
import os
import re
import tempfile
from typing import Any, Optional

from .settings import Issuer, Settings

# From the program's own messages: "… (rejection 154)."
REJECTION = re.compile(r"\(rejection ([0-9]{1,5})\)")
OBJECT_EXISTS = 154
VERSION_CONFLICT = 135


class ProgramError(Exception):
    """What the program or the chain said; `rejection` is the chain's number, if it was the chain."""

    def __init__(self, text: str):
        super().__init__(text)
        match = REJECTION.search(text)
        self.rejection: Optional[int] = int(match.group(1)) if match else None


class Program:
    """One command at a time: the order of an issuer's operations is the agent's."""

    def __init__(self, settings: Settings):
        self._settings = settings
        self._lock = asyncio.Lock()

    def issues_for(self, did: str) -> bool:
        return did in self._settings.issuers

    async def schema(self, did: str, name: str, version: str, attributes: list[str]) -> dict:
        """{id, version, height} of what is registered and final, as for the others. Raises ProgramError."""
        options = [f"--name={name}", f"--schema-version={version}"]
        return await self._run(did, ["schema", "register", *options, *(f"--attribute={one}" for one in attributes)])

    async def definition(self, did: str, content: Any) -> dict:
        return await self._run_with_file(did, ["creddef", "register"], content)

    async def registry(self, did: str, content: Any) -> dict:
        return await self._run_with_file(did, ["creddef", "registry"], content)

    async def revocation_list(self, did: str, content: Any, follows: int) -> dict:
        return await self._run_with_file(did, ["creddef", "list", f"--follows={follows}"], content)

    async def _run_with_file(self, did: str, command: list[str], content: Any) -> dict:
        # Public parts only; readable by this user alone all the same.
        with tempfile.NamedTemporaryFile("w", prefix="commonwatt-", suffix=".json", encoding="utf-8") as file:
            json.dump(content, file)
            file.flush()
            return await self._run(did, [*command, f"--content={file.name}"])

    async def _run(self, did: str, command: list[str]) -> dict:
        issuer: Optional[Issuer] = self._settings.issuers.get(did)
        if issuer is None:
            raise ProgramError(f"this agent does not issue for {did}: add it to the plug-in's setting issuers")
        arguments = [*command, f"--wallet={issuer.wallet}", f"--key={issuer.key}", "--json"]
        arguments += [f"--node={node}" for node in self._settings.nodes]
        if issuer.partner is not None:
            arguments.append(f"--for={issuer.partner}")
        async with self._lock:
            output = await self._execute(arguments)
        try:
            outcome = json.loads(output)
            return {"id": str(outcome["id"]), "version": int(outcome["version"]), "height": int(outcome["height"])}
        except (ValueError, KeyError, TypeError) as error:
            raise ProgramError(f"{self._settings.program} gave no result that this plug-in knows") from error

    async def _execute(self, arguments: list[str]) -> str:
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        pipe = asyncio.subprocess.PIPE
        try:
            process = await asyncio.create_subprocess_exec(
                self._settings.program, *arguments, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe,
                env=environment)
        except OSError as error:
            raise ProgramError(f"{self._settings.program} cannot be started: {error}") from error
        try:
            output, errors = await asyncio.wait_for(process.communicate(), self._settings.program_seconds)
        except asyncio.TimeoutError as error:
            raise ProgramError("the registration was not final in time; it may still become so: ask again") from error
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            text = errors.decode("utf-8", "replace").strip().removeprefix("Error: ")
            raise ProgramError(text or f"{self._settings.program} ended with {process.returncode}")
        return output.decode("utf-8", "replace")
