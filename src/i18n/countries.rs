//! Names of Member States, of `ZZ`, *Other country or territory*, and of territories, in the six languages. Codes are
//! ISO 3166-1 alpha-2; the lists are `templates/locales/member-states.json` and `territories.json`. A form offers Member
//! States and `ZZ` alone; a territory is only named, where a client network is registered there.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;

use super::Locale;

/// The code for people who find no country of theirs in the list. It yields no claim.
pub const OTHER: &str = "ZZ";

#[derive(serde::Deserialize)]
struct Country {
    code: String,
    names: BTreeMap<Locale, String>,
}

static COUNTRIES: LazyLock<Vec<Country>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../templates/locales/member-states.json"))
        .expect("a test reads the list that is compiled in")
});

static TERRITORIES: LazyLock<Vec<Country>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../templates/locales/territories.json"))
        .expect("a test reads the list that is compiled in")
});

/// Code and name by language, sorted as a reader looks for them.
static SORTED: LazyLock<[Vec<(&'static str, &'static str)>; 6]> = LazyLock::new(|| {
    Locale::ALL.map(|locale| {
        let mut list: Vec<_> = COUNTRIES
            .iter()
            .filter_map(|it| Some((it.code.as_str(), it.names.get(&locale)?.as_str())))
            .collect();
        list.sort_by_cached_key(|(_, name)| sort_key(name));
        list
    })
});

/// Removes the marks of letters, so that `Égypte` is sorted among the E.
fn sort_key(name: &str) -> String {
    name.nfd()
        .filter(|it| !('\u{300}'..='\u{36f}').contains(it))
        .flat_map(char::to_lowercase)
        .collect()
}

/// Returns `true` if a form or a file may name this code.
pub fn exists(code: &str) -> bool {
    code == OTHER || COUNTRIES.iter().any(|it| it.code == code)
}

fn find(code: &str) -> Option<&'static Country> {
    COUNTRIES
        .iter()
        .chain(TERRITORIES.iter())
        .find(|it| it.code == code)
}

/// Returns the code of a Member State or a territory, as the lists have it.
pub fn find_code(code: &str) -> Option<&'static str> {
    find(code).map(|it| it.code.as_str())
}

/// Returns the name of a country or territory, or `None` for a code that is in no list.
pub fn name(code: &str, locale: Locale) -> Option<String> {
    if code == OTHER {
        return super::text(locale, "country.other", &());
    }
    find(code)?.names.get(&locale).cloned()
}

/// Returns code and name of all Member States, sorted by name. A form adds *Other* at the end.
pub fn list(locale: Locale) -> &'static [(&'static str, &'static str)] {
    &SORTED[locale as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_country_has_a_name_in_every_language() {
        for locale in Locale::ALL {
            assert_eq!(list(locale).len(), COUNTRIES.len());
            assert!(name(OTHER, locale).is_some());
        }
        assert_eq!(COUNTRIES.len(), 195);
        assert_eq!(name("CH", Locale::Fr).as_deref(), Some("Suisse"));
        assert!(!exists("XX") && exists("ZZ") && exists("KR"));
        // A territory has a name, and no form offers or takes it.
        for territory in TERRITORIES.iter() {
            let code = territory.code.as_str();
            for locale in Locale::ALL {
                assert!(name(code, locale).is_some_and(|it| !it.is_empty()), "{code}");
                assert!(list(locale).iter().all(|(it, _)| *it != code), "{code}");
            }
            assert!(!exists(code), "{code}");
        }
        assert_eq!(name("GL", Locale::Es).as_deref(), Some("Groenlandia"));
    }

    #[test]
    fn accents_do_not_send_a_country_to_the_end() {
        let french: Vec<_> = list(Locale::Fr).iter().map(|(_, name)| *name).collect();
        let place = |name: &str| french.iter().position(|it| it.starts_with(name));
        assert!(place("Égypte") < place("Fidji"));
    }
}
