//! `sqlx::migrate!` takes the migrations into the binary; cargo has to know that it reads them.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
