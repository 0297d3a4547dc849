//! How an op is computed on a GPU: its WGSL, and what it wants to be told.

use super::Site;
use crate::error::Result;
use crate::group::GroupName;
use crate::lattice::Location;
use crate::layout::Twists;
use std::borrow::Cow;

/// The WGSL of an op for one program.
///
/// The text defines a function of the name `name`. What it may use:
///
/// | name | what it is |
/// |---|---|
/// | the names in `inputs`, for fields | `f(c: u32, row: u32) -> f32`, component `c` at a row |
/// | for numbers per sample and uniform ones | `a() -> f32` |
/// | for weights | `w(n: u32) -> vec4<f32>`, four of those that `weights` lists |
/// | `y(c: u32, row: u32, value: f32)` | stores one number of the output; for [`Form::Items`] |
/// | the names in `tables` | `hops() -> u32`, where the table begins in `tables` |
/// | the names in `constants` | numbers and truth values |
/// | `key() -> vec2<u32>` | the key of the random stream `stream` |
/// | `run`, `sample`, `bound(n)` | see `shaders/lib/kernel.wgsl` |
#[derive(Clone, Debug, PartialEq)]
pub struct Shader {
    /// The name of the function.
    pub name: &'static str,
    /// Its text; none means `shaders/ops/<name>.wgsl`.
    pub text: Option<Cow<'static, str>>,
    /// The group whose arithmetic stands for the line `#import group` in the text.
    pub group: Option<GroupName>,
    /// How it is called.
    pub form: Form,
    /// The names under which it reads its inputs, in their order.
    pub inputs: Vec<Cow<'static, str>>,
    /// Its constants.
    pub constants: Vec<(&'static str, Constant)>,
    /// Its tables.
    pub tables: Vec<(&'static str, Vec<u32>)>,
    /// Which of the input weights it wants, in the order in which it reads them, padded to fours by [`NONE`].
    pub weights: Vec<u32>,
    /// The name of its random stream.
    pub stream: Option<String>,
    /// Turns of all loops in one call, at most.
    pub turns: usize,
}

/// Nothing here, in tables of rows and weights.
pub const NONE: u32 = u32::MAX;

/// How a shader's function is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `fn name(c: u32, row: u32) -> f32`, the value of one number: it may be joined to a chain.
    Element,
    /// `fn name(item: u32)` for so many items, each of which stores its own numbers.
    Items(usize),
    /// A kernel of its own that sums over groups of samples; only convolutions have one.
    Groups {
        /// Workgroups for each group of samples.
        tiles: usize,
        /// Sums.
        sums: usize,
    },
}

/// A constant of a shader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Constant {
    /// A number.
    Number(usize),
    /// A truth value.
    Truth(bool),
}

impl Shader {
    /// A shader in the file of its name that wants nothing but its inputs.
    pub fn new(name: &'static str, form: Form, inputs: &[&'static str]) -> Shader {
        Shader {
            name,
            text: None,
            group: None,
            form,
            inputs: inputs.iter().map(|&name| name.into()).collect(),
            constants: Vec::new(),
            tables: Vec::new(),
            weights: Vec::new(),
            stream: None,
            turns: 1,
        }
    }

    /// In the arithmetic of a group.
    #[must_use]
    pub fn of_group(mut self, group: GroupName) -> Shader {
        self.group = Some(group);
        self
    }

    /// With a number for a name.
    #[must_use]
    pub fn number(mut self, name: &'static str, value: usize) -> Shader {
        self.constants.push((name, Constant::Number(value)));
        self
    }

    /// With a truth value for a name.
    #[must_use]
    pub fn truth(mut self, name: &'static str, value: bool) -> Shader {
        self.constants.push((name, Constant::Truth(value)));
        self
    }

    /// With a table.
    #[must_use]
    pub fn table(mut self, name: &'static str, words: Vec<u32>) -> Shader {
        self.tables.push((name, words));
        self
    }

    /// With loops of so many turns in a call.
    #[must_use]
    pub fn turns(mut self, turns: usize) -> Shader {
        self.turns = turns;
        self
    }
}

impl Site<'_> {
    /// The neighbours of the rows of `to` at a distance, on `from`, as `shaders/lib/hops.wgsl` reads them: a row each,
    /// followed by the phase on a lattice that is not periodic.
    ///
    /// # Errors
    /// If a sub-lattice does not close around the lattice.
    pub fn hop_table(&self, to: Location, from: Location, displacement: &[i32]) -> Result<Vec<u32>> {
        let mut twists = Twists::new(self.layout);
        let hops = self.layout.hops(to, from, displacement, &mut twists)?;
        let mut words = Vec::new();
        for hop in hops {
            words.push(hop.map_or(NONE, |hop| hop.row));
            if !self.layout.lattice().is_periodic() {
                let twist = &twists.list[hop.map_or(0, |hop| hop.twist as usize)];
                words.extend([twist.phase_re[0], twist.phase_im[0]].map(|x| (x as f32).to_bits()));
            }
        }
        Ok(words)
    }
}
