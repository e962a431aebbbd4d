"""Officers' reviews as a layer over a report: they are shown, they change nothing in it."""

from collections.abc import Sequence

from coldwitness.api.reports.made.model import AttachedFile, Opinion, Review
from coldwitness.domain.instants import rfc3339
from coldwitness.storage.office_ports import Attachment
from coldwitness.storage.ports import Review as StoredReview

_EVIDENCE = ("isolation_seen", "isolation_withdrawn", "correction_accepted")


def review_of(
    stored: Sequence[StoredReview], *, result_version: int, attachments: Sequence[Attachment] = ()
) -> Review:
    """The opinions on this version of the result, oldest first, those on earlier ones, and the
    files put to the shipment.

    `reviewed` takes two different officers on the same version: a result that later evidence
    corrected has to be reviewed anew. An officer's later opinion stands beside the earlier one. A
    look at the box and an accepted correction are evidence, and no opinion on the result.
    """
    ours = [review for review in stored if review.result_version == result_version]
    older = [review for review in stored if review.result_version < result_version]
    officers = {review.officer for review in ours if review.decision not in _EVIDENCE}
    return Review(
        state="reviewed" if len(officers) >= 2 else "unreviewed",
        opinions=tuple(map(_opinion, ours)),
        earlier=tuple(map(_opinion, older)),
        attachments=tuple(
            AttachedFile(sha256=one.sha256, kind=one.kind, name=one.name, at=rfc3339(one.at_ms))
            for one in attachments
        ),
    )


def _opinion(review: StoredReview) -> Opinion:
    return Opinion(
        officer=review.officer,
        decision=review.decision,
        reasons=review.reason,
        at=rfc3339(review.created_ms),
        result_version=review.result_version,
        attachment=review.attachment,
    )
