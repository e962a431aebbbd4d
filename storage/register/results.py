"""Results of judging: every differing one kept, the current one's findings to ask for."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    bindparam,
    delete,
    func,
    select,
    tuple_,
    update,
)

from coldwitness.domain.counted_findings import CountedFindings
from coldwitness.domain.instants import instant_ms
from coldwitness.domain.measures import given
from coldwitness.domain.reach import EVERYTHING, Reach
from coldwitness.domain.result import CheckResult, Finding, ShipmentFinding
from coldwitness.storage.clue_ports import ClueEntry, CluePolicy
from coldwitness.storage.ports import EncodedResult, FindingPlace, KeptResult, ResultMark
from coldwitness.storage.register import bodies, schema
from coldwitness.storage.register.belongings import about_seen
from coldwitness.storage.register.clues import decide_and_keep
from coldwitness.storage.register.database import Database, clean, parts
from coldwitness.storage.register.journalled import journalled_results
from coldwitness.storage.register.shares import require_held
from coldwitness.storage.register.shipments import lock, make_known
from coldwitness.storage.share_ports import HeldShares

_PACKED = tuple(schema.results.c[name] for name in ("shipment", "version", "base_version", "body"))


class SqlResults:
    """The part of the register about results and findings."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(
        self,
        results: Sequence[CheckResult],
        *,
        judged_ms: int,
        reason: str,
        clue_policy: CluePolicy,
        up_to: Mapping[str, int] | None = None,
        encoded: Mapping[str, EncodedResult] | None = None,
        held: HeldShares | None = None,
    ) -> list[ClueEntry]:
        by_shipment = {result.shipment: result for result in results}
        names = sorted(by_shipment)
        if encoded is None:
            encoded = bodies.each_encoded(results)
        with self._database.write() as connection:
            if held is not None:
                require_held(connection, held, names)
            make_known(self._database, connection, dict.fromkeys(names))
            lock(self._database, connection, names)
            last = _last_versions(connection, names)
            differing = [
                name
                for name in names
                if name not in last or last[name].digest != encoded[name].digest
            ]
            changed = [by_shipment[name] for name in differing]
            # Lost results that are made again keep the number by which officers spoke of them.
            lost = journalled_results(connection, [name for name in names if name not in last])
            _keep(
                connection,
                changed,
                {name: _next(last, lost, name, encoded[name].digest) for name in differing},
                _bases(connection, {n: last[n].version + 1 for n in differing if n in last}),
                encoded,
                said={
                    "judged_ms": judged_ms,
                    "reason": clean(reason),
                    "up_to": None if up_to is None else msgspec.json.encode(up_to).decode(),
                },
            )
            _replace_findings(connection, changed)
            # An unchanged result may become a clue too: when the journey's end comes to be known.
            telling = [
                result
                for name, result in by_shipment.items()
                if name in differing or result.findings
            ]
            return decide_and_keep(
                self._database,
                connection,
                telling,
                clue_policy,
                judged_ms=judged_ms,
                reason=reason,
            )

    def marks(self, shipments: Sequence[str]) -> dict[str, ResultMark]:
        with self._database.read() as connection:
            return _last_versions(connection, shipments)

    def of(self, shipment: str, *, version: int | None = None) -> CheckResult | None:
        table = schema.results
        with self._database.read() as connection:
            if version is None:
                version = connection.execute(
                    select(func.max(table.c.version)).where(table.c.shipment == shipment)
                ).scalar_one()
            body = None if version is None else _body(connection, shipment, version)
        return None if body is None else bodies.decoded(body)

    def newest(self, shipments: Sequence[str]) -> dict[str, CheckResult]:
        return {name: bodies.decoded(body) for name, body in self._newest(shipments)}

    def findings_in_short(self, shipments: Sequence[str]) -> dict[str, list[CountedFindings]]:
        table = schema.findings.c
        alike = (table.shipment, table.kind, table.subtype, table.certainty)
        query = select(*alike, func.count()).group_by(*alike).order_by(*alike)
        among = table.shipment.in_(self._database.each_of("names"))
        given_names = {"names": msgspec.json.encode(list(shipments)).decode()}
        found: defaultdict[str, list[CountedFindings]] = defaultdict(list)
        with self._database.read() as connection:
            for shipment, *what in connection.execute(query.where(among), given_names):
                found[shipment].append(CountedFindings(*what))
        return dict(found)

    def _newest(self, shipments: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """Shipment and body of its newest result, of those that have one."""
        with self._database.read() as connection:
            for part in parts(shipments):
                for name, chain in _chains(connection, _newest_of(part)).items():
                    read = _read(chain)
                    yield name, read[max(read)]

    def versions(self, shipment: str) -> list[KeptResult]:
        table = schema.results
        columns = (table.c.version, table.c.verdict, table.c.judged_ms, table.c.reason)
        query = select(*columns, table.c.rules).where(table.c.shipment == shipment)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(table.c.version)).mappings()
            return [KeptResult(**row) for row in rows]

    def findings(
        self,
        *,
        kind: str | None = None,
        certainty: str | None = None,
        shipment: str | None = None,
        after: str | None = None,
        limit: int = 50,
        reach: Reach = EVERYTHING,
    ) -> list[ShipmentFinding]:
        table = schema.findings
        wanted: list[ColumnElement[bool]] = about_seen(table.c.shipment, reach)
        if kind is not None:
            wanted.append(table.c.kind == kind)
        if certainty is not None:
            wanted.append(table.c.certainty == certainty)
        if shipment is not None:
            wanted.append(table.c.shipment == shipment)
        if after is not None:
            wanted.append(table.c.id > after)
        query = select(table.c.shipment, table.c.body).where(*wanted)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(table.c.id, table.c.shipment).limit(limit))
            return [_of_shipment(body, name) for name, body in rows]

    def latest_findings(
        self,
        *,
        kind: str | None = None,
        certainty: str | None = None,
        before: FindingPlace | None = None,
        limit: int = 50,
        reach: Reach = EVERYTHING,
    ) -> list[tuple[FindingPlace, ShipmentFinding]]:
        table = schema.findings
        order = (table.c.start_ms, table.c.id, table.c.shipment)
        wanted: list[ColumnElement[bool]] = about_seen(table.c.shipment, reach)
        if kind is not None:
            wanted.append(table.c.kind == kind)
        if certainty is not None:
            wanted.append(table.c.certainty == certainty)
        if before is not None:
            wanted.append(tuple_(*order) < tuple_(*before))
        query = select(*order, table.c.body).where(*wanted)
        query = query.order_by(*(column.desc() for column in order)).limit(limit)
        with self._database.read() as connection:
            return [
                ((start_ms, name, shipment), _of_shipment(body, shipment))
                for start_ms, name, shipment, body in connection.execute(query)
            ]


def _next(
    last: Mapping[str, ResultMark], lost: Mapping[str, ResultMark], name: str, digest: str
) -> int:
    """The number of a new version; a lost one that says the same is itself again."""
    if name in last:
        return last[name].version + 1
    if name in lost:
        return lost[name].version + (lost[name].digest != digest)
    return 1


def _keep(
    connection: Connection,
    results: Sequence[CheckResult],
    numbers: Mapping[str, int],
    bases: Mapping[str, tuple[int, bytes]],
    encoded: Mapping[str, EncodedResult],
    *,
    said: Mapping[str, object],
) -> None:
    """A new version of each of these shipments, in a statement for all of them."""
    if not results:
        return
    rows, heads = [], []
    for result in results:
        name, verdict, version = result.shipment, result.verdict, numbers[result.shipment]
        base_version, base = bases.get(name, (None, None))
        rows.append(
            {
                "shipment": name,
                "version": version,
                "verdict": verdict,
                "rules": clean(result.evidence.rules),
                "digest": encoded[name].digest,
                "base_version": base_version,
                "body": bodies.packed(encoded[name].body, base),
                **said,
            }
        )
        heads.append(
            {
                "name": name,
                "verdict": verdict,
                "state": given(result.state),
                "result_version": version,
                "findings": len(result.findings),
                "started_ms": _ms(result.window.start),
                "ended_ms": _ms(result.window.end),
                "min_c": result.metrics.min_c,
                "max_c": result.metrics.max_c,
            }
        )
    connection.execute(schema.results.insert(), rows)
    connection.execute(
        update(schema.shipments).where(schema.shipments.c.id == bindparam("name")), heads
    )


def _last_versions(connection: Connection, names: Sequence[str]) -> dict[str, ResultMark]:
    table = schema.results
    current = schema.shipments
    found = {}
    for part in parts(names):
        rows = connection.execute(
            select(table.c.shipment, table.c.version, table.c.digest)
            .join(
                current,
                (current.c.id == table.c.shipment) & (current.c.result_version == table.c.version),
            )
            .where(current.c.id.in_(part))
        )
        for row in rows:
            found[row.shipment] = ResultMark(row.version, row.digest)
    return found


def _bases(connection: Connection, numbers: Mapping[str, int]) -> dict[str, tuple[int, bytes]]:
    """The version that each shipment's new one is packed against, and its body; none where it is
    to be stored whole. numbers : of the new versions."""
    found = {}
    for part in parts(sorted(numbers)):
        for name, chain in _chains(connection, _newest_of(part)).items():
            whole = min(chain)
            base = bodies.base_of(numbers[name], whole=whole)
            if base is not None:
                base = base if base in chain else whole
                needed = {version: row for version, row in chain.items() if version <= base}
                found[name] = (base, _read(needed)[base])
    return found


def _body(connection: Connection, shipment: str, version: int) -> bytes | None:
    table = schema.results
    asked = (table.c.shipment == shipment) & (table.c.version == version)
    chain = _chains(connection, select(*_PACKED).where(asked)).get(shipment)
    return None if chain is None else _read(chain)[version]


def _newest_of(names: Sequence[str]) -> Select[tuple[object, ...]]:
    """The newest result of each of these shipments, as it is packed."""
    table, current = schema.results, schema.shipments
    newest = (current.c.id == table.c.shipment) & (current.c.result_version == table.c.version)
    return select(*_PACKED).join(current, newest).where(current.c.id.in_(names))


def _chains(
    connection: Connection, asked: Select[tuple[object, ...]]
) -> dict[str, dict[int, tuple[int | None, bytes]]]:
    """By shipment and version: base version and packed body of the rows that are asked for, and of
    those that are needed to read them."""
    needed = asked.cte("needed", recursive=True)
    below = schema.results.alias("below")
    base = (below.c.shipment == needed.c.shipment) & (below.c.version == needed.c.base_version)
    needed = needed.union_all(
        select(below.c.shipment, below.c.version, below.c.base_version, below.c.body).join(
            needed, base
        )
    )
    found: defaultdict[str, dict[int, tuple[int | None, bytes]]] = defaultdict(dict)
    for name, version, base_version, body in connection.execute(select(needed)):
        found[name][version] = (base_version, body)
    return found


def _read(chain: Mapping[int, tuple[int | None, bytes]]) -> dict[int, bytes]:
    """The bodies of a chain; each stands behind what it is packed against."""
    read: dict[int, bytes] = {}
    for version in sorted(chain):
        base_version, body = chain[version]
        read[version] = bodies.unpacked(body, None if base_version is None else read[base_version])
    return read


def _replace_findings(connection: Connection, results: Sequence[CheckResult]) -> None:
    """Make the findings of these shipments those of their results, touching what differs."""
    table = schema.findings
    names = [result.shipment for result in results]
    old: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for part in parts(names):
        query = select(table.c.shipment, table.c.id, table.c.body).where(table.c.shipment.in_(part))
        for shipment, finding_id, body in connection.execute(query):
            old[shipment][finding_id] = body
    fresh, gone = [], []
    for result in results:
        shipment = result.shipment
        new = {f.id: _finding_row(shipment, f) for f in result.findings}
        gone += [
            {"old_id": i, "of": shipment}
            for i, body in old[shipment].items()
            if i not in new or new[i]["body"] != body
        ]
        fresh += [row for i, row in new.items() if old[shipment].get(i) != row["body"]]
    if gone:
        which = (table.c.id == bindparam("old_id")) & (table.c.shipment == bindparam("of"))
        connection.execute(delete(table).where(which), gone)
    if fresh:
        connection.execute(table.insert(), fresh)


def _finding_row(shipment: str, finding: Finding) -> dict[str, object]:
    return {
        "id": finding.id,
        "shipment": shipment,
        "kind": finding.kind,
        "subtype": finding.subtype,
        "certainty": finding.certainty,
        "start_ms": _ms(finding.start) or 0,
        "end_ms": _ms(finding.end),
        "body": msgspec.json.encode(finding).decode(),
    }


def _of_shipment(body: str, shipment: str) -> ShipmentFinding:
    finding = msgspec.json.decode(body, type=Finding)
    return ShipmentFinding(**msgspec.structs.asdict(finding), shipment=shipment)


@lru_cache(maxsize=65_536)  # a window's ends are those of its findings, and asked for again
def _ms(text: str | None) -> int | None:
    return None if text is None else instant_ms(text)
