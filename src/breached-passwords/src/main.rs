//! `breached-passwords make` writes the filter and its sample; the script `build` calls it with the sources.
//! `breached-passwords measure` prints what a look-up takes, beside the least that any list of this size could take.

use std::hint::black_box;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use breached_passwords::{contains, fold, key, making};
use clap::Parser;

/// Makes and measures the list of breached passwords
#[derive(Parser)]
enum Command {
    /// Makes the list out of two files with one password a line, the most frequent first
    Make {
        common: PathBuf,
        leaked: PathBuf,
        /// Where list.filter and sample.keys are written
        #[arg(long)]
        into: PathBuf,
    },
    /// Measures a look-up, and its floor in the same run
    Measure,
}

fn main() -> Result<()> {
    match Command::parse() {
        Command::Make { common, leaked, into } => {
            let read = |path: &PathBuf| std::fs::read(path).with_context(|| path.display().to_string());
            let made = making::make(&read(&common)?, &read(&leaked)?)?;
            std::fs::write(into.join("list.filter"), &made.filter)?;
            let sample: String = made.sample.iter().map(|it| format!("{it:016x}\n")).collect();
            std::fs::write(into.join("sample.keys"), sample)?;
            println!("{} bytes", made.filter.len());
            Ok(())
        }
        Command::Measure => measure(),
    }
}

/// The texts of a round: enough that the places they lead to are in no cache.
const TEXTS: usize = 1_000_000;

const ROUNDS: usize = 5;

fn measure() -> Result<()> {
    let texts: Vec<String> = (0..TEXTS).map(|it| fold(&format!("Measured-{it:07}"))).collect();
    let keys: Vec<u64> = texts.iter().map(|it| key(it)).collect();
    let found = keys.iter().filter(|it| contains(**it)).count();
    ensure!(
        found * 1_000 < TEXTS,
        "{found} of {TEXTS} were found, and none is an entry"
    );
    println!("found by chance: {found} of {TEXTS}");
    // The least that a list of this kind and size can do: hash the text, and read one place that the hash leads to.
    let table: Vec<u64> = (0..1 << 19).collect();
    let read_one = |key: u64| table[(key >> 45) as usize] == key;
    for round in 1..=ROUNDS {
        let look_up = time(&texts, |it| contains(key(it)));
        let floor = time(&texts, |it| read_one(key(it)));
        let hash = time(&texts, |it| key(it) == 0);
        println!(
            "{round}: a look-up {look_up:.0} ns; floor: SHA-256 and one read of 4 MiB {floor:.0} ns, \
             {hash:.0} ns of them for SHA-256"
        );
    }
    Ok(())
}

/// Returns the nanoseconds that `act` takes for one of `all`.
fn time<T>(all: &[T], act: impl Fn(&T) -> bool) -> f64 {
    let begun = Instant::now();
    let count = all.iter().filter(|it| act(black_box(it))).count();
    black_box(count);
    begun.elapsed().as_nanos() as f64 / all.len() as f64
}
