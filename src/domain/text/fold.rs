//! The fold of DR-5: replaces what is only another shape of a character that a name may have (spaces, hyphens, quotes,
//! brackets, full-width letters, presentation forms) with that character. Judges nothing: `text` does that.

use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;
use unicode_normalization::UnicodeNormalization;
use unicode_script::{Script, UnicodeScript};

/// A character after the fold, with the one that was typed and its place there, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Folded {
    pub character: char,
    pub typed: char,
    pub position: usize,
}

/// Returns the text in NFC with every shape folded. Names that are one under the fold look alike up to UTS 39 confusables.
pub fn fold(value: &str) -> String {
    placed(value).iter().map(|it| it.character).nfc().collect()
}

pub(super) fn placed(value: &str) -> Vec<Folded> {
    let mut all = Vec::with_capacity(value.len());
    for (typed, position) in value.nfc().zip(1..) {
        let mut push = |character| {
            all.push(Folded {
                character,
                typed,
                position,
            });
        };
        match typed {
            '…' => ['.'; 3].into_iter().for_each(push),
            // The tilde of Japanese keyboards is the wave dash.
            '\u{FF5E}' => push('〜'),
            _ if has_compatibility_shape(typed) => {
                std::iter::once(typed).nfkc().map(plain).for_each(push);
            }
            _ => push(plain(typed)),
        }
    }
    all
}

/// Returns `true` in the blocks whose characters exist for the sake of old encodings: each is another shape of plain
/// ones. Compatibility decompositions elsewhere are spelling (Thai U+0E33, Armenian U+0587) and stay.
const fn has_compatibility_shape(c: char) -> bool {
    matches!(c,
        '\u{00B2}' | '\u{00B3}' | '\u{00B9}' | '\u{2070}'..='\u{209F}' // superscripts, subscripts
        | '\u{2100}'..='\u{2115}' | '\u{2117}'..='\u{211F}' | '\u{2121}' | '\u{2123}'..='\u{218F}' // but №, ℠, ™
        | '\u{2460}'..='\u{24FF}' | '\u{2E80}'..='\u{2FDF}' | '\u{3200}'..='\u{33FF}' // circled, radicals, squared
        | '\u{FB00}'..='\u{FDFF}' | '\u{FE10}'..='\u{FE1F}' | '\u{FE30}'..='\u{FEFE}' | '\u{FF01}'..='\u{FFEF}'
        | '\u{1D400}'..='\u{1D7FF}' | '\u{1F100}'..='\u{1F2FF}')
}

fn plain(c: char) -> char {
    match c {
        '\t' => ' ',
        // En dash, em dash and those of a script are characters of their own.
        '–' | '—' => c,
        '―' | '⸺' | '⸻' => '—',
        '−' | '˗' | '⁃' => '-',
        '′' | '‛' | '`' | '´' | '＇' => '\'',
        '″' | '‟' | '〝' | '〞' | '〟' => '"',
        '[' | '〔' | '【' | '〖' | '〘' | '〚' | '⟨' | '⁅' => '(',
        ']' | '〕' | '】' | '〗' | '〙' | '〛' | '⟩' | '⁆' => ')',
        '‧' | '∙' | '⋅' => '·',
        '⁄' | '∕' => '/',
        '∶' => ':',
        '․' => '.',
        _ => match CodePointMapData::<GeneralCategory>::new().get(c) {
            GeneralCategory::SpaceSeparator => ' ',
            GeneralCategory::DashPunctuation if c.script() == Script::Common && !is_east_asian_dash(c) => '-',
            _ => c,
        },
    }
}

const fn is_east_asian_dash(c: char) -> bool {
    matches!(c, '〜' | '〰' | '゠')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_shape_is_folded() {
        // DR-5
        for (typed, plain) in [
            ("Marie\u{A0}Ange", "Marie Ange"),
            ("Ａｃｍｅ　Ｌｔｄ．", "Acme Ltd."),
            ("东方（北京）", "东方(北京)"),
            ("Smith\u{2011}Jones \u{2212} \u{2010}", "Smith-Jones - -"),
            ("O´Hara O`Hara O′Hara", "O'Hara O'Hara O'Hara"),
            ("㈱ﾃﾞｰﾀ", "(株)データ"),
            ("【KDDI】 ［a］ [b]", "(KDDI) (a) (b)"),
            ("ﬁrm Ⅳ 𝐁𝐨𝐛", "firm IV Bob"),
            ("ﻣﺤﻤﺪ", "محمد"),
        ] {
            assert_eq!(fold(typed), plain);
        }
    }

    #[test]
    fn spelling_is_no_shape() {
        for text in [
            "ก\u{E33}",
            "և",
            "–—",
            "№ 5",
            "ª º",
            "〜",
            "ー",
            "l·l",
            "ʻokina",
            "׳ ־",
        ] {
            assert_eq!(fold(text), text);
        }
    }
}
