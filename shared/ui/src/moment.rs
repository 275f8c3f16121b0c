//! Times as people read them: relative under seven days, else the date; exact to the second on hover.

use askama::{Template, filters::HtmlSafe};
use chrono::{DateTime, TimeDelta, Utc};

/// A point in time seen from `now`.
#[derive(Debug, Clone, Copy, Template)]
#[template(path = "ui/moment.html")]
pub struct Moment {
    /// The time.
    pub at: DateTime<Utc>,
    /// When the page was made.
    pub now: DateTime<Utc>,
}

impl HtmlSafe for Moment {}

impl Moment {
    fn machine(&self) -> String {
        self.at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    }

    fn exact(&self) -> String {
        self.at.format("%-d %b %Y %H:%M:%S UTC").to_string()
    }

    fn relative(&self) -> String {
        let ago = self.now - self.at;
        if ago < TimeDelta::zero() || ago >= TimeDelta::days(7) {
            return self.at.format("%-d %b %Y").to_string();
        }
        if ago < TimeDelta::seconds(10) {
            return "just now".to_owned();
        }
        format!("{} ago", duration(ago))
    }
}

/// A duration in its largest unit: `4 s`, `3 min`, `2 h`, `5 d`; under a second in milliseconds.
#[must_use]
pub fn duration(length: TimeDelta) -> String {
    let ms = length.num_milliseconds().max(0);
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{} s", ms / 1_000),
        60_000..3_600_000 => format!("{} min", ms / 60_000),
        3_600_000..86_400_000 => format!("{} h", ms / 3_600_000),
        _ => format!("{} d", ms / 86_400_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_people_say_them() {
        let now = DateTime::from_timestamp(1_795_392_000, 0).unwrap();
        let show = |ago| Moment { at: now - ago, now }.relative();
        assert_eq!(show(TimeDelta::seconds(3)), "just now");
        assert_eq!(show(TimeDelta::seconds(59)), "59 s ago");
        assert_eq!(show(TimeDelta::minutes(61)), "1 h ago");
        assert_eq!(show(TimeDelta::days(6)), "6 d ago");
        assert_eq!(show(TimeDelta::days(30)), "24 Oct 2026");
    }
}
