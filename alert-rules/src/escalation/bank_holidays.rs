//! Bank holidays of England and Wales.
//!
//! Source: the Banking and Financial Dealings Act 1971, schedule 1, with the days that were proclaimed under section 1 (8 May 2020
//! for 4 May; 2 and 3 June 2022 for 30 May, and 19 September 2022; 8 May 2023), and Good Friday and Christmas Day by common law.
//! As GOV.UK publishes them: of a day that falls on a weekend, the day in its place alone. The Crown may proclaim others, so whoever
//! adds a year compares it with <https://www.gov.uk/bank-holidays>.

use jiff::civil::{Date, date};

/// The last year that is known. In a year that is not, every day is the weekday it is: who declared cover for it has it.
pub const LAST_YEAR: i16 = 2028;

/// In order.
const DAYS: &[Date] = &[
    date(2019, 1, 1),
    date(2019, 4, 19),
    date(2019, 4, 22),
    date(2019, 5, 6),
    date(2019, 5, 27),
    date(2019, 8, 26),
    date(2019, 12, 25),
    date(2019, 12, 26),
    date(2020, 1, 1),
    date(2020, 4, 10),
    date(2020, 4, 13),
    date(2020, 5, 8),
    date(2020, 5, 25),
    date(2020, 8, 31),
    date(2020, 12, 25),
    date(2020, 12, 28),
    date(2021, 1, 1),
    date(2021, 4, 2),
    date(2021, 4, 5),
    date(2021, 5, 3),
    date(2021, 5, 31),
    date(2021, 8, 30),
    date(2021, 12, 27),
    date(2021, 12, 28),
    date(2022, 1, 3),
    date(2022, 4, 15),
    date(2022, 4, 18),
    date(2022, 5, 2),
    date(2022, 6, 2),
    date(2022, 6, 3),
    date(2022, 8, 29),
    date(2022, 9, 19),
    date(2022, 12, 26),
    date(2022, 12, 27),
    date(2023, 1, 2),
    date(2023, 4, 7),
    date(2023, 4, 10),
    date(2023, 5, 1),
    date(2023, 5, 8),
    date(2023, 5, 29),
    date(2023, 8, 28),
    date(2023, 12, 25),
    date(2023, 12, 26),
    date(2024, 1, 1),
    date(2024, 3, 29),
    date(2024, 4, 1),
    date(2024, 5, 6),
    date(2024, 5, 27),
    date(2024, 8, 26),
    date(2024, 12, 25),
    date(2024, 12, 26),
    date(2025, 1, 1),
    date(2025, 4, 18),
    date(2025, 4, 21),
    date(2025, 5, 5),
    date(2025, 5, 26),
    date(2025, 8, 25),
    date(2025, 12, 25),
    date(2025, 12, 26),
    date(2026, 1, 1),
    date(2026, 4, 3),
    date(2026, 4, 6),
    date(2026, 5, 4),
    date(2026, 5, 25),
    date(2026, 8, 31),
    date(2026, 12, 25),
    date(2026, 12, 28),
    date(2027, 1, 1),
    date(2027, 3, 26),
    date(2027, 3, 29),
    date(2027, 5, 3),
    date(2027, 5, 31),
    date(2027, 8, 30),
    date(2027, 12, 27),
    date(2027, 12, 28),
    date(2028, 1, 3),
    date(2028, 4, 14),
    date(2028, 4, 17),
    date(2028, 5, 1),
    date(2028, 5, 29),
    date(2028, 8, 28),
    date(2028, 12, 25),
    date(2028, 12, 26),
];

pub fn is_one(day: Date) -> bool {
    DAYS.binary_search(&day).is_ok()
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use jiff::civil::Weekday;

    use super::*;

    /// Gauss's reckoning, as in the Calendar (New Style) Act 1750.
    fn easter(year: i16) -> Date {
        let (a, b, c) = (year % 19, year / 100, year % 100);
        let h = (19 * a + b - b / 4 - (b - (b + 8) / 25 + 1) / 3 + 15) % 30;
        let l = (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7;
        let m = (a + 11 * h + 22 * l) / 451;
        let n = h + l - 7 * m + 114;
        date(year, i8::try_from(n / 31).expect("a month"), i8::try_from(n % 31 + 1).expect("a day"))
    }

    fn monday(year: i16, month: i8, nth: i8) -> Date {
        date(year, month, 1).nth_weekday_of_month(nth, Weekday::Monday).expect("a Monday")
    }

    /// What the Act says of a year, without what was proclaimed.
    fn by_the_act(year: i16) -> Vec<Date> {
        let easter = easter(year);
        let mut days =
            vec![easter - 2.days(), easter + 1.day(), monday(year, 5, 1), monday(year, 5, -1), monday(year, 8, -1)];
        for fixed in [date(year, 1, 1), date(year, 12, 25), date(year, 12, 26)] {
            let mut day = fixed;
            while matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) || days.contains(&day) {
                day += 1.day();
            }
            days.push(day);
        }
        days.sort_unstable();
        days
    }

    #[test]
    fn the_days_are_those_of_the_act_and_those_that_were_proclaimed() {
        for year in 2019..=LAST_YEAR {
            let mut expected = by_the_act(year);
            match year {
                2020 => expected[3] = date(2020, 5, 8),
                2022 => {
                    expected.retain(|day| *day != date(2022, 5, 30));
                    expected.extend([date(2022, 6, 2), date(2022, 6, 3), date(2022, 9, 19)]);
                }
                2023 => expected.push(date(2023, 5, 8)),
                _ => {}
            }
            expected.sort_unstable();
            let known: Vec<Date> = DAYS.iter().copied().filter(|day| day.year() == year).collect();
            assert_eq!(known, expected, "{year}");
        }
        assert!(DAYS.is_sorted() && DAYS.last().is_some_and(|last| last.year() == LAST_YEAR));
    }
}
