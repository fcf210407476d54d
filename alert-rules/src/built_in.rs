//! The packs that come with this version, inside the binary.

use std::collections::BTreeMap;

macro_rules! packs {
    ($($pack:literal),*) => {
        [$(
            (concat!($pack, "/rules.toml"), include_str!(concat!("../packs/", $pack, "/rules.toml"))),
            (concat!($pack, "/questionnaire.json"), include_str!(concat!("../packs/", $pack, "/questionnaire.json"))),
            (concat!($pack, "/advice.toml"), include_str!(concat!("../packs/", $pack, "/advice.toml"))),
            (concat!($pack, "/scenarios.toml"), include_str!(concat!("../packs/", $pack, "/scenarios.toml"))),
        )*]
    };
}

const FILES: [(&str, &str); 24] = packs!["care-home", "diabetes", "heart-failure", "hypertension", "oximetry", "pregnancy"];

/// By path within the rulebook: `hypertension/rules.toml`.
pub fn files() -> BTreeMap<String, String> {
    FILES.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect()
}
