//! What goes into the binary beside its sources; cargo has to know that it is read: the migrations (`sqlx::migrate!`) and the
//! pages (`rust-embed`). The folder of the pages is there before `make web` fills it, so that everything builds without Node.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
    println!("cargo:rerun-if-changed=web/dist");
    if let Err(error) = std::fs::create_dir_all("web/dist") {
        println!("cargo:warning=web/dist cannot be made: {error}");
    }
}
