//! Flows of angles: U(1) links in any number of directions, points on tori and spheres.

mod architecture;
mod change;
mod conditional;
mod coupling;
mod features;
mod links;
mod loops;
mod pattern;
mod points;
mod sphere;

pub use architecture::{Architecture, LinkFlow, Masks, Transform};
pub use conditional::{ConditionalMap, ConditionalShape, Coordinate};
pub use coupling::LoopCoupling;
pub use features::FeatureNet;
pub use links::{LinkAngles, angles_of, links_of};
pub use loops::{angle_of, plaquette, rectangle};
pub use pattern::{Centre, Pattern};
pub use points::{Order, SphereFlow, TorusFlow};
pub use sphere::{OnSphere, UniformSphere, coordinates_of, embedded, unit_vector};
