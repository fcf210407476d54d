//! Where a request comes from, in words that its owner recognises in a list of sessions.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;

use super::address::Address;
use crate::listen::Visitor;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    pub address: Option<IpAddr>,
    /// Whose guesses are counted together.
    pub household: IpAddr,
    /// As in `Firefox on Windows`.
    pub browser: String,
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(request: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let Address(household) = Address::from_request_parts(request, state).await?;
        let address = request.extensions.get::<Visitor>().map(|visitor| visitor.0);
        let agent = request.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        Ok(Self { address, household, browser: browser(agent) })
    }
}

/// Only names we know: whatever else stands in the header is the sender's own text and is not kept.
fn browser(agent: &str) -> String {
    // The more particular first: Edge also calls itself Chrome, and Chrome Safari.
    const BROWSERS: [(&str, &str); 5] =
        [("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")];
    const SYSTEMS: [(&str, &str); 7] = [
        ("Windows", "Windows"),
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Macintosh", "a Mac"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ];
    let named =
        |names: &[(&str, &'static str)]| names.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name);
    match (named(&BROWSERS), named(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, Some(system)) => format!("a browser on {system}"),
        (None, None) => "an unknown browser".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_named_and_nothing_else_of_the_header_is_kept() {
        let edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0";
        assert_eq!(browser(edge), "Edge on Windows");
        let safari =
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1";
        assert_eq!(browser(safari), "Safari on iPhone");
        assert_eq!(browser("Dorothy Marsh 186/101"), "an unknown browser");
    }
}
