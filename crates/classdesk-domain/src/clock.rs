//! Time and randomness, both brought in from outside.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// An instant in UTC with a resolution of one microsecond (docs/contract.md#4-resources).
///
/// ```
/// use classdesk_domain::clock::Timestamp;
///
/// let at = Timestamp::parse_rfc3339("2026-03-01T10:00:00.000001Z").unwrap();
/// assert_eq!(at.to_string(), "2026-03-01T10:00:00.000001Z");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The last microsecond of the year 9999, the end of what RFC 3339 can write.
const LAST_MICROS: i64 = 253_402_300_799_999_999;
/// The first microsecond of the year 0.
const FIRST_MICROS: i64 = -62_167_219_200_000_000;

impl Timestamp {
    /// From microseconds since 1970-01-01T00:00:00Z, held to the years that RFC 3339 can write
    /// (0 to 9999).
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        if micros > LAST_MICROS {
            Self(LAST_MICROS)
        } else if micros < FIRST_MICROS {
            Self(FIRST_MICROS)
        } else {
            Self(micros)
        }
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Reads an RFC 3339 time with any offset; what is finer than a microsecond is cut off.
    #[must_use]
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let parsed = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        i64::try_from(parsed.unix_timestamp_nanos().div_euclid(1_000))
            .ok()
            .map(Self::from_micros)
    }

    /// This instant moved forward.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self::from_micros(self.0.saturating_add(micros_of(by)))
    }

    /// This instant moved back.
    #[must_use]
    pub fn minus(self, by: Duration) -> Self {
        Self::from_micros(self.0.saturating_sub(micros_of(by)))
    }

    /// How long after `earlier` this is; zero when it is not after.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

fn micros_of(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC, always with six digits of fraction.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000)
            .map_err(|_| fmt::Error)?;
        let year = u32::try_from(at.year()).map_err(|_| fmt::Error)?;
        // A page of messages has dozens of them, and the general formatter takes several times
        // as long.
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        let mut put = |place: Range<usize>, number: u32| {
            let mut left = number;
            for digit in text[place].iter_mut().rev() {
                *digit += u8::try_from(left % 10).unwrap_or_default();
                left /= 10;
            }
        };
        put(0..4, year);
        put(5..7, u8::from(at.month()).into());
        put(8..10, at.day().into());
        put(11..13, at.hour().into());
        put(14..16, at.minute().into());
        put(17..19, at.second().into());
        put(20..26, at.microsecond());
        f.write_str(str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

/// Where the present comes from.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Clock: Send + Sync {
    /// The present instant. It MUST be cut to microseconds, so that a value that went through a
    /// store compares equal to the one that was written.
    fn now(&self) -> Timestamp;
}

/// Where unguessable bytes come from: session tokens and storage keys.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait SecretSource: Send + Sync {
    /// Thirty-two bytes. They MUST come from a cryptographically secure source outside tests.
    fn bytes(&self) -> [u8; 32];
}
