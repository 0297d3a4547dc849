//! Densities on tori and spheres: from flags to an action of one point, and the flow for it.

use super::args::{Numbers, TargetArgs, TargetName, TheoryArgs, TheoryName};
use super::failure::Failure;
use super::theory::{FlowTheory, Known, Subject};
use clap::ValueEnum;
use lattice_fields::flows::angles::unit_vector;
use lattice_fields::flows::checkpoint::Description;
use lattice_fields::flows::given;
use lattice_fields::mc::action::compact::{RobotArm, SphereMixture, TorusMixture, TorusSum};
use lattice_fields::mc::exact::compact::KnownDensity;
use lattice_fields::mc::statistics::TwoSided;
use lattice_fields::prelude::*;
use std::f64::consts::TAU;

/// A density of one point on a torus or a sphere.
pub struct PointTheory {
    pub name: TheoryName,
    pub target: TargetName,
    lattice: Lattice,
    action: Box<dyn Action<Channels>>,
    known: Option<KnownDensity>,
    /// Coordinates of a point.
    pub dimension: usize,
}

impl PointTheory {
    /// The density of the flags, if they ask for one.
    pub fn new(args: &TheoryArgs) -> Result<Option<PointTheory>, Failure> {
        let TheoryArgs { theory: name, ref lattice, ref target, .. } = *args;
        let default = match name {
            TheoryName::Torus => TargetName::Unimodal,
            TheoryName::Sphere => TargetName::S2,
            _ => return Ok(None),
        };
        for (flag, value) in [("--m2", args.m2), ("--lambda", args.lambda), ("--beta", args.beta)] {
            if let Some(value) = value {
                return Err(Failure::refused(flag, &format!("no such flag for {}", name.name()), value));
            }
        }
        if lattice.0 != [1] {
            let expected = format!("1 or no such flag: a {} has one point", name.name());
            return Err(Failure::refused("--lattice", &expected, lattice));
        }
        let chosen = target.target.unwrap_or(default);
        if chosen != TargetName::RobotArm {
            target.refuse(|flag| flag != "--target", "no such flag but for --target robot-arm")?;
        }
        let (dimension, action, known): (usize, Box<dyn Action<Channels>>, _) = match (name, chosen) {
            (TheoryName::Torus, TargetName::Unimodal) => mixture(TorusMixture::unimodal()),
            (TheoryName::Torus, TargetName::Multimodal) => mixture(TorusMixture::multimodal()),
            (TheoryName::Torus, TargetName::Correlated) => {
                let sum = TorusSum::correlated();
                (sum.dimension, Box::new(sum), Some(sum.exact()))
            }
            (TheoryName::Torus, TargetName::RobotArm) => {
                let arm = robot_arm(target)?;
                let known = arm.exact();
                (arm.links.len(), Box::new(arm), known)
            }
            (TheoryName::Sphere, TargetName::S2) => on_sphere(SphereMixture::s2()),
            (TheoryName::Sphere, TargetName::S3) => on_sphere(SphereMixture::s3()),
            (TheoryName::Torus, _) => {
                return Err(Failure::refused(
                    "--target",
                    "unimodal, multimodal, correlated or robot-arm",
                    chosen.name(),
                ));
            }
            _ => return Err(Failure::refused("--target", "s2 or s3", chosen.name())),
        };
        Ok(Some(PointTheory { name, target: chosen, lattice: Lattice::periodic([1])?, action, known, dimension }))
    }

    /// The density of flags that are a model's.
    pub fn of_model(args: &TheoryArgs) -> Result<PointTheory, Failure> {
        PointTheory::new(args)?.ok_or_else(|| Failure::refused("--theory", "torus or sphere", args.theory.name()))
    }

    /// What is known of it.
    pub fn known(&self) -> Option<&KnownDensity> {
        self.known.as_ref()
    }
}

fn mixture(mixture: TorusMixture) -> (usize, Box<dyn Action<Channels>>, Option<KnownDensity>) {
    let known = Some(mixture.exact());
    (mixture.dimension(), Box::new(mixture), known)
}

fn on_sphere(mixture: SphereMixture) -> (usize, Box<dyn Action<Channels>>, Option<KnownDensity>) {
    let known = Some(mixture.exact());
    (mixture.dimension(), Box::new(OnSphere(mixture)), known)
}

fn robot_arm(target: &TargetArgs) -> Result<RobotArm, Failure> {
    let default = RobotArm::default();
    let centre = match &target.center {
        None => default.centre,
        Some(numbers) => match numbers.0[..] {
            [x, y] => [x, y],
            _ => return Err(Failure::refused("--center", "two numbers, x,y", numbers)),
        },
    };
    let links = target.links.as_ref().map_or(default.links, |numbers| numbers.0.clone());
    let arm = RobotArm { links, centre, sigma: target.sigma.unwrap_or(default.sigma) };
    arm.check().map_err(Failure::Refused)?;
    Ok(arm)
}

impl TargetArgs {
    /// What a model says of its density.
    pub fn of_model(what: &str, model: &Description<Channels>) -> Result<TargetArgs, Failure> {
        let coupling = |name: &str| model.couplings.get(name).copied();
        let named = model.theory.split_once('/').and_then(|(_, target)| TargetName::from_str(target, false).ok());
        let Some(target) = named else {
            return Err(Failure::refused(what, "a model of a density that is known here", &model.theory));
        };
        let links: Vec<f64> = (1..).map_while(|i| coupling(&format!("link_{i}"))).collect();
        Ok(TargetArgs {
            target: Some(target),
            center: coupling("center_x").zip(coupling("center_y")).map(|(x, y)| Numbers(vec![x, y])),
            sigma: coupling("sigma"),
            links: (!links.is_empty()).then_some(Numbers(links)),
        })
    }

    /// Refuses flags that were given, of those asked for.
    pub fn refuse(&self, which: impl Fn(&str) -> bool, expected: &str) -> Result<(), Failure> {
        let given = [
            ("--target", self.target.is_some()),
            ("--center", self.center.is_some()),
            ("--sigma", self.sigma.is_some()),
            ("--links", self.links.is_some()),
        ];
        match given.iter().find(|(flag, given)| *given && which(flag)) {
            Some((flag, _)) => Err(Failure::refused(flag, expected, "one")),
            None => Ok(()),
        }
    }
}

impl FlowTheory for PointTheory {
    type Field = Channels;

    fn subject(&self) -> Subject<'_, Channels> {
        let target = Some(self.target.name());
        Subject { name: self.name, target, lattice: &self.lattice, action: &*self.action }
    }

    fn known_within(&self, _seconds: f64) -> Option<Known> {
        let KnownDensity { log_z, means } = self.known.clone()?;
        Some(Known::Values { log_z, values: means.into_iter().collect() })
    }

    /// There is no Markov chain that goes everywhere on its own.
    fn two_sided<R: Real>(
        &self,
        _flow: &Flow<Channels>,
        _own: &[f64],
        _plan: &MarkovRun,
        _device: &Device,
        _go_on: impl Fn() -> bool + Sync,
    ) -> Result<Option<TwoSided>, lattice_fields::flows::Error> {
        Ok(None)
    }

    /// Angles, or unit vectors.
    fn stored(&self, numbers: Vec<f64>) -> (Vec<usize>, Vec<f64>) {
        match self.name {
            TheoryName::Sphere => {
                let vectors = numbers.chunks(self.dimension).flat_map(unit_vector).collect();
                (vec![self.dimension + 1], vectors)
            }
            _ => (vec![self.dimension], numbers),
        }
    }

    fn seen(&self, stored: Vec<f64>) -> Result<Vec<f64>, lattice_fields::flows::Error> {
        match self.name {
            TheoryName::Sphere => given::coordinates(&stored, self.dimension),
            _ => Ok(stored.into_iter().map(|theta| theta - TAU * (theta / TAU).round()).collect()),
        }
    }
}
