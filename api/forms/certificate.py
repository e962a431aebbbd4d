"""The certificate of a draw (抽取证书): all that anybody needs to draw the sample again."""

from coldwitness.api.forms.made import ListTable, MadeForm, Paragraph, Signatures, Table
from coldwitness.api.forms.sheet import form_pdf
from coldwitness.config.labels import labels
from coldwitness.domain.instants import beijing_minute
from coldwitness.domain.spot_checks import KeptSpotCheck
from coldwitness.judging.run import software
from coldwitness.judging.sampling.spot_check import SpotCheck

_WORDS = labels("spot_checks")["words"]


def certificate_pdf(name: str, kept: KeptSpotCheck, check: SpotCheck, *, now_ms: int) -> bytes:
    """Of the last draw. now_ms : when it is printed. Raises BadInput where it cannot be typeset."""
    made = check.draws[-1]
    told = [
        ("number", name),
        ("office", kept.office or _said("office_unnamed")),
        (
            "period",
            _said(
                "period_line",
                first=kept.first_day,
                last=kept.last_day,
                division=kept.division or "—",
            ),
        ),
        ("frame", _said("frame_line", size=kept.frame_size, sha256=kept.frame_sha256)),
        ("method", _said(kept.method)),
        ("size", str(made.size)),
        ("drawn_at", beijing_minute(made.at)),
        (
            "public_part",
            _said("public_line", value=made.public_part, source=made.public_source or "—"),
        ),
        ("office_part", made.office_part or "—"),
        ("commitment", made.commitment or _said("no_commitment")),
        ("seed", made.draw.seed),
        (
            "again",
            _said("first_draw")
            if len(check.draws) == 1
            else f"{made.reason}（{_said('earlier', count=len(check.draws) - 1)}）",
        ),
    ]
    return form_pdf(
        MadeForm(
            title=_said("certificate"),
            mark=name,
            foot=f"{name} · {software()}",
            parts=(
                Table(tuple((_said(key), text) for key, text in told)),
                Paragraph(_said("how"), "justify"),
                ListTable(
                    (*(_said(key) for key in ("order", "shipment", "probability", "ticket")),),
                    (1, 4, 2, 8),
                    tuple(
                        (str(one.order), one.id, f"{one.inclusion_probability:.6f}", one.ticket)
                        for one in made.draw.drawn
                    ),
                ),
                Signatures((_said("office"),)),
            ),
        ),
        now_ms=now_ms,
    )


def _said(key: str, **values: object) -> str:
    return _WORDS[key].zh.format(**values)
