//! Allows what a writing system needs beside letters, marks and digits, each where it needs it: joiners, variation
//! selectors and the punctuation of a script (UTS 39 §5.3, RFC 5892 Appendix A, UAX #31 §2.3).

use icu_properties::props::GeneralCategoryGroup as Group;
use icu_properties::props::{CanonicalCombiningClass, DefaultIgnorableCodePoint, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};
use unicode_script::{Script, ScriptExtension, UnicodeScript};
use unicode_security::mixed_script::AugmentedScriptSet;

/// Returns `true` for what shows nothing: fillers, joiners, direction marks, selectors.
pub fn is_invisible(c: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c) || category(c) == GeneralCategory::Format
}

pub(super) fn is_letter(c: char) -> bool {
    (c.is_alphabetic() || Group::Mark.contains(category(c))) && !is_enclosing(c) && !is_invisible(c)
}

fn is_enclosing(c: char) -> bool {
    category(c) == GeneralCategory::EnclosingMark
}

fn category(c: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(c)
}

/// Returns `true` if the invisible character at `at` changes how its neighbours are written, as their script needs.
pub(super) fn needs_invisible(text: &[char], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|it| text.get(it)).copied();
    let (Some(before), Some(this)) = (before, text.get(at).copied()) else {
        return false;
    };
    let next = text.get(at + 1).copied().filter(|it| is_letter(*it));
    let between = |scripts: &[Script]| {
        next.is_some_and(|next| {
            let both = before.script_extension().intersection(next.script_extension());
            is_letter(before) && scripts.iter().any(|it| both.contains_script(*it))
        })
    };
    match this {
        // RFC 5892 Appendix A.1 and A.2; Bengali writes the joiner before the virama too.
        '\u{200C}' | '\u{200D}' if is_virama(before) || next.is_some_and(is_virama) => {
            next.is_some() && is_letter(before)
        }
        '\u{200C}' => between(&[
            Script::Arabic,
            Script::Syriac,
            Script::Mongolian,
            Script::Nko,
            Script::Adlam,
        ]),
        // Words that are written without spaces have it at their ends.
        '\u{200B}' => between(&[Script::Khmer, Script::Lao, Script::Myanmar, Script::Thai]),
        '\u{180E}' => between(&[Script::Mongolian]),
        '\u{180B}'..='\u{180D}' | '\u{180F}' => before.script() == Script::Mongolian,
        // The selector chooses the shape of an ideograph, as registered names have it.
        '\u{FE00}'..='\u{FE02}' | '\u{E0100}'..='\u{E01EF}' => before.script() == Script::Han,
        _ => false,
    }
}

fn is_virama(c: char) -> bool {
    CodePointMapData::<CanonicalCombiningClass>::new().get(c) == CanonicalCombiningClass::Virama
}

/// Returns `true` if `c` is punctuation of a script that the text is written in.
pub(super) fn is_punctuation_of(text: &[char], c: char) -> bool {
    let scripts = c.script_extension();
    Group::Punctuation.contains(category(c))
        && !is_all(scripts)
        && text.iter().filter(|it| is_letter(**it)).any(|letter| {
            let of_letter = letter.script_extension();
            !is_all(of_letter) && !of_letter.intersection(scripts).is_empty()
        })
}

fn is_all(scripts: ScriptExtension) -> bool {
    scripts.is_common() || scripts.is_inherited()
}

/// The scripts of a word as far as it was read (UTS 39 §5.2, highly restrictive).
#[derive(Clone, Copy, Default)]
pub(super) struct Word {
    all: AugmentedScriptSet,
    beside_latin: AugmentedScriptSet,
}

impl Word {
    /// Returns `false` if the letter belongs to no script that the letters before it can be of.
    pub(super) fn takes(&mut self, letter: char) -> bool {
        let scripts = AugmentedScriptSet::for_char(letter);
        self.all.intersect_with(scripts);
        if letter.script() != Script::Latin {
            self.beside_latin.intersect_with(scripts);
        }
        // Latin is allowed beside the scripts of Chinese, Japanese and Korean.
        let east_asian = self.beside_latin.hanb || self.beside_latin.jpan || self.beside_latin.kore;
        !self.all.is_empty() || east_asian
    }
}
