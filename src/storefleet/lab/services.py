"""What head office serves: names, two payment hosts and prices behind TLS, and packages for updates.

Runs as one process in the lab's own network namespace, started by the supervisor: ``python -m
storefleet.lab.services FOLDER``.
"""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import sys
from functools import partial
from pathlib import Path
from urllib.parse import unquote

from storefleet.lab.machine import tool_path
from storefleet.lab.plan import SERVICES

TLS_PORTS = (("pay.hq.example", 19003), ("pay2.hq.example", 19003), ("price.hq.example", 443))


def start_name_server() -> subprocess.Popen[bytes]:
    """Start head office's DNS; it knows ``hq.example`` and refuses every other name at once."""
    argv = [
        "dnsmasq",
        "--keep-in-foreground",
        "--conf-file=/dev/null",
        "--no-resolv",
        "--no-hosts",
        "--bind-interfaces",
    ]
    argv += ["--pid-file", "--user=root", "--local-ttl=60", f"--listen-address={SERVICES['ns.hq.example']}"]
    argv += ["--local=/hq.example/", *(f"--host-record={name},{address}" for name, address in SERVICES.items())]
    return subprocess.Popen(argv, stdin=subprocess.DEVNULL, env={"PATH": tool_path()})


async def serve(folder: Path) -> None:
    """Serve until cancelled; ``folder`` holds ``keys`` and ``packages``."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(folder / "keys" / "services.crt", folder / "keys" / "services.key")
    for name, port in TLS_PORTS:
        await asyncio.start_server(_greet, SERVICES[name], port, ssl=context)
    await asyncio.start_server(partial(_hand_out, folder / "packages"), SERVICES["update.hq.example"], 80)
    await asyncio.Event().wait()


async def _greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer anything with one line, as far as a probe looks."""
    try:
        async with asyncio.timeout(10):
            if await reader.read(4096):
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n")
                await writer.drain()
    except (OSError, TimeoutError):
        pass
    finally:
        writer.close()


async def _hand_out(packages: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Serve the files of one folder over plain HTTP, and nothing outside of it."""
    try:
        async with asyncio.timeout(30):
            request = (await reader.readline()).decode("latin-1").split()
            name = unquote(request[1]).lstrip("/") if len(request) > 1 else ""
            file = (packages / name).resolve()
            if file.is_relative_to(packages.resolve()) and file.is_file():
                body = file.read_bytes()
                writer.write(f"HTTP/1.0 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
            else:
                writer.write(b"HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
    except (OSError, TimeoutError):
        pass
    finally:
        writer.close()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
