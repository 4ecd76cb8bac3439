//! Chooses a `Locale` from what a browser or a service asks for.

use serde::{Deserialize, Serialize};

use crate::domain::profile::Language;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Locale {
    Ar,
    #[default]
    En,
    Es,
    Fr,
    Ru,
    Zh,
}

impl From<Language> for Locale {
    fn from(language: Language) -> Self {
        match language {
            Language::Ar => Self::Ar,
            Language::En => Self::En,
            Language::Es => Self::Es,
            Language::Fr => Self::Fr,
            Language::Ru => Self::Ru,
            Language::Zh => Self::Zh,
        }
    }
}

impl From<Locale> for Language {
    fn from(locale: Locale) -> Self {
        match locale {
            Locale::Ar => Self::Ar,
            Locale::En => Self::En,
            Locale::Es => Self::Es,
            Locale::Fr => Self::Fr,
            Locale::Ru => Self::Ru,
            Locale::Zh => Self::Zh,
        }
    }
}

impl Locale {
    pub const ALL: [Self; 6] = [Self::Ar, Self::En, Self::Es, Self::Fr, Self::Ru, Self::Zh];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ar => "ar",
            Self::En => "en",
            Self::Es => "es",
            Self::Fr => "fr",
            Self::Ru => "ru",
            Self::Zh => "zh",
        }
    }

    /// Returns the writing direction, as the attribute `dir` has it.
    pub const fn direction(self) -> &'static str {
        match self {
            Self::Ar => "rtl",
            _ => "ltr",
        }
    }

    /// Returns the language's name in itself, which its readers look for in a menu.
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::Ar => "العربية",
            Self::En => "English",
            Self::Es => "Español",
            Self::Fr => "Français",
            Self::Ru => "Русский",
            Self::Zh => "中文",
        }
    }

    /// Returns the language of a tag if it is one of the six: `fr-CH` is French (RFC 4647 §3.4, lookup).
    pub fn parse(tag: &str) -> Option<Self> {
        let language = tag.trim().split(['-', '_']).next()?;
        Self::ALL
            .into_iter()
            .find(|it| it.as_str().eq_ignore_ascii_case(language))
    }

    /// Returns the first of the six that is named: by this request, by the choice before, by the browser. Otherwise
    /// English.
    pub fn choose(ui_locales: Option<&str>, cookie: Option<&str>, accept_language: Option<&str>) -> Self {
        // `ui_locales` is a list in order of preference, separated by spaces.
        ui_locales
            .and_then(|it| it.split_ascii_whitespace().take(20).find_map(Self::parse))
            .or_else(|| cookie.and_then(Self::parse))
            .or_else(|| accept_language.and_then(Self::accepted))
            .unwrap_or_default()
    }

    /// Returns the range with the highest weight; among equals, the first (RFC 9110 §12.4.2).
    fn accepted(header: &str) -> Option<Self> {
        let mut best: Option<(Self, f32)> = None;
        for range in header.split(',').take(50) {
            let mut parts = range.split(';');
            let Some(locale) = parts.next().and_then(Self::parse) else {
                continue;
            };
            let weight = parts
                .find_map(|it| it.trim().strip_prefix("q="))
                .map_or(Some(1.0), |it| it.parse::<f32>().ok())
                .filter(|it| *it > 0.0 && *it <= 1.0);
            if let Some(weight) = weight
                && best.is_none_or(|(_, so_far)| weight > so_far)
            {
                best = Some((locale, weight));
            }
        }
        best.map(|(locale, _)| locale)
    }
}

impl std::fmt::Display for Locale {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Locale;

    #[test]
    fn the_request_wins_over_the_cookie_and_the_cookie_over_the_browser() {
        assert_eq!(
            Locale::choose(Some("xx fr-CA en"), Some("ru"), Some("es")),
            Locale::Fr
        );
        assert_eq!(Locale::choose(Some("xx"), Some("ru"), Some("es")), Locale::Ru);
        assert_eq!(Locale::choose(None, None, Some("de, es;q=0.8")), Locale::Es);
        assert_eq!(Locale::choose(None, None, None), Locale::En);
    }

    #[test]
    fn the_browser_is_heard_by_weight() {
        assert_eq!(
            Locale::choose(None, None, Some("en;q=0.3, zh-Hant;q=0.9, *;q=0.1")),
            Locale::Zh
        );
        assert_eq!(Locale::choose(None, None, Some("fr;q=0, ar;q=0.5")), Locale::Ar);
        assert_eq!(Locale::choose(None, None, Some(";;q=,,=")), Locale::En);
    }
}
