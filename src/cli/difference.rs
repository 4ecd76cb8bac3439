//! Prints the difference between a file and what there is, for an operator to read before applying it. `client apply`,
//! `org import` and `apply` call this.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::console::Console;
use crate::domain::difference::{Difference, Effect, Member};
use crate::domain::text;

/// The exit status of a dry run that found differences (contract.md): neither done nor refused.
pub(super) const DIFFERS: u8 = 3;

/// Prints what would be done, and returns the exit status of a dry run.
pub(super) fn preview(console: &Console, differences: &[Difference]) -> ExitCode {
    print(console, differences, "would be");
    if differences.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(DIFFERS)
    }
}

/// Prints what was done.
pub(super) fn report(console: &Console, differences: &[Difference]) {
    print(console, differences, "were");
}

fn print(console: &Console, differences: &[Difference], verb: &str) {
    console.print(
        &json!({ "differences": differences }),
        in_words(differences, verb),
    );
}

fn in_words(differences: &[Difference], verb: &str) -> String {
    if differences.is_empty() {
        return "nothing to do".to_owned();
    }
    let mut lines = Vec::new();
    for difference in differences {
        describe(difference, &mut lines);
    }
    let count = |effect| differences.iter().filter(|it| it.effect == effect).count();
    let (added, changed) = (count(Effect::Added), count(Effect::Changed));
    let pruned = count(Effect::Pruned);
    lines.push(String::new());
    lines.push(format!(
        "{verb} added: {added}, changed: {changed}, pruned (not named by the file): {pruned}"
    ));
    lines.join("\n")
}

fn describe(difference: &Difference, lines: &mut Vec<String>) {
    let (sign, note) = match difference.effect {
        Effect::Added => ('+', ""),
        Effect::Changed => ('~', ""),
        Effect::Pruned => (
            '-',
            match difference.kind {
                "client" => "  (not named: disabled)",
                "organization" => "  (not named: the membership ends)",
                _ => "  (not named: removed)",
            },
        ),
    };
    let name = match difference.name.as_str() {
        "" => String::new(),
        name => format!(" ({})", printable(name)),
    };
    lines.push(format!(
        "{sign} {} {}{name}{note}",
        difference.kind,
        printable(&difference.id)
    ));
    for member in &difference.members {
        match member.of_lists() {
            Some((lost, gained)) if difference.effect == Effect::Changed => {
                lines.extend(
                    lost.iter()
                        .map(|it| format!("    {}  - {}", member.member, shown(it))),
                );
                lines.extend(
                    gained
                        .iter()
                        .map(|it| format!("    {}  + {}", member.member, shown(it))),
                );
            }
            _ => lines.push(format!(
                "    {}  {}",
                member.member,
                change(difference.effect, member)
            )),
        }
    }
    if difference.people > 0 {
        lines.push(format!(
            "    people concerned: {} (their affiliations or TIES rights end, or are requested again)",
            difference.people
        ));
    }
}

fn change(effect: Effect, member: &Member) -> String {
    let side = |it: &Option<Value>| it.as_ref().map_or_else(|| "(none)".to_owned(), shown);
    match effect {
        Effect::Added => side(&member.after),
        Effect::Changed | Effect::Pruned => format!("{} -> {}", side(&member.before), side(&member.after)),
    }
}

fn shown(value: &Value) -> String {
    printable(&value.to_string())
}

/// Leaves out what a terminal would act on, or not show.
fn printable(text: &str) -> String {
    let is_shown = |c: &char| !c.is_control() && !text::is_invisible(*c);
    text.chars().filter(is_shown).collect()
}
