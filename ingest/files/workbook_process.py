"""What a workbook's sheets hold, told on standard output by a process of its own.

    python workbook_process.py FILE MOST_BYTES MOST_ROWS MOST_S MOST_CELLS

A few bytes of a workbook can ask for any amount of memory (one cell in the last row and column
makes a table of all between), and a process that gets none is ended: so this is one that may be.
A line is a JSON text: a sheet's name, the first MOST_CELLS cells of one of its rows, and null where
all was told.
Ends with 2 and the reason on standard error where the file is no workbook. Nothing of ColdWitness
is imported, so that it begins at once.
"""

import json
import resource
import sys
from itertools import islice

from python_calamine import CalamineError, load_workbook


def _told(cell: object) -> object:
    """A day or a time of day as JSON: its type's name and how it is written."""
    seconds = getattr(cell, "total_seconds", None)
    return {type(cell).__name__: cell.isoformat() if seconds is None else seconds()}  # type: ignore[attr-defined]


def main() -> int:
    path, (most_bytes, most_rows, most_s, most_cells) = sys.argv[1], map(int, sys.argv[2:])
    resource.setrlimit(resource.RLIMIT_AS, (most_bytes, most_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (most_s, most_s))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        with load_workbook(path) as workbook:
            for name in workbook.sheet_names:
                print(json.dumps(name))
                rows = workbook.get_sheet_by_name(name).iter_rows()
                for row in islice(rows, most_rows):
                    print(json.dumps(row[:most_cells], default=_told))
        print("null", flush=True)
    except (CalamineError, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
