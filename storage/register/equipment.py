"""Loggers with their calibrations, and box models with their qualification."""

from dataclasses import asdict, dataclass

from sqlalchemy import Table, select

from coldwitness.storage.register import schema
from coldwitness.storage.register.database import Database


@dataclass(frozen=True)
class Device:
    logger: str
    courier: str | None
    model: str | None
    interval_s: float | None
    accuracy_c: float | None
    updated_ms: int


@dataclass(frozen=True)
class Calibration:
    logger: str
    certificate: str
    calibrated_ms: int
    valid_until_ms: int
    laboratory: str | None


@dataclass(frozen=True)
class BoxModel:
    id: str
    hold_h: float | None
    slew_max_c_per_min: float | None
    coolant_coupling_max_per_h: float | None
    goods_coupling_max_per_h: float | None
    source: str
    updated_ms: int


class SqlEquipment:
    """The part of the register about loggers and box models; putting one again replaces it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put_device(self, device: Device) -> None:
        self._put(schema.devices, device, ["logger"])

    def device(self, logger: str) -> Device | None:
        table = schema.devices
        with self._database.read() as connection:
            row = connection.execute(select(table).where(table.c.logger == logger)).one_or_none()
        return None if row is None else Device(*row)

    def put_calibration(self, calibration: Calibration) -> None:
        """The logger must be known by put_device."""
        self._put(schema.calibrations, calibration, ["logger", "certificate"])

    def calibrations(self, logger: str) -> list[Calibration]:
        """Oldest first."""
        table = schema.calibrations
        query = select(table).where(table.c.logger == logger).order_by(table.c.calibrated_ms)
        with self._database.read() as connection:
            return [Calibration(*row) for row in connection.execute(query)]

    def put_box_model(self, model: BoxModel) -> None:
        self._put(schema.box_models, model, ["id"])

    def box_models(self) -> list[BoxModel]:
        table = schema.box_models
        with self._database.read() as connection:
            rows = connection.execute(select(table).order_by(table.c.id))
            return [BoxModel(*row) for row in rows]

    def _put(self, table: Table, row: Device | Calibration | BoxModel, key: list[str]) -> None:
        values = asdict(row)
        insert = self._database.insert(table).values(**values)
        with self._database.write() as connection:
            connection.execute(insert.on_conflict_do_update(index_elements=key, set_=values))
