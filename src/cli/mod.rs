//! The commands. Each has a file of its own; errors end here, in one sentence and an exit code.

mod admin;
mod audit;
mod backtest;
mod doctor;
mod migrate;
mod pages;
mod reply;
mod rules;
mod settings;
mod simulate;
mod who_would_be_paged;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Config, DatabaseConfig};
use crate::{app, demo, load, telemetry};

/// Telecare monitoring: readings taken at home come in, are judged by clinical rules, and a person is told
#[derive(Parser, Debug)]
#[command(name = "derwent", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Run the service
    Serve(Box<Config>),
    /// Set up the service and look after it: organisations, staff, patients, codes, readings told by phone
    Admin(Box<admin::Admin>),
    /// Say what is wrong and what to do; the exit code is not 0 when something is
    Doctor(doctor::Doctor),
    /// Show the lives of pages: why each was sent, to whom, each try, and what the other side said
    Pages(pages::Pages),
    /// Say whom an alert would come to that opened then and that nobody took
    WhoWouldBePaged(who_would_be_paged::Asked),
    /// Show whether the audit was tampered with
    Audit(audit::Audit),
    /// Bring the database's tables up to date
    Migrate(DatabaseConfig),
    /// Show the whole thing with recorded readings of real people, in a browser
    Demo(Box<demo::Demo>),
    /// Measure: readings stored and judged, latencies, memory, and where the processors went
    Load(Box<load::Load>),
    /// Live through simulated days in which networks, disks, phones and mail fail; needs no database
    Simulate(simulate::Simulate),
    /// Take one mail on standard input that answers a page, as a mail server hands it to a program
    Reply(reply::Reply),
    /// Check, test, backtest and print rule packs, and put them in force
    #[command(subcommand)]
    Rules(rules::Command),
}

pub fn main() -> ExitCode {
    let (cli, shown) = match settings::asked::<Cli>() {
        Ok(asked) => asked,
        Err(problem) => {
            eprintln!("derwent: {problem}");
            return ExitCode::FAILURE;
        }
    };
    telemetry::start();
    for flag in shown {
        tracing::warn!(
            "everybody on this machine can read {flag} in the list of processes; use its variable or a file"
        );
    }
    // jsonwebtoken and rustls each need one crypto provider, chosen before first use.
    if let Err(problem) = install_crypto() {
        eprintln!("derwent: {problem}");
        return ExitCode::FAILURE;
    }
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("derwent: could not start the runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    let failed = match cli.command {
        Command::Reply(_) => ExitCode::from(reply::TRY_AGAIN),
        _ => ExitCode::FAILURE,
    };
    let ended = runtime.block_on(async {
        match cli.command {
            Command::Serve(config) => app::serve(*config).await,
            Command::Admin(command) => admin::run(*command).await,
            Command::Doctor(doctor) => doctor::run(doctor).await,
            Command::Pages(command) => pages::run(command).await,
            Command::WhoWouldBePaged(asked) => who_would_be_paged::run(asked).await,
            Command::Audit(command) => audit::run(command).await,
            Command::Migrate(config) => migrate::run(config).await,
            Command::Demo(options) => demo::run(*options).await,
            Command::Load(options) => load::run(*options).await,
            Command::Simulate(options) => simulate::run(&options),
            Command::Reply(reply) => reply::run(reply).await,
            Command::Rules(command) => rules::run(command).await,
        }
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("derwent: {error:#}");
            failed
        }
    }
}

fn install_crypto() -> Result<(), &'static str> {
    tokio_rustls::rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .map_err(|_| "the crypto provider of TLS was chosen twice")
}
