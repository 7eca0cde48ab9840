//! Wall time as text. The instant is always handed in; nothing here reads a clock.

use std::time::{SystemTime, UNIX_EPOCH};

const SECONDS_PER_DAY: u64 = 86_400;

/// A calendar date and time of day, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Civil {
    pub year: u64,
    pub month: u64,
    pub day: u64,
    pub hour: u64,
    pub minute: u64,
    pub second: u64,
}

/// `at` as RFC 3339 in UTC, to the millisecond: the form of
/// [`SessionHeader::started_at`](timeline::SessionHeader::started_at). Before 1970 is 1970.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// let at = UNIX_EPOCH + Duration::from_millis(1_000_000_000_250);
/// assert_eq!(session::rfc3339_utc(at), "2001-09-09T01:46:40.250Z");
/// assert_eq!(session::rfc3339_utc(UNIX_EPOCH - Duration::from_secs(5)), "1970-01-01T00:00:00.000Z");
/// ```
#[must_use]
pub fn rfc3339_utc(at: SystemTime) -> String {
    let since_epoch = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let Civil { year, month, day, hour, minute, second } = civil(at);
    let millis = since_epoch.subsec_millis();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

/// Days to a date after Howard Hinnant's `civil_from_days`
/// (<https://howardhinnant.github.io/date_algorithms.html>), for days from 1970 on.
pub(crate) fn civil(at: SystemTime) -> Civil {
    let seconds = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let of_day = seconds % SECONDS_PER_DAY;
    let shifted = seconds / SECONDS_PER_DAY + 719_468; // days since 0000-03-01
    let era = shifted / 146_097; // 400 years
    let day_of_era = shifted % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    Civil {
        year: year_of_era + era * 400 + u64::from(month <= 2),
        month,
        day: day_of_year - (153 * month_from_march + 2) / 5 + 1,
        hour: of_day / 3_600,
        minute: of_day / 60 % 60,
        second: of_day % 60,
    }
}

/// Seconds on the session's clock as `mm:ss`, from an hour on as `h:mm:ss`.
pub(crate) fn clock(seconds: f64) -> String {
    let whole = seconds.max(0.0) as u64;
    let (hours, minutes, seconds) = (whole / 3_600, whole / 60 % 60, whole % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes:02}:{seconds:02}")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn dates_over_leap_days_and_centuries() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399, "2000-02-28T23:59:59.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199, "2024-02-29T23:59:59.000Z"),
            (1_795_299_180, "2026-11-21T22:13:00.000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000Z"), // 2100 is no leap year
        ] {
            assert_eq!(rfc3339_utc(UNIX_EPOCH + Duration::from_secs(seconds)), expected);
        }
    }

    #[test]
    fn clock_grows_hours_only_when_there_are_any() {
        assert_eq!(clock(-3.0), "00:00");
        assert_eq!(clock(59.99), "00:59");
        assert_eq!(clock(3_599.0), "59:59");
        assert_eq!(clock(3_661.0), "1:01:01");
    }
}
