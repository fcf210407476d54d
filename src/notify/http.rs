//! What the channels over HTTP have in common: no redirects, and no more read of an answer than an error needs.
//!
//! Where the address was given by a member of staff it could point inside: what a name stands for is looked at before the connection is
//! made, and the connection goes to nothing but what was looked at.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, ClientBuilder, RequestBuilder, StatusCode, redirect};

use crate::notify::channel::NotSent;
use crate::reach::Reach;

const CONNECT_LIMIT: Duration = Duration::from_secs(5);
const LONGEST_ANSWER_BYTES: usize = 4096;

pub fn client() -> ClientBuilder {
    Client::builder().connect_timeout(CONNECT_LIMIT).redirect(redirect::Policy::none())
}

/// Reaches nothing that is out of reach. `setting`: what to change where it should.
pub fn client_within(reach: &Arc<Reach>, setting: &'static str) -> ClientBuilder {
    // A proxy would look the name up itself.
    client().no_proxy().dns_resolver(Arc::new(Resolver { reach: Arc::clone(reach), setting }))
}

/// Names to addresses, without those that are out of reach.
struct Resolver {
    reach: Arc<Reach>,
    setting: &'static str,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (reach, setting) = (Arc::clone(&self.reach), self.setting);
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let within: Vec<SocketAddr> = found.into_iter().filter(|address| reach.holds(address.ip())).collect();
            if within.is_empty() {
                return Err(format!("the address is private or local; allow its network in {setting}").into());
            }
            Ok(Box::new(within.into_iter()) as Addrs)
        })
    }
}

/// The status, and the beginning of what was said.
pub async fn ask(request: RequestBuilder) -> Result<(StatusCode, String), NotSent> {
    // An address may hold a secret path: it is left out.
    let down = |error: reqwest::Error| NotSent::down(with_causes(&error.without_url()));
    let mut answer = request.send().await.map_err(down)?;
    let status = answer.status();
    let mut said = Vec::new();
    while said.len() < LONGEST_ANSWER_BYTES
        && let Ok(Some(chunk)) = answer.chunk().await
    {
        said.extend_from_slice(&chunk);
    }
    said.truncate(LONGEST_ANSWER_BYTES);
    Ok((status, String::from_utf8_lossy(&said).into_owned()))
}

/// reqwest says what it was doing, its cause why it could not.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    text
}
