//! HMC, local Metropolis and clusters at a point.

use crate::Failure;
use crate::measured::{Method, Row, analyse, median};
use crate::points::Point;
use lattice_fields::prelude::*;

const CHAINS: usize = 64;
const THERMALIZE: usize = 1000;
const UPDATES: usize = 12_000;

pub fn run(point: &Point, method: Method, device: &Device) -> Result<Row, Failure> {
    let update: Box<dyn Update> = match method {
        Method::Hmc => Box::new(Hmc::new(Integrator::Omelyan, 1.0)),
        Method::Metropolis => Box::new(LocalMetropolis::default()),
        Method::Clusters => Box::new(Clusters { after: Box::new(LocalMetropolis::default()) }),
        Method::Flow | Method::FlowEqualSteps => return Err("a flow is no update of chains".into()),
    };
    let plan = MarkovRun { chains: CHAINS, updates: UPDATES, thermalize: THERMALIZE, seed: 1 };
    let history = plan.run::<f32>(&point.action(), update, &point.lattice()?, device, |_| true)?;
    let accepted = history.chains("acceptance").ok_or("no acceptance was recorded")?;
    Ok(Row {
        point: point.name.into(),
        extent: point.extent,
        method,
        acceptance: accepted.iter().flatten().sum::<f64>() / (CHAINS * UPDATES) as f64,
        updates: CHAINS * UPDATES,
        seconds: median(&history.seconds) / CHAINS as f64,
        numbers: analyse(|name| history.chains(name))?,
        how: history.update,
        training: None,
    })
}
