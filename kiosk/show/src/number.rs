//! Numbers as people read them, in integers throughout.

/// `12960` as `12,960`.
#[must_use]
pub fn grouped(digits: &str) -> String {
    let mut text = String::new();
    let places = (0..digits.len()).rev();
    for (digit, place) in digits.chars().zip(places) {
        text.push(digit);
        if place != 0 && place.is_multiple_of(3) {
            text.push(',');
        }
    }
    text
}

/// A size in decimal units, as printed on the media themselves: `512 B`, `4.6 GB`. Rounded
/// down.
#[must_use]
pub fn bytes(size: u64) -> String {
    const UNITS: [(u64, &str); 4] = [
        (1_000_000_000_000, "TB"),
        (1_000_000_000, "GB"),
        (1_000_000, "MB"),
        (1_000, "KB"),
    ];
    let Some((unit, name)) = UNITS.iter().find(|(unit, _)| *unit <= size) else {
        return format!("{size} B");
    };
    let whole = size.checked_div(*unit).unwrap_or(0);
    let tenths = size
        .checked_div(unit.saturating_div(10))
        .unwrap_or(0)
        .wrapping_rem(10);
    format!("{whole}.{tenths} {name}")
}

/// A length of time: `0:07`, `12:40`, `3:00:05`.
#[must_use]
pub fn duration(seconds: u64) -> String {
    let (hours, rest) = (seconds.wrapping_div(3600), seconds.wrapping_rem(3600));
    let (minutes, seconds) = (rest.wrapping_div(60), rest.wrapping_rem(60));
    if hours == 0 {
        format!("{minutes}:{seconds:02}")
    } else {
        format!("{hours}:{minutes:02}:{seconds:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        let cases = [
            ("0", "0"),
            ("999", "999"),
            ("1000", "1,000"),
            ("12960", "12,960"),
        ];
        for (digits, text) in cases {
            assert_eq!(grouped(digits), text);
        }
        assert_eq!(grouped(&u64::MAX.to_string()), "18,446,744,073,709,551,615");
    }

    #[test]
    fn sizes_have_one_decimal_and_a_unit() {
        let cases = [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 KB"),
            (1_999_999, "1.9 MB"),
            (4_650_000_000, "4.6 GB"),
            (2_000_000_000_000, "2.0 TB"),
            (u64::MAX, "18446744.0 TB"),
        ];
        for (size, text) in cases {
            assert_eq!(bytes(size), text);
        }
    }

    #[test]
    fn times_are_read_as_on_a_clock() {
        for (seconds, text) in [(7, "0:07"), (760, "12:40"), (10_805, "3:00:05")] {
            assert_eq!(duration(seconds), text);
        }
    }
}
