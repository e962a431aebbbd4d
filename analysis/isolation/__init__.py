"""Whether the drug was kept apart from coolant and goods, inferred from its temperature."""
