"""Which language an answer is in: `?lang`, else Accept-Language, else Chinese."""

from starlette.requests import Request

from coldwitness.api.reports.made.wording import Lang


def language_of(request: Request) -> Lang:
    """The language asked for; a query that names another one is answered in Chinese."""
    asked = request.query_params.get("lang")
    if asked is not None:
        return "en" if asked.lower().startswith("en") else "zh"
    return preferred_language(request.headers.get("accept-language", ""))


def preferred_language(accept: str) -> Lang:
    """The better of zh and en by an Accept-Language header's weights; zh where neither leads."""
    best: dict[str, float] = {}
    for part in accept[:1000].split(","):
        tag, _, parameters = part.strip().lower().partition(";")
        weight = 1.0
        name, _, value = parameters.strip().partition("=")
        if name == "q":
            try:
                weight = float(value)
            except ValueError:
                weight = 0.0
        short = tag.partition("-")[0]
        if short in {"zh", "en"}:
            best[short] = max(best.get(short, 0.0), weight)
    return "en" if best.get("en", 0.0) > best.get("zh", 0.0) else "zh"
