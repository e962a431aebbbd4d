"""Spot checks: who is drawn, so that anybody can draw again, and what the sample says of all."""
