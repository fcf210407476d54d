//! From flags, variables and files to settings.
//!
//! A variable that is set to nothing is not set: that is how compose files and env files say *without*. Where a setting is a
//! secret, `NAME_FILE` names a file that holds it, as container platforms hand out secrets; a flag still gives it for trying out,
//! with a word of warning, because everybody on the machine can read a process's flags.

use std::any::TypeId;
use std::env;
use std::fs;

use clap::{Arg, ArgMatches, Command, CommandFactory, FromArgMatches, parser::ValueSource};

use crate::secret::Secret;

/// What was asked for, and the flags that should have been files.
///
/// # Errors
/// A secret's file that cannot be read, or a secret given twice: which one, and what to do.
pub fn asked<Cli: CommandFactory + FromArgMatches>() -> Result<(Cli, Vec<String>), String> {
    let command = with_variables(Cli::command())?;
    let matches = command.clone().get_matches();
    let shown = shown_secrets(&command, &matches);
    Ok((Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit()), shown))
}

fn with_variables(command: Command) -> Result<Command, String> {
    let mut problem = None;
    let command = command.mut_args(|argument| {
        with_variable(argument.clone()).unwrap_or_else(|sentence| {
            problem.get_or_insert(sentence);
            argument
        })
    });
    let subcommands: Vec<String> = command.get_subcommands().map(|each| each.get_name().to_owned()).collect();
    let command = subcommands.into_iter().fold(command, |command, name| {
        command.mut_subcommand(name, |subcommand| {
            with_variables(subcommand.clone()).unwrap_or_else(|sentence| {
                problem.get_or_insert(sentence);
                subcommand
            })
        })
    });
    problem.map_or(Ok(command), Err)
}

fn with_variable(argument: Arg) -> Result<Arg, String> {
    let Some(name) = argument.get_env().map(|name| name.to_string_lossy().into_owned()) else { return Ok(argument) };
    let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    let argument = if is_set(&name) { argument } else { argument.env(None) };
    let file = format!("{name}_FILE");
    if !is_secret(&argument) || !is_set(&file) {
        return Ok(argument);
    }
    if is_set(&name) {
        return Err(format!("{name} and {file} are both set; unset one of them"));
    }
    let path = env::var_os(&file).unwrap_or_default();
    let text = fs::read_to_string(&path).map_err(|error| {
        format!("{file} names {}, which cannot be read ({error}); correct the path or its permissions", path.display())
    })?;
    Ok(argument.default_value(text.trim().to_owned()).hide_default_value(true))
}

fn is_secret(argument: &Arg) -> bool {
    argument.get_value_parser().type_id() == TypeId::of::<Secret>()
}

/// The flags of the command line that hold secrets, as they are written there.
fn shown_secrets(command: &Command, matches: &ArgMatches) -> Vec<String> {
    let shown = command.get_arguments().filter(|argument| {
        is_secret(argument) && matches.value_source(argument.get_id().as_str()) == Some(ValueSource::CommandLine)
    });
    let mut shown: Vec<String> = shown.filter_map(|argument| Some(format!("--{}", argument.get_long()?))).collect();
    if let Some((name, inner)) = matches.subcommand()
        && let Some(subcommand) = command.find_subcommand(name)
    {
        shown.extend(shown_secrets(subcommand, inner));
    }
    shown
}
