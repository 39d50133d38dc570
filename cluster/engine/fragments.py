"""Fragments: where in a text stands what was looked for."""

import re
import unicodedata

from cluster.engine.lexical import fold
from models.searches import Piece, Question

_WORD = re.compile(r"[\w\u0300-\u036f]+")
# A list shows two lines of a fragment: on a phone some seventy characters.
_SOON = 50
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")


class Marker:
    """Knows the words of a question in whatever form a text writes them."""

    def __init__(self, question: Question) -> None:
        """Take a question."""
        self._words: list[frozenset[str]] = []
        self._prefixes: list[tuple[str, ...]] = []
        for group in question.groups:
            parts = [form for part in group.together for form in part]
            self._words.append(frozenset([group.exact, *group.also, *parts, *group.loosely]))
            self._prefixes.append(group.prefixes)
        for phrase in question.phrases:
            self._words.append(frozenset(phrase))
            self._prefixes.append(())
        self._seen: dict[str, int | None] = {}

    def which(self, word: str) -> int | None:
        """The number of the first group that a word of a text belongs to."""
        if word not in self._seen:
            self._seen[word] = self._find(fold(word))
        return self._seen[word]

    def _find(self, folded: str) -> int | None:
        for number, (words, prefixes) in enumerate(zip(self._words, self._prefixes, strict=True)):
            if folded in words or (prefixes and folded.startswith(prefixes)):
                return number
        return None

    def marked(self, text: str) -> tuple[Piece, ...]:
        """The text in pieces; put together they are the text."""
        text = unicodedata.normalize("NFC", text)
        pieces: list[Piece] = []
        done = 0
        for match in _WORD.finditer(text):
            if self.which(match[0]) is not None:
                if match.start() > done:
                    pieces.append(Piece(text[done : match.start()]))
                pieces.append(Piece(match[0], hit=True))
                done = match.end()
        if done < len(text):
            pieces.append(Piece(text[done:]))
        return tuple(pieces)

    def fragment(self, text: str, *, at_most: int = 240) -> tuple[Piece, ...]:
        """The part of a text with the most of what was looked for, from the start of a sentence, in pieces."""
        sentences = [part.strip() for part in _SENTENCE.split(text[:20_000]) if part.strip()]
        if not sentences:
            return ()
        best = max(range(len(sentences)), key=lambda at: (*self._worth(sentences[at]), -at))
        chosen = sentences[best]
        start = "… " if best else ""
        chosen, cut = self._window(chosen, at_most)
        start = "… " if best or cut else ""
        following = best + 1
        while following < len(sentences) and len(chosen) + len(sentences[following]) < at_most:
            chosen, following = f"{chosen} {sentences[following]}", following + 1
        end = " …" if following < len(sentences) and not chosen.endswith("…") else ""
        return self.marked(f"{start}{chosen}{end}")

    def _worth(self, sentence: str) -> tuple[int, int]:
        found = [number for word in _WORD.findall(sentence) if (number := self.which(word)) is not None]
        return len(set(found)), len(found)

    def _window(self, sentence: str, at_most: int) -> tuple[str, bool]:
        """As much of a sentence as fits, with the first word that was looked for near its beginning."""
        first = next((match.start() for match in _WORD.finditer(sentence) if self.which(match[0]) is not None), 0)
        start = 0 if first < _SOON else sentence.rfind(" ", 0, first - _SOON // 2) + 1
        end = start + at_most
        blank = sentence.rfind(" ", start, end)
        shown = sentence[start : blank if end < len(sentence) and blank > start else end]
        return shown + (" …" if start + len(shown) < len(sentence) else ""), start > 0
