//! Flags from a flat TOML file: they are put before the flags of the command line, so that those win.

use super::args::Cli;
use super::failure::Failure;
use clap::CommandFactory;
use std::ffi::OsString;

/// Replaces `--config FILE` by the flags that the file holds.
pub fn expand(arguments: Vec<OsString>) -> Result<Vec<OsString>, Failure> {
    let Some(file) = file(&arguments) else { return Ok(arguments) };
    let shown = file.to_string_lossy().into_owned();
    let text = std::fs::read_to_string(&file)
        .map_err(|e| Failure::refused(&format!("config {shown}"), "a file that can be read", e))?;
    let table: toml::Table = text
        .parse()
        .map_err(|e: toml::de::Error| Failure::refused(&format!("config {shown}"), "a flat TOML file", e.message()))?;
    let command = Cli::command();
    let place = arguments.iter().position(|a| command.find_subcommand(a).is_some());
    let subcommand = place.and_then(|i| command.find_subcommand(&arguments[i])).unwrap_or(&command);
    let known: Vec<&str> = subcommand.get_arguments().filter_map(|a| a.get_long()).filter(|l| *l != "config").collect();
    let mut flags: Vec<OsString> = Vec::new();
    for (key, value) in table {
        let aliases =
            subcommand.get_arguments().any(|a| a.get_all_aliases().is_some_and(|all| all.contains(&key.as_str())));
        if !known.contains(&key.as_str()) && !aliases {
            let known = format!("one of {}", known.join(", "));
            return Err(Failure::refused(&format!("config {shown}"), &known, format!("the key {key:?}")));
        }
        let text = match value {
            toml::Value::Boolean(false) => continue,
            toml::Value::Boolean(true) => {
                flags.push(format!("--{key}").into());
                continue;
            }
            toml::Value::Array(list) => list.iter().map(plain).collect::<Option<Vec<_>>>().map(|l| l.join(",")),
            other => plain(&other),
        };
        let Some(text) = text else {
            return Err(Failure::refused(
                &format!("config {shown}, key {key}"),
                "a text, a number or a list",
                "a table",
            ));
        };
        flags.push(format!("--{key}={text}").into());
    }
    let mut expanded = arguments;
    let at = place.map_or(1, |i| i + 1).min(expanded.len());
    expanded.splice(at..at, flags);
    Ok(expanded)
}

fn plain(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(n) => Some(n.to_string()),
        toml::Value::Float(x) => Some(x.to_string()),
        _ => None,
    }
}

fn file(arguments: &[OsString]) -> Option<OsString> {
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if argument == "--config" {
            return arguments.next().cloned();
        }
        if let Some(file) = argument.to_str().and_then(|a| a.strip_prefix("--config=")) {
            return Some(file.into());
        }
    }
    None
}
