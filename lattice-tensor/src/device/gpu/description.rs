//! What an adapter is, in words and numbers, and which one is meant.

use crate::error::{Error, Result};
use std::fmt;

/// What computes behind an adapter, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AdapterKind {
    /// A GPU with memory of its own.
    Discrete,
    /// A GPU that shares the processor's memory.
    Integrated,
    /// A part of a GPU that a host lends.
    Virtual,
    /// The system does not say.
    Other,
    /// The processor, through a driver such as llvmpipe.
    Software,
}

impl fmt::Display for AdapterKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AdapterKind::Discrete => "discrete GPU",
            AdapterKind::Integrated => "integrated GPU",
            AdapterKind::Virtual => "virtual GPU",
            AdapterKind::Other => "unknown kind",
            AdapterKind::Software => "software",
        })
    }
}

/// An adapter of this machine, with the limits that matter to programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdapterDescription {
    /// Its number in the listing.
    pub number: usize,
    /// Its name.
    pub name: String,
    /// What computes behind it.
    pub kind: AdapterKind,
    /// The interface: Vulkan, Metal or DirectX 12.
    pub backend: String,
    /// Driver and version.
    pub driver: String,
    /// Storage buffers of one kernel.
    pub storage_buffers: u32,
    /// Bytes that a kernel can bind at once.
    pub binding_bytes: u64,
    /// Bytes of one buffer.
    pub buffer_bytes: u64,
    /// Invocations of a workgroup.
    pub invocations: u32,
    /// Bytes that a workgroup shares.
    pub workgroup_bytes: u32,
    /// Whether kernels may compute in half precision.
    pub half_precision: bool,
    /// Whether the time that a kernel takes can be read.
    pub timestamps: bool,
}

impl AdapterDescription {
    /// Name, kind, interface and driver.
    pub fn words(&self) -> String {
        let AdapterDescription { name, kind, backend, driver, .. } = self;
        let driver = if driver.is_empty() { String::new() } else { format!(", {driver}") };
        format!("{name} ({kind}, {backend}{driver})")
    }

    /// The place in a listing of the adapter that is meant where none is named: the best, ties in the order of the
    /// listing.
    pub fn best(listing: &[AdapterDescription]) -> Option<usize> {
        listing.iter().enumerate().min_by_key(|(_, adapter)| adapter.kind).map(|(place, _)| place)
    }
}

impl fmt::Display for AdapterDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.number, self.words())
    }
}

/// The place in the listing of the adapter that `name` means: its number or a part of its name, in upper or lower case.
/// Without a name the best, ties in the order of the listing. A GPU that is listed under several interfaces counts once,
/// under the first.
///
/// # Errors
/// If the listing is empty, or the name fits none or several.
pub(super) fn choose(listing: &[AdapterDescription], name: Option<&str>) -> Result<usize> {
    let Some(name) = name else {
        let none = || Error::NoAdapter { asked: "gpu".into(), reason: "the listing is empty".into() };
        return AdapterDescription::best(listing).ok_or_else(none);
    };
    let lines = |places: &[usize]| places.iter().map(|&p| format!("\n  {}", listing[p])).collect::<String>();
    if let Some(place) = name.parse().ok().filter(|&number: &usize| number < listing.len()) {
        return Ok(place);
    }
    let part = name.to_lowercase();
    let fits = |adapter: &AdapterDescription| adapter.name.to_lowercase().contains(&part);
    let mut places: Vec<usize> = (0..listing.len()).filter(|&p| fits(&listing[p])).collect();
    if let Some(&first) = places.first() {
        places.retain(|&p| listing[p].backend == listing[first].backend);
    }
    match places[..] {
        [place] => Ok(place),
        [] => {
            let all: Vec<usize> = (0..listing.len()).collect();
            Err(Error::WhichAdapter { asked: name.into(), found: format!("none among{}", lines(&all)) })
        }
        _ => Err(Error::WhichAdapter { asked: name.into(), found: format!("{}:{}", places.len(), lines(&places)) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adapter(number: usize, name: &str, kind: AdapterKind, backend: &str) -> AdapterDescription {
        AdapterDescription {
            number,
            name: name.into(),
            kind,
            backend: backend.into(),
            driver: "driver 1.0".into(),
            storage_buffers: 8,
            binding_bytes: 1 << 27,
            buffer_bytes: 1 << 28,
            invocations: 256,
            workgroup_bytes: 1 << 14,
            half_precision: false,
            timestamps: false,
        }
    }

    fn listing() -> Vec<AdapterDescription> {
        use AdapterKind::*;
        vec![
            adapter(0, "llvmpipe (LLVM 15)", Software, "Vulkan"),
            adapter(1, "Intel UHD 770", Integrated, "Vulkan"),
            adapter(2, "NVIDIA A100", Discrete, "Vulkan"),
            adapter(3, "NVIDIA A100", Discrete, "Vulkan"),
            adapter(4, "NVIDIA RTX 4090", Discrete, "Vulkan"),
            adapter(5, "NVIDIA RTX 4090", Discrete, "DirectX 12"),
        ]
    }

    #[test]
    fn the_best_is_the_first_discrete_gpu_and_software_comes_last() {
        assert_eq!(choose(&listing(), None), Ok(2));
        assert_eq!(choose(&listing()[..2], None), Ok(1));
        assert_eq!(choose(&listing()[..1], None), Ok(0));
        assert!(matches!(choose(&[], None), Err(Error::NoAdapter { .. })));
    }

    #[test]
    fn names_are_parts_in_upper_or_lower_case_or_numbers() {
        assert_eq!(choose(&listing(), Some("uhd")), Ok(1));
        assert_eq!(choose(&listing(), Some("LLVM")), Ok(0));
        assert_eq!(choose(&listing(), Some("3")), Ok(3));
        // No number of the listing, but a part of a name; that GPU is listed under two interfaces.
        assert_eq!(choose(&listing(), Some("4090")), Ok(4));
    }

    #[test]
    fn a_name_of_none_or_several_lists_them() {
        let none = choose(&listing(), Some("radeon")).unwrap_err().to_string();
        assert!(
            none.starts_with("device radeon: expected the number, or a part of the name, of one adapter, found none")
        );
        assert_eq!(none.lines().count(), 7, "{none}");
        let several = choose(&listing(), Some("a100")).unwrap_err().to_string();
        assert!(several.contains("found 2:\n  2: NVIDIA A100 (discrete GPU, Vulkan, driver 1.0)\n  3: "), "{several}");
        assert_eq!(several.lines().count(), 3, "{several}");
    }
}
