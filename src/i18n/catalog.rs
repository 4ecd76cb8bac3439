//! Reads the catalogs `templates/locales/<language>.json`: a text for each key, with holes `{name}`. A text that counts
//! has one form for each plural category. Each language has each text: a test holds it against English.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::{Locale, plurals};

#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Text {
    One(String),
    Plural(BTreeMap<String, String>),
}

type Catalog = BTreeMap<String, Text>;

static CATALOGS: LazyLock<[Catalog; 6]> = LazyLock::new(|| Locale::ALL.map(read));

fn source(locale: Locale) -> &'static str {
    match locale {
        Locale::Ar => include_str!("../../templates/locales/ar.json"),
        Locale::En => include_str!("../../templates/locales/en.json"),
        Locale::Es => include_str!("../../templates/locales/es.json"),
        Locale::Fr => include_str!("../../templates/locales/fr.json"),
        Locale::Ru => include_str!("../../templates/locales/ru.json"),
        Locale::Zh => include_str!("../../templates/locales/zh.json"),
    }
}

fn read(locale: Locale) -> Catalog {
    serde_json::from_str(source(locale)).expect("a test reads every catalog that is compiled in")
}

fn find(locale: Locale, key: &str) -> Option<&'static Text> {
    CATALOGS[locale as usize].get(key)
}

/// The values that fill the holes of a text.
pub trait Arguments {
    /// Writes the value of a hole, escaped for the place of the text. Returns `false` if there is none.
    fn fill(&self, hole: &str, out: &mut String) -> bool;
    /// Returns the number that chooses the plural: by convention the hole `count`.
    fn count(&self) -> Option<u64>;
    /// Writes the catalog's own words, escaped for the place of the text.
    fn literal(&self, text: &str, out: &mut String) {
        out.push_str(text);
    }
}

impl Arguments for () {
    fn fill(&self, _: &str, _: &mut String) -> bool {
        false
    }

    fn count(&self) -> Option<u64> {
        None
    }
}

impl<V: AsRef<str>, const N: usize> Arguments for [(&str, V); N] {
    fn fill(&self, hole: &str, out: &mut String) -> bool {
        let value = self.iter().find(|(name, _)| *name == hole);
        out.push_str(value.map_or("", |(_, value)| value.as_ref()));
        value.is_some()
    }

    fn count(&self) -> Option<u64> {
        self.iter()
            .find(|(name, _)| *name == "count")
            .and_then(|(_, value)| value.as_ref().parse().ok())
    }
}

pub fn exists(key: &str) -> bool {
    find(Locale::En, key).is_some()
}

/// Returns a text with its holes filled, or `None` if no catalog has the key or a hole has no value.
pub fn text(locale: Locale, key: &str, arguments: &impl Arguments) -> Option<String> {
    let template = match find(locale, key)? {
        Text::One(template) => template,
        Text::Plural(forms) => forms.get(plurals::category(locale, arguments.count()?))?,
    };
    let mut out = String::with_capacity(template.len() + 32);
    let mut rest = template.as_str();
    while let Some(start) = rest.find('{') {
        let end = start + rest[start..].find('}')?;
        arguments.literal(&rest[..start], &mut out);
        if !arguments.fill(&rest[start + 1..end], &mut out) {
            return None;
        }
        rest = &rest[end + 1..];
    }
    arguments.literal(rest, &mut out);
    Some(out)
}

/// Returns the names of the holes of a text, for tests and for translators.
pub fn holes(text: &str) -> BTreeSet<&str> {
    text.split('{')
        .skip(1)
        .filter_map(|it| it.split_once('}'))
        .map(|(name, _)| name)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forms(text: &Text) -> Vec<&str> {
        match text {
            Text::One(text) => vec![text],
            Text::Plural(forms) => forms.values().map(String::as_str).collect(),
        }
    }

    fn all_holes(text: &Text) -> BTreeSet<&str> {
        forms(text).into_iter().flat_map(holes).collect()
    }

    #[test]
    fn keys_and_holes_are_equal_across_the_catalogs() {
        let english = &CATALOGS[Locale::En as usize];
        for locale in Locale::ALL {
            let catalog = &CATALOGS[locale as usize];
            for (key, text) in catalog {
                let original = english
                    .get(key)
                    .unwrap_or_else(|| panic!("{locale}: {key} is not in English"));
                assert_eq!(all_holes(text), all_holes(original), "{locale}: holes of {key}");
                match (text, original) {
                    (Text::Plural(forms), Text::Plural(_)) => {
                        let have: BTreeSet<&str> = forms.keys().map(String::as_str).collect();
                        let need: BTreeSet<&str> = plurals::categories(locale).iter().copied().collect();
                        assert_eq!(have, need, "{locale}: plurals of {key}");
                    }
                    (Text::One(_), Text::One(_)) => {}
                    _ => panic!("{locale}: {key} counts in one language and not in the other"),
                }
                assert!(
                    forms(text).iter().all(|it| !it.trim().is_empty()),
                    "{locale}: {key} is empty"
                );
            }
            let missing: Vec<_> = english.keys().filter(|it| !catalog.contains_key(*it)).collect();
            assert!(missing.is_empty(), "{locale} lacks {missing:?}");
        }
    }

    #[test]
    fn a_label_is_quoted_as_it_reads() {
        let english = &CATALOGS[Locale::En as usize];
        for (key, text) in english {
            for label in [
                "login.forgot",
                "signup.organization.enter",
                "affiliation_status.pending",
            ] {
                let quoted = format!("“{}”", forms(&english[label])[0]);
                if !forms(text).iter().all(|it| it.contains(&quoted)) {
                    continue;
                }
                for locale in Locale::ALL {
                    let catalog = &CATALOGS[locale as usize];
                    let label = forms(&catalog[label])[0];
                    assert!(
                        forms(&catalog[key]).iter().all(|it| it.contains(label)),
                        "{locale}: {key} does not quote “{label}”"
                    );
                }
            }
        }
    }

    /// The texts that another language writes as English does, by their key.
    const EQUAL_TO_ENGLISH: &[(Locale, &[&str])] = &[
        (
            Locale::Es,
            &[
                "title.mx",
                "answer.no",
                "error.title",
                "admin.client.software",
                "admin.key.use.tokens",
                "admin.key.use.userinfo",
                "admin.overview.errors",
            ],
        ),
        (
            Locale::Fr,
            &[
                "nav.admin",
                "nav.faq",
                "action.ok",
                "professional_role.administration",
                "ties_right.documents",
                "detail.actions",
                "organization_status.active",
                "paging.label",
                "account.sessions.title",
                "account.sessions.count",
                "account.services.title",
                "data.section.affiliations",
                "focal_point.history.affiliations",
                "data.section.sessions",
                "data.field.service",
                "admin.account.suspension",
                "admin.clients.title",
                "admin.clients.count",
                "data.field.document",
                "data.field.version",
                "field.otp",
                "admin.terms.search",
                "admin.terms.document",
                "admin.terms.count",
            ],
        ),
        (Locale::Ru, &["date.time"]),
    ];

    /// Returns whether a text has a word of two Latin letters or more outside its holes.
    fn has_a_latin_word(text: &str) -> bool {
        let mut outside = text.to_owned();
        for hole in holes(text) {
            outside = outside.replace(&format!("{{{hole}}}"), " ");
        }
        outside
            .split(|it: char| !it.is_ascii_alphabetic())
            .any(|it| it.len() > 1)
    }

    #[test]
    fn no_text_is_left_in_english() {
        let english = &CATALOGS[Locale::En as usize];
        for locale in Locale::ALL.into_iter().filter(|it| *it != Locale::En) {
            let equal: BTreeSet<&str> = CATALOGS[locale as usize]
                .iter()
                .filter(|(key, text)| {
                    let original = forms(&english[*key]);
                    forms(text)
                        .iter()
                        .any(|it| has_a_latin_word(it) && original.contains(it))
                })
                .map(|(key, _)| key.as_str())
                .collect();
            let allowed: BTreeSet<&str> = EQUAL_TO_ENGLISH
                .iter()
                .filter(|(of, _)| *of == locale)
                .flat_map(|(_, keys)| keys.iter().copied())
                .collect();
            assert_eq!(equal, allowed, "{locale}");
        }
    }

    #[test]
    fn a_key_is_written_once() {
        for locale in Locale::ALL {
            let lines = source(locale).lines().filter(|it| it.starts_with("  \""));
            assert_eq!(
                lines.count(),
                CATALOGS[locale as usize].len(),
                "{locale}: a key twice"
            );
        }
    }

    #[test]
    fn an_open_hole_or_an_unknown_key_is_no_text() {
        assert_eq!(text(Locale::En, "no.such.key", &()), None);
        assert_eq!(text(Locale::En, "login.service", &()), None);
        assert_eq!(
            text(Locale::En, "login.service", &[("service", "Events")]).as_deref(),
            Some("Log in to continue to Events")
        );
    }
}
