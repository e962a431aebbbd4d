"""The QR code of the first page."""

import segno

from coldwitness.api.reports.drawn.charts.canvas import Canvas


def qr_svg(text: str, *, name: str, alt: str, size: float = 112.0) -> str:
    """`text` as a QR code with error correction M and its quiet zone, as one dark path."""
    matrix = segno.make(text, error="m", micro=False).matrix
    cells = len(matrix) + 8
    step = size / cells
    sheet = Canvas(name, width=size, height=size, alt=alt)
    sheet.rect(0, 0, width=size, height=size, fill="#ffffff")
    path = []
    for row, bits in enumerate(matrix):
        column = 0
        while column < len(bits):
            run = column
            while run < len(bits) and bits[run]:
                run += 1
            if run > column:
                path.append(
                    f"M{(column + 4) * step:.3f} {(row + 4) * step:.3f}"
                    f"h{(run - column) * step:.3f}v{step:.3f}h{-(run - column) * step:.3f}z"
                )
                column = run
            else:
                column += 1
    sheet.path("".join(path), fill="#1c2733")
    return sheet.svg()
