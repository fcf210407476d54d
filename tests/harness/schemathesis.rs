//! Schemathesis (PyPI), which we did not write: it reads a served OpenAPI document, sends what fits it and what does not, and is
//! content when no answer is a server error and none is undocumented.

use std::path::Path;
use std::process::Command;

/// Requests for each question, besides those that visit its edges.
const EXAMPLES: &str = "20";
/// The same requests each time.
const SEED: &str = "20261126";

const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,unsupported_method";

/// Against which document, and how.
#[derive(Default)]
pub struct Fuzz<'a> {
    pub document: String,
    /// How many questions the document has, itself left out: what schemathesis did not read would be found good.
    pub questions: usize,
    pub headers: Vec<String>,
    /// Addresses that are not asked.
    pub without: Vec<&'a str>,
    /// Values for parameters, as in `path.patient`.
    pub parameters: Vec<(&'a str, &'a str)>,
    /// A file with hooks, and what it finds in its environment.
    pub hooks: Option<(&'a str, Vec<(&'a str, &'a str)>)>,
}

impl Fuzz<'_> {
    /// The error is what it said.
    pub fn run(&self) -> Result<(), String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = tempfile::tempdir().expect("a folder");
        let parameters = self.parameters.iter().map(|(name, value)| format!("\"{name}\" = \"{value}\"\n"));
        let settings = format!("[parameters]\n{}", parameters.collect::<String>());
        let file = folder.path().join("schemathesis.toml");
        std::fs::write(&file, settings).expect("the settings written");
        let mut command = Command::new(root.join(".cache/python/bin/st"));
        command
            .current_dir(folder.path())
            .arg("--no-color")
            .arg("--config-file")
            .arg(&file)
            .args(["run", &self.document, "--seed", SEED, "--max-examples", EXAMPLES])
            .args(["--phases", "examples,coverage,fuzzing", "--checks", CHECKS, "--generation-database", "none"])
            .args(["--continue-on-failure", "--warnings", "off"]);
        for header in &self.headers {
            command.args(["--header", header]);
        }
        for address in &self.without {
            command.args(["--exclude-path", address]);
        }
        if let Some((hooks, environment)) = &self.hooks {
            command.env("SCHEMATHESIS_HOOKS", root.join(hooks)).envs(environment.iter().copied());
        }
        let output = command.output().unwrap_or_else(|error| panic!("schemathesis: {error}; `make python` sets it up"));
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() && said.contains(&format!("/ {} total", self.questions)) {
            return Ok(());
        }
        Err(said + &String::from_utf8_lossy(&output.stderr))
    }
}
