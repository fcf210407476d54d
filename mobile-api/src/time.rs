//! A time as a phone writes it: RFC 3339 with the phone's own offset, which is kept beside the instant.

use jiff::Timestamp;
use jiff::fmt::temporal::Pieces;
use jiff::tz::Offset;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An instant and the UTC offset of the phone that wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PhoneTime {
    pub at: Timestamp,
    pub offset: Offset,
}

impl PhoneTime {
    pub fn utc(at: Timestamp) -> Self {
        Self { at, offset: Offset::UTC }
    }

    /// RFC 3339 and nothing looser: no date alone, no time zone name, no missing offset. `None` when it is not that.
    pub fn parse(text: &str) -> Option<Self> {
        if !has_the_shape_of_rfc_3339(text.as_bytes()) {
            return None;
        }
        let pieces = Pieces::parse(text).ok()?;
        let offset = pieces.to_numeric_offset()?;
        let at = offset.to_timestamp(pieces.date().to_datetime(pieces.time()?)).ok()?;
        Some(Self { at, offset })
    }

    /// The phone's offset in whole minutes, as it is stored.
    pub fn offset_minutes(&self) -> i16 {
        i16::try_from(self.offset.seconds() / 60).expect("an offset is less than 26 hours")
    }
}

/// `dddd-dd-ddTdd:dd:dd[.d+](Z|±dd:dd)`; whether the digits make sense is left to the real parser.
fn has_the_shape_of_rfc_3339(text: &[u8]) -> bool {
    let digits =
        |range: std::ops::Range<usize>| text.get(range).is_some_and(|part| part.iter().all(u8::is_ascii_digit));
    let is = |at: usize, allowed: &[u8]| text.get(at).is_some_and(|byte| allowed.contains(byte));
    let date_and_time = digits(0..4)
        && is(4, b"-")
        && digits(5..7)
        && is(7, b"-")
        && digits(8..10)
        && is(10, b"Tt ")
        && digits(11..13)
        && is(13, b":")
        && digits(14..16)
        && is(16, b":")
        && digits(17..19);
    if !date_and_time {
        return false;
    }
    let mut rest = &text[19..];
    if let Some(fraction) = rest.strip_prefix(b".") {
        let length = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if length == 0 || length > 9 {
            return false;
        }
        rest = &fraction[length..];
    }
    match rest {
        b"Z" | b"z" => true,
        [b'+' | b'-', a, b, b':', c, d] => [a, b, c, d].iter().all(|byte| byte.is_ascii_digit()),
        _ => false,
    }
}

impl std::fmt::Display for PhoneTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.at.display_with_offset(self.offset))
    }
}

impl Serialize for PhoneTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PhoneTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| de::Error::custom("not an RFC 3339 time with an offset, like 2026-11-21T08:05:00+00:00"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_instant_and_the_offset() {
        let time = PhoneTime::parse("2026-06-21T08:05:00.5+01:00").unwrap();
        assert_eq!(time.at, "2026-06-21T07:05:00.5Z".parse().unwrap());
        assert_eq!(time.offset_minutes(), 60);
        assert_eq!(time.to_string(), "2026-06-21T08:05:00.5+01:00");
        assert_eq!(PhoneTime::parse("1066-10-14T09:00:00Z").unwrap().offset_minutes(), 0);
        assert_eq!(PhoneTime::parse("2999-01-01T00:00:00-09:30").unwrap().offset_minutes(), -570);
    }

    #[test]
    fn refuses_everything_that_is_not_rfc_3339() {
        for text in [
            "",
            "yesterday",
            "2026-06-21",
            "2026-06-21T08:05:00",
            "2026-06-21T08:05Z",
            "2026-06-21T08:05:00+01",
            "2026-06-21T08:05:00+0100",
            "2026-06-21T08:05:00+01:00[Europe/London]",
            "2026-02-30T08:05:00Z",
            "2026-06-21T25:05:00Z",
            "2026-06-21T08:05:00.Z",
            "+002026-06-21T08:05:00Z",
            "2026-06-21T08:05:00+99:99",
            "2026-06-21T08:05:00Z ",
            "２026-06-21T08:05:00Z",
        ] {
            assert_eq!(PhoneTime::parse(text), None, "{text}");
        }
    }
}
