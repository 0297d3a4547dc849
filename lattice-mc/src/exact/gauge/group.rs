//! The gauge groups that have exact results.

use std::fmt;
use std::str::FromStr;

/// A gauge group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GroupName {
    /// Phases; compact electrodynamics.
    U1,
    /// SU(2).
    SU2,
    /// SU(3).
    SU3,
}

impl GroupName {
    /// All of them.
    pub const ALL: [GroupName; 3] = [GroupName::U1, GroupName::SU2, GroupName::SU3];

    /// Its name in flags and reports: `u1`, `su2`, `su3`.
    pub fn name(self) -> &'static str {
        match self {
            GroupName::U1 => "u1",
            GroupName::SU2 => "su2",
            GroupName::SU3 => "su3",
        }
    }

    /// `N`, the dimension of the fundamental representation.
    pub fn dimension(self) -> usize {
        match self {
            GroupName::U1 => 1,
            GroupName::SU2 => 2,
            GroupName::SU3 => 3,
        }
    }
}

impl fmt::Display for GroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for GroupName {
    type Err = String;
    fn from_str(text: &str) -> Result<GroupName, String> {
        let found = GroupName::ALL.into_iter().find(|group| group.name() == text);
        found.ok_or_else(|| format!("expected u1, su2 or su3, found {text:?}"))
    }
}
