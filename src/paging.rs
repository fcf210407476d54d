//! The life of a page in words, for the command and the pages that show it; and what a test page says.

use crate::store::page_seen::{Page, Whom, Why};

/// To one person, whoever asks: nobody is rung out of bed again and again with them.
pub const MOST_TESTS_AN_HOUR: i64 = 6;

pub const TEST_SUBJECT: &str = "Test page from Derwent";

/// What a test page says; `by` is who sent it.
pub fn test_body(by: &str, origin: &str) -> String {
    format!(
        "This is a test, sent by {by}. It came the way that pages come, so pages reach you here. Nobody has to do anything.\n\nOver what \
         you are paged is on your account page:\n{origin}/staff/account\n"
    )
}

/// `step 2 of 3, because nobody acknowledged it`
pub fn why(of: &Why) -> String {
    let because = match of.why.as_str() {
        "raised" => "its priority rose",
        "worsened" => "it got worse",
        "escalated" => "nobody acknowledged it",
        "repeated" => "nobody acknowledged it yet",
        "renewed" => "something was found again",
        "came_back" => "somebody had it and did not close it in time",
        "offered" => "a colleague hands it over",
        "declined" => "whom it was handed to does not take it",
        "released" => "whoever had it let go of it",
        "ring_again" => "nobody answered the phone: ring again",
        "ring_emergency_contact" => "nobody answered twice: ring the emergency contact",
        "welfare_step" => "nobody can be reached by phone",
        _ => "it is new",
    };
    match of.whom {
        Whom::Step { step, of } if step >= of => format!("step {of} of {of} again, because {because}"),
        Whom::Step { step, of } => format!("step {} of {of}, because {because}", step + 1),
        Whom::ByName => format!("by name, because {because}"),
        Whom::Welfare => format!("the welfare step, because {because}"),
    }
}

/// What it is, where it is about no alert.
pub fn about_no_alert(page: &Page) -> Option<&'static str> {
    match (page.of_no_alert, page.test) {
        (false, _) => None,
        (true, true) => Some("a test page"),
        (true, false) => Some("a code or a notice for this person alone"),
    }
}

/// Where it stands.
pub fn state(page: &Page) -> &'static str {
    match page.state.as_str() {
        "sent" => "handed over",
        "given_up" => "given up",
        "sending" => "being sent",
        _ if page.tries.is_empty() => "waits to be sent",
        _ => "waits to be tried again",
    }
}

/// What came of one try.
pub fn outcome(name: &str) -> &'static str {
    match name {
        "sent" => "handed over",
        "given_up" => "given up",
        _ => "not taken, to be tried again",
    }
}
