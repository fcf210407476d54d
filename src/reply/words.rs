//! What an answer asks for. Only a first line that says nothing else counts: "taken ill, cannot do A7" must take no alert.

/// What takes an alert.
const TAKES: [&str; 4] = ["ack", "acknowledge", "acknowledged", "taken"];
/// As many as anybody writes into one line.
const MOST_REFERENCES: usize = 50;

#[derive(Debug, PartialEq, Eq)]
pub enum Asks {
    /// To take these; none is named: the one that the page was about.
    ToTake(Vec<i64>),
    Nothing,
}

/// Of the first line that is the writer's own.
pub fn asks(text: &str) -> Asks {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let is_quoted = |line: &&str| line.starts_with('>');
    // "On Monday, Derwent wrote:" is the mail program's.
    let introduces = |n: usize, line: &str| line.ends_with(':') && lines.get(n + 1).is_some_and(is_quoted);
    let own = lines.iter().enumerate().find(|(n, line)| !is_quoted(line) && !introduces(*n, line));
    let Some((_, line)) = own else { return Asks::Nothing };
    let mut words = words(line);
    if !words.next().is_some_and(|word| TAKES.contains(&word.to_lowercase().as_str())) {
        return Asks::Nothing;
    }
    let mut named = Vec::new();
    for word in words.filter(|word| !word.eq_ignore_ascii_case("and")) {
        match reference(word) {
            Some(number) if named.len() < MOST_REFERENCES => named.push(number),
            _ => return Asks::Nothing,
        }
    }
    Asks::ToTake(named)
}

/// Whether a text carries this alert's reference.
pub fn names(text: &str, number: i64) -> bool {
    words(text).any(|word| reference(word) == Some(number))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// As in `A1042`.
fn reference(word: &str) -> Option<i64> {
    let digits = word.strip_prefix(['A', 'a'])?;
    (digits.chars().all(|c| c.is_ascii_digit())).then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_line_that_says_nothing_else_takes_an_alert() {
        for (text, named) in [
            ("ACK", vec![]),
            ("ack a1042", vec![1042]),
            ("Acknowledge: A7, A8 and A9.\nIda", vec![7, 8, 9]),
            ("\n\n  Taken!  \n> ACK A1", vec![]),
            ("On Monday, Derwent wrote:\n> High priority, A7\n\nACK A7", vec![7]),
        ] {
            assert_eq!(asks(text), Asks::ToTake(named), "{text}");
        }
        for text in [
            "",
            "Taken ill, cannot do A7",
            "Do not ACK A7",
            "ack? not me",
            "acknowledgement A7",
            "> ACK A7",
            "I am away until Monday.\nACK A7",
            "ACK A99999999999999999999",
            "ACK A",
        ] {
            assert_eq!(asks(text), Asks::Nothing, "{text}");
        }
    }

    #[test]
    fn a_reference_is_a_whole_word() {
        assert!(names("Re: HIGH A1042: acknowledge by 10:15", 1042));
        assert!(!names("Re: HIGH A10421", 1042) && !names("BA1042", 1042) && !names("1042", 1042));
    }
}
