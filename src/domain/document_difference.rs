//! The difference between two versions of a document, for people to read: part by part, and word by word in a part that was
//! changed. What stayed the same is left out, but for the part before and after what did not.

use super::document::Block;

/// Above this number of comparisons two parts are not compared word by word.
const MOST_COMPARED: usize = 4_000_000;
/// The parts that are shown before and after a change.
const CONTEXT: usize = 1;

/// What became of a part, or of some words in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    Same,
    Removed,
    Added,
}

impl Change {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Removed => "removed",
            Self::Added => "added",
        }
    }
}

/// Some words that stayed, went or came.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Piece {
    pub change: Change,
    pub text: String,
}

/// A heading, a paragraph or an item of a list.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Part {
    /// `heading`, `paragraph` or `item`.
    pub form: &'static str,
    /// `same`, `removed`, `added`, or `changed` with pieces of both kinds.
    pub change: &'static str,
    pub pieces: Vec<Piece>,
    /// The number of parts before it that stayed the same and are left out.
    pub skipped: usize,
}

/// The whole difference.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct DocumentDifference {
    pub parts: Vec<Part>,
    /// The number of parts after the last one that are left out.
    pub skipped: usize,
}

impl DocumentDifference {
    pub fn between(before: &[Block], after: &[Block]) -> Self {
        let (before, after) = (flat(before), flat(after));
        let mut parts = Vec::new();
        let (mut removed, mut added) = (Vec::new(), Vec::new());
        for (change, part) in aligned(&before, &after) {
            match change {
                Change::Removed => removed.push(part),
                Change::Added => added.push(part),
                Change::Same => {
                    settle(&mut removed, &mut added, &mut parts);
                    parts.push(whole(part, Change::Same));
                }
            }
        }
        settle(&mut removed, &mut added, &mut parts);
        shortened(parts)
    }

    /// Returns `true` if both say the same.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }
}

/// The form of a part and its text.
type Flat<'a> = (&'static str, &'a str);

fn flat(blocks: &[Block]) -> Vec<Flat<'_>> {
    let mut all = Vec::new();
    for block in blocks {
        match block {
            Block::Heading(text) => all.push(("heading", text.as_str())),
            Block::Paragraph(text) => all.push(("paragraph", text.as_str())),
            Block::Items(items) => all.extend(items.iter().map(|it| ("item", it.as_str()))),
        }
    }
    all
}

/// Walks along the longest sequence that both have in common: what only the first has was removed, what only the second has
/// was added.
fn aligned<T: Copy + PartialEq>(before: &[T], after: &[T]) -> Vec<(Change, T)> {
    let width = after.len() + 1;
    // The length of the longest common sequence of what follows each pair of places.
    let mut common = vec![0_u32; (before.len() + 1) * width];
    for (i, one) in before.iter().enumerate().rev() {
        for (j, other) in after.iter().enumerate().rev() {
            common[i * width + j] = if one == other {
                common[(i + 1) * width + j + 1] + 1
            } else {
                common[(i + 1) * width + j].max(common[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut found = Vec::new();
    while i < before.len() || j < after.len() {
        let both = i < before.len() && j < after.len();
        if both && before[i] == after[j] {
            found.push((Change::Same, after[j]));
            (i, j) = (i + 1, j + 1);
        } else if j == after.len() || (both && common[(i + 1) * width + j] >= common[i * width + j + 1]) {
            found.push((Change::Removed, before[i]));
            i += 1;
        } else {
            found.push((Change::Added, after[j]));
            j += 1;
        }
    }
    found
}

/// Writes what was removed and added at one place: pairs that have words in common as one part.
fn settle<'a>(removed: &mut Vec<Flat<'a>>, added: &mut Vec<Flat<'a>>, parts: &mut Vec<Part>) {
    let mut new = added.drain(..).peekable();
    for old in removed.drain(..) {
        match new.peek().and_then(|it| both(old, *it)) {
            Some(part) => {
                new.next();
                parts.push(part);
            }
            None => parts.push(whole(old, Change::Removed)),
        }
    }
    parts.extend(new.map(|it| whole(it, Change::Added)));
}

fn whole((form, text): Flat<'_>, change: Change) -> Part {
    let text = text.to_owned();
    Part {
        form,
        change: change.as_str(),
        pieces: vec![Piece { change, text }],
        skipped: 0,
    }
}

/// Compares two parts word by word; `None` if they have less than a third of their words in common.
fn both((form, before): Flat<'_>, (other, after): Flat<'_>) -> Option<Part> {
    let (before, after) = (words(before), words(after));
    if form != other || before.len() * after.len() > MOST_COMPARED {
        return None;
    }
    let walked = aligned(&before, &after);
    let same = walked
        .iter()
        .filter(|(it, word)| *it == Change::Same && !word.trim().is_empty());
    let number = |words: &[&str]| words.iter().filter(|it| !it.trim().is_empty()).count();
    if same.count() * 3 < number(&before).max(number(&after)) {
        return None;
    }
    let mut pieces: Vec<Piece> = Vec::new();
    for (change, word) in walked {
        match pieces.last_mut() {
            Some(last) if last.change == change => last.text.push_str(word),
            _ => pieces.push(Piece {
                change,
                text: word.to_owned(),
            }),
        }
    }
    Some(Part {
        form,
        change: "changed",
        pieces,
        skipped: 0,
    })
}

/// Splits into words and what is between them. A script without spaces has a word for each character.
fn words(text: &str) -> Vec<&str> {
    let is_own = |c: char| matches!(u32::from(c), 0x2e80..=0x9fff | 0xf900..=0xfaff | 0xff00..=0xffef);
    let mut found = Vec::new();
    let (mut begun, mut last) = (0, None::<char>);
    for (at, c) in text.char_indices() {
        let goes_on =
            last.is_some_and(|it| !is_own(it) && !is_own(c) && it.is_alphanumeric() == c.is_alphanumeric());
        if !goes_on && at > begun {
            found.push(&text[begun..at]);
            begun = at;
        }
        last = Some(c);
    }
    if begun < text.len() {
        found.push(&text[begun..]);
    }
    found
}

/// Leaves out what stayed the same and is not beside a change.
fn shortened(parts: Vec<Part>) -> DocumentDifference {
    let is_changed: Vec<bool> = parts.iter().map(|it| it.change != "same").collect();
    let is_near = |at: usize| {
        let from = at.saturating_sub(CONTEXT);
        let to = (at + CONTEXT + 1).min(is_changed.len());
        is_changed[from..to].iter().any(|it| *it)
    };
    let mut found = DocumentDifference::default();
    for (at, mut part) in parts.into_iter().enumerate() {
        if is_near(at) {
            part.skipped = std::mem::take(&mut found.skipped);
            found.parts.push(part);
        } else {
            found.skipped += 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paragraph(text: &str) -> Block {
        Block::Paragraph(text.to_owned())
    }

    fn written(difference: &DocumentDifference) -> Vec<String> {
        let sign = |it: &Piece| match it.change {
            Change::Same => it.text.clone(),
            Change::Removed => format!("[-{}]", it.text),
            Change::Added => format!("[+{}]", it.text),
        };
        difference
            .parts
            .iter()
            .map(|it| it.pieces.iter().map(sign).collect())
            .collect()
    }

    #[test]
    fn two_equal_texts_have_no_difference() {
        let text = [Block::Heading("One".into()), paragraph("A text.")];
        let found = DocumentDifference::between(&text, &text);
        assert!(found.is_empty());
        assert_eq!(found.skipped, 2);
    }

    #[test]
    fn a_changed_part_is_compared_word_by_word() {
        let before = [
            paragraph("Kept for 7 days."),
            paragraph("Gone entirely from here."),
        ];
        let after = [
            paragraph("Kept for 30 days."),
            paragraph("Something that nobody wrote before"),
        ];
        let found = DocumentDifference::between(&before, &after);
        assert_eq!(
            written(&found),
            [
                "Kept for [-7][+30] days.",
                "[-Gone entirely from here.]",
                "[+Something that nobody wrote before]"
            ]
        );
        assert_eq!(found.parts[0].change, "changed");
        let before = [paragraph("保存七天")];
        let found = DocumentDifference::between(&before, &[paragraph("保存三十天")]);
        assert_eq!(written(&found), ["保存[-七][+三十]天"]);
    }

    #[test]
    fn what_is_far_from_a_change_is_left_out() {
        let mut before: Vec<Block> = (0..10).map(|it| paragraph(&format!("Text {it}"))).collect();
        before.push(Block::Items(vec!["one".into(), "two".into()]));
        let mut after = before.clone();
        after.insert(5, paragraph("New"));
        let found = DocumentDifference::between(&before, &after);
        assert_eq!(written(&found), ["Text 4", "[+New]", "Text 5"]);
        assert_eq!((found.parts[0].skipped, found.skipped), (4, 6));
    }
}
