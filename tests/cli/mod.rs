//! The commands as a person types them: what is said, and the exit code.

mod rules;
