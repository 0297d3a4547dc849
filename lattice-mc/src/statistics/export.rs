//! Series for other programs: pyerrors' JSON, and CSV.
//!
//! pyerrors (Joswig, Kuberski, Kuhlmann, Neuendorf, Comput. Phys. Commun. 288 (2023) 108750) reads what
//! [`write_pyerrors`] writes by `pyerrors.input.json.load_json`: a list of `Obs`, tagged with their names, on one
//! ensemble with a replica for each chain. Numbers are written with all their digits, and nothing of the clock or the
//! machine: the same series give the same bytes.
use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::{Serialize, Serializer};

use super::StatisticsError;
use super::derived::means;

/// pyerrors takes no replica with fewer samples.
const FEWEST: usize = 5;

/// Why series could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The series are not fit to be analysed.
    #[error("{name}: {error}")]
    Series {
        /// The name of the series.
        name: String,
        /// What is wrong.
        error: StatisticsError,
    },
    /// A name that the format does not allow.
    #[error("name of an ensemble: expected at least one character and no '|', found {found:?}")]
    Ensemble {
        /// The name.
        found: String,
    },
    /// It could not be written.
    #[error("series: cannot write: {0}")]
    Io(#[from] io::Error),
    /// It could not be written as JSON.
    #[error("series: cannot write: {0}")]
    Json(#[from] serde_json::Error),
}

/// Writes named series, `[chain][update]`, as gzipped JSON for pyerrors. Chain `r` of ensemble `E` is the replica
/// `E|r0000`, `E|r0001`, …; updates are numbered from 1.
///
/// ```
/// use lattice_mc::statistics::write_pyerrors;
/// let chains = [vec![1.0, 2.0, 1.5, 0.5, 1.0], vec![2.0, 1.0, 1.5, 1.0, 0.5]];
/// let mut file = Vec::new();
/// write_pyerrors(&mut file, "phi4_8x8", "m2 = -4, lambda = 8", &[("phi2", &chains)])?;
/// assert_eq!(file[..2], [0x1f, 0x8b]);
/// # Ok::<(), lattice_mc::statistics::ExportError>(())
/// ```
///
/// # Errors
/// No series, chains of fewer than 5 samples, numbers that are not finite, or an output that cannot be written.
pub fn write_pyerrors<C: AsRef<[f64]>>(
    out: impl Write,
    ensemble: &str,
    description: &str,
    series: &[(&str, &[C])],
) -> Result<(), ExportError> {
    if ensemble.is_empty() || ensemble.contains('|') {
        return Err(ExportError::Ensemble { found: ensemble.into() });
    }
    let mut obsdata = Vec::with_capacity(series.len());
    for &(name, chains) in series {
        let wrong = |error| ExportError::Series { name: name.into(), error };
        let mean = means(&[chains]).map_err(wrong)?[0];
        if let Some(found) = chains.iter().map(|c| c.as_ref().len()).find(|n| *n < FEWEST) {
            return Err(wrong(StatisticsError::TooFew {
                what: "samples of a chain for pyerrors",
                needed: FEWEST,
                found,
            }));
        }
        let mut replica = Vec::with_capacity(chains.len());
        for (r, chain) in chains.iter().enumerate() {
            let deltas = Deltas { chain: chain.as_ref(), mean };
            replica.push(Replica { name: format!("{ensemble}|r{r:04}"), deltas });
        }
        let data = [Ensemble { id: ensemble, replica }];
        obsdata.push(Obs { kind: "Obs", layout: "1", value: [mean], data, tag: [name] });
    }
    let program = concat!("lattice-mc ", env!("CARGO_PKG_VERSION"));
    let file = File { program, version: "1.1", who: "", date: "", host: "", description, obsdata };
    let mut gz = GzEncoder::new(out, Compression::default());
    serde_json::to_writer(&mut gz, &file)?;
    gz.finish()?.flush()?;
    Ok(())
}

/// Writes named series of the same chains as CSV: a line for each update, `chain,update,` and a column for each name;
/// updates are numbered from 1.
///
/// ```
/// use lattice_mc::statistics::write_csv;
/// let mut file = Vec::new();
/// write_csv(&mut file, &[("phi2", &[vec![0.5, 0.25]]), ("m", &[vec![-1.0, 3e-9]])])?;
/// assert_eq!(file, b"chain,update,phi2,m\n0,1,0.5,-1\n0,2,0.25,0.000000003\n");
/// # Ok::<(), lattice_mc::statistics::ExportError>(())
/// ```
///
/// # Errors
/// No series, series of different shapes, numbers that are not finite, or an output that cannot be written.
pub fn write_csv<C: AsRef<[f64]>>(mut out: impl Write, series: &[(&str, &[C])]) -> Result<(), ExportError> {
    let views: Vec<&[C]> = series.iter().map(|(_, chains)| *chains).collect();
    let first = *views.first().ok_or_else(no_series)?;
    means(&views).map_err(|error| ExportError::Series { name: "series".into(), error })?;
    let quoted = |name: &str| {
        let plain = !name.contains([',', '"', '\n', '\r']);
        if plain { name.to_string() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
    };
    let names: Vec<String> = series.iter().map(|(name, _)| quoted(name)).collect();
    writeln!(out, "chain,update,{}", names.join(","))?;
    for (r, chain) in first.iter().enumerate() {
        for i in 0..chain.as_ref().len() {
            write!(out, "{r},{}", i + 1)?;
            for chains in &views {
                write!(out, ",{}", chains[r].as_ref()[i])?;
            }
            writeln!(out)?;
        }
    }
    Ok(out.flush()?)
}

fn no_series() -> ExportError {
    ExportError::Series { name: "series".into(), error: StatisticsError::Empty { what: "series" } }
}

#[derive(Serialize)]
struct File<'a> {
    program: &'a str,
    version: &'a str,
    who: &'a str,
    date: &'a str,
    host: &'a str,
    description: &'a str,
    obsdata: Vec<Obs<'a>>,
}

#[derive(Serialize)]
struct Obs<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    layout: &'a str,
    value: [f64; 1],
    data: [Ensemble<'a>; 1],
    tag: [&'a str; 1],
}

#[derive(Serialize)]
struct Ensemble<'a> {
    id: &'a str,
    replica: Vec<Replica<'a>>,
}

#[derive(Serialize)]
struct Replica<'a> {
    name: String,
    deltas: Deltas<'a>,
}

/// `[update, sample - mean]`, written as it goes.
struct Deltas<'a> {
    chain: &'a [f64],
    mean: f64,
}

impl Serialize for Deltas<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.chain.iter().enumerate().map(|(i, x)| (i + 1, x - self.mean)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::GzDecoder;
    use serde_json::Value;
    use std::io::Read;

    fn chains() -> [Vec<f64>; 2] {
        [vec![1.0, 2.0, 1.5, 0.5, 1.0, 3e-17], vec![2.0, 1.0, 1.5, 1.0, 0.5]]
    }

    fn written(series: &[(&str, &[Vec<f64>])]) -> Value {
        let mut bytes = Vec::new();
        write_pyerrors(&mut bytes, "ens", "two chains", series).expect("memory");
        let mut text = String::new();
        GzDecoder::new(&bytes[..]).read_to_string(&mut text).expect("gzip");
        serde_json::from_str(&text).expect("JSON")
    }

    #[test]
    fn pyerrors_json_holds_every_sample() {
        let chains = chains();
        let json = written(&[("phi2", &chains), ("with \"quotes\"", &chains)]);
        assert_eq!(json["obsdata"][1]["tag"][0], "with \"quotes\"");
        let obs = &json["obsdata"][0];
        let mean = obs["value"][0].as_f64().expect("a number");
        assert!((mean - chains.concat().iter().sum::<f64>() / 11.0).abs() < 1e-15);
        for (r, chain) in chains.iter().enumerate() {
            let replica = &obs["data"][0]["replica"][r];
            assert_eq!(replica["name"], format!("ens|r000{r}"));
            let deltas = replica["deltas"].as_array().expect("a list");
            assert_eq!(deltas.len(), chain.len());
            for (i, (delta, x)) in deltas.iter().zip(chain).enumerate() {
                assert_eq!(delta[0], i + 1);
                let read = delta[1].as_f64().expect("a number");
                assert!((read - (x - mean)).abs() < 1e-15, "{read}");
            }
        }
    }

    #[test]
    fn same_series_same_bytes() {
        let write = || {
            let mut bytes = Vec::new();
            write_pyerrors(&mut bytes, "ens", "", &[("x", &chains())]).expect("memory");
            bytes
        };
        assert_eq!(write(), write());
    }

    #[test]
    fn csv_reads_back_bit_by_bit() {
        let (mut file, chains) = (Vec::new(), chains());
        write_csv(&mut file, &[("a,b", &chains), ("c", &chains)]).expect("memory");
        let text = String::from_utf8(file).expect("text");
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("chain,update,\"a,b\",c"));
        for (r, chain) in chains.iter().enumerate() {
            for (i, x) in chain.iter().enumerate() {
                let line: Vec<&str> = lines.next().expect("a line").split(',').collect();
                assert_eq!((line[0].parse(), line[1].parse()), (Ok(r), Ok(i + 1)));
                assert_eq!((line[2].parse(), line[3].parse()), (Ok(*x), Ok(*x)));
            }
        }
        assert_eq!(lines.next(), None);
    }

    #[test]
    fn what_pyerrors_would_refuse_is_refused() {
        let long = [vec![1.0; 5]];
        let write = |ensemble, chains: &[Vec<f64>]| write_pyerrors(io::sink(), ensemble, "", &[("x", chains)]);
        assert!(write("a|b", &long).is_err() && write("", &long).is_err() && write("a", &long).is_ok());
        assert!(write("a", &[vec![1.0; 4]]).is_err() && write("a", &[vec![f64::NAN; 9]]).is_err());
        assert!(write_csv::<Vec<f64>>(io::sink(), &[]).is_err());
        assert!(write_csv(io::sink(), &[("a", &long), ("b", &[vec![1.0]])]).is_err());
        let mut full: &mut [u8] = &mut [0; 10];
        assert!(matches!(
            write_pyerrors(&mut full, "a", "", &[("x", &long[..])]),
            Err(ExportError::Io(_) | ExportError::Json(_))
        ));
    }
}
