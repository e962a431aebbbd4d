"""What the OpenAPI document promises, held against a running server with a key of each role.

    python -m benchmarks.promises [--examples 50]

The long form of `tests/api/test_promises.py`: as many made-up requests of each route and mode
(fitting and unfitting). Prints what did not hold, and how many requests were made in what time.
"""

import argparse
import tempfile
import time
from pathlib import Path

from coldwitness.api.http.keys import digest_of, new_key
from coldwitness.domain.grants import ROLES
from tests.api.promises import broken_promises
from tests.api.test_rights import GRANTS
from tests.api.world import COLD, T0, WARM, manifest, running_world


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--examples", type=int, default=50)
    examples: int = parser.parse_args().examples
    with tempfile.TemporaryDirectory() as folder, running_world(Path(folder)) as world:
        for name, values in (("ZB-1", WARM), ("ZB-2", COLD)):
            world.client.put(f"/v1/shipments/{name}", json=manifest(name)).raise_for_status()
            world.send(name, values)
        document = world.get("/openapi.json").json()
        keys = {role: new_key() for role in ROLES}
        for role, key in keys.items():
            digest = digest_of(key) or ""
            world.register.client_keys.add(role, GRANTS[role], digest=digest, by="test", now_ms=T0)
        began = time.perf_counter()
        found, asked = broken_promises(document, world.server.url, keys, examples=examples)
        print(f"{asked} requests in {time.perf_counter() - began:.0f} s, {len(found)} broken")
        for line in sorted(set(found)):
            print(f"  {line}")


if __name__ == "__main__":
    main()
