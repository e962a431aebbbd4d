"""The reference of the benchmarks that judge: what polars needs for plain episodes above 8 °C."""

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import polars as pl

Frame = TypeVar("Frame", "pl.DataFrame", "pl.LazyFrame")


def episodes_above_8(readings: Frame) -> Frame:
    """shipment, episode, start, end, peak of each. readings : shipment, time, drug [°C]."""
    import polars as pl

    return (
        readings.sort("shipment", "time")
        .with_columns(above=pl.col("drug") > 8.0)
        .with_columns(episode=pl.struct("shipment", "above").rle_id())
        .filter("above")
        .group_by("shipment", "episode")
        .agg(start=pl.col("time").first(), end=pl.col("time").last(), peak=pl.col("drug").max())
    )
