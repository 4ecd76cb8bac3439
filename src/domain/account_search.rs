//! The words by which an account is found, and those of a query. They are folded as the names of organizations are
//! (`domain::organization::search`). A name is stored from each of its words on, so that one range of the index has
//! everybody whose name has *john smith* in this order, too, and not only each word of it.

use std::collections::BTreeSet;

use super::organization::search::{self, search_words, words_of};

/// The version of these words: accounts with older ones get new ones.
pub const VERSION: i32 = search::VERSION * 100 + 3;

/// The sign that the name begins with by which people are sorted. No word and no query has it.
pub const SORTED: char = '=';

const LONGEST_WORD: usize = 64;
/// The most words of a query that count.
const MOST_WORDS: usize = 8;

/// What an account is found by.
#[derive(Clone, Copy, Debug)]
pub struct Described<'a> {
    pub first_name: &'a str,
    pub last_name: &'a str,
    pub email: &'a str,
    pub identifiers: [&'a str; 2],
}

impl Described<'_> {
    /// Returns the words: beginnings of them are searched for.
    pub fn words(&self) -> BTreeSet<String> {
        let name = format!("{} {}", self.first_name, self.last_name);
        let of_name = words_of(&name);
        let mut all: BTreeSet<String> = (0..of_name.len())
            .map(|at| [&of_name[at..], &of_name[..at]].concat().join(" "))
            .collect();
        all.extend(search_words(&name).into_iter().filter(|it| !of_name.contains(it)));
        let of_address = words_of(self.email);
        all.extend((0..of_address.len()).map(|at| of_address[at..].join(" ")));
        all.extend(self.identifiers.into_iter().filter_map(identifier));
        all.insert(self.sorted_name());
        all.into_iter()
            .map(|it| it.chars().take(LONGEST_WORD).collect())
            .collect()
    }
}

impl Described<'_> {
    /// Returns the name by which people are sorted: of two last names of which one begins the other, the shorter is first.
    fn sorted_name(&self) -> String {
        let [last, first] = [self.last_name, self.first_name].map(|it| words_of(it).join(" "));
        format!("{SORTED}{last}  {first}")
    }
}

/// Returns the words of a query.
pub fn query(text: &str) -> Vec<String> {
    let mut words = words_of(text);
    words.truncate(MOST_WORDS);
    words
}

/// Returns an identifier, or the beginning of one, as it is found: in one piece, whatever signs are in it. `None` if the
/// text cannot be one.
pub fn identifier(text: &str) -> Option<String> {
    let is_sign = |c: char| matches!(c, '-' | '_');
    let fits = text.chars().all(|c| c.is_ascii_alphanumeric() || is_sign(c));
    let plain: String = text
        .chars()
        .filter(|it| !is_sign(*it))
        .map(|it| it.to_ascii_lowercase())
        .collect();
    (fits && !plain.is_empty()).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_found(described: &Described<'_>, text: &str) -> bool {
        let words = described.words();
        let begins = |begin: &String| {
            let mut alternatives = search::alternatives(begin);
            alternatives.any(|begin| words.iter().any(|it| it.starts_with(&begin)))
        };
        query(text).iter().all(begins) || identifier(text).is_some_and(|it| begins(&it))
    }

    #[test]
    fn an_account_is_found_by_each_part() {
        let described = Described {
            first_name: "Jean-Łukasz",
            last_name: "O'Hara Ng",
            email: "j.ohara+itu@Sub.Example.org",
            identifiers: ["aB-c_D9", "Zz1"],
        };
        for text in [
            "jean",
            "lukasz",
            "jeanlukasz",
            "ohara",
            "o'hara jean",
            "ng jean",
            "J.OHARA+itu@sub.example.org",
            "sub.exam",
            "example.org",
            "aB-c_D9",
            "ab-c",
            "zz1",
        ] {
            assert!(is_found(&described, text), "{text}: {:?}", described.words());
        }
        for text in ["ukasz", "xample", "jean smith", "9"] {
            assert!(!is_found(&described, text), "{text}: {:?}", described.words());
        }
    }

    #[test]
    fn names_are_in_the_order_of_a_list() {
        let sorted = |first_name, last_name| {
            let described = Described {
                first_name,
                last_name,
                email: "m@x.example",
                identifiers: ["a", "b"],
            };
            let mut words = described.words().into_iter();
            words.find(|it| it.starts_with(SORTED)).expect("a name")
        };
        let names = [
            ("", ""),
            ("Zoë", "Haddad"),
            ("Amina", "Haddad Kim"),
            ("Ana", "O'Hara"),
            ("Åsa", "Ødegård"),
            ("Émile", "Öz"),
        ];
        let keys = names.map(|(first, last)| sorted(first, last));
        assert!(keys.is_sorted(), "{keys:?}");
        assert!(query("= =haddad").iter().all(|it| !it.starts_with(SORTED)));
    }

    #[test]
    fn words_in_their_order_are_one_range() {
        let described = Described {
            first_name: "Maria del Carmen",
            last_name: "López",
            email: "m@x.example",
            identifiers: ["a", "b"],
        };
        let words = described.words();
        for phrase in ["maria del carmen lopez", "carmen lopez maria", "lopez maria"] {
            assert!(
                words.iter().any(|it| it.starts_with(phrase)),
                "{phrase}: {words:?}"
            );
        }
        assert_eq!(words.iter().filter(|it| it.starts_with("x")).count(), 1);
    }
}
