"""Command lines as a shell takes them apart: pipelines and substitutions into simple commands.

Not a shell: it knows what the pages use (quotes, comments, continuations, here-documents, `$(…)`, `for`).
Whether bash takes a whole block is asked of bash.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from prose.prose_pages import Fence

_SEPARATORS = ("&&", "||", "|", ";", "&", "(", ")", "{", "}", "\n")
_REDIRECTION = re.compile(r"\d*(?:<<<|>>|>&|<<|<|>)")
_KEYWORDS = {"do", "then", "else", "if", "while", "until", "!", "time"}
_ENDS = {"done", "fi", "esac"}
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")


class ShellError(Exception):
    """Something that no shell takes, or that is not known here."""


@dataclass(frozen=True)
class Command:
    """A simple command: its words without quotes, what is assigned before it, and files written to."""

    words: tuple[str, ...]
    assigned: tuple[str, ...] = ()
    written: tuple[str, ...] = ()

    @property
    def program(self) -> str:
        """What is started; empty where there is only an assignment."""
        return self.words[0] if self.words else ""

    def __str__(self) -> str:
        """As it may be typed, without its quotes."""
        return " ".join((*self.assigned, *self.words))


def lines(fence: Fence) -> list[str]:
    """The command lines of a block: in a console those behind a prompt, with what belongs to them."""
    if fence.language != "console":
        return [fence.text]
    prompt = "$ " if re.search(r"^\$ ", fence.text, re.MULTILINE) else "# "
    found: list[str] = []
    going = False
    for line in fence.text.splitlines():
        if going:
            found[-1] += "\n" + line.removeprefix("> ")
        elif line.startswith(prompt):
            found.append(line.removeprefix(prompt))
        else:
            continue
        going = _unfinished(found[-1])
    return found


def _unfinished(text: str) -> bool:
    try:
        Scanner(text).commands()
    except ShellError as error:
        return "end" in str(error)
    return text.endswith("\\")


def split(text: str) -> list[Command]:
    """The simple commands of a script, those in `$(…)` behind the one that has it. Raises ShellError."""
    return Scanner(text).commands()


@dataclass
class Scanner:
    """Reads a script letter by letter."""

    text: str
    at: int = 0
    found: list[Command] = field(default_factory=list)
    inner: list[str] = field(default_factory=list)
    heredocs: list[str] = field(default_factory=list)

    def commands(self) -> list[Command]:
        """All simple commands."""
        words: list[str] = []
        for word in [*self._words(), "\n"]:
            if word in _SEPARATORS:
                self._add(words)
                words = []
            else:
                words.append(word)
        if self.heredocs:
            raise ShellError(f"the end of <<{self.heredocs[0]} is missing")
        return self.found

    def _add(self, words: list[str]) -> None:
        written = [w[1:] for w in words if w.startswith("\0")]
        words = [w for w in words if not w.startswith("\0")]
        while words and words[0] in _KEYWORDS:
            words = words[1:]
        if words[:1] == ["for"] or (words and words[0] in _ENDS):
            words = []
        count = next((n for n, w in enumerate(words) if not _ASSIGNMENT.match(w)), len(words))
        if words or written:
            self.found.append(Command(tuple(words[count:]), tuple(words[:count]), tuple(written)))
        inner, self.inner = self.inner, []
        for text in inner:
            self.found += split(text)

    def _words(self) -> Iterator[str]:
        while self.at < len(self.text):
            rest = self.text[self.at :]
            if rest[0] in " \t":
                self.at += 1
            elif rest.startswith("\\\n"):
                self.at += 2
            elif rest[0] == "#":
                self.at += len(rest.partition("\n")[0])
            elif rest[0] == "\n":
                self.at += 1
                self._skip_heredocs()
                yield "\n"
            elif redirection := _REDIRECTION.match(rest):
                self.at += redirection.end()
                yield from self._redirect(redirection[0])
            elif mark := next((s for s in _SEPARATORS if rest.startswith(s) and s not in "{}"), ""):
                self.at += len(mark)
                yield mark
            else:
                yield self._word()

    def _redirect(self, mark: str) -> Iterator[str]:
        while self.text[self.at : self.at + 1] == " ":
            self.at += 1
        target = self._word()
        if mark.endswith("<<"):
            self.heredocs.append(target.removeprefix("-"))
        elif ">" in mark and not mark.endswith("&") and target != "/dev/null":
            yield f"\0{target}"

    def _skip_heredocs(self) -> None:
        while self.heredocs:
            body = re.compile(rf"(?:.*\n)*?\s*{re.escape(self.heredocs[0])}(?:\n|$)")
            match = body.match(self.text, self.at)
            if match is None:
                raise ShellError(f"the end of <<{self.heredocs[0]} is missing")
            self.at = match.end()
            self.heredocs.pop(0)

    def _word(self) -> str:
        word = ""
        while self.at < len(self.text):
            letter = self.text[self.at]
            if letter in " \t\n|;&<>()":
                break
            word += self._piece(letter)
        return word

    def _piece(self, letter: str) -> str:
        if letter == "'":
            return self._until("'")
        if letter == '"':
            return self._in_double_quotes()
        if letter == "\\":
            self.at += 2
            return self.text[self.at - 1 : self.at].replace("\n", "")
        if self.text.startswith("$(", self.at):
            return self._substitution()
        self.at += 1
        return letter

    def _until(self, mark: str) -> str:
        end = self.text.find(mark, self.at + 1)
        if end < 0:
            raise ShellError(f"the end of {mark} is missing")
        start, self.at = self.at + 1, end + 1
        return self.text[start:end]

    def _in_double_quotes(self) -> str:
        self.at += 1
        word = ""
        while self.at < len(self.text):
            letter = self.text[self.at]
            if letter == '"':
                self.at += 1
                return word
            word += letter if letter == "'" else self._piece(letter)
            self.at += letter == "'"
        raise ShellError('the end of " is missing')

    def _substitution(self) -> str:
        depth, start = 0, self.at + 2
        quote = ""
        for n in range(start - 1, len(self.text)):
            letter = self.text[n]
            if quote:
                quote = "" if letter == quote else quote
            elif letter in "'\"":
                quote = letter
            depth += 0 if quote else (letter == "(") - (letter == ")")
            if depth == 0:
                self.inner.append(self.text[start:n])
                self.at = n + 1
                return "$(…)"
        raise ShellError("the end of $( is missing")
