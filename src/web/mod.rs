//! What browsers ask for: the staff API, sign-in, news, and the pages themselves.
//! Phones speak with `ingest`; nothing here knows of it.

pub mod api;
