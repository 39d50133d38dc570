"""Which parallel texts the encoder learns from: licence, and how much weight each of them gets."""

from dataclasses import dataclass
from typing import Final

PERMISSIVE: Final = (
    "permissive"  # attribution, notice or the project's own licence: CC BY, MIT, Apache, MPL, EUPL, EU reuse
)
SHARE_ALIKE: Final = "share-alike"  # CC BY-SA
COPYLEFT: Final = "copyleft"  # GPL, LGPL, AGPL, GFDL
KINDS: Final = (PERMISSIVE, SHARE_ALIKE, COPYLEFT)


@dataclass(frozen=True)
class Source:
    """One collection of parallel sentences.

    ``weight`` multiplies the chance that one of its sentences is drawn: government text is worth several
    software strings, and the large manuals would drown the rest without a weight below one.
    """

    name: str
    licence: str
    kind: str
    weight: float = 1.0


def _table(kind: str, licence: str, weights: str) -> list[Source]:
    """Read ``name=weight`` words (weight 1 where none is given) that share a licence."""
    cells = [word.partition("=") for word in weights.split()]
    return [Source(name, licence, kind, float(weight or 1)) for name, _, weight in cells]


SOURCES: Final[dict[str, Source]] = {
    source.name: source
    for source in [
        *_table(
            PERMISSIVE,
            "CC BY 4.0",
            "ms_dynamics365_business_central=0.3 ms_dynamics_nav=0.35 ms_project_operations=0.5 ms_intune=0.2 "
            "tldr_pages=0.4",
        ),
        *_table(PERMISSIVE, "CC BY 4.0 / EUPL-1.2 (Publications Office)", "eforms_sdk=1.2"),
        *_table(
            PERMISSIVE,
            "reuse of EU documents (Decision 2011/833/EU)",
            "esco_occupation_descriptions=2.5 esco_occupation_labels=1.5 cpv_codes=2 cn_intrastat_codes=0.15",
        ),
        *_table(PERMISSIVE, "European Parliament, reuse with acknowledgement", "europarl_raw_nltk=2.5"),
        *_table(
            PERMISSIVE,
            "EUPL-1.2",
            "open_forms=4 eusurvey=4 covid_dashboard=4 openkat=2 open_inwoner=5 coronacheck_app=4 nl_wallet=4 "
            "corona_melder_app=4 corona_melder_web=4 coronacheck_web=4 espd=4 open_zaak=4 woo_web=5 oe_theme=3",
        ),
        *_table(
            PERMISSIVE,
            "MPL-2.0",
            "thunderbird=0.6 mozilla_www=1.5 mozilla_www_lang=1.5 mozilla_bedrock_lang=1.5 thunderbird_net mozilla_mdn "
            "mozilla_relay=1.5 mozilla_vpn=1.5 mozilla_fomo=1.5 mozilla_monitor=1.5 mozilla_appstores=1.5 "
            "mozilla_donate=2 mozilla_vpn_site",
        ),
        *_table(PERMISSIVE, "MIT", "cc_i18n=2 bookstack discourse_ai=1.5 fts_gui=4"),
        *_table(
            PERMISSIVE, "Apache-2.0", "wikipedia_android pypi element_matrix=0.7 thunderbird_android=0.6 zulip_desktop"
        ),
        *_table(PERMISSIVE, "BSD", "vocab_belgif=4 wagtail=0.6 dspace=0.6"),
        *_table(SHARE_ALIKE, "CC BY-SA 4.0", "stsb_train_dev=3 open_dutch_wordnet=0.6"),
        *_table(SHARE_ALIKE, "CC BY-SA 3.0", "mozilla_legal=1.5 gnome_user_docs=0.7"),
        *_table(COPYLEFT, "AGPL-3.0", "alaveteli=4 citizenlab=5 decidim=5 consul=5 fixmystreet=5 fider=3 astuto=3"),
        *_table(
            COPYLEFT,
            "AGPL-3.0",
            "humhub=0.7 snipeit=0.4 ckan oca_be oca_nl espocrm=0.4 diaspora owncloud=0.5 nextcloud_deck=0.7 "
            "firefly=0.3",
        ),
        *_table(COPYLEFT, "LGPL", "odoo=0.4 plasma_workspace=0.3 eid_mw"),
        *_table(
            COPYLEFT,
            "GPL",
            "wordpress_nl_packs=0.35 yast=0.15 mediawiki=0.4 okse_discourse drupal7=0.5 matomo=0.5 pkp_lib=0.5 "
            "open_social=1.5 ojs=0.5 osm=0.7 discourse_voting=2 irma=2 erpnext_frappe=0.2 cinnamon=0.2 totara=0.5 "
            "freedict_eng_nld=0.6 manpages_l10n=0.1 dpkg=0.1 apt=0.1 po4a=0.1 debian_webwml=0.5 gnome_evince=0.3 "
            "phpmyadmin_docs=0.3",
        ),
        *_table(COPYLEFT, "GFDL / CC BY-SA 4.0", "digikam_doc=0.2"),
    ]
}


def source(name: str) -> Source:
    """Return what is known of a source; one that is not in the table counts as copyleft with weight one."""
    return SOURCES.get(name, Source(name, "unknown", COPYLEFT))
