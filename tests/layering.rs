//! The order of the crates, and where `unsafe` and the GPU library may stand.

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// From left to right: a crate may import only crates to its left.
const ORDER: [&str; 5] = ["lattice-tensor", "lattice-autograd", "lattice-mc", "lattice-flows", "lattice-fields"];
/// Text without code, which the first may read.
const SHADERS: &str = "lattice-shaders";
/// The folders of hand-written memory access.
const UNSAFE: [&str; 2] = ["lattice-tensor/src/lanes/", "lattice-tensor/src/device/cpu/"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The crates of the workspace, and what each imports of the others, for building and for tests.
fn imports() -> BTreeMap<String, Vec<(String, bool)>> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let output = std::process::Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    let name = |v: &Value| v["name"].as_str().unwrap_or_default().to_string();
    let packages = metadata["packages"].as_array().expect("a list of packages");
    let own = |dependency: &&Value| packages.iter().any(|p| name(p) == name(dependency));
    let imports = |package: &Value| {
        let list = package["dependencies"].as_array().into_iter().flatten();
        list.filter(own).map(|d| (name(d), d["kind"].as_str() == Some("dev"))).collect()
    };
    packages.iter().map(|p| (name(p), imports(p))).collect()
}

/// All Rust files below a folder, as paths from the root.
fn files(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut pending: Vec<PathBuf> = vec![root().join(folder)];
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            pending.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|e| e == "rs") {
            let path = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn crates_import_only_to_their_left() {
    let imports = imports();
    let place = |name: &str| ORDER.iter().position(|n| *n == name);
    for (package, dependencies) in &imports {
        for (dependency, _) in dependencies {
            let allowed = match (place(package), place(dependency)) {
                (Some(a), Some(b)) => b < a,
                // Shaders import nothing and are imported by the first crate, and by the last for its tests.
                (Some(a), None) => dependency == SHADERS && (a == 0 || a == ORDER.len() - 1),
                _ => false,
            };
            assert!(allowed, "{package} must not import {dependency}");
        }
    }
    for name in ORDER.iter().chain([&SHADERS]) {
        assert!(imports.contains_key(*name), "{name} is gone");
    }
}

/// The lines of a file that are code: comments are cut off.
fn code(path: &str) -> String {
    let text = std::fs::read_to_string(root().join(path)).unwrap();
    text.lines().map(|line| line.split("//").next().unwrap_or("")).collect::<Vec<_>>().join("\n")
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|w| w == word)
}

#[test]
fn unsafe_code_stands_in_two_folders() {
    for folder in ORDER.map(|name| if name == "lattice-fields" { "src" } else { name }).iter().chain([&"shaders"]) {
        for path in files(folder) {
            let allowed = UNSAFE.iter().any(|folder| path.starts_with(folder))
                // The roots of both folders, where they are files beside them.
                || UNSAFE.iter().any(|folder| path == format!("{}.rs", folder.trim_end_matches('/')));
            assert!(allowed || !has_word(&code(&path), "unsafe"), "{path} contains unsafe code");
        }
    }
}

#[test]
fn one_folder_knows_the_gpu_library() {
    for folder in ORDER.map(|name| if name == "lattice-fields" { "src" } else { name }) {
        for path in files(folder).into_iter().filter(|path| !path.starts_with("lattice-tensor/src/device/gpu/")) {
            assert!(!has_word(&code(&path), "wgpu"), "{path} names wgpu");
        }
    }
}

#[test]
fn crates_without_kernels_forbid_unsafe_code() {
    let roots = [
        "lattice-autograd/src/lib.rs",
        "lattice-mc/src/lib.rs",
        "lattice-flows/src/lib.rs",
        "src/lib.rs",
        "src/main.rs",
        "shaders/lib.rs",
    ];
    for path in roots {
        assert!(code(path).contains("#![forbid(unsafe_code)]"), "{path} does not forbid unsafe code");
    }
}

#[test]
fn autodiff_contains_no_op() {
    for path in files("lattice-autograd/src") {
        assert!(!code(&path).contains("impl Op for"), "{path} defines an op");
    }
}

/// Generic code is compiled in every crate that uses it; kernels are large, and compiled with their ops.
#[test]
fn kernels_are_compiled_where_they_are() {
    for file in files("lattice-tensor/src/ops").iter().filter(|file| !file.ends_with("ops/mod.rs")) {
        let text = std::fs::read_to_string(root().join(file)).unwrap();
        let (kernels, here) = (text.matches("fn kernel<R: Real>").count(), text.matches("compiled_here!()").count());
        assert_eq!(kernels, here, "{file}: expected `super::compiled_here!();` beside each `fn kernel`");
    }
}
