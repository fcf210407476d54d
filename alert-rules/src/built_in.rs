//! The packs that come with this version, inside the binary.

use std::collections::BTreeMap;

macro_rules! packs {
    ($($pack:literal: $($questionnaire:literal),*;)*) => {
        &[$(
            (concat!($pack, "/rules.toml"), include_str!(concat!("../packs/", $pack, "/rules.toml"))),
            (concat!($pack, "/advice.toml"), include_str!(concat!("../packs/", $pack, "/advice.toml"))),
            (concat!($pack, "/scenarios.toml"), include_str!(concat!("../packs/", $pack, "/scenarios.toml"))),
            $((
                concat!($pack, "/questionnaires/", $questionnaire, ".json"),
                include_str!(concat!("../packs/", $pack, "/questionnaires/", $questionnaire, ".json")),
            ),)*
        )*]
    };
}

const FILES: &[(&str, &str)] = packs! {
    "asthma": "asthma-today";
    "care-home": "soft-signs";
    "deterioration": "ward-today";
    "diabetes": "diabetes-today", "hypo-check", "sick-day";
    "heart-failure": "heart-failure-daily";
    "hypertension": "bp-warning-signs";
    "mood": "gad7", "phq9";
    "oximetry": "oxygen-today";
    "pregnancy": "pregnancy-today";
    "wellbeing": "wellbeing-today";
};

const PLANS: &[(&str, &str)] = &[
    ("care-home/plan.toml", include_str!("../packs/care-home/plan.toml")),
    ("diabetes/plan.toml", include_str!("../packs/diabetes/plan.toml")),
    ("heart-failure/plan.toml", include_str!("../packs/heart-failure/plan.toml")),
    ("hypertension/plan.toml", include_str!("../packs/hypertension/plan.toml")),
    ("oximetry/plan.toml", include_str!("../packs/oximetry/plan.toml")),
    ("wellbeing/plan.toml", include_str!("../packs/wellbeing/plan.toml")),
];

/// By path within the rulebook: `hypertension/rules.toml`.
pub fn files() -> BTreeMap<String, String> {
    FILES.iter().chain(PLANS).map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}
