//! Parses durations in words ("10m", "1h30m", "14d") and rates ("60 in 10m").

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

const UNITS: [(char, u64); 5] = [('s', 1), ('m', 60), ('h', 3600), ('d', 86_400), ('w', 604_800)];

/// Parses one or several whole numbers, each with its unit: s, m, h, d or w.
pub fn parse(text: &str) -> Result<Duration, String> {
    let wrong =
        || format!("\"{text}\" is not a duration; write it like \"90s\", \"10m\", \"1h30m\" or \"14d\"");
    let mut seconds: u64 = 0;
    let mut number: Option<u64> = None;
    for c in text.chars().filter(|c| *c != ' ') {
        if let Some(digit) = c.to_digit(10) {
            let next = number
                .unwrap_or(0)
                .checked_mul(10)
                .and_then(|n| n.checked_add(digit.into()));
            number = Some(next.ok_or_else(wrong)?);
        } else {
            let (_, unit) = UNITS.iter().find(|(name, _)| *name == c).ok_or_else(wrong)?;
            let part = number
                .take()
                .ok_or_else(wrong)?
                .checked_mul(*unit)
                .ok_or_else(wrong)?;
            seconds = seconds.checked_add(part).ok_or_else(wrong)?;
        }
    }
    if number.is_some() || text.trim().is_empty() {
        return Err(wrong());
    }
    Ok(Duration::from_secs(seconds))
}

/// Writes a duration as the file would, in its largest whole unit.
pub fn words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    UNITS
        .iter()
        .rev()
        .find(|(_, unit)| seconds > 0 && seconds.is_multiple_of(*unit))
        .map_or_else(|| "0s".into(), |(name, unit)| format!("{}{name}", seconds / unit))
}

/// Deserializes a duration, for `#[serde(deserialize_with)]`.
pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    parse(&String::deserialize(from)?).map_err(de::Error::custom)
}

/// A number of events in a length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub count: u64,
    pub window: Duration,
}

impl Rate {
    pub const fn new(count: u64, seconds: u64) -> Self {
        Self {
            count,
            window: Duration::from_secs(seconds),
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.count, words(self.window))
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let (count, window) = text
            .split_once(" in ")
            .and_then(|(count, window)| Some((count.trim().parse().ok()?, parse(window).ok()?)))
            .filter(|(count, window)| *count > 0 && !window.is_zero())
            .ok_or_else(|| {
                de::Error::custom(format!("\"{text}\" is not a rate; write it like \"60 in 10m\""))
            })?;
        Ok(Self { count, window })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_in_words() {
        assert_eq!(parse("1h30m"), Ok(Duration::from_secs(5400)));
        assert_eq!(parse("14d"), Ok(Duration::from_secs(14 * 86_400)));
        for wrong in ["", "10", "m", "10 years", "-1s", "1.5h", "99999999999999999999d"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn words_can_be_read_again() {
        for text in ["90s", "10m", "12h", "30d", "2w"] {
            assert_eq!(words(parse(text).expect(text)), text);
        }
    }
}
