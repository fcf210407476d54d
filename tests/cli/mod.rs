//! The commands as a person or a script types them: what is said, and the exit code.

mod admin;
mod audit;
mod broken;
mod data_rights;
mod doctor;
mod load;
mod plans;
mod policies;
mod publishing;
mod rules;
mod scripts;
mod tutorial;
mod who_would_be_paged;
