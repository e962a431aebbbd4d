"""Judging cold-chain evidence: numpy only; no clock, socket, file or logger."""
