"""Of a day and a name what its signed tally says: how many rows have the name, and their digest."""

from coldwitness.domain.errors import BadInput
from coldwitness.storage.journal.heads import SignedHead, is_tallied, read_heads
from coldwitness.storage.journal.layout import Segment
from coldwitness.storage.journal.reader import JournalReader
from coldwitness.storage.journal.tally import Tallied, tally_head

_Stamp = tuple[int, int]


def signed_tally(reader: JournalReader, segment: Segment, head: SignedHead) -> list[Tallied]:
    """The tally of a day as its last head signed it, sorted by name; what is kept of it where that
    fits, else worked out from the rows. Raises BadInput (`record_altered`) where neither fits."""
    entries = reader.kept_tally(segment)
    if not is_tallied(head, tally_head(entries)):
        # Kept for a head that is being written now, or not kept: worked out from the rows.
        entries = reader.tally_of_rows(segment, upto=head.row)
        if not is_tallied(head, tally_head(entries)):
            raise BadInput(
                f"record_altered: the rows of {segment.worker} {segment.day} are not those that"
                " were tallied and signed; nothing is signed. See `coldwitness journal verify`"
            )
    return entries


class SignedTallies:
    """Of many days, each looked at once as long as its heads stay as they are."""

    def __init__(self, reader: JournalReader) -> None:
        self._reader = reader
        self._known: dict[tuple[str, str], tuple[_Stamp, SignedHead, dict[bytes, Tallied]]] = {}

    def of(self, segment: Segment, name: bytes) -> tuple[SignedHead, Tallied | None] | None:
        """The day's last head and its entry of a name, None for a name that no row has; None for a
        day without a signed tally. Raises as `signed_tally`."""
        if segment.state == "retired" or not segment.heads.exists():
            return None
        its = segment.heads.stat()
        stamp = its.st_mtime_ns, its.st_size
        place = segment.worker, segment.day
        known = self._known.get(place)
        if known is None or known[0] != stamp:
            heads = read_heads(segment.heads)[0]
            if not heads or not heads[-1].has_tally:
                return None
            entries = signed_tally(self._reader, segment, heads[-1])
            known = stamp, heads[-1], {one.name: one for one in entries}
            self._known[place] = known
        return known[1], known[2].get(name)
