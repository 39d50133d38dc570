"""Words: how much two texts share of what is rare, and which words those are."""

import math
import re
import unicodedata
from collections.abc import Mapping, Set
from functools import lru_cache

_WORD = re.compile(r"[^\W\d_]{2,}|\d{3,}")
_NO_ASCII = re.compile(r"[^\x00-\x7f]")

# Two forms of a word differ by an ending of at most so many letters, and a word that begins a compound has so many.
_ENDING_AT_MOST = 3
_PART_AT_LEAST = 5

# Words that say nothing about a need: function words of four languages, and what every municipality writes.
_STOP_WORDS = """
de het een en van in op te dat die is zijn was met voor niet aan om er ook als dan maar door over bij uit
naar tot wij we ons onze je jij jullie hun hen zij ze hij haar hem deze dit daar hier wat wie welke hoe waar
wanneer kan kunnen wil willen moet moeten zal zullen wordt worden werd hebben heeft had of nog al meer veel
zo toch via per elk elke alle geen iets iemand men onder tussen tegen zonder binnen na sinds tijdens omdat
zodat waarbij kreeg steun oproep eerste gemeente gemeenten stad steden bestuur besturen lokale lokaal
inwoner inwoners burger burgers dienst diensten digitaal digitale loket samen project idee nieuwe graag
zoeken vandaag jaar the and to a for on with that by as are be this an our you your it from or at not have
has can will their they who what how which all more into use using town city municipality municipalities
citizens residents le la les un une des du et au aux pour dans par sur avec que qui est sont nous notre nos
vous votre vos ce cette ces se sa son ses plus ou pas ne leur leurs commune communes ville citoyens
habitants der das den dem ein eine einen einer und oder zu im am vom zum zur mit von bei auf fur nicht ist
sind wir unser unsere sie ihr ihre es werden wird auch nach aus gemeinde gemeinden stadt
"""
STOP = frozenset(_STOP_WORDS.split())

# Beside these: words that carry a sentence but name no need. Folded, by language.
SAYS_LITTLE = STOP | frozenset(
    """
    aanbieden aanbod aanpak aantal achter actief alleen allemaal alles altijd ander andere anderen beetje beginnen
    behoefte beide bekijken belangrijk beter betere bieden bijna bijvoorbeeld binnenkort bouwen brengen buiten
    bestaan bestaat bestaand bestaande collega concreet daarbij daarmee daarna daarom daarvoor degene delen denken
    dezelfde doel doen doet door duidelijk duren durven echt eender eenvoudig eenzelfde eerste eigen einde elkaar
    enkel enkele enige ervaring ervaringen even extra gaan gaat gebruik gebruiken gebruikt gedaan geeft gelijk
    gemaakt genoeg gewoon geven goed goede groot grote haalt halen hebben hele helemaal helpen heen hoeft hoeven
    hoeveel houden huidige iedere iedereen ieder ideeen initiatief inzetten jaarlijks jaren kennen keer kiezen
    klaar klein kleine komen komt kosten kost krijgen krijgt laatste laat laten lang langs later liefst liever
    links loopt lopen maakt maand maanden maken makkelijk manier medewerker medewerkers meest meeste mensen middel
    minder moeilijk mogelijk mogelijkheid mogen morgen naast nadien nemen nergens niemand niets nodig nooit ofwel
    ongeveer ontwikkelen ontwikkeling oplossing oplossingen opnieuw opzetten organisatie organiseren overal
    overleg partners partner personen persoon plaats platform plek project projecten provincie rechtstreeks regio
    samen samenwerken samenwerking simpel slechts snel sneller soms staan staat steeds sturen stuk systeem telkens
    tegelijk terug terwijl tijd tijdens toepassing tool toont tonen tweede uitwerken uur vaak vandaag veel vele
    verder verschillende vinden vindt voldoende volgende volgens volledig voortaan vooral voorzien vraag vragen
    waarin waarmee waarom waarop waarvan waarvoor wanneer want week weken weer weet welk wensen werk werken werkt
    weten wijze willen worden zaken zelf zelfs zetten zien ziet zitten zoals zodra zoeken zoekt zoiets zolang
    zonder zou zouden zowat twee drie vier vijf tien elf derde eersten kreeg kregen oproep steun hoort horen
    beslist gedeelde gedeeld verminderd regelt technologie gemeentelijke stedelijke binnen stadhuis gemeentehuis
    meldt melden getest plaatst deelden bestuur wilden about after also another because before being both could
    does doing each every find first from good have here just like look looking make many most need needs only
    other others over people same should some such than then there these those through time together very well
    were when where while within without would your aussi autre autres avant avec avoir besoin bien chaque cherche
    cherchons comme comment deja depuis deux doit donc elle elles encore entre etre faire fait fois ici ils jour
    leur lors mais meme mieux moins notre nouvelle nouveau peut peuvent peu pouvoir puis quand quel quelle rien
    sans selon seul seule soit sous souhaite souhaitons tous tout toute toutes tres trop voir vers voulons aber
    alle allem allen aller beim bereits bitte dabei damit dann dass deren deshalb diese diesem diesen dieser
    dieses doch durch eigene eigenen etwas gegen gibt ganz hier haben heute immer jede jeden jeder jetzt kann
    hetzelfde plaatse plaatsen meteen zich halve regelen eenvoudige vervangt overnemen buurgemeente buurgemeenten
    projectoproep projectoproepen pourrions aimerions
    keine keinen konnen machen mehr muss mussen nach neue neuen noch ohne schon sehr sein seine sich sind sondern
    sowie suchen uber unter viel viele vom vor wahrend weil weiter welche wenn wenig werden wollen wurde zwischen
    """.split()  # noqa: SIM905 - a list to read, not one to scroll
)


def fold(text: str) -> str:
    """Lower case without diacritics, as the full-text index folds."""
    if text.isascii():
        return text.lower()
    # Letter by letter only where there is no ASCII: this reads every text that is compared.
    return _NO_ASCII.sub(_without_mark, unicodedata.normalize("NFKD", text.lower()))


def _without_mark(letter: re.Match[str]) -> str:
    return "" if unicodedata.combining(letter[0]) else letter[0]


@lru_cache(maxsize=8_192)  # about 6 kB each
def words(text: str) -> frozenset[str]:
    """The telling words of a text, folded."""
    return frozenset(word for word in _WORD.findall(fold(text)) if word not in SAYS_LITTLE)


def every_word(text: str) -> frozenset[str]:
    """All words of a text, folded, those that say little too."""
    return frozenset(_WORD.findall(fold(text)))


def as_written(text: str) -> dict[str, str]:
    """Each word of a text, folded, with how the text writes it in lower case: 'reservekopieen' is 'reservekopieën'."""
    return {fold(word): word for word in _WORD.findall(unicodedata.normalize("NFC", text.lower()))}


def stem(word: str) -> str:
    """A crude stem that holds for Dutch, German, French and English alike: the first seven letters; all of a number."""
    return word if word[:1].isdigit() else word[:7]


@lru_cache(maxsize=8_192)
def stems(text: str) -> frozenset[str]:
    """The stems of the telling words of a text."""
    return frozenset(map(stem, words(text)))


def _both(a: str, b: str) -> str | None:
    """What two words with one stem both say: `b` in another form, or the shorter one that the other begins with."""
    shorter, longer = sorted((a, b), key=len)
    same = next((at for at, (one, other) in enumerate(zip(a, b, strict=False)) if one != other), len(shorter))
    if same >= len(longer) - _ENDING_AT_MOST:
        return b
    return shorter if same == len(shorter) >= _PART_AT_LEAST else None


class Vocabulary:
    """How rare words are: in how many of `total` texts each occurs."""

    def __init__(self, documents: Mapping[str, int], *, total: int) -> None:
        self.documents = documents
        self.total = total
        most: dict[str, int] = {}
        for word, count in documents.items():
            most[stem(word)] = max(most.get(stem(word), 0), count)
        self._weights = {key: self._idf(count) for key, count in most.items()}
        self._squares = {key: weight**2 for key, weight in self._weights.items()}
        self._unseen = self._idf(0)

    def _idf(self, count: int) -> float:
        return math.log((self.total + 1) / (min(count, self.total) + 1)) + 0.1

    def weight(self, stem: str) -> float:
        """The inverse document frequency of a stem, above 0."""
        return self._weights.get(stem, self._unseen)

    def overlap(self, a: Set[str], b: Set[str]) -> float:
        """How much of the rare two sets of stems share, in [0, 1]: the cosine of their idf weights."""
        norm = math.sqrt(self._square(a) * self._square(b))
        return self._square(a & b) / norm if norm else 0.0

    def _square(self, stems: Set[str]) -> float:
        get, unseen = self._squares.get, self._unseen**2
        return sum([get(one, unseen) for one in stems])

    def shared(self, a: Set[str], b: Set[str], *, at_most: int) -> tuple[str, ...]:
        """The words that stand in both texts, in whatever form, rarest first: the first reasons for a match.

        As `b` has them; of 'fusie' and 'fusiegemeenten' what both say, the shorter. A stem alone is no reason that a
        person believes: 'parkeerkaart' is no 'parkeerbedrijf'.
        """
        known: dict[str, list[str]] = {}
        for word in sorted(a):
            known.setdefault(stem(word), []).append(word)
        best: dict[str, str] = {}
        # The very word before another form of it.
        for word in sorted(b, key=lambda word: (word not in a, word)):
            said = [both for other in known.get(stem(word), ()) if (both := _both(other, word))]
            if said and len(word) > 3:
                best.setdefault(stem(word), said[0])
        return tuple(sorted(best.values(), key=lambda word: (self.documents.get(word, 0), word))[:at_most])


def words_of_query(query: str, *, at_most: int = 12) -> list[str]:
    """The words of a search box, in lower case and in their order, each once; stop words only if nothing else is left.

    Diacritics stay: the full-text index folds what it is asked exactly as what it keeps.
    """
    found = list(dict.fromkeys(re.findall(r"[\w\u0300-\u036f]+", unicodedata.normalize("NFC", query.lower()))))
    return [word for word in found if fold(word) not in STOP][:at_most] or found[:at_most]
