"""The least that the work costs: a bare aiohttp loop that generates and then judges.

``python benchmarks/floor.py GOLDEN_CSV BASE_URL CONCURRENCY``. No pytest, no store. The messages
are as long as the plugin's, and the calls as many: the 25 of a judge's self-test are among them.
"""

from __future__ import annotations

import asyncio
import csv
import json
import sys
from pathlib import Path
from typing import Any

import aiohttp

RUBRIC_CHARACTERS = 1_240  # with the blocks, as many as the built-in rubric's system message has
RUBRIC = "Judge the answer by the expected one. Reply with a JSON object: a reason and a score."
PADDED_RUBRIC = RUBRIC.ljust(RUBRIC_CHARACTERS, ".")
CODE = "0123456789abcdef"
REQUEST = (
    "Judge the answer by the criterion, against the expected answer. "
    "Reply with the JSON object only."
)
FORMAT = {
    "type": "json_schema",
    "json_schema": {
        "name": "verdict",
        "schema": {
            "type": "object",
            "properties": {"reason": {"type": "string"}, "score": {"type": "number"}},
            "required": ["reason", "score"],
            "additionalProperties": False,
        },
    },
}
PROBES = 25
"""Calls of the self-test."""


class Client:
    """Generates and judges, so many calls at once.

    Args:
        session: Sends the requests.
        url: The endpoint.
        concurrency: The most rows that are worked on at once.
    """

    def __init__(self, session: aiohttp.ClientSession, url: str, concurrency: int) -> None:
        self._session = session
        self._url = f"{url}/chat/completions"
        self._slots = asyncio.Semaphore(concurrency)

    async def run(self, row: dict[str, str]) -> float:
        """Generate the answer to a row and judge it."""
        async with self._slots:
            message = {"role": "user", "content": row["prompt"]}
            answer = await self._complete({"messages": [message]})
            return await self._judge(row, answer)

    async def probe(self, row: dict[str, str], number: int) -> float:
        """Judge an answer that is wrong."""
        async with self._slots:
            return await self._judge(row, f"Wrong answer {number}.")

    async def _judge(self, row: dict[str, str], answer: str) -> float:
        messages = judge_messages(row, answer)
        body = {"messages": messages, "max_tokens": 200, "response_format": FORMAT}
        return float(json.loads(await self._complete(body))["score"])

    async def _complete(self, body: dict[str, Any]) -> str:
        async with self._session.post(self._url, json={"model": "mock-1", **body}) as reply:
            reply.raise_for_status()
            return str((await reply.json())["choices"][0]["message"]["content"])


def judge_messages(row: dict[str, str], answer: str) -> list[dict[str, str]]:
    """Write a judge's prompt with the blocks that the plugin's has."""
    texts = {"question": row["prompt"], "answer": answer, "expected": row["expected"]}
    blocks = "".join(
        f"<{name}-{CODE}>\n{text}\n</{name}-{CODE}>\n\n" for name, text in texts.items()
    )
    return [
        {"role": "system", "content": PADDED_RUBRIC},
        {"role": "user", "content": blocks + REQUEST},
    ]


async def main(golden: Path, url: str, concurrency: int) -> None:
    """Make all calls, and print how many answers passed."""
    with golden.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    connector = aiohttp.TCPConnector(limit=concurrency)
    headers = {"authorization": "Bearer none"}
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
        client = Client(session, url, concurrency)
        probes = [client.probe(rows[0], number) for number in range(PROBES)]
        scores = await asyncio.gather(*probes, *map(client.run, rows))
    print(sum(score >= 4 for score in scores), "of", len(rows), "passed")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
