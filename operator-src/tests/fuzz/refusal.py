"""What every refusal must be: words for a person, on one line, of bounded length, without a secret."""

from __future__ import annotations

# Characters; ascii() of a value that is quoted may be four times what it shows.
LONGEST = 600


def check_words(
    message: str, *, longest: int = LONGEST, secret: str = "", says: tuple[str, ...] = ("",)
) -> None:
    """Hold a message against what may be shown to people and written into a log; it says one of `says`."""
    assert any(words in message for words in says), f"none of {says} in {message!r}"
    assert message.strip(), "it says nothing"
    assert len(message) <= longest, f"{len(message)} characters: {message[:200]!r}…"
    assert message.isprintable(), f"not to be printed: {message!r}"
    if secret:
        for shown in (secret, ascii(secret)[1:-1]):
            assert shown not in message, "a secret, or what spells it"
