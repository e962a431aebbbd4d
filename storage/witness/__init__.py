"""Witnesses: those who sign what a journal signed, and the journal's way to them."""
