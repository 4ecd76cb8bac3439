//! Names of Member States and of `ZZ`, *Other country or territory*, in the six languages. Codes are ISO 3166-1
//! alpha-2; the list is in `templates/locales/member-states.json`.

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

/// Returns the name of a country, or `None` for a code that is not in the list.
pub fn name(code: &str, locale: Locale) -> Option<String> {
    if code == OTHER {
        return super::text(locale, "country.other", &());
    }
    let country = COUNTRIES.iter().find(|it| it.code == code)?;
    country.names.get(&locale).cloned()
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
    }

    #[test]
    fn accents_do_not_send_a_country_to_the_end() {
        let french: Vec<_> = list(Locale::Fr).iter().map(|(_, name)| *name).collect();
        let place = |name: &str| french.iter().position(|it| it.starts_with(name));
        assert!(place("Égypte") < place("Fidji"));
    }
}
