//! Runs that survive: trainings and chains are killed (`kill -9`) at random moments and taken up again until they are
//! done, and must end with the same bits as runs that were never touched.
//!
//! ```text
//! cargo build --release && cargo run --release --example endurance [TIMES]
//! ```
#![expect(clippy::print_stdout, reason = "a program that reports")]

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const RUNS: [(&str, &str, &str); 3] = [
    (
        "train",
        "train --lattice 4x4 --layers 4 --hidden 4 --steps 3000 --batch 64 --samples 2000 --save-every 50",
        MODEL,
    ),
    ("train", "train --net symmetric --lattice 4x4 --steps 600 --batch 64 --samples 2000 --save-every 20", MODEL),
    (
        "mc",
        "mc --lattice 8x8 --update cluster --trajectories 1500 --thermalize 200 --save-every 25 --chains 16",
        CHAINS,
    ),
];
const MODEL: &str = "model.safetensors";
const CHAINS: &str = "chains.safetensors";

fn main() -> Result<(), Box<dyn Error>> {
    let times: usize = std::env::args().nth(1).map_or(Ok(50), |n| n.parse())?;
    // target/release/examples/endurance -> target/release/lattice
    let here = std::env::current_exe()?;
    let lattice = here.parent().and_then(Path::parent).ok_or("the folder of the programs")?.join("lattice");
    let folder = std::env::temp_dir().join(format!("lattice-endurance-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let command = |arguments: &str, out: &Path| {
        let mut command = Command::new(&lattice);
        command.args(arguments.split_whitespace()).arg("--out").arg(out).arg("--json");
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let mut whole = Vec::new();
    for (i, (_, run, file)) in RUNS.iter().enumerate() {
        let out = folder.join(format!("whole-{i}"));
        let start = Instant::now();
        if !command(run, &out).status()?.success() {
            return Err(format!("{} {run} failed", lattice.display()).into());
        }
        whole.push((results(&out, file)?, start.elapsed()));
    }
    let mut rng = Pcg64Mcg::seed_from_u64(1);
    let mut kills = 0;
    for i in 0..times {
        let (which, out) = (i % RUNS.len(), folder.join(format!("part-{i}")));
        let (verb, run, file) = RUNS[which];
        let (expected, length) = &whole[which];
        let mut arguments = run.to_string();
        loop {
            let mut child = command(&arguments, &out).spawn()?;
            let end = Instant::now() + length.mul_f64(rng.random_range(0.05..0.9));
            while Instant::now() < end && child.try_wait()?.is_none() {
                std::thread::sleep(Duration::from_millis(1));
            }
            if let Some(status) = child.try_wait()? {
                if status.success() {
                    break;
                }
                return Err(format!("run {i}: {arguments} ended with {status}").into());
            }
            child.kill()?;
            child.wait()?;
            kills += 1;
            // Killed before the first checkpoint, there is nothing to go on from.
            arguments = if out.join(file).exists() { format!("{verb} --resume") } else { format!("{run} --force") };
        }
        if &results(&out, file)? != expected {
            return Err(format!("run {i} differs from the unbroken one; see {}", out.display()).into());
        }
    }
    std::fs::remove_dir_all(&folder)?;
    println!("{times} runs, killed {kills} times, all equal to the unbroken ones");
    Ok(())
}

/// The state at the end, bit for bit, and the report without what depends on the clock.
fn results(out: &Path, file: &str) -> Result<(Vec<u8>, serde_json::Value), Box<dyn Error>> {
    let read = |name: PathBuf| std::fs::read(&name).map_err(|e| format!("{}: {e}", name.display()));
    let mut report: serde_json::Value = serde_json::from_slice(&read(out.join("report.json"))?)?;
    if let Some(map) = report.as_object_mut() {
        map.retain(|key, _| !["second", "threads", "machine"].iter().any(|word| key.contains(word)));
    }
    Ok((read(out.join(file))?, report))
}
