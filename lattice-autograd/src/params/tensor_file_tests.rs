//! Files of tensors: what is written is read, and nothing that is read can do harm.

use super::{NumberType, Parameters, ParamsError, TensorFile};
use rand::{Rng, RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use std::error::Error;
use std::fs;

fn example() -> Result<TensorFile, ParamsError> {
    let mut file = TensorFile::new();
    file.insert("conv.weight", &[2, 3], vec![0.1, -2.0, f64::MIN_POSITIVE / 4.0, 1e300, -0.0, 3.5])?;
    file.insert("adam.m/conv.weight", &[2, 3], vec![1.0; 6])?;
    file.insert("scale", &[], vec![std::f64::consts::PI])?;
    file.insert("none", &[0, 7], vec![])?;
    file.insert_as(NumberType::F32, "a.single", &[2], vec![0.1, -7.0])?;
    file.insert_as(NumberType::F16, "a.half", &[3], vec![0.1, -65504.0, 1e-7])?;
    file.insert_as(NumberType::Bf16, "b.half", &[3], vec![0.1, -3e38, -0.0])?;
    file.metadata.insert("step".into(), "12".into());
    file.metadata.insert("note \"ü\"\n".into(), "{}".into());
    Ok(file)
}

/// A safetensors file of a given header.
fn raw(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

#[test]
fn what_is_written_is_read_bit_for_bit() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let (path, again) = (folder.path().join("a"), folder.path().join("b"));
    let file = example()?;
    file.write(&path)?;
    let read = TensorFile::read(&path)?;
    assert_eq!((&read.tensors, &read.metadata), (&file.tensors, &file.metadata));
    assert!(read.tensors["conv.weight"].values[4].is_sign_negative());
    read.write(&again)?;
    assert_eq!(fs::read(path)?, fs::read(again)?);
    Ok(())
}

#[test]
fn narrower_types_are_widened_and_others_are_refused() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("a");
    let header = |dtype| format!(r#"{{"w":{{"dtype":"{dtype}","shape":[2],"data_offsets":[0,8]}}}}"#);
    let data = [0.1_f32, -7.0].map(f32::to_le_bytes).concat();
    fs::write(&path, raw(&header("F32"), &data))?;
    assert_eq!(TensorFile::read(&path)?.tensors["w"].values, [f64::from(0.1_f32), -7.0]);
    let halves = [0x3c00_u16, 0xc000, 0x7bff, 0x0001].map(u16::to_le_bytes).concat();
    fs::write(&path, raw(&header("F16").replace("[2]", "[4]"), &halves))?;
    assert_eq!(TensorFile::read(&path)?.tensors["w"].values, [1.0, -2.0, 65504.0, f64::powi(2.0, -24)]);
    let halves = [0x3f80_u16, 0xc000, 0x7f7f, 0x0001].map(u16::to_le_bytes).concat();
    fs::write(&path, raw(&header("BF16").replace("[2]", "[4]"), &halves))?;
    let largest = NumberType::Bf16.largest();
    assert_eq!(TensorFile::read(&path)?.tensors["w"].values, [1.0, -2.0, largest, f64::powi(2.0, -133)]);
    fs::write(&path, raw(&header("I32"), &data))?;
    let message = TensorFile::read(&path).map_err(|e| e.to_string()).err().unwrap_or_default();
    assert!(message.ends_with("tensor \"w\": expected type F64, F32, F16 or BF16, found type I32"), "{message}");
    Ok(())
}

#[test]
fn a_header_that_lies_is_refused_before_memory_is_asked_for() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("a");
    let tensor = |shape, end: &str| format!(r#"{{"w":{{"dtype":"F64","shape":{shape},"data_offsets":[0,{end}]}}}}"#);
    let lies = [
        vec![],
        vec![0; 7],
        vec![0xff; 64],
        (1_u64 << 40).to_le_bytes().to_vec(),
        raw("", &[]),
        raw("{", &[]),
        raw(&"[".repeat(10_000), &[]),
        raw(&r#"{"a":"#.repeat(10_000), &[]),
        raw(&tensor("[1099511627776]", "8796093022208"), &[0; 8]),
        raw(&tensor("[4294967296,4294967296,4294967296]", "0"), &[]),
        raw(&tensor("[1152921504606846976,16]", "0"), &[]),
        raw(&tensor("[1]", "18446744073709551615"), &[0; 8]),
        raw(&tensor("[1]", "8"), &[0; 7]),
        raw(&tensor("[1]", "8"), &[0; 9]),
        raw(&tensor("[-1]", "8"), &[0; 8]),
        raw(&tensor("[2]", "8"), &[0; 8]),
        raw(r#"{"__metadata__":{"a":1}}"#, &[]),
    ];
    for (i, bytes) in lies.iter().enumerate() {
        fs::write(&path, bytes)?;
        let read = TensorFile::read(&path);
        assert!(matches!(read, Err(ParamsError::Format { .. })), "lie {i}: {read:?}");
    }
    assert!(matches!(TensorFile::read(folder.path()), Err(ParamsError::Format { .. })));
    let none = TensorFile::read(folder.path().join("none"));
    assert!(matches!(none, Err(ParamsError::Io { kind: std::io::ErrorKind::NotFound, .. })));
    Ok(())
}

#[test]
fn a_tensor_that_is_not_its_shape_is_not_written() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("a");
    let mut file = example()?;
    file.write(&path)?;
    assert!(file.insert("scale", &[], vec![1.0]).is_err());
    assert!(file.insert("new", &[2], vec![1.0]).is_err());
    assert!(file.insert("__metadata__", &[], vec![1.0]).is_err());
    let error = file.insert_as(NumberType::F16, "large", &[2], vec![1.0, -65505.0]).expect_err("too large").to_string();
    assert!(error.contains("\"large\": expected numbers up to 65504.0") && error.contains("number 1"), "{error}");
    let mut finer = file.clone();
    finer.tensors.entry("a.half".into()).and_modify(|t| t.values[0] = 0.1);
    assert!(finer.write(&path).is_err(), "more digits than the type has");
    file.tensors.entry("scale".into()).and_modify(|t| t.shape = vec![2]);
    assert!(file.write(&path).is_err());
    assert_eq!(TensorFile::read(&path)?.tensors, example()?.tensors);
    Ok(())
}

/// Some bytes changed, lost, doubled or cut, or a number of the header replaced by another.
fn mutate(bytes: &[u8], rng: &mut impl Rng) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..rng.random_range(1..4) {
        let at = rng.random_range(0..bytes.len().max(1)).min(bytes.len());
        let end = (at + rng.random_range(1..9)).min(bytes.len());
        match rng.random_range(0..7) {
            0 => bytes[at..end].iter_mut().for_each(|b| *b ^= 1 << rng.random_range(0..8)),
            1 => bytes[at..end].iter_mut().for_each(|b| *b = rng.random()),
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(at..end)),
            4 => drop(bytes.splice(at..at, bytes[at..end].to_vec())),
            5 if bytes.len() >= 8 => {
                bytes[..8].copy_from_slice(&(rng.random::<u64>() >> rng.random_range(0..64)).to_le_bytes())
            }
            _ => {
                let digits: Vec<usize> = (8..bytes.len().min(500)).filter(|&i| bytes[i].is_ascii_digit()).collect();
                if let Some(&i) = digits.get(rng.random_range(0..digits.len().max(1))) {
                    let number = (rng.random::<u64>() >> rng.random_range(0..64)).to_string();
                    bytes.splice(i..i + 1, number.into_bytes());
                }
            }
        }
    }
    bytes
}

#[test]
fn damaged_files_are_read_or_refused() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("a");
    example()?.write(&path)?;
    // As from elsewhere: the checksum is there under no name that is known, so that damage gets past it.
    let mut good = fs::read(&path)?;
    let key = good.windows(6).position(|w| w == b"sha256").ok_or("a checksum")?;
    good[key] = b'S';
    let mut parameters = Parameters::new();
    parameters.add("conv.weight", &[2, 3], |_| 0.0)?;
    let mut rng = Pcg64Mcg::seed_from_u64(1);
    let (mut read, mut refused) = (0, 0);
    for _ in 0..10_000 {
        // In memory: ten thousand files take a slow disk half a minute.
        let damaged = mutate(&good, &mut rng);
        match TensorFile::decode(&path, &damaged[..], damaged.len() as u64) {
            Ok(file) => {
                read += 1;
                assert!(!file.is_checked());
                for tensor in file.tensors.values() {
                    assert_eq!(tensor.values.len(), tensor.shape.iter().product::<usize>());
                }
                if parameters.restore(&file).is_ok() {
                    assert!(parameters.values().iter().all(|x| x.is_finite()));
                }
            }
            Err(error) => {
                refused += 1;
                assert!(!error.to_string().chars().any(char::is_control), "{error}");
            }
        }
    }
    assert!(read > 100 && refused > 5_000, "{read} read, {refused} refused");
    Ok(())
}

#[test]
fn one_flipped_bit_of_a_number_is_noticed() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("a");
    example()?.write(&path)?;
    let good = fs::read(&path)?;
    let data = 8 + u64::from_le_bytes(good[..8].try_into()?) as usize;
    assert!(good.len() > data && TensorFile::read(&path)?.is_checked());
    for bit in 8 * data..8 * good.len() {
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        let error = TensorFile::decode(&path, &bad[..], bad.len() as u64).expect_err("damaged");
        assert!(error.to_string().contains("SHA-256"), "{error}");
    }
    Ok(())
}
