"""ColdWitness (冷证): the one name under which the program is imported.

The rooms of the house stand at the root of the repository; here they are linked in, so that
checkout, editable install and wheel know them by one name only.
"""
