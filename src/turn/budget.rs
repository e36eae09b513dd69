//! How much the relay may carry in a calendar month, and what follows from how much it has: first words to the operator, then
//! smaller pictures, then none, and only then nobody new. Pure: who counts the bytes and who keeps the count is not known
//! here.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::clock::Now;

/// What is to be done, the mildest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum BudgetStep {
    /// Nothing.
    #[default]
    Plenty,
    /// The operator is warned.
    Warned,
    /// Callers' pages send smaller pictures through the relay.
    Lower,
    /// They send none.
    AudioOnly,
    /// Nobody new is let in. Calls under way go on: whoever speaks is not cut off for a bill.
    UsedUp,
}

/// From which share of the budget, in thousandths, which step is taken. A call of two sends some 1.8 Mbit/s of picture and
/// 40 kbit/s of voice each way. So 80 % is early enough to buy more; at 90 % pictures of a third of the bits make seven
/// hundredths last as twenty did before; and the last three carry voices for as long as all hundred carried pictures.
const STEPS: [(u128, BudgetStep); 4] =
    [(1000, BudgetStep::UsedUp), (970, BudgetStep::AudioOnly), (900, BudgetStep::Lower), (800, BudgetStep::Warned)];

/// A calendar month, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    year: u32,
    /// 1 to 12.
    month: u8,
}

/// How much was carried in a month. Its text, "2026-11 123456", is what outlives a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Which month.
    pub month: Month,
    /// How many bytes.
    pub bytes: u64,
}

/// The budget of one server.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    limit: u64,
    usage: Usage,
}

impl Budget {
    /// `limit` bytes a month, at least 1, of which `kept` was used up before.
    pub fn new(limit: u64, kept: Option<Usage>, now: Now) -> Budget {
        let usage = kept.unwrap_or(Usage { month: Month::of(now.unix), bytes: 0 });
        let mut budget = Budget { limit: limit.max(1), usage };
        budget.add(0, now);
        budget
    }

    /// Counts `bytes` more. A new month begins at zero; a clock that was set back begins none.
    pub fn add(&mut self, bytes: u64, now: Now) {
        let month = Month::of(now.unix);
        if month > self.usage.month {
            self.usage = Usage { month, bytes: 0 };
        }
        self.usage.bytes = self.usage.bytes.saturating_add(bytes);
    }

    /// What is to be done.
    pub fn step(&self) -> BudgetStep {
        let thousandths = u128::from(self.usage.bytes) * 1000 / u128::from(self.limit);
        STEPS.iter().find(|(from, _)| thousandths >= *from).map_or(BudgetStep::Plenty, |(_, step)| *step)
    }

    /// What was carried in this month.
    pub fn usage(&self) -> Usage {
        self.usage
    }
}

impl Month {
    /// The month of that unix time.
    pub fn of(unix: Duration) -> Month {
        // Days to a date of the Gregorian calendar, years beginning in March so that the leap day comes last.
        let days = unix.as_secs() / 86_400 + 719_468;
        let (era, day) = (days / 146_097, days % 146_097);
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
        let of_year = day - (365 * year + year / 4 - year / 100);
        let from_march = (5 * of_year + 2) / 153;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = era * 400 + year + u64::from(month <= 2);
        Month { year: year as u32, month: month as u8 }
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.month, self.bytes)
    }
}

/// The text is no [`Usage`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAUsage;

impl FromStr for Usage {
    type Err = NotAUsage;

    fn from_str(text: &str) -> Result<Usage, NotAUsage> {
        let read = || {
            let (month, bytes) = text.trim_end().split_once(' ')?;
            let (year, month) = month.split_once('-')?;
            let month = Month { year: year.parse().ok()?, month: month.parse().ok()? };
            Some(Usage { month, bytes: bytes.parse().ok()? })
        };
        // Only what is written the same way again was written by us.
        read()
            .filter(|usage| (1..=12).contains(&usage.month.month) && usage.to_string() == text.trim_end())
            .ok_or(NotAUsage)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    const NOVEMBER: u64 = 1_793_491_200; // 2026-11-01 00:00 UTC
    const DECEMBER: u64 = NOVEMBER + 30 * 86_400;

    fn at(unix: u64) -> Now {
        Now { monotonic: Instant::now(), unix: Duration::from_secs(unix) }
    }

    #[test]
    fn months_begin_at_midnight_utc_leap_years_too() {
        let month = |unix: u64| Month::of(Duration::from_secs(unix)).to_string();
        assert_eq!([month(0), month(NOVEMBER - 1), month(NOVEMBER)], ["1970-01", "2026-10", "2026-11"]);
        assert_eq!([month(DECEMBER - 1), month(DECEMBER)], ["2026-11", "2026-12"]);
        // 2028-02-29 23:59:59 and a second later; 2100 is no leap year
        assert_eq!([month(1_835_481_599), month(1_835_481_600)], ["2028-02", "2028-03"]);
        assert_eq!([month(4_107_542_399), month(4_107_542_400)], ["2100-02", "2100-03"]);
    }

    #[test]
    fn each_share_has_its_step_and_a_new_month_begins_with_none() {
        let mut budget = Budget::new(1000, None, at(NOVEMBER));
        let mut after = |bytes, unix| {
            budget.add(bytes, at(unix));
            budget.step()
        };
        assert_eq!([after(799, NOVEMBER), after(1, NOVEMBER)], [BudgetStep::Plenty, BudgetStep::Warned]);
        assert_eq!([after(99, NOVEMBER), after(1, NOVEMBER)], [BudgetStep::Warned, BudgetStep::Lower]);
        assert_eq!([after(69, NOVEMBER), after(1, NOVEMBER)], [BudgetStep::Lower, BudgetStep::AudioOnly]);
        assert_eq!([after(29, NOVEMBER), after(1, DECEMBER - 1)], [BudgetStep::AudioOnly, BudgetStep::UsedUp]);
        assert_eq!(after(u64::MAX, DECEMBER - 1), BudgetStep::UsedUp);
        assert_eq!(after(0, DECEMBER), BudgetStep::Plenty);
        assert_eq!(after(900, NOVEMBER), BudgetStep::Lower, "a clock that was set back begins no month");
    }

    #[test]
    fn what_was_used_outlives_a_restart_within_its_month() {
        let mut budget = Budget::new(1000, None, at(NOVEMBER));
        budget.add(950, at(NOVEMBER + 5));
        let kept: Usage = format!("{}\n", budget.usage()).parse().expect("as written");
        assert_eq!(Budget::new(1000, Some(kept), at(DECEMBER - 1)).step(), BudgetStep::Lower);
        assert_eq!(Budget::new(1000, Some(kept), at(DECEMBER)).usage().bytes, 0);
    }

    #[test]
    fn a_text_that_was_not_written_here_is_no_usage() {
        for text in ["", "2026-11", "2026-13 5", "2026-11 -5", "2026-11 5 5", "2026-11 18446744073709551616", "26-11 5"]
        {
            assert_eq!(text.parse::<Usage>(), Err(NotAUsage), "{text}");
        }
    }
}
