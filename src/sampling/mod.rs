//! What a step works on, decided on the CPU: the order of the training pairs, uniform and popularity
//! negatives, the candidates of two-stage sampling, and the plan that lays all of it out for the kernels.

mod alias;
mod draw;
mod epoch;
mod histories;
mod negatives;
mod planner;
mod projection;
mod queue;
mod slots;
mod uses;

pub use alias::AliasTable;
pub use draw::ItemSampler;
pub use epoch::EpochOrder;
pub use negatives::Negatives;
pub use planner::Planner;
pub use queue::PlanQueue;
