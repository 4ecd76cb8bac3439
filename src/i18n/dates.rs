//! Writes dates in words. Times are in UTC and say so: readers are in every zone.

use chrono::{Datelike, Timelike};

use super::{Locale, text};
use crate::domain::Time;

pub fn date(locale: Locale, at: Time) -> String {
    let month = text(locale, &format!("date.month.{}", at.month()), &()).unwrap_or_default();
    // French writes the first of a month as an ordinal number, which a pattern with `{day}` cannot express.
    let day = match at.day() {
        1 => text(locale, "date.first", &()).unwrap_or_default(),
        day => day.to_string(),
    };
    let year = at.year().to_string();
    text(
        locale,
        "date.day",
        &[("day", &day), ("month", &month), ("year", &year)],
    )
    .unwrap_or_else(|| at.format("%Y-%m-%d").to_string())
}

pub fn date_and_time(locale: Locale, at: Time) -> String {
    let (day, time) = (date(locale, at), format!("{:02}:{:02}", at.hour(), at.minute()));
    text(locale, "date.time", &[("date", &day), ("time", &time)])
        .unwrap_or_else(|| at.format("%Y-%m-%d %H:%M UTC").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_reads_as_its_language_writes_it() {
        let at = crate::clock::from_unix(1_772_623_800).expect("a time");
        assert_eq!(date(Locale::En, at), "4 March 2026");
        assert_eq!(date(Locale::Fr, at), "4 mars 2026");
        let first = at - chrono::Duration::days(3);
        assert_eq!(date(Locale::Fr, first), "1er mars 2026");
        assert_eq!(date(Locale::Es, first), "1 de marzo de 2026");
        assert_eq!(date_and_time(Locale::En, at), "4 March 2026, 11:30 UTC");
    }
}
