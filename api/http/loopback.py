"""What an officer does is taken from this machine alone until people sign in."""

from ipaddress import ip_address

from fastapi import Depends
from starlette.requests import Request

from coldwitness.api.http.problems import Problem


def _from_here(request: Request) -> None:
    """Refuse (403) a caller on another machine: nobody signs in yet to say who it is."""
    host = request.client.host if request.client is not None else ""
    try:
        here = ip_address(host).is_loopback
    except ValueError:
        here = False
    if not here:
        raise Problem(403, "taken from this machine alone until people sign in")


FROM_HERE = Depends(_from_here)
