//! The offices of an organization and their terms: a Focal Point who is away for some days, a deputy for some days.

use chrono::{Days, Months, NaiveDate, NaiveTime};

use super::message::FieldErrors;
use super::{AccountId, AffiliationId, OrganizationId, Time};

/// The longest term, from its first day.
const LONGEST: Months = Months::new(12);

/// Whole days in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// The beginning of the first day.
    pub from: Time,
    /// The end of the last day: the beginning of the next.
    pub until: Time,
}

/// A day that was typed, with the name of its field.
pub type TypedDay<'a> = (&'static str, &'a str);

impl Term {
    /// Reads a term from its first and its last day. It ends today or later, and lasts a year at most.
    pub fn parse(first: TypedDay<'_>, last: TypedDay<'_>, now: Time) -> Result<Self, FieldErrors> {
        let mut wrong = FieldErrors::new();
        let mut day = |(name, typed): TypedDay<'_>| {
            let read = NaiveDate::parse_from_str(typed, "%Y-%m-%d").ok();
            if read.is_none() {
                let what = if typed.is_empty() {
                    "error.required"
                } else {
                    "error.date"
                };
                wrong.insert(name, what);
            }
            read
        };
        let (Some(from), Some(until)) = (day(first), day(last)) else {
            return Err(wrong);
        };
        let today = now.date_naive();
        if from < today {
            wrong.insert(first.0, "error.date_past");
        }
        if until < from {
            wrong.insert(last.0, "error.date_order");
        }
        let furthest = |it: NaiveDate| it.checked_add_months(LONGEST);
        if furthest(today).is_none_or(|it| from > it) {
            wrong.insert(first.0, "error.date_far");
        }
        if furthest(from).is_none_or(|it| until > it) {
            wrong.insert(last.0, "error.date_far");
        }
        let end = until.checked_add_days(Days::new(1));
        match end {
            Some(end) if wrong.is_empty() => Ok(Self {
                from: from.and_time(NaiveTime::MIN).and_utc(),
                until: end.and_time(NaiveTime::MIN).and_utc(),
            }),
            _ => Err(wrong),
        }
    }

    pub fn is_running(&self, now: Time) -> bool {
        self.from <= now && !self.is_over(now)
    }

    pub fn is_over(&self, now: Time) -> bool {
        self.until <= now
    }

    pub fn first_day(&self) -> NaiveDate {
        self.from.date_naive()
    }

    pub fn last_day(&self) -> NaiveDate {
        let end = self.until.date_naive();
        end.pred_opt().unwrap_or(end)
    }

    /// Returns the beginning of the last day, to be shown as a date.
    pub fn last(&self) -> Time {
        self.last_day().and_time(NaiveTime::MIN).and_utc()
    }
}

/// A person who has the powers of a Focal Point over requests and TIES rights for some days: it hangs on their own approved
/// affiliation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deputy {
    pub affiliation: AffiliationId,
    pub account: AccountId,
    pub organization: OrganizationId,
    pub term: Term,
    pub named_at: Time,
    /// The person who named the deputy; absent for the operator at the console.
    pub named_by: Option<AccountId>,
}

/// The office that a person holds now, and for which organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldOffice {
    pub organization: OrganizationId,
    /// `true` for a deputy, who decides about requests and TIES rights, and about nobody's office.
    pub is_deputy: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Time {
        text.parse().unwrap()
    }

    fn parse(first: &str, last: &str) -> Result<Term, FieldErrors> {
        Term::parse(("from", first), ("until", last), at("2026-12-01T15:00:00Z"))
    }

    #[test]
    fn a_term_has_whole_days() {
        let term = parse("2026-12-01", "2026-12-03").unwrap();
        assert!(term.is_running(at("2026-12-01T15:00:00Z")) && !term.is_running(at("2026-11-30T23:59:59Z")));
        assert!(term.is_running(at("2026-12-03T23:59:59Z")));
        assert!(!term.is_running(at("2026-12-04T00:00:00Z")) && term.is_over(at("2026-12-04T00:00:00Z")));
        assert_eq!(term.first_day().to_string(), "2026-12-01");
        assert_eq!(term.last_day().to_string(), "2026-12-03");
        assert_eq!(term.last(), at("2026-12-03T00:00:00Z"));
        let day = parse("2026-12-01", "2026-12-01").unwrap();
        assert_eq!(day.until - day.from, chrono::Duration::days(1));
    }

    #[test]
    fn what_is_no_term_is_refused_by_its_field() {
        for (first, last, field, error) in [
            ("", "2026-12-03", "from", "error.required"),
            ("2026-12-02", "", "until", "error.required"),
            ("1 December", "2026-12-03", "from", "error.date"),
            ("2026-12-02", "2026-13-01", "until", "error.date"),
            ("2026-11-30", "2026-12-03", "from", "error.date_past"),
            ("2026-12-03", "2026-12-02", "until", "error.date_order"),
            ("2028-01-01", "2028-01-02", "from", "error.date_far"),
            ("2026-12-02", "2027-12-03", "until", "error.date_far"),
        ] {
            let wrong = parse(first, last).unwrap_err();
            assert_eq!(wrong.len(), 1, "{first} {last}");
            assert_eq!(wrong[field], error, "{first} {last}");
        }
        assert_eq!(parse("", "x").unwrap_err().len(), 2);
    }
}
