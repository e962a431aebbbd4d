"""Boxes, routes, couriers and faults with known truth, standing in for loggers."""
