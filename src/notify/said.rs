//! What the other side said, fit to be kept and shown: short, on one line, and without addresses. Servers repeat the address they were
//! given, and a pager's key or a webhook's address lets whoever has it in.

use crate::secret::Secret;

const LONGEST_CHARS: usize = 300;
/// Of a telephone number; codes and sizes in answers are shorter.
const LEAST_DIGITS: usize = 9;
const HIDDEN: &str = "***";

/// `address`: where the page went.
pub fn fit(said: &str, address: &Secret) -> String {
    let whole = said.replace(address.expose(), HIDDEN);
    let words: Vec<String> = whole.split_whitespace().map(masked).collect();
    let line: String = words.join(" ").chars().filter(|c| !c.is_control()).collect();
    line.chars().take(LONGEST_CHARS).collect()
}

/// Mail addresses keep their domain, of which a server's answer mostly speaks.
fn masked(word: &str) -> String {
    if let Some((_, domain)) = word.rsplit_once('@') {
        return format!("{HIDDEN}@{domain}");
    }
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let is_number = word.chars().all(|c| c.is_ascii_digit() || "+-().,;:'\"<>".contains(c));
    if is_number && digits >= LEAST_DIGITS { HIDDEN.to_owned() } else { word.to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(said: &str, address: &str) -> String {
        fit(said, &address.to_owned().into())
    }

    #[test]
    fn addresses_are_hidden_and_the_rest_stays_readable() {
        for (said, address, kept) in [
            (
                "550 5.1.1 <ida@example.org>: Recipient\r\n rejected",
                "ida@example.org",
                "550 5.1.1 <***>: Recipient rejected",
            ),
            ("550 no IDA.Shaw@example.org here", "ida@example.org", "550 no ***@example.org here"),
            ("phone_number +447700900123 is none", "+447700900123", "phone_number *** is none"),
            ("not 07700900999.", "+447700900123", "not ***"),
            ("250 2.0.0 Ok: queued as 4F1A2B3C", "ida@example.org", "250 2.0.0 Ok: queued as 4F1A2B3C"),
            ("Length of e93facc04764012d7bfb002500d5d1a6", "e93facc04764012d7bfb002500d5d1a6", "Length of ***"),
        ] {
            assert_eq!(of(said, address), kept);
        }
    }

    proptest! {
        #[test]
        fn whatever_is_said_the_address_is_not_kept(before in "\\PC{0,400}", after in "\\PC{0,400}", name in "[a-z]{3,12}") {
            let address = format!("{name}@example.org");
            let kept = of(&format!("{before}{address}{after}"), &address);
            prop_assert!(!kept.contains(&address), "{kept}");
            prop_assert!(kept.chars().count() <= LONGEST_CHARS && !kept.contains(char::is_control));
        }
    }
}
