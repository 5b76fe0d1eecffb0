"""The least that the work costs: a bare aiohttp loop that generates and then judges, without pytest or a store.

``python benchmarks/floor.py GOLDEN_CSV BASE_URL CONCURRENCY``. The messages are as long as the
plugin's own.
"""

from __future__ import annotations

import asyncio
import csv
import json
import sys
from pathlib import Path
from typing import Any

import aiohttp

RUBRIC_CHARACTERS = (
    1_240  # with the blocks, as many as with the system message of the built-in rubric
)
RUBRIC = (
    "Judge the answer by the expected one. Reply with a JSON object: a reason and a score.".ljust(
        RUBRIC_CHARACTERS, "."
    )
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


def judge_messages(row: dict[str, str], answer: str) -> list[dict[str, str]]:
    blocks = (f"<{name}-0123456789abcdef>\n{text}\n</{name}-0123456789abcdef>\n\n" for name, text in (
        ("question", row["prompt"]), ("answer", answer), ("expected", row["expected"]),
    ))  # fmt: skip
    asked = "Judge the answer by the criterion, against the expected answer. Reply with the JSON object only."
    return [
        {"role": "system", "content": RUBRIC},
        {"role": "user", "content": "".join(blocks) + asked},
    ]


async def ask(client: aiohttp.ClientSession, url: str, body: dict[str, Any]) -> str:
    async with client.post(f"{url}/chat/completions", json={"model": "mock-1", **body}) as reply:
        reply.raise_for_status()
        return str((await reply.json())["choices"][0]["message"]["content"])


async def main(golden: Path, url: str, concurrency: int) -> None:
    with golden.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    slots = asyncio.Semaphore(concurrency)
    connector = aiohttp.TCPConnector(limit=concurrency)
    async with aiohttp.ClientSession(
        connector=connector, headers={"authorization": "Bearer none"}
    ) as client:

        async def score(row: dict[str, str]) -> float:
            async with slots:
                answer = await ask(
                    client, url, {"messages": [{"role": "user", "content": row["prompt"]}]}
                )
                body = {
                    "messages": judge_messages(row, answer),
                    "max_tokens": 200,
                    "response_format": FORMAT,
                }
                return float(json.loads(await ask(client, url, body))["score"])

        scores = await asyncio.gather(*map(score, rows))
    print(sum(score >= 4 for score in scores), "of", len(scores), "passed")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
