//! Flows of angles: U(1) links in any number of directions, tori.

mod architecture;
mod coupling;
mod features;
mod links;
mod loops;
mod pattern;

pub use architecture::{Architecture, LinkFlow, Masks, Transform};
pub use coupling::LoopCoupling;
pub use features::FeatureNet;
pub use links::{LinkAngles, angles_of, links_of};
pub use loops::{angle_of, plaquette, rectangle};
pub use pattern::{Centre, Pattern};
