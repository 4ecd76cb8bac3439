//! Chooses the plural of a text for a whole number, by the cardinal rules of Unicode CLDR for the six languages.

use super::Locale;

/// Returns the categories that a language's texts need, in CLDR's order.
#[cfg(test)]
pub(super) const fn categories(locale: Locale) -> &'static [&'static str] {
    match locale {
        Locale::Ar => &["zero", "one", "two", "few", "many", "other"],
        Locale::Ru => &["one", "few", "many", "other"],
        Locale::En | Locale::Es | Locale::Fr => &["one", "other"],
        Locale::Zh => &["other"],
    }
}

pub(super) const fn category(locale: Locale, count: u64) -> &'static str {
    let (ten, hundred) = (count % 10, count % 100);
    match locale {
        Locale::Ar => match (count, hundred) {
            (0, _) => "zero",
            (1, _) => "one",
            (2, _) => "two",
            (_, 3..=10) => "few",
            (_, 11..=99) => "many",
            _ => "other",
        },
        Locale::Ru => match (ten, hundred) {
            (1, 11) => "many",
            (1, _) => "one",
            (2..=4, 12..=14) => "many",
            (2..=4, _) => "few",
            _ => "many",
        },
        Locale::En | Locale::Es => match count {
            1 => "one",
            _ => "other",
        },
        Locale::Fr => match count {
            0 | 1 => "one",
            _ => "other",
        },
        Locale::Zh => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_a_category_of_its_language() {
        for locale in Locale::ALL {
            for count in 0..=1000 {
                assert!(categories(locale).contains(&category(locale, count)));
            }
        }
        assert_eq!(category(Locale::Ru, 22), "few");
        assert_eq!(category(Locale::Ru, 112), "many");
        assert_eq!(category(Locale::Ar, 103), "few");
        assert_eq!(category(Locale::Fr, 0), "one");
    }
}
