//! A planned program with what it needs besides fields, and couplings that differ from chain to chain.

use crate::Error;
use crate::observables::Observable;
use lattice_autograd::{PerSample, Trace, Var};
use lattice_tensor::{Bindings, Cost, Device, Draws, FieldData, Lattice, Layout, NodeId, Program, Real};

/// Couplings, by name, that have a value of their own in each chain: any [`Trace::coupling`] of action or update.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChainCouplings {
    names: Vec<String>,
    /// `[name][chain]`.
    values: Vec<Vec<f64>>,
}

impl ChainCouplings {
    /// The most couplings that may differ.
    pub const MAX: usize = 8;

    /// With the coupling `name` at `values[chain]`.
    #[must_use]
    pub fn with(mut self, name: &str, values: Vec<f64>) -> Self {
        self.names.push(name.into());
        self.values.push(values);
        self
    }

    /// The values of a coupling, one for each chain.
    pub fn values(&self, name: &str) -> Option<&[f64]> {
        self.names.iter().position(|n| n == name).map(|i| self.values[i].as_slice())
    }

    /// Whether all chains are alike.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// A trace in which these couplings are numbers per sample.
    pub(crate) fn trace(&self, lattice: &Lattice) -> Trace {
        Trace::with_per_sample(lattice, &self.names.iter().map(String::as_str).collect::<Vec<_>>())
    }

    pub(crate) fn check(&self, chains: usize) -> Result<(), Error> {
        let refuse = |what: String| Err(Error::Couplings(what));
        if self.names.len() > Self::MAX {
            return refuse(format!("expected at most {} couplings that differ, found {}", Self::MAX, self.names.len()));
        }
        for (i, (name, values)) in self.names.iter().zip(&self.values).enumerate() {
            if self.names[..i].contains(name) {
                return refuse(format!("{name}: expected one list of values, found two"));
            }
            if values.len() != chains {
                return refuse(format!("{name}: expected {chains} values, one a chain, found {}", values.len()));
            }
            if let Some(x) = values.iter().find(|x| !x.is_finite()) {
                return refuse(format!("{name}: expected finite numbers, found {x}"));
            }
        }
        Ok(())
    }

    /// Refuses names that no program asks for.
    pub(crate) fn check_names(&self, known: &[&[(String, f64)]]) -> Result<(), Error> {
        let unknown = self.names.iter().find(|name| known.iter().all(|list| list.iter().all(|(n, _)| n != *name)));
        unknown.map_or(Ok(()), |name| {
            Err(Error::Couplings(format!(
                "{name}: expected a coupling of the action or the update, found no such name"
            )))
        })
    }

    /// The same couplings with each chain at those of another.
    pub(crate) fn permuted(&self, from: &[usize]) -> ChainCouplings {
        let values = self.values.iter().map(|values| from.iter().map(|&chain| values[chain]).collect()).collect();
        ChainCouplings { names: self.names.clone(), values }
    }
}

/// A program with what it needs besides fields.
pub(crate) struct Planned<R: Real> {
    program: Program<R>,
    uniforms: Vec<f64>,
    /// The couplings that differ from chain to chain, as the program takes them.
    asked: Vec<(String, f64)>,
    per_sample: Vec<Vec<f64>>,
    /// How many of the numbers the program returns; a stage may add others.
    returned: usize,
    /// The names of the numbers.
    pub names: Vec<String>,
    /// What it returned last, `[name][chain]`.
    pub numbers: Vec<Vec<f64>>,
    /// Further numbers, without names, `[number][chain]`.
    pub inputs: Vec<Vec<f64>>,
}

/// The most numbers that an update reports.
const MAX_NUMBERS: usize = 16;

impl<R: Real> Planned<R> {
    /// Plans a program that returns the field `phi`, named `numbers`, and `inputs`.
    pub fn new<'t>(
        trace: &'t Trace,
        phi: Option<NodeId>,
        numbers: Vec<Observable<'t>>,
        inputs: &[Var<'t, PerSample>],
        layout: &Layout,
        couplings: &ChainCouplings,
        chains: usize,
    ) -> Result<Self, Error> {
        let mut outputs: Vec<NodeId> = phi.into_iter().collect();
        outputs.extend(numbers.iter().map(|(_, value)| value.id()));
        outputs.extend(inputs.iter().map(|value| value.id()));
        let mut planned = Planned {
            program: trace.program(&outputs, layout)?,
            uniforms: trace.uniform_values(),
            asked: trace.per_sample_couplings(),
            per_sample: Vec::new(),
            returned: numbers.len(),
            numbers: vec![vec![0.0; chains]; numbers.len()],
            inputs: vec![vec![0.0; chains]; inputs.len()],
            names: numbers.into_iter().map(|(name, _)| name).collect(),
        };
        planned.couple(couplings, chains);
        Ok(planned)
    }

    /// Sets the couplings of each chain.
    pub fn couple(&mut self, couplings: &ChainCouplings, chains: usize) {
        let values = |(name, value): &(String, f64)| match couplings.values(name) {
            Some(values) => values.to_vec(),
            None => vec![*value; chains],
        };
        self.per_sample = self.asked.iter().map(values).collect();
    }

    /// Sets a uniform number, if the program asks for it.
    pub fn set(&mut self, index: Option<usize>, value: f64) {
        if let Some(number) = index.and_then(|index| self.uniforms.get_mut(index)) {
            *number = value;
        }
    }

    /// The couplings that the program asks for, of those that differ from chain to chain.
    pub fn asked(&self) -> &[(String, f64)] {
        &self.asked
    }

    /// The program, for reports.
    pub fn program(&self) -> &Program<R> {
        &self.program
    }

    /// Arithmetic and traffic for one chain.
    pub fn cost(&self) -> Cost {
        self.program.cost()
    }

    /// Runs the program. Nothing is allocated for up to 16 numbers.
    pub fn run(
        &mut self,
        device: &Device,
        draws: Draws,
        phi: &FieldData<R>,
        next: Option<&mut FieldData<R>>,
    ) -> Result<(), Error> {
        let Planned { program, uniforms, per_sample, returned, numbers, inputs, .. } = self;
        let mut couplings: [&[f64]; ChainCouplings::MAX] = [&[]; ChainCouplings::MAX];
        couplings.iter_mut().zip(&*per_sample).for_each(|(view, values)| *view = values);
        let returned = numbers.iter_mut().take(*returned).chain(inputs);
        let mut few: [&mut [f64]; MAX_NUMBERS] = Default::default();
        let mut many = Vec::new();
        let out_per_sample = if returned.size_hint().0 <= MAX_NUMBERS {
            let mut count = 0;
            for (view, numbers) in few.iter_mut().zip(returned) {
                *view = numbers;
                count += 1;
            }
            &mut few[..count]
        } else {
            many.extend(returned.map(Vec::as_mut_slice));
            &mut many[..]
        };
        let mut bindings = Bindings {
            samples: phi.samples(),
            draws,
            fields: &[phi],
            per_sample: &couplings[..per_sample.len()],
            uniforms,
            out_per_sample,
            ..Default::default()
        };
        match next {
            Some(next) => Ok(program.run(device, &mut Bindings { out_fields: &mut [next], ..bindings })?),
            None => Ok(program.run(device, &mut bindings)?),
        }
    }
}
