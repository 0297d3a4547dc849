//! Flags from a flat TOML file: they are put before the flags of the command line, so that those win.

use super::args::Cli;
use super::failure::Failure;
use super::output::RUN;
use clap::CommandFactory;
use std::ffi::OsString;
use std::path::Path;

/// Puts the flags that the file of `--config` holds before the others. A run that is resumed has such a file in its
/// folder: its flags need not be said again.
pub fn expand(arguments: Vec<OsString>) -> Result<Vec<OsString>, Failure> {
    let resumed = || {
        let resumes = arguments.iter().any(|a| a == "--resume");
        let file = Path::new(&value(&arguments, "--out").filter(|_| resumes)?).join(RUN);
        file.exists().then(|| file.into_os_string())
    };
    let Some(file) = value(&arguments, "--config").or_else(resumed) else { return Ok(arguments) };
    let shown = file.to_string_lossy().into_owned();
    let text = std::fs::read_to_string(&file)
        .map_err(|e| Failure::refused(&format!("config {shown}"), "a file that can be read", e))?;
    let table: toml::Table = text
        .parse()
        .map_err(|e: toml::de::Error| Failure::refused(&format!("config {shown}"), "a flat TOML file", e.message()))?;
    let command = Cli::command();
    // Only the first argument names a subcommand; later ones may be values that look like one.
    let named = arguments.get(1).and_then(|first| command.find_subcommand(first));
    let at = if named.is_some() { 2 } else { 1 };
    let subcommand = named.unwrap_or(&command);
    let known: Vec<&str> = subcommand.get_arguments().filter_map(|a| a.get_long()).filter(|l| *l != "config").collect();
    let takes_value =
        |key: &str| subcommand.get_arguments().any(|a| a.get_long() == Some(key) && a.get_action().takes_values());
    let mut flags: Vec<OsString> = Vec::new();
    for (key, value) in table {
        let aliases =
            subcommand.get_arguments().any(|a| a.get_all_aliases().is_some_and(|all| all.contains(&key.as_str())));
        if !known.contains(&key.as_str()) && !aliases {
            let known = format!("one of {}", known.join(", "));
            return Err(Failure::refused(&format!("config {shown}"), &known, format!("the key {key:?}")));
        }
        let text = match value {
            toml::Value::Boolean(_) if takes_value(&key) => {
                let what = format!("config {shown}, key {key}");
                return Err(Failure::refused(&what, "a text, a number or a list", value));
            }
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
    let at = at.min(expanded.len());
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

/// The value of a flag, the last one if it is given several times.
fn value(arguments: &[OsString], flag: &str) -> Option<OsString> {
    let assigned = |argument: &OsString| Some(argument.to_str()?.strip_prefix(flag)?.strip_prefix('=')?.into());
    let mut found = None;
    for (i, argument) in arguments.iter().enumerate() {
        let here = if argument == flag { arguments.get(i + 1).cloned() } else { assigned(argument) };
        found = here.or(found);
    }
    found
}
