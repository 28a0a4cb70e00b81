"""The shell that gets a file from a URL, with whatever of curl, wget and apt a device has.

Addresses, headers and passwords reach curl and GNU wget by their standard input or a file that only root may read,
never by their command line, which everybody on the device may see.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from storefleet.collect.quote import quote
from storefleet.errors import TaskFailed
from storefleet.model.base import Json
from storefleet.modules.base import Request

_URL = re.compile(
    r"(?P<scheme>https?|ftp)://(?P<host>\[[0-9A-Fa-f:]+\]|[^\s/:?#@]+)(:(?P<port>\d{1,5}))?(?P<rest>[/?][^\s#]*)?"
)
_APT = "/usr/lib/apt/apt-helper"
_PROXIES = "http_proxy https_proxy ftp_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY"


@dataclass(frozen=True)
class Source:
    """Where something is got from, and how it is asked for."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout_s: int = 10
    secure: bool = True
    environment: Mapping[str, str] = field(default_factory=dict)
    proxy: bool = True


def source_of(request: Request) -> Source:
    """Return what the arguments say; raises :class:`TaskFailed` for what is no address."""
    url = request.text("url")
    if not _URL.fullmatch(url):
        raise TaskFailed(
            f"url: an address as http://host/path is due here, without a name and a password in it, not {url!r:.80}"
        )
    headers = _headers(request.arguments.get("headers"))
    name = request.text("url_username", "username", default="")
    if name:
        word = base64.b64encode(f"{name}:{request.text('url_password', 'password', default='')}".encode()).decode()
        headers = {**headers, "Authorization": f"Basic {word}"}
    if request.has("http_agent"):
        headers = {**headers, "User-Agent": request.text("http_agent")}
    secure, proxy = request.flag("validate_certs", default=True), request.flag("use_proxy", default=True)
    return Source(url, headers, request.number("timeout", 10), secure, request.environment, proxy)


def is_url(text: str) -> bool:
    """Tell whether a text is an address that something can be got from."""
    return _URL.fullmatch(text) is not None


def _headers(value: Json) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise TaskFailed("headers: names and values are due here")
    headers = {name: str(text) for name, text in value.items()}
    for name, text in headers.items():
        if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_|~-]+", name) or not text.isprintable():
            raise TaskFailed(f"headers: {name!r:.60} is no header, or its value is not of one line")
    return headers


def setup(source: Source) -> str:
    """Return shell functions: ``get FILE [TIME]`` gets the file, ``status`` prints the answer's number or ``-``.

    With TIME, a file that curl finds no newer at the source is left empty.
    """
    limit, url = source.timeout_s, quote(source.url)
    curl_k, wget_k = ("", "") if source.secure else (" -k", " --no-check-certificate")
    plain = "" if not source.headers else "nothing 'headers and passwords need curl or GNU wget on this device'\n  "
    return f"""nothing() {{ echo "$1" >&2; exit 3; }}
has() {{ command -v "$1" >/dev/null 2>&1; }}
is_gnu() {{ has wget && wget --version 2>/dev/null | grep -q GNU; }}
{_surroundings(source)}curl_() {{
  curl -sSL --connect-timeout {limit} --speed-limit 1 --speed-time {limit}{curl_k} "$@" -K - <<'{_END}'
{_curl_config(source)}
{_END}
}}
wget_() {{
  rc=$(mktemp) || return 1
  cat >"$rc" <<'{_END}'
{_wget_config(source)}
{_END}
  printf '%s\n' {url} | wget -nv -t 1 -T {limit}{wget_k} --config="$rc" "$@" -i -
  set -- $?
  rm -f "$rc"
  return "$1"
}}
get() {{
  if has curl; then if [ -n "${{2-}}" ]; then curl_ -f -o "$1" -z "$2"; else curl_ -f -o "$1"; fi
  elif is_gnu; then wget_ -O "$1"
  elif has wget; then  # no -T: that of BusyBox 1.35 ends with a segmentation fault
  {plain}wget -q{wget_k} -O "$1" {url}
  elif [ -x {_APT} ]; then
  {plain}{_APT} -qq -o APT::Sandbox::User=root -o Acquire::http::Timeout={limit} -o Acquire::Retries=0 \
    download-file {url} "$1" >/dev/null
  else nothing 'none of curl, wget and apt is there to get a file with'
  fi
}}
status() {{
  if has curl; then curl_ -I -o /dev/null -w '%{{http_code}}' 2>/dev/null
  elif is_gnu; then wget_ --spider -S 2>&1 | sed -n 's|^ *HTTP/[0-9.]* \\([0-9]*\\).*|\1|p' | tail -n 1
  {_by_perl(source)}
  fi
}}
"""


_END = "STOREFLEET-END"


def _by_perl(source: Source) -> str:
    """Ask for the head of a plain HTTP answer where only perl is there; Debian's base system has it."""
    match = _URL.fullmatch(source.url)
    assert match is not None
    if match["scheme"] != "http" or source.headers:
        return "else :"
    host, port, path = match["host"].strip("[]"), match["port"] or "80", match["rest"] or "/"
    path = path if path.startswith("/") else f"/{path}"
    words = " ".join(map(quote, (host, port, path, str(source.timeout_s))))
    return f"""elif has perl; then
    perl -MIO::Socket::INET -e '
      my ($host, $port, $path, $limit) = @ARGV;
      alarm 2 * $limit;
      my $line = IO::Socket::INET->new(PeerAddr => $host, PeerPort => $port, Timeout => $limit) or exit 1;
      print $line "HEAD $path HTTP/1.0\\r\\nHost: $host\\r\\n\\r\\n";
      print $1 if <$line> =~ m/^HTTP\\S* (\\d+)/;' {words} 2>/dev/null"""


def _surroundings(source: Source) -> str:
    lines = "" if source.proxy else f"unset {_PROXIES}\n"
    for name, value in sorted(source.environment.items()):
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise TaskFailed(f"environment: {name!r:.60} is no name of a variable")
        lines += f"export {name}={quote(value)}\n"
    return lines


def _curl_config(source: Source) -> str:
    def text(value: str) -> str:
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'

    headers = [f"header = {text(f'{name}: {value}')}" for name, value in source.headers.items()]
    return "\n".join([f"url = {text(source.url)}", *headers])


def _wget_config(source: Source) -> str:
    return "\n".join(f"header = {name}: {value}" for name, value in source.headers.items())
