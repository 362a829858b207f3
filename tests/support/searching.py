"""Jobs and queries of every kind, hostile ones first."""

from hypothesis import strategies as st

from krea_tui.domain.job import HoldReason, Job, JobStatus, Picture, PictureState
from krea_tui.domain.ordering import Ordering, SortKey, View
from krea_tui.domain.query import IS_WORDS, parse_filter
from krea_tui.domain.request import AspectRatio, Creativity, GenerationRequest, Style, StyleReference
from tests.support.making import AT, make_job

# Few words, so that they meet; and what breaks a tokenizer: marks, wide letters, ligatures, joiners, quotes, syntax.
WORDS = (
    *(
        "fog",
        "Fog",
        "fo",
        "lighthouse",
        "light",
        "house",
        "a",
        "café",
        "cafe\u0301",
        "CAFE",
        "naïve",
        "straße",
        "STRASSE",
    ),
    *("狐", "狐と月", "月", "日本語", "フォグ", "ﾌｫｸﾞ", "한국", "한", "ใต้", "ក្មេង", "🦊", "🏳️‍🌈", "👩🏽‍🚀", "1️⃣"),
    *(
        "ﬁne",
        "fine",
        "Ａ１",
        "½",
        "x²",
        "2",
        "İstanbul",
        "istanbul",
        "ǅ",
        "e\u0327\u0301",
        "\u0301",
        "\u200d",
        "soft\u00adhyphen",
    ),
    *(
        '"',
        "'",
        '"fog"',
        "fog*",
        "fog OR light",
        "NEAR(fog)",
        "words:fog",
        "^fog",
        "-fog",
        "fog+light",
        "{fog}",
        "(",
        ")",
        "\\",
    ),
    *("AND", "OR", "NOT", "NULL", "%", "_", "fo_g", "hare-fox", "35mm", "x" * 70, "x" * 64, "\x00", "a\x00b", "é" * 65),
)
TAGS = ("keep", "print", "pri", "žluť", "a'b", "a\\b", "日", "%")
IDS = ("3fog000000", "3fab111111", "k2kk222222")
BATCHES = ("3batch0000", "kk")
COMMON = st.sampled_from(WORDS[:12])
PROMPTS = st.lists(st.one_of(COMMON, COMMON, st.sampled_from(WORDS), st.text(max_size=6)), min_size=1, max_size=5).map(
    " ".join
)
TIMES = st.sampled_from([AT - 1, AT, AT + 0.5, AT + 60])
MAYBE_TIME = st.one_of(st.none(), TIMES)
PICTURES = st.lists(
    st.builds(Picture, st.just("u"), st.sampled_from(PictureState), st.sampled_from([None, "2026-11/a.png"])),
    max_size=2,
).map(tuple)


def is_prompt(text: str) -> bool:
    return bool(text.strip()) and not any("\ud800" <= character <= "\udfff" for character in text)


@st.composite
def jobs(draw: st.DrawFn) -> Job:
    request = GenerationRequest(
        draw(PROMPTS.filter(is_prompt)),
        draw(st.sampled_from([0, 7, 42, 2**31 - 1])),
        draw(st.sampled_from(AspectRatio)),
        draw(st.sampled_from(Creativity)),
        image_style_references=draw(st.sampled_from([(), (StyleReference("https://e.org/a.png"),)])),
        styles=draw(st.sampled_from([(), (Style("ink"),)])),
    )
    return make_job(
        request=request,
        price_microusd=draw(st.sampled_from([60_000, 65_000, 70_000])),
        created_at=draw(TIMES),
        batch_id=draw(st.sampled_from([None, *BATCHES])),
        status=draw(st.sampled_from(JobStatus)),
        hold_reason=draw(st.sampled_from([None, HoldReason.READY])),
        submitted_at=draw(MAYBE_TIME),
        completed_at=draw(MAYBE_TIME),
        gave_up_at=draw(st.sampled_from([None, AT])),
        settled_at=draw(st.sampled_from([None, AT])),
        deleted_at=draw(st.sampled_from([None, None, None, AT])),
        muted=draw(st.booleans()),
        starred=draw(st.booleans()),
        tags=draw(st.lists(st.sampled_from(TAGS), max_size=2, unique=True).map(tuple)),
        priority=draw(st.integers(-2, 2)),
        pictures=draw(PICTURES),
    )


TERMS_AS_TEXT = st.one_of(
    COMMON,
    st.sampled_from(WORDS),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(lambda words: f'"{" ".join(words)}"'),
    st.text(max_size=8),
    st.sampled_from(JobStatus).map(lambda status: f"status:{status.value.lower()}"),
    st.sampled_from(["status:c", "status:failed,error,held", "cost:>0.06", "cost:<=0.065", "cost:0.07", "cost:>=.07"]),
    st.sampled_from(AspectRatio).map(lambda ratio: f"aspect:{ratio.value}"),
    st.sampled_from(Creativity).map(lambda level: f"creativity:{level.value}"),
    st.sampled_from(["seed:42", "seed:0", "ref:yes", "ref:no", "has:image", "needs:decision", "id:3f", "id:k"]),
    st.sampled_from([f"is:{word}" for word in IS_WORDS]),
    st.sampled_from([f"batch:{batch}" for batch in BATCHES]),
    st.sampled_from([f"tag:{tag[:length]}" for tag in TAGS for length in (1, 3)]),
    st.sampled_from(["since:0s", "since:1s", "until:0s", "since:today", "until:yesterday"]),
)
QUERIES = st.lists(st.tuples(st.sampled_from(["", "", "-"]), TERMS_AS_TEXT).map("".join), max_size=2).map(" ".join)
VIEWS = st.builds(
    lambda query, key, descending: View(parse_filter(query, AT).terms, Ordering(key, descending)),
    QUERIES,
    st.sampled_from(SortKey),
    st.booleans(),
)
